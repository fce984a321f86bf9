"""askcam look: one shot without a server. Open the source (or pictures), fill a window, answer, leave."""

import queue
import time
from pathlib import Path

import msgspec

from askcam.engine.door import Engine, EngineConfig, open_engine
from askcam.engine.errors import EngineError, QuestionError
from askcam.engine.question import (
    Event,
    Failed,
    Finished,
    First,
    Message,
    Picture,
    Piece,
    Question,
    Role,
    Sampling,
    Started,
    Text,
)
from askcam.server.asking import new_answer_id
from askcam.server.attached.content import decode_picture
from askcam.server.commands import say
from askcam.server.commands.serve import progress
from askcam.server.errors import ApiError
from askcam.server.saw import what_it_saw
from askcam.stream.camera import Camera, CameraConfig, State
from askcam.stream.errors import CameraUnavailable, StreamError
from askcam.stream.sources.registry import resolve
from askcam.stream.window import View

PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}
CAMERA = "look"


def look(uri: str, question: str, config: EngineConfig, seconds: float, fps: float, json: bool) -> None:
    """Prints the answer as it comes. Leaves with 2 for what the user can mend."""
    try:
        picture = _picture(uri)
        spec = None if picture is not None else resolve(uri)
        with progress(json) as bar:
            engine = open_engine(config, bar)
        try:
            if spec is None:
                assert picture is not None
                _answer(engine, Message(Role.USER, (picture, Text(question))), None, question, json)
                return
            camera = Camera(CAMERA, spec, fit=engine.fit, anchors=engine.anchors, config=CameraConfig(fps=fps))
            camera.start()
            try:
                _fill(camera, seconds)
                engine.attach(camera)
                _answer(engine, Message(Role.USER, (Text(question),)), camera, question, json)
            finally:
                camera.close()
        finally:
            engine.close()
    except (StreamError, EngineError, ApiError, ValueError) as exc:
        say.fail(str(exc))
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _picture(uri: str) -> Picture | None:
    path = Path(uri)
    if path.suffix.lower() not in PICTURES or "://" in uri:
        return None
    try:
        return decode_picture(path.read_bytes(), uri)
    except OSError as exc:
        raise QuestionError(f"cannot read the picture {uri!r}: {exc.strerror}") from exc


def _fill(camera: Camera, seconds: float) -> None:
    """Wait until the window holds the camera's last `seconds`. Raises CameraUnavailable when it does not come up."""
    deadline = time.monotonic() + 15.0
    while camera.status().state is State.CONNECTING and time.monotonic() < deadline:
        time.sleep(0.05)
    start = time.monotonic()
    while time.monotonic() < start + seconds:
        status = camera.status()
        if status.state is not State.LIVE:
            raise CameraUnavailable(camera.uri, status.state.value, status.reason or "it shows nothing")
        time.sleep(0.05)


def _answer(engine: Engine, message: Message, camera: Camera | None, question: str, json: bool) -> None:
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    name = None if camera is None else camera.name
    engine.ask(Question((message,), name, Sampling()), events.put)
    view: View | None = None
    frame_age_s: float | None = None
    ttft_s: float | None = None
    while True:
        match events.get():
            case Started(view):
                pass
            case First(frame_age_s, ttft_s):
                pass
            case Piece(text):
                if not json:
                    say.console.out(text, end="", highlight=False)
            case Failed(error):
                raise error
            case Finished() as done:
                break
    health = () if camera is None else tuple(flag.value for flag in camera.status().health)
    saw = what_it_saw(new_answer_id(), engine.info, view, health, frame_age_s, ttft_s)
    if json:
        say.line({"question": question, "answer": done.text, "askcam": msgspec.to_builtins(saw)})
    else:
        say.console.print()
        say.console.print(f"[dim]{say.escape(say.seen(saw))}[/]")
