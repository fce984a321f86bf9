"""Model servers in processes of their own, and what asks them: an engine, a camera whose frames are plain colours."""

import queue
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from support.servers.running import RunningModelServer

from askcam.engine.interface import Engine, EngineConfig
from askcam.engine.open import open_engine
from askcam.engine.question import Event, Failed, Finished, Message, Question, Role, Sampling, Text
from askcam.stream.frame import Frame, Pixels
from askcam.stream.window import View, Window

DEADLINE_S = 60.0
COLOURS = {"red": (200, 40, 40), "green": (40, 200, 40), "blue": (40, 40, 200)}


@pytest.fixture(scope="session")
def vllm() -> Iterator[RunningModelServer]:
    with RunningModelServer("vllm") as server:
        yield server


@pytest.fixture(scope="session")
def ollama() -> Iterator[RunningModelServer]:
    with RunningModelServer("ollama") as server:
        yield server


@pytest.fixture(scope="session")
def transformers() -> Iterator[RunningModelServer]:
    with RunningModelServer("transformers") as server:
        yield server


@pytest.fixture(autouse=True)
def well(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test begins with servers that do all things right."""
    yield
    for name in ("vllm", "ollama", "transformers"):
        if name in request.fixturenames and request.getfixturevalue(name).running:
            request.getfixturevalue(name).goes_wrong()


Opened = Callable[..., Engine]


@pytest.fixture
def opened() -> Iterator[Opened]:
    """opened(server, dialect="vllm", ...): an engine over it, closed after the test."""
    engines: list[Engine] = []

    def open_over(server: RunningModelServer, **config: Any) -> Engine:
        given = {"model": "", "url": server.url, "dialect": server.scene, "first_s": 60.0, "max_pairs": 4}
        engines.append(open_engine(EngineConfig(**given | config)))
        return engines[-1]

    yield open_over
    for engine in engines:
        engine.close()


class ColourCamera:
    """A LiveSource whose newest frame is of one colour, the others grey. Frames are new at each look."""

    def __init__(self, engine: Engine, colour: str = "red", num_frames: int = 5, age_s: float = 0.0) -> None:
        self.name, self.colour, self.num_frames, self.age_s = "lobby", colour, num_frames, age_s
        fit = engine.fit(640, 480)
        self.size, self._anchors = (fit.height, fit.width), engine.anchors
        self.looks = 0
        self.tell: list[Callable[[], None]] = []
        self._window: Window | None = None

    def look(self) -> View:
        self.looks += 1
        self._window = self._filled()
        view = self._window.view()
        assert view is not None
        return view

    def peek(self) -> View | None:
        self._window = self._filled()
        return self._window.settled()

    def on_pair(self, callback: Callable[[], None]) -> Callable[[], None]:
        self.tell.append(callback)
        return lambda: self.tell.remove(callback)

    def _filled(self) -> Window:
        window, now = Window(self.name, self._anchors, 2.0), time.monotonic() - self.age_s
        for number in range(self.num_frames):
            back_s = (self.num_frames - 1 - number) / 2
            last = number == self.num_frames - 1
            pixels = plain(self.size, COLOURS[self.colour] if last else (90, 90, 90))
            window.add(Frame(self.name, number, time.time() - back_s, now - back_s, pixels))
        return window


def plain(size: tuple[int, int], colour: tuple[int, int, int]) -> Pixels:
    return np.full((*size, 3), colour, np.uint8)


@pytest.fixture
def colour_camera() -> type[ColourCamera]:
    return ColourCamera


def about_camera(text: str = "what is there?", camera: str | None = "lobby", **more: Any) -> Question:
    sampling = more.pop("sampling", Sampling(max_tokens=64))
    return Question((Message(Role.USER, (Text(text),)),), camera, sampling, **more)


@pytest.fixture(scope="session")
def asked() -> Callable[..., Question]:
    """asked("what?", camera="lobby", max_age_s=2.0)"""
    return about_camera


Events = Callable[..., list[Event]]


@pytest.fixture(scope="session")
def events() -> Events:
    """events(engine, question): all that it tells, the last one being Finished or Failed."""

    def ask(engine: Engine, question: Question) -> list[Event]:
        told: queue.SimpleQueue[Event] = queue.SimpleQueue()
        engine.ask(question, told.put)
        found = [told.get(timeout=DEADLINE_S)]
        while not isinstance(found[-1], Finished | Failed):
            found.append(told.get(timeout=DEADLINE_S))
        return found

    return ask
