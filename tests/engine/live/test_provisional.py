"""Questions on each other's heels share the newest frame that one of them had encoded; whoever is alone has its own."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.waiting import until

from askcam.engine.live import provisional
from askcam.engine.live.engine import LiveEngine
from askcam.engine.question import Message, Question, Role, Sampling, Started, Text
from askcam.stream.frame import Frame
from askcam.stream.window import View

Live = Callable[..., LiveEngine]
QUESTION = Question((Message(Role.USER, (Text("What is this?"),)),), "lobby", Sampling(max_tokens=2, temperature=0))
LONG = replace(QUESTION, sampling=Sampling(max_tokens=4000, temperature=0))


@pytest.fixture
def always_just_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was made serves for as long as the test is."""
    monkeypatch.setattr(provisional, "SHARED_TIMES", float("inf"))
    monkeypatch.setattr(provisional, "SHARED_S", float("inf"))


@pytest.fixture
def asked(live: Live, stream_of: Any, heard: Any) -> Callable[..., Any]:
    """asked(): an engine, its stream, and a question to it whose view is returned."""

    def begin() -> tuple[LiveEngine, Any, Callable[..., View]]:
        engine = live("qwen2_vl", max_pairs=8)
        stream = stream_of(engine)

        def ask(question: Question = QUESTION) -> View:
            listener = heard()
            engine.ask(question, listener)
            started = listener.wait()[0]
            assert isinstance(started, Started)
            assert started.view is not None
            return started.view

        return engine, stream, ask

    return begin


@pytest.fixture
def busy(heard: Any) -> Callable[[LiveEngine], Callable[[], None]]:
    """busy(engine): an answer is under way from now on, until what is returned is called."""

    def begin(engine: LiveEngine) -> Callable[[], None]:
        listener = heard()
        ticket = engine.ask(LONG, listener)
        until(lambda: engine.stats().answering == 1, "the long answer")
        return lambda: engine.cancel(ticket)

    return begin


def test_one_that_costs_too_much_joins_where_the_question_wants_younger_frames_than_the_window_has(asked: Any) -> None:
    engine, stream, ask = asked()
    stream.push(5)
    engine._starter._provisional._fresh_s = 0.0
    engine._starter._provisional._cost_s = 0.05  # what one costs, lately
    assert ask().newest.seq == 4
    assert ask(replace(QUESTION, max_age_s=60.0)).newest.seq == 4
    stream.clear()
    stream.push(5, age_s=600.0)  # over half as old as they may be
    assert ask(replace(QUESTION, max_age_s=1000.0)).newest.seq == 10
    engine._starter._provisional._cost_s = 550.0  # it would be too old itself
    assert ask(replace(QUESTION, max_age_s=1000.0)).newest.seq == 9


def test_alone_each_question_sees_its_own_newest_frame(asked: Any, always_just_now: None) -> None:
    _, stream, ask = asked()
    stream.push(5)
    assert ask().newest.seq == 5
    stream.push(2)
    assert ask().newest.seq == 7
    stream.push()
    stream.push()
    assert ask().newest.seq == 9


def test_beside_others_what_was_encoded_just_now_is_seen_again(asked: Any, busy: Any, always_just_now: None) -> None:
    engine, stream, ask = asked()
    stream.push(5)
    end = busy(engine)
    first = ask()
    assert (first.newest.seq, first.provisional) == (5, True)
    made = engine._keeper.feed(stream).made
    stream.push(1, quietly=True)
    completed = ask()
    assert (completed.newest.seq, completed.provisional) == (6, False)  # the window itself is newer by now
    stream.push(1)
    assert ask().newest.seq == 6  # 7 would be a pair of its own
    assert engine._keeper.feed(stream).made is made
    end()


def test_what_is_shared_is_the_same_pair(asked: Any, busy: Any, always_just_now: None) -> None:
    engine, stream, ask = asked()
    stream.push(5)
    end = busy(engine)
    first = ask()
    made = engine._keeper.feed(stream).made
    second = ask()
    assert second.pairs == first.pairs
    assert engine._keeper.feed(stream).made is made
    end()


def test_what_was_made_some_time_ago_serves_nobody(asked: Any, busy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provisional, "SHARED_S", -1.0)
    engine, stream, ask = asked()
    stream.push(5)
    end = busy(engine)
    assert ask().newest.seq == 5
    stream.push(2)
    assert ask().newest.seq == 7
    end()


def test_whoever_wants_it_young_looks_for_itself(asked: Any, busy: Any, always_just_now: None) -> None:
    engine, stream, ask = asked()
    stream.push(4)
    age_s, (width, height) = 30.0, stream.size
    old = np.zeros((height, width, 3), np.uint8)
    stream._window.add(Frame("lobby", 5, time.time() - age_s, time.monotonic() - age_s, old))
    looks = []
    look = stream.look
    stream.look = lambda: looks.append(1) or look()
    end = busy(engine)
    assert len(looks) == 1
    for max_age_s, num_looks in ((None, 0), (1000.0, 0), (40.0, 1)):
        looks.clear()
        assert ask(replace(QUESTION, max_age_s=max_age_s)).newest.seq == 5
        assert len(looks) == num_looks
    end()


def test_another_stream_shares_nothing_with_the_one_before(asked: Any, busy: Any, always_just_now: None) -> None:
    engine, stream, ask = asked()
    stream.push(5)
    end = busy(engine)
    ask()
    stream.clear()
    stream.push(3)
    view = ask()
    assert (view.epoch, view.newest.seq) == (1, 8)
    end()
