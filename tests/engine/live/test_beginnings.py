"""What questions bring is read piece by piece: others are answered meanwhile, and one of an asker is read at a time."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from askcam.engine.inbox import Asked
from askcam.engine.live.beginnings import MOST, Beginning, Beginnings
from askcam.engine.live.engine import PIECES_S, STARTS_S, LiveEngine
from askcam.engine.question import (
    Clip,
    Event,
    Failed,
    Finished,
    First,
    Message,
    Picture,
    Question,
    Reason,
    Role,
    Sampling,
    Started,
    Text,
)

Live = Callable[..., LiveEngine]
KINDS = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_5")
FOUR = Sampling(max_tokens=4, min_tokens=4, temperature=0, logprobs=2)


def noise(height: int = 84, width: int = 112, seed: int = 1) -> Any:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def showing(*parts: Any, asker: str = "", camera: str | None = None) -> Question:
    return Question((Message(Role.USER, (*parts, Text("What is this?"))),), camera, FOUR, asker=asker)


def clip(num_frames: int = 16) -> Clip:
    return Clip(tuple(noise(seed=i) for i in range(num_frames)), 2.0)


class Held:
    """Holds the engine thread in the Started of the first of some questions until it is let go, and notes the order in
    which all are told."""

    def __init__(self, engine: LiveEngine) -> None:
        self._engine = engine
        self.reached, self.go = threading.Event(), threading.Event()
        self.told: list[tuple[str, Event]] = []
        self._over = threading.Semaphore(0)
        self._asked = 0

    def ask(self, name: str, question: Question, *, hold: bool = False) -> int:
        def tell(event: Event) -> None:
            self.told.append((name, event))
            if hold and isinstance(event, Started):
                self.reached.set()
                assert self.go.wait(60)
            if isinstance(event, Finished | Failed):
                self._over.release()

        self._asked += 1
        ticket = self._engine.ask(question, tell)
        if hold:
            assert self.reached.wait(60)
        return ticket

    def let_go(self) -> list[tuple[str, Event]]:
        """All that was told, once every question is over."""
        self.go.set()
        for _ in range(self._asked):
            assert self._over.acquire(timeout=60)
        return self.told

    def order(self, kind: type[Any]) -> list[str]:
        return [name for name, event in self.told if isinstance(event, kind)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_plain_question_is_answered_before_the_clip_that_came_first_is_read(
    kind: str, live: Live, oracle: Any, stream_of: Any
) -> None:
    engine = live(kind)
    stream_of(engine).push(6)
    held = Held(engine)
    held.ask("clip", showing(clip(), asker="a"), hold=True)
    held.ask("words", showing(asker="b"))
    held.ask("camera", showing(asker="b", camera="lobby"))
    told = held.let_go()
    assert held.order(Started)[0] == "clip"
    assert held.order(First)[0] == "words"
    for name, question in (("clip", showing(clip())), ("words", showing()), ("camera", showing(camera="lobby"))):
        oracle(engine._loaded).check(question, [event for whose, event in told if whose == name])


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_read_in_turns_is_what_stock_code_reads(kind: str, live: Live, oracle: Any, stream_of: Any) -> None:
    engine = live(kind)
    stream_of(engine).push(4)
    questions = {
        "a": showing(Picture(noise()), clip(5), Picture(noise(56, 140, 3)), asker="a"),
        "b": showing(clip(4), Picture(noise(140, 56, 4)), camera="lobby", asker="b"),
        "c": showing(Picture(noise(seed=9)), asker="c"),
    }
    held = Held(engine)
    for name, question in questions.items():
        held.ask(name, question, hold=name == "a")
    told = held.let_go()
    for name, question in questions.items():
        oracle(engine._loaded).check(question, [event for whose, event in told if whose == name])


def test_of_one_asker_one_is_read_at_a_time_and_another_askers_with_it(live: Live) -> None:
    engine = live("qwen2_vl")
    held = Held(engine)
    held.ask("first", showing(clip(), asker="a"), hold=True)
    for name in ("second", "third"):
        held.ask(name, showing(clip(), asker="a"))
    held.ask("other", showing(Picture(noise()), asker="b"))
    held.let_go()
    assert held.order(Started)[:2] == ["first", "other"]
    assert held.order(First)[0] == "other", "a picture is read before the clip that it takes turns with"


def test_one_that_is_cancelled_while_it_is_read_gives_all_back(live: Live) -> None:
    engine = live("qwen2_vl")
    held = Held(engine)
    ticket = held.ask("clip", showing(clip()), hold=True)
    engine.cancel(ticket)
    told = held.let_go()
    last = told[-1][1]
    assert isinstance(last, Finished)
    assert (last.reason, last.text, held.order(First)) == (Reason.CANCELLED, "", [])
    assert 0 <= last.timings.wait_s <= last.timings.total_s
    assert engine.stats().answering == 0


def test_one_that_cannot_be_read_fails_alone(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = live("qwen2_vl")
    read = engine._model._any_size.encode
    failed: list[int] = []

    def broken(*args: Any) -> Any:
        if not failed:
            failed.append(1)
            raise RuntimeError("the tower fell")
        return read(*args)

    monkeypatch.setattr(engine._model._any_size, "encode", broken)
    held = Held(engine)
    held.ask("broken", showing(Picture(noise()), asker="a"), hold=True)
    held.ask("whole", showing(Picture(noise()), asker="b"))
    ends = {name: event for name, event in held.let_go() if isinstance(event, Finished | Failed)}
    assert isinstance(ends["broken"], Failed)
    assert isinstance(ends["whole"], Finished)


def test_once_starting_took_long_the_next_waits_for_a_pass(live: Live) -> None:
    engine = live("qwen2_vl")
    held = Held(engine)
    held.ask("first", showing(), hold=True)
    held.ask("second", showing())
    began = time.monotonic()
    while time.monotonic() - began <= STARTS_S:
        pass
    told = [(name, type(event)) for name, event in held.let_go()]
    assert told.index(("first", First)) < told.index(("second", Started))
    assert PIECES_S < STARTS_S, "what is read in pieces leaves time for others"


def asked(asker: str, *parts: Any) -> Asked:
    return Asked(0, replace(showing(*parts), asker=asker), lambda event: None, 0.0)


def test_who_takes_turns() -> None:
    beginnings = Beginnings(lambda each: each.question.plain)  # type: ignore[union-attr]
    picture = Picture(noise())
    closed: list[str] = []

    def steps(name: str) -> Any:
        try:
            while True:
                yield None
        finally:
            closed.append(name)

    for number in range(MOST):
        one = asked(f"asker {number}", picture)
        assert beginnings.takes(one)
        beginning = Beginning(one, 0.0, steps(f"asker {number}"))
        next(beginning.steps)
        beginnings.add(beginning)
        assert not beginnings.takes(one), "one of an asker at a time"
    assert not beginnings.takes(asked("another", picture)), "and so many in all"
    assert beginnings.takes(asked("another")), "words alone are begun at once"
    turn = beginnings.turn()
    assert turn is not None
    assert beginnings.takes(asked("another", picture))
    beginnings.add(turn)
    gone = beginnings.leave(lambda each: each.question.asker == "asker 2")  # type: ignore[union-attr]
    assert [each.asked.question.asker for each in gone] == closed == ["asker 2"]  # type: ignore[union-attr]
    left = [beginnings.turn() for _ in range(MOST)]
    assert [each and each.asked.question.asker for each in left] == ["asker 1", "asker 3", "asker 0", None]  # type: ignore[union-attr]


def test_one_for_which_there_was_no_room_is_next_once_there_is(live: Live) -> None:
    engine = live("qwen2_vl", max_pairs=2, kv_gb=0.001)
    total = engine.pool.total_rows
    assert total < engine.info.context_tokens

    def long(num_tokens: int) -> Question:
        return replace(showing(), sampling=replace(FOUR, max_tokens=num_tokens, min_tokens=0, logprobs=None))

    held = Held(engine)
    first = held.ask("half", long(total // 2), hold=True)
    held.ask("more than is left", long(total * 2 // 3))
    held.ask("little", long(4))
    engine.cancel(first)
    held.let_go()
    assert held.order(Started) == ["half", "more than is left", "little"]
