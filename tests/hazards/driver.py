"""A driver of a live engine that does one random thing after the other: cameras, questions, cancels, faults."""

import queue
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hazards.asked import Answered, Asked, Tally
from hazards.faults import FaultyPasses, fragile
from support.waiting import until

from askcam.engine.errors import EngineError, NoRoom
from askcam.engine.interface import EngineConfig
from askcam.engine.live.engine import LiveEngine
from askcam.engine.portable import PortableEngine
from askcam.engine.question import Failed, Finished, Message, Picture, Question, Role, Sampling, Scoring, Text
from askcam.stream.camera import Camera, CameraConfig
from askcam.stream.fit import Fit
from askcam.stream.sources.registry import resolve
from askcam.stream.window import View

MOST_CAMERAS = 6
NAMES = tuple(f"cam{i}" for i in range(MOST_CAMERAS + 2))  # names come back, and some are nobody's
SHAPES = ((640, 480), (500, 500), (1280, 720))  # the built-in model has a grid for each
RATES = (1.0, 2.0, 2.0, 4.0)  # fps
TEXTS = ("What do you see?", "Is anything moving?", "How many things are there?", "你看到了什么？", "Did it leave?")
SYSTEMS = (None, None, None, "Be brief.", "You guard a gate.", "You are a shop's clerk.", "回答要简短。")
LONG = 120  # so many times the same words are more than one pass takes
ALL_OVER_S = 120.0  # every question has its last event by then, however slow the machine


@dataclass(slots=True)
class Attached:
    camera: Camera
    plug: threading.Event


