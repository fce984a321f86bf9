"""askcam look: one shot without a server. Look at pictures, or fill a camera's window, answer, leave."""

import queue
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import msgspec

from askcam.app.commands.capacity import SLOW_S
from askcam.app.commands.looked_at import Looked, LookError, split
from askcam.app.commands.opened import await_picture
from askcam.app.commands.slow import run_of, what_helps
from askcam.app.config import CameraEntry
from askcam.app.measured import MeasuredModels
from askcam.engine.catalogue.advice import MeasuredModel
from askcam.engine.errors import UnknownScene
from askcam.engine.interface import Engine, EngineConfig
from askcam.engine.open import open_engine
from askcam.engine.question import (
    Event,
    Failed,
    Finished,
    First,
    Message,
    Piece,
    Question,
    Reason,
    Role,
    Sampling,
    Started,
    Text,
    Timings,
    Usage,
)
from askcam.server.answering.admitting import new_answer_id
from askcam.server.answering.trained import beyond, known_only, real_scene
from askcam.server.model import USUAL
from askcam.server.saw import what_it_saw
from askcam.server.terminal import say
from askcam.server.terminal.leaving import leaving
from askcam.server.terminal.progress import progress
from askcam.server.terminal.reasons import at_once
from askcam.server.terminal.words import Words
from askcam.stream.camera import Camera, CameraConfig, State
from askcam.stream.errors import CameraUnavailable
from askcam.stream.window import View

told = Words(__name__)

CAMERA = "look"
HERE = ("webcam", "file")  # schemes of sources on this machine


@dataclass(frozen=True, slots=True)
class Sizes:
    """Pixels that the model is to see of each picture or frame, at least and at most; None: the model's own."""

    min_pixels: int | None
    max_pixels: int | None

    def of(self, config: EngineConfig) -> EngineConfig:
        low, high = self.min_pixels, self.max_pixels
        return replace(config, min_pixels=low, max_pixels=high, still_min_pixels=low, still_max_pixels=high)


@dataclass(frozen=True, slots=True)
class LookSpan:
    """What of a camera is looked at: its last `seconds`, `fps` frames of each, its first picture within `wait_s`."""

    seconds: float
    fps: float
    wait_s: float


def look(
    words: Sequence[str],
    config: EngineConfig,
    sizes: Sizes,
    span: LookSpan,
    json: bool,
    cameras: Mapping[str, CameraEntry] | None = None,
) -> None:
    """`words`: what to look at, and last the question; `cameras`: those of the file. Prints the answer as it comes.
    Leaves with 2 for what the user can mend."""
    with leaving(ValueError, worded=at_once):
        looked, question = split(words, span.fps, cameras)
        if sizes.min_pixels is not None and sizes.max_pixels is not None and sizes.min_pixels > sizes.max_pixels:
            raise LookError(told("look.pixels", low=sizes.min_pixels, high=sizes.max_pixels))
        _try(looked)
        with progress(json) as bar:
            engine = open_engine(sizes.of(config), bar)
        try:
            with _camera(engine, looked, span, json) as camera:
                _answer(engine, config.model, looked, camera, question, json)
        finally:
            engine.close()


def _try(looked: Looked) -> None:
    """Open what is on this machine once: a webcam that is not there is told before a model is read, which may take
    minutes. What is reached over a network is not asked twice. Raises SourceError."""
    if looked.camera is not None and looked.camera.scheme in HERE:
        source = looked.camera.make()
        try:
            source.open()
        finally:
            source.close()


@contextmanager
def _camera(engine: Engine, looked: Looked, span: LookSpan, json: bool) -> Iterator[Camera | None]:
    """The camera that is looked at, its window filled and known to the engine; None for pictures alone."""
    if looked.camera is None:
        yield None
        return
    config = CameraConfig(fps=span.fps, keyframe_s=span.wait_s, masks=looked.masks)
    with Camera(CAMERA, looked.camera, fit=engine.fit, anchors=engine.anchors, config=config) as camera:
        _fill(camera, span, json)
        engine.attach(camera)
        yield camera


def _fill(camera: Camera, span: LookSpan, json: bool) -> None:
    """Wait until the window holds the camera's last seconds, or all of a shorter film.

    Raises CameraUnavailable when it does not come up.
    """
    await_picture(camera, span.wait_s, tell=not json)
    start = time.monotonic()
    while time.monotonic() < start + span.seconds:
        status = camera.status()
        if status.state is State.ENDED and camera.askable:
            return  # a film that is shorter, or a picture
        if status.state is not State.LIVE:
            raise CameraUnavailable(camera.uri, status.state.value, status.reason or told("look.nothing"))
        time.sleep(0.05)


def _answer(engine: Engine, model: str, looked: Looked, camera: Camera | None, question: str, json: bool) -> None:
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    name = None if camera is None else camera.name
    message = Message(Role.USER, (*(one.picture for one in looked.pictures), Text(question)))
    trained = engine.info.trained
    said = None if trained is None else beyond(trained, question)  # without asking the model
    if said is None:
        known = known_only(trained, question)
        engine.ask(Question((message,), name, Sampling(), known_only=known), events.put)
    view: View | None = None
    frame_age_s: float | None = None
    ttft_s: float | None = None
    while said is None:
        match events.get():
            case Started(view):
                pass
            case First(frame_age_s, ttft_s):
                pass
            case Piece(text):
                if not json:
                    say.console.out(text, end="", highlight=False)
            case Failed(UnknownScene() as error):
                said = real_scene(question, error.other)
            case Failed(error):
                raise error
            case Finished() as done:
                break
    if said is not None:
        done = Finished(Reason.STOP, said, Usage(), Timings())
        if not json:
            say.console.out(said, end="", highlight=False)
    health = () if camera is None else tuple(flag.value for flag in camera.status().health)
    saw = what_it_saw(new_answer_id(), engine.info, view, health, frame_age_s, ttft_s, USUAL)
    if json:
        pictures = [{"uri": one.uri, "width": one.width, "height": one.height} for one in looked.pictures]
        about = {"pictures": pictures} if pictures else {}
        say.line({"question": question, "answer": done.text, **about, "askcam": msgspec.to_builtins(saw)})
    else:
        say.console.print()
        say.console.print(f"[dim]{say.escape(say.seen(saw))}[/]")
        if ttft_s is not None and ttft_s > SLOW_S and engine.info.backend != "remote":
            _say_slow(engine, model, ttft_s)


def _say_slow(engine: Engine, model: str, ttft_s: float) -> None:
    """What would help, by what was measured of this model before, if it was."""
    known = MeasuredModels().of(run_of(engine, model)) or MeasuredModel(None, ttft_s, 0)
    said = told("slow.look", seconds=f"{ttft_s:.1f}", helps=what_helps(engine, model, known, watching=False))
    say.errors.print(f"[yellow]{say.escape(said)}[/]")
