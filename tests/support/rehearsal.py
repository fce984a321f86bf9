"""The demo without the waiting: a synthetic camera whose clock the caller moves, and three questions put to an engine.

The pictures, the sampler, the window and the engine are the real ones; only real time is not. Used by the demo's tests
and its benchmark.
"""

import queue
import time
from collections.abc import Iterator
from dataclasses import dataclass

from askcam.demo.questions import DemoQuestion, questions
from askcam.demo.source import FPS
from askcam.demo.synthetic import SyntheticScene
from askcam.engine.interface import Engine
from askcam.engine.question import Event, Failed, Finished, Message, Question, Role, Sampling, Started, Text
from askcam.stream.fit import FitRule, resize
from askcam.stream.frame import Frame
from askcam.stream.sampler import Sampler
from askcam.stream.window import Anchors, View, Window

FILL_PAIRS = 4  # the demo asks nothing before the window has seen so many
POLL_S = 0.1
READY_S = 60.0  # a question that does not become ready in so long never will
ANSWER_S = 120.0


class RehearsedCamera:
    """`synthetic:SEED`, opened at `opened` (seconds since the epoch). Time passes when run_to() says so. One thread."""

    def __init__(self, seed: int, fit: FitRule, anchors: Anchors, opened: float, fps: float = 2.0) -> None:
        self.name = f"seed {seed}"
        self.now = opened
        self._scene = SyntheticScene(seed)
        self._fit = fit
        self._window = Window(self.name, anchors, fps)
        self._sampler = Sampler(fps)
        self._next = int(opened * FPS) + 1  # number of the next picture
        self._last = self._frame(self._next)

    @property
    def num_pairs_seen(self) -> int:
        return self._window.num_pairs_seen

    def run_to(self, wall: float) -> None:
        """Let the camera take its pictures up to `wall`."""
        while self._next / FPS <= wall:
            if self._sampler.take(self._next / FPS):
                self._last = self._frame(self._next)
                self._window.add(self._last)
            self._next += 1
        self.now = max(self.now, wall)

    def look(self) -> View:
        """As a Camera's: the window, with the newest picture taken in."""
        newest = self._last if self._last.seq == self._next - 1 else self._frame(self._next - 1)
        view = self._window.view(newest)
        assert view is not None, "look at it before its first picture"
        return view

    def _frame(self, number: int) -> Frame:
        wall = number / FPS
        pixels = self._scene.at(wall)
        mono = time.monotonic() - max(0.0, self.now - wall)
        return Frame(self.name, number, wall, mono, resize(pixels, self._fit(pixels.shape[1], pixels.shape[0])))


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of the demo and how it went."""

    question: DemoQuestion
    answer: str
    truth: str
    right: bool
    pairs: int
    waited_s: float  # until the window was ready, in the camera's time
    took_s: float  # until the answer was there, in real time


def rehearse(engine: Engine, seed: int, opened: float) -> Iterator[Asked]:
    """What `askcam demo --once` does with one seed, its camera opened at `opened` (seconds since the epoch)."""
    camera = RehearsedCamera(seed, engine.fit, engine.anchors, opened)
    engine.attach(camera)
    try:
        while camera.num_pairs_seen < FILL_PAIRS:
            camera.run_to(camera.now + POLL_S)
        for question in questions(seed):
            asked = camera.now
            while not question.ready((view := camera.look()).start_wall, view.end_wall):
                assert camera.now < asked + READY_S, f"seed {seed}: never ready: {question.text}"
                camera.run_to(camera.now + POLL_S)
            waited_s = camera.now - asked
            begun = time.monotonic()
            answer, view = put(engine, camera.name, user(question.text))
            took_s = time.monotonic() - begun
            camera.run_to(camera.now + took_s)
            span = (view.start_wall, view.end_wall)
            right = question.correct(answer, *span)
            yield Asked(question, answer, question.truth(*span), right, len(view.pairs), waited_s, took_s)
    finally:
        engine.detach(camera.name)


def user(text: str) -> Message:
    return Message(Role.USER, (Text(text),))


def put(engine: Engine, camera: str, *prompt: Message) -> tuple[str, View]:
    """Ask, wait, and return the answer and what it saw. Raises what the engine failed with."""
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    engine.ask(Question(prompt, camera, Sampling(max_tokens=64, temperature=0.0)), events.put)
    view: View | None = None
    while True:
        match events.get(timeout=ANSWER_S):
            case Started(seen):
                view = seen
            case Finished(text=answer):
                assert view is not None, "a question about a camera sees its window"
                return answer, view
            case Failed(error):
                raise error
