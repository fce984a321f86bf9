"""How many cameras this machine holds with a model, measured with a drawn camera before anything is served."""

import queue
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from askcam.engine.catalogue.estimate import CAMERA_FPS
from askcam.engine.interface import Engine
from askcam.engine.power import SPARE
from askcam.engine.question import Event, Failed, Finished, First, Message, Question, Role, Sampling, Text
from askcam.stream.camera import Camera, CameraConfig, State
from askcam.stream.sources.registry import resolve
from askcam.stream.window import View

NAME = "doctor"
PICTURES = "synthetic:7"  # 640x480
FAST_FPS = 20.0  # more than most machines take in, so that the model has always something to do
MEASURE_S = 10.0  # of taking frames in
FIRST_S = 12.0  # a question is given up after so long
SLOW_S = 5.0  # to a first word


@dataclass(frozen=True, slots=True)
class Capacity:
    """`frame_s`: seconds of work for one frame; None: the backend takes nothing in before a question, or is so slow
    that it could not be told. `first_s`: to the first word of a question; None: none came within FIRST_S."""

    frame_s: float | None
    first_s: float | None
    at_least: bool = False  # it was taken in as fast as the camera brought it
    width: int = 0  # of a frame as the model sees it
    height: int = 0

    @property
    def cameras(self) -> int:
        """At CAMERA_FPS."""
        return 0 if not self.frame_s else int(SPARE / self.frame_s / CAMERA_FPS)

    @property
    def fps(self) -> float:
        """Of one camera."""
        return 0.0 if not self.frame_s else SPARE / self.frame_s


class Unpaced:
    """A door.LiveSource that cannot be asked to bring less: what is too much falls out of its window."""

    def __init__(self, camera: Camera) -> None:
        self._camera, self.name = camera, camera.name

    def look(self) -> View:
        return self._camera.look()

    def peek(self) -> View | None:
        return self._camera.peek()

    def on_pair(self, callback: Callable[[], None]) -> Callable[[], None]:
        return self._camera.on_pair(callback)


def measure(engine: Engine) -> Capacity:
    """Blocks for 25 s at most."""
    config = CameraConfig(fps=FAST_FPS)
    with Camera(NAME, resolve(PICTURES), fit=engine.fit, anchors=engine.anchors, config=config) as camera:
        deadline = time.monotonic() + 2.0
        while camera.status().state is not State.LIVE and time.monotonic() < deadline:
            time.sleep(0.02)
        engine.attach(Unpaced(camera))
        try:
            frame_s = _taken_in(engine)
            first_s = _first(engine)
        finally:
            engine.detach(NAME)
    fit = engine.fit(640, 480)
    at_least = frame_s is not None and frame_s < 1.3 / FAST_FPS
    return Capacity(frame_s, first_s, at_least, fit.width, fit.height)


def _taken_in(engine: Engine) -> float | None:
    """Seconds between frames that are taken in when there are always more."""
    found: list[float] = []
    deadline = time.monotonic() + (MEASURE_S if engine.info.backend == "live" else 0.0)
    while time.monotonic() < deadline:
        time.sleep(0.25)
        pace = engine.paces().get(NAME)
        if pace is not None:
            found.append(pace.every_s)
    return statistics.median(found) if found else None


def _first(engine: Engine) -> float | None:
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    message = Message(Role.USER, (Text("What do you see?"),))
    began = time.monotonic()
    ticket = engine.ask(Question((message,), NAME, Sampling(max_tokens=1, temperature=0.0)), events.put)
    try:
        while True:
            event = events.get(timeout=max(0.01, began + FIRST_S - time.monotonic()))
            if isinstance(event, First):
                return time.monotonic() - began
            if isinstance(event, Failed | Finished):
                return None
    except queue.Empty:
        return None
    finally:
        engine.cancel(ticket)