class Chaos:
    """Owned by one thread. All it decides follows from `seed`; what comes of it depends on the machine, too."""

    def __init__(self, engine: LiveEngine, seed: int, fault_share: float, keep: int = 8) -> None:
        """`fault_share` of the model's passes raise; `keep` greedy answers are kept for check()."""
        self.engine, self.tally = engine, Tally(keep)
        self.faults = FaultyPasses(engine._model.passes, seed, fault_share)
        self.num_attached = self.num_actions = 0
        self.refused_cameras = 0
        self._chance = random.Random(seed)
        self._attached: dict[str, Attached] = {}
        self._wanted = MOST_CAMERAS // 2
        self._actions: dict[Callable[[], None], float] = {
            self._crowd: 3,
            self._ask: 8,
            self._burst: 0.4,
            self._score: 1.5,
            self._cancel: 2,
            self._hear: 4,
            self._pull: 0.3,
            self._begin_anew: 0.2,
        }
        engine._model.passes = self.faults

    def __enter__(self) -> "Chaos":
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self._attached):  # those that a failed check left behind
            self._detach(name)

    @property
    def num_cameras(self) -> int:
        return len(self._attached)

    def act(self) -> None:
        """Do one random thing. Waits for one answer at most."""
        self.num_actions += 1
        (action,) = self._chance.choices(list(self._actions), list(self._actions.values()))
        action()

    def calm(self) -> None:
        """No more faults; every question gets its end, and each camera that is there one more question."""
        self.faults.share = 0.0
        self._all_over()
        for name, attached in self._attached.items():
            until(attached.camera.peek, f"a pair of {name}")
            self._put(self._question(name, greedy=True), None)
        self._all_over()

    def end(self) -> None:
        """Everything is detached, and no row of the pool is in use any more."""
        for name in list(self._attached):
            self._detach(name)
        self._all_over()
        pool, states = self.engine.pool, self.engine.states
        until(lambda: (pool.stats().used_rows, pool.stats().num_ranges) == (0, 0), f"an empty pool: {pool.stats()}")
        until(lambda: states.stats().used == 0, f"no state in use: {states.stats()}")

    def close(self) -> None:
        """Close the engine while questions wait and answers grow; each gets its end."""
        self._attach(NAMES[0])
        for _ in range(6):
            self._put(self._question(NAMES[0]), None)
        for asked in self.tally.open:
            asked.cancelled = True
        self.engine.close()
        self._all_over()
        self._detach(NAMES[0])

    def check(self) -> list[str]:
        """Compute the kept answers once more with stock parts; what differs. The engine must have nothing to do."""
        different = []
        portable = PortableEngine(self.engine._loaded, EngineConfig(self.engine.info.id))
        try:
            for answered in self.tally.answers:
                last = _again(portable, answered)
                if not isinstance(last, Finished):
                    different.append(f"stock code failed: {last!r}")
                elif (last.text, last.usage.completion_tokens) != (answered.text, answered.num_tokens):
                    different.append(f"{answered.text!r} was answered, {last.text!r} is right")
        finally:
            portable.close()
        return different

    # -- cameras

    def _crowd(self) -> None:
        """One camera more or less, towards a number that changes now and then."""
        if self._chance.random() < 0.25:
            self._wanted = self._chance.randint(0, MOST_CAMERAS)
        if len(self._attached) < self._wanted:
            self._attach(self._chance.choice([name for name in NAMES if name not in self._attached]))
        elif self._attached and (len(self._attached) > self._wanted or self._chance.random() < 0.3):
            self._detach(self._chance.choice(list(self._attached)))

    def _attach(self, name: str) -> None:
        chance, plug = self._chance, threading.Event()
        shape = self.engine.fit(*chance.choice(SHAPES))
        camera = Camera(
            name,
            fragile(resolve(f"synthetic:{chance.randrange(1000)}"), plug),
            fit=lambda width, height: Fit.stretch(width, height, shape.width, shape.height),
            anchors=self.engine.anchors,
            config=CameraConfig(fps=chance.choice(RATES), motion_gate=chance.choice((None, None, 2.0))),
        )
        try:
            self.engine.attach(camera)
        except NoRoom:
            self.refused_cameras += 1
            return
        camera.start()
        self.num_attached += 1
        self._attached[name] = Attached(camera, plug)
        if chance.random() < 0.5:
            until(camera.peek, f"a first pair of {name}")

    def _detach(self, name: str) -> None:
        camera = self._attached.pop(name).camera
        if self._chance.random() < 0.3:
            camera.close()  # it ends while it is attached
            self.engine.detach(name)
            return
        self.engine.detach(name)
        camera.close()

    def _pull(self) -> None:
        """A camera is lost, and comes back with an empty window."""
        if self._attached:
            self._chance.choice(list(self._attached.values())).plug.set()

    def _begin_anew(self) -> None:
        if self._attached:
            camera = self._chance.choice(list(self._attached.values())).camera
            camera.pace(camera.config.fps, anew=True)

    # -- questions

    def _ask(self) -> None:
        chance = self._chance
        if not self._attached and chance.random() < 0.7:
            self._attach(chance.choice(NAMES))
        names = list(self._attached)
        name = chance.choice(NAMES) if chance.random() < 0.1 or not names else chance.choice(names)
        cancel_at = chance.randint(1, 12) if chance.random() < 0.15 else None
        asked = self._put(self._question(name), cancel_at)
        if chance.random() < 0.05:
            self._cancel_one(asked)
        if chance.random() < 0.03 and name in self._attached:
            self._detach(name)

    def _burst(self) -> None:
        for _ in range(self._chance.randint(6, 24)):
            self._ask()

    def _score(self) -> None:
        name = self._chance.choice(list(self._attached) or NAMES)
        plain = tuple(_plain(text, name) for text in self._chance.choices(TEXTS, k=self._chance.randint(1, 6)))
        self._put(Scoring(plain, ("Yes", "No")), None)

    def _question(self, name: str, greedy: bool = False) -> Question:
        chance = self._chance
        text = chance.choice(TEXTS)
        if greedy:
            return _plain(text, name, Sampling(max_tokens=24, temperature=0))
        parts: tuple[Any, ...] = (Text(text * chance.choice((*[1] * 11, LONG))),)
        if chance.random() < 0.05:
            pixels = np.random.default_rng(chance.randrange(100)).integers(0, 256, (84, 112, 3), np.uint8)
            parts = (Picture(pixels), *parts)
        system = chance.choice(SYSTEMS)
        head = () if system is None else (Message(Role.SYSTEM, (Text(system),)),)
        sampling = Sampling(
            max_tokens=chance.choice((1, 4, 16, 40)),
            temperature=chance.choice((0, 0, 0.8, None)),
            top_p=chance.choice((None, 0.9)),
            repetition_penalty=chance.choice((None, None, 1.2)),
            seed=chance.choice((None, 7)),
            min_tokens=chance.choice((0, 0, 3)),
        )
        max_age_s = chance.choice((None, None, None, 3.0, 0.01))
        camera = None if chance.random() < 0.03 else name
        return Question((*head, Message(Role.USER, parts)), camera, sampling, max_age_s)

    def _put(self, question: Question | Scoring, cancel_at: int | None) -> Asked:
        asked = self.tally.asking(question, cancel_at)
        try:
            if isinstance(question, Scoring):
                ticket = self.engine.score(question.questions, question.choices, asked)
            else:
                ticket = self.engine.ask(question, asked)
        except EngineError as exc:
            self.tally.refused(asked, exc)
            return asked

        def cancel() -> None:
            asked.cancelled = True
            self.engine.cancel(ticket)

        asked.cancel = cancel
        return asked

    def _cancel(self) -> None:
        waiting = self.tally.open
        if waiting:
            self._cancel_one(self._chance.choice(waiting))

    def _cancel_one(self, asked: Asked) -> None:
        if asked.cancel is not None:
            asked.cancel()

    def _hear(self) -> None:
        """Wait for the end of the oldest question."""
        self._over(self.tally.open[:1])

    def _all_over(self) -> None:
        self._over(self.tally.open)

    def _over(self, asked: list[Asked]) -> None:
        assert self.tally.wait(asked, ALL_OVER_S), f"no last event after {ALL_OVER_S:g} s: {asked[0].question}"


class Fixed:
    """A camera that shows one view for ever."""

    def __init__(self, view: View) -> None:
        self.name, self._view = view.camera, view

    def look(self) -> View:
        return self._view


def _again(portable: PortableEngine, answered: Answered) -> Finished | Failed:
    fixed = Fixed(answered.view)
    portable.attach(fixed)
    events: queue.SimpleQueue[Any] = queue.SimpleQueue()
    question = answered.question
    portable.ask(Question(question.messages, fixed.name, question.sampling), events.put)
    while not isinstance(event := events.get(timeout=ALL_OVER_S), Finished | Failed):
        pass
    portable.detach(fixed.name)
    return event


def _plain(text: str, camera: str, sampling: Sampling | None = None) -> Question:
    return Question((Message(Role.USER, (Text(text),)),), camera, sampling or Sampling())


def rest(before: set[threading.Thread], timeout_s: float = 10.0) -> list[str]:
    """Names of the threads that were not there before and have not ended after a while."""
    deadline = time.monotonic() + timeout_s
    while True:
        left = [thread.name for thread in threading.enumerate() if thread not in before]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.05)
