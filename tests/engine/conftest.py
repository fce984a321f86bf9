"""Real parts for the engine's tests: the built-in model, tiny random models of every family, a drawn camera."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.tiny_models import save_tiny

from askcam.demo.builtin import model_path
from askcam.engine.checkpoint import load
from askcam.engine.devices import device_of_thread
from askcam.engine.interface import EngineConfig
from askcam.engine.live.build import build
from askcam.engine.loading import Loaded
from askcam.engine.portable import PortableEngine
from askcam.engine.question import Event, Failed, Finished, Message, Question, Role, Sampling, Started, Text
from askcam.stream.frame import Frame, Pixels
from askcam.stream.window import Anchors, View, Window

DEADLINE_S = 60.0  # generous: the machine may be busy


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Toys are computed faster by one thread than by two that wait for each other on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def builtin() -> Path:
    """The folder of the built-in model."""
    return model_path()


@pytest.fixture(scope="session")
def loaded(builtin: Path) -> Loaded:
    """The built-in model, once for all tests."""
    return load(EngineConfig(str(builtin), threads=1), lambda what, share: None)


@pytest.fixture(scope="session", params=["portable", "live"])
def engine(request: pytest.FixtureRequest, loaded: Loaded) -> Iterator[Any]:
    """Each backend over the built-in model: what is true of one is true of the other."""
    config = EngineConfig("built-in", threads=1, max_waiting=4)
    engine = PortableEngine(loaded, config) if request.param == "portable" else build(loaded, config)
    yield engine
    engine.close()


@dataclass
class DrawnCamera:
    """A WindowSource over a real Window: a red square wanders over grey. Frames are fresh unless `age_s` says else."""

    anchors: Anchors
    width: int
    height: int
    name: str = "lobby"
    num_frames: int = 6
    fps: float = 2.0
    age_s: float = 0.0
    looks: int = field(default=0, init=False)

    def look(self) -> View:
        self.looks += 1
        window = Window(self.name, self.anchors, self.fps)
        now = time.monotonic() - self.age_s
        for i in range(self.num_frames):
            back_s = (self.num_frames - 1 - i) / self.fps
            pixels = drawing(self.width, self.height, i)
            window.add(Frame(self.name, i, time.time() - self.age_s - back_s, now - back_s, pixels))
        view = window.view()
        assert view is not None
        return view


def drawing(width: int, height: int, i: int) -> Pixels:
    pixels = np.full((height, width, 3), 190, np.uint8)
    left = (i * width // 10) % (width - width // 4)
    pixels[height // 4 : height // 2, left : left + width // 4] = (220, 30, 30)
    return pixels


@pytest.fixture
def camera(engine: Any) -> Iterator[DrawnCamera]:
    """A camera named lobby, attached to the built-in model's engine."""
    fit = engine.fit(640, 480)
    camera = DrawnCamera(engine.anchors, fit.width, fit.height)
    engine.attach(camera)
    yield camera
    engine.detach(camera.name)


class Heard:
    """Collects one question's events; `wait` returns them all once the last is there."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._queue: queue.SimpleQueue[Event] = queue.SimpleQueue()

    def __call__(self, event: Event) -> None:
        self._queue.put(event)

    def next(self) -> Event:
        event = self._queue.get(timeout=DEADLINE_S)
        self.events.append(event)
        return event

    def wait(self) -> list[Event]:
        while not self.events or not isinstance(self.events[-1], Finished | Failed):
            self.next()
        return self.events

    def wait_for(self, kind: type[Any]) -> Event:
        while not isinstance(event := self.next(), kind):
            pass
        return event


class Gate:
    """Holds the engine thread in an asker's first event, so that what is asked meanwhile waits for sure."""

    def __init__(self, engine: PortableEngine, question: Question, listener: Callable[[Event], None]) -> None:
        self._held, self._go = threading.Event(), threading.Event()

        def tell(event: Event) -> None:
            if isinstance(event, Started):
                self._held.set()
                self._go.wait(60)
            listener(event)

        self.ticket = engine.ask(question, tell)
        assert self._held.wait(60)

    def open(self) -> None:
        self._go.set()


Answerer = Callable[..., Finished]


def question(text: str, camera: str | None = "lobby", **sampling: Any) -> Question:
    return Question((Message(Role.USER, (Text(text),)),), camera, Sampling(**sampling))


@pytest.fixture(scope="session")
def gate() -> type[Gate]:
    return Gate


@pytest.fixture(scope="session")
def heard() -> type[Heard]:
    return Heard


@pytest.fixture(scope="session")
def about() -> Callable[..., Question]:
    """about("what?", camera="lobby", max_tokens=3): a question of one user text."""
    return question


@pytest.fixture
def answer() -> Answerer:
    """answer(engine, question): asks and returns the Finished event; anything else fails the test."""

    def ask(engine: Any, what: Question) -> Finished:
        heard = Heard()
        engine.ask(what, heard)
        last = heard.wait()[-1]
        assert isinstance(last, Finished), last
        return last

    return ask


@pytest.fixture(scope="session")
def tiny_model(builtin: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """tiny_model("qwen2_5_vl"): the folder of a small random model, laid out as on the hub."""
    made: dict[str, Path] = {}

    def folder(kind: str) -> Path:
        if kind not in made:
            made[kind] = save_tiny(kind, builtin, tmp_path_factory.mktemp(kind))
        return made[kind]

    return folder


@pytest.fixture(scope="session")
def tiny(tiny_model: Callable[[str], Path]) -> Callable[..., Loaded]:
    """tiny("qwen3_vl"): that model, loaded once."""
    made: dict[str, Loaded] = {}

    def get(kind: str) -> Loaded:
        if kind not in made:
            made[kind] = load(EngineConfig(str(tiny_model(kind))), lambda what, share: None)
        return made[kind]

    return get


Multiplied = set[tuple[str, torch.device | None]]


@pytest.fixture
def multiplied(monkeypatch: pytest.MonkeyPatch) -> Multiplied:
    """Which threads have multiplied by weights, and what each had said that it works on."""
    found: Multiplied = set()
    linear = torch.nn.functional.linear

    def noted(*args: Any, **more: Any) -> torch.Tensor:
        found.add((threading.current_thread().name, device_of_thread()))
        return linear(*args, **more)

    monkeypatch.setattr(torch.nn.functional, "linear", noted)
    return found


@pytest.fixture(scope="session")
def view_of() -> Callable[..., View]:
    """view_of(width, height, num_frames, fps): a View of drawn frames with a window as long as it takes."""

    def make(width: int, height: int, num_frames: int, fps: float = 2.0) -> View:
        pairs = num_frames // 2 + 1
        return DrawnCamera(Anchors(pairs, pairs), width, height, num_frames=num_frames, fps=fps).look()

    return make
