"""Memory: what is taken comes back, a full pool says what fits, heads come and go, failures cost no room."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from support.waiting import until

from askcam.engine.errors import EngineFailure, NoRoom
from askcam.engine.live.engine import LiveEngine
from askcam.engine.live.scheduler import Scheduler
from askcam.engine.loading import Loaded
from askcam.engine.question import Failed, Finished, Message, Question, Reason, Role, Sampling, Started, Text

Live = Callable[..., LiveEngine]


def ask(text: str, camera: str = "lobby", num_tokens: int = 6, system: str | None = None) -> Question:
    messages = (Message(Role.USER, (Text(text),)),)
    if system is not None:
        messages = (Message(Role.SYSTEM, (Text(system),)), *messages)
    return Question(messages, camera, Sampling(max_tokens=num_tokens, temperature=0))


def settled(engine: LiveEngine) -> int:
    """Rows in use once the engine has nothing left to do: its thread has found that out twice from now on."""
    inbox, rests = engine._inbox, 0
    wait = inbox.wait

    def resting(timeout_s: float | None) -> None:
        nonlocal rests
        rests += 1
        wait(timeout_s)

    def rested() -> bool:
        inbox.nudge()
        return rests >= 2

    inbox.wait = resting  # type: ignore[method-assign]
    try:
        until(rested, "the engine to come to rest")
    finally:
        del inbox.wait
    return engine.pool.stats().used_rows


def test_frames_are_encoded_before_anybody_asks(live: Live, stream_of: Any, heard: Any) -> None:
    engine = live("qwen2_vl", max_pairs=8)
    stream_of(engine).push(8)
    settled(engine)
    listener = heard()
    engine.ask(ask("What is this?"), listener)
    finished = listener.wait()[-1]
    assert isinstance(finished, Finished)
    assert finished.usage.vision_tokens == 4 * 6
    assert finished.usage.cached_tokens >= 4 * 6


def test_a_part_of_the_window_is_read_from_what_is_kept_anyway(live: Live, stream_of: Any, heard: Any) -> None:
    engine = live("qwen2_vl", max_pairs=8)
    stream_of(engine).push(21)
    held, seen, heads = settled(engine), [], set()
    for window_s in (None, 2.0):
        listener = heard()
        engine.ask(replace(ask("What is this?"), window_s=window_s), listener)
        started, *_, finished = listener.wait()
        assert isinstance(started, Started)
        assert isinstance(finished, Finished)
        assert started.view is not None
        seen.append([pair.index for pair in started.view.pairs])
        assert finished.usage.vision_tokens == 6 * len(seen[-1])
        heads.add(finished.usage.cached_tokens - 6 * (len(seen[-1]) - 1))  # all but the provisional pair is there
    assert seen == [[4, 5, 6, 7, 8, 9, 10], [8, 9, 10]]  # each from an anchor
    assert len(heads) == 1
    assert settled(engine) == held


def test_a_camera_that_goes_gives_its_rows_back_and_its_answers_go_on(
    live: Live, stream_of: Any, oracle: Any, sharp: Callable[[str], Loaded], heard: Any
) -> None:
    engine = live("qwen2_vl", max_pairs=8)
    stream_of(engine).push(6)
    listener = heard()

    def tell(event: Any) -> None:
        if isinstance(event, Started):
            engine.detach("lobby")
        listener(event)

    engine.ask(ask("What is this?", num_tokens=20), tell)
    oracle(sharp("qwen2_vl")).check(ask("What is this?", num_tokens=20), listener.wait())
    assert settled(engine) == 0


def test_a_cancelled_answer_gives_its_rows_back(live: Live, stream_of: Any, heard: Any) -> None:
    engine = live("qwen2_vl", max_pairs=8)
    stream_of(engine).push(6)
    before = settled(engine)
    listener, tickets = heard(), []

    def tell(event: Any) -> None:
        listener(event)
        engine.cancel(tickets[0])

    question = Question(
        ask("What is this?").messages, "lobby", Sampling(max_tokens=900, temperature=0, repetition_penalty=0.01)
    )
    tickets.append(engine.ask(question, tell))
    last = listener.wait()[-1]
    assert last.reason is Reason.CANCELLED
    assert settled(engine) == before


def test_an_exception_fails_what_is_in_flight_and_windows_are_rebuilt_from_the_streams(
    live: Live, stream_of: Any, oracle: Any, sharp: Callable[[str], Loaded], heard: Any
) -> None:
    engine = live("qwen2_vl", max_pairs=8)
    stream_of(engine).push(7)
    settled(engine)

    def broken(*_: Any) -> None:
        raise RuntimeError("a planted fault")

    engine._model.language.rows = broken  # type: ignore[method-assign]
    listeners = [heard() for _ in range(3)]
    for listener in listeners:
        engine.ask(ask("What is this?"), listener)
    for listener in listeners:
        failed = listener.wait()[-1]
        assert isinstance(failed, Failed)
        assert isinstance(failed.error, EngineFailure)
    del engine._model.language.rows
    listener = heard()
    engine.ask(ask("And now?"), listener)
    oracle(sharp("qwen2_vl")).check(ask("And now?"), listener.wait())


def test_a_failure_while_frames_are_taken_in_harms_no_later_question(
    live: Live, stream_of: Any, oracle: Any, sharp: Callable[[str], Loaded], heard: Any, caplog: Any
) -> None:
    engine = live("qwen2_vl", max_pairs=8)
    encoding, calls = engine._model.encoding, []

    def broken(pairs: Any) -> Any:
        calls.append(time.monotonic())
        raise RuntimeError("a planted fault")

    engine._model.encoding = broken  # type: ignore[method-assign]
    stream = stream_of(engine)
    stream.push(4)
    until(lambda: calls, "the fault to be met")
    engine._model.encoding = encoding  # type: ignore[method-assign]
    stream.push(2)
    listener = heard()
    engine.ask(ask("And now?"), listener)
    oracle(sharp("qwen2_vl")).check(ask("And now?"), listener.wait())
    assert len(calls) == 1  # it did not try again and again


def test_a_window_whose_growth_broke_off_under_a_question_is_grown_on_by_the_next(
    live: Live, stream_of: Any, oracle: Any, sharp: Callable[[str], Loaded], heard: Any
) -> None:
    engine = live("qwen2_vl", max_pairs=8)
    stream_of(engine).push(6, quietly=True)
    append, calls = engine._model.passes.append, []

    def broken(*args: Any) -> None:
        calls.append(args[0].clone())  # it is changed in place
        if len(calls) == 2:
            raise RuntimeError("a planted fault")
        append(*args)

    engine._model.passes.append = broken  # type: ignore[method-assign]
    listener = heard()
    engine.ask(ask("What is this?"), listener)
    assert isinstance(listener.wait()[-1], Failed)
    listener = heard()
    engine.ask(ask("And now?"), listener)
    oracle(sharp("qwen2_vl")).check(ask("And now?"), listener.wait())
    first, second = (sum(_same(each, calls[i]) for each in calls) for i in (0, 1))
    assert first == 1, "it stayed"
    assert second >= 2  # between the questions the engine may have grown it for a window that begins later


def _same(x: torch.Tensor, other: torch.Tensor) -> bool:
    return x.shape == other.shape and torch.equal(x, other)


def test_no_more_cameras_than_memory_holds(live: Live, stream_of: Any) -> None:
    engine = live("qwen2_vl", max_pairs=4, kv_gb=0.0006)
    names = iter("abcdefgh")

    def fill() -> None:
        while True:
            stream_of(engine, next(names))

    with pytest.raises(NoRoom, match=r"holds the windows of [1-6] cameras; more would fit with more memory \(kv_gb\)"):
        fill()


def test_heads_that_nobody_asks_with_are_let_go_of(
    live: Live, stream_of: Any, oracle: Any, sharp: Callable[[str], Loaded], heard: Any
) -> None:
    engine, want = live("qwen2_vl", max_pairs=8), oracle(sharp("qwen2_vl"))
    stream = stream_of(engine)
    for turn in range(6):
        stream.push(3)
        question = ask("What is this?", system=f"You are number {turn}.")
        listener = heard()
        engine.ask(question, listener)
        want.check(question, listener.wait())
    settled(engine)
    (feed,) = engine._keeper._feeds.values()
    assert len(feed.tracks) <= 3


def test_heads_make_room_for_a_question(
    live: Live, stream_of: Any, oracle: Any, sharp: Callable[[str], Loaded], heard: Any
) -> None:
    engine, want = live("qwen2_vl", max_pairs=4, kv_gb=0.0006), oracle(sharp("qwen2_vl"))
    stream_of(engine).push(4)
    heads = ask("What is this?", system="You are terse."), ask("What is this?", system="You are wordy.")
    for question in heads:
        listener = heard()
        engine.ask(question, listener)
        want.check(question, listener.wait())
    full = settled(engine)
    left = engine.pool.total_rows - full
    many = Question(ask("Who are you?").messages, None, Sampling(max_tokens=left, temperature=0))
    listener = heard()
    engine.ask(many, listener)  # its tail has room only where those heads' windows are
    assert isinstance(listener.wait()[-1], Finished)
    assert settled(engine) < full


def test_a_question_that_is_cancelled_while_it_waits_for_memory_is_told_so_once(live: Live, heard: Any) -> None:
    engine = live("qwen2_vl", max_pairs=4, kv_gb=0.0006)
    rows = engine.pool.total_rows
    large = Question(ask("Who are you?").messages, None, Sampling(max_tokens=rows, min_tokens=rows, temperature=0))
    first, second = heard(), heard()
    running = engine.ask(large, first)
    until(lambda: engine.stats().answering == 1, "the first answer")
    parked = engine.ask(large, second)
    until(lambda: bool(engine._parked), "the second to find no memory")
    engine.cancel(parked)
    assert second.wait()[-1].reason is Reason.CANCELLED
    engine.cancel(running)
    first.wait()
    assert settled(engine) == 0
    assert second._queue.empty()


def test_a_stream_that_begins_anew_empties_its_windows(
    live: Live, stream_of: Any, oracle: Any, sharp: Callable[[str], Loaded], heard: Any
) -> None:
    engine = live("qwen2_vl", max_pairs=8)
    stream = stream_of(engine)
    stream.push(6)
    settled(engine)
    stream.clear()
    stream.push(4)
    listener = heard()
    engine.ask(ask("And now?"), listener)
    events = listener.wait()
    assert len(events[0].view.pairs) == 2
    oracle(sharp("qwen2_vl")).check(ask("And now?"), events)


def test_a_camera_that_brings_more_than_can_be_taken_in_is_slowed_down_and_it_is_said(
    live: Live, stream_of: Any, caplog: pytest.LogCaptureFixture
) -> None:
    engine = live("qwen2_vl", max_pairs=8)
    stream = stream_of(engine)
    paces: list[tuple[float, bool]] = []
    stream.pace = lambda fps, anew: paces.append((fps, anew))
    engine._scheduler = Patient()
    engine.detach("lobby")
    engine.attach(stream)  # as a PacedSource now
    stream.push(8)
    with caplog.at_level("WARNING", "askcam.engine"):
        until(lambda: paces, "a slower pace")
        until(lambda: "camera 'lobby' is sampled at 1 fps: the model cannot keep up" in caplog.text, "that to be said")
    assert paces[0] == (1.0, False)  # Qwen2-VL does not read the rate: its windows stay


class Patient(Scheduler):
    """Sees every camera lag behind, for as long as it takes."""

    def due(self, now: float) -> bool:
        return True

    def look(self, now: float, cameras: Any) -> Any:
        found = [replace(pace, lag_s=10.0) for pace in cameras]
        super().look(now, found)
        return super().look(now + 100.0, found)


def test_pairs_that_left_the_window_are_kept_no_longer(live: Live, stream_of: Any) -> None:
    engine = live("qwen2_vl", max_pairs=8)
    stream = stream_of(engine)
    for _ in range(12):
        stream.push(4)
        settled(engine)
    view = stream.peek()
    assert view is not None
    feed = engine._keeper._feeds["lobby"]
    assert sorted(feed.encoded) == [pair.index for pair in view.pairs]


def test_a_camera_that_went_tells_the_engine_nothing_more(live: Live, stream_of: Any) -> None:
    engine = live("qwen2_vl", max_pairs=8)
    stream = stream_of(engine)
    assert len(stream._callbacks) == 1
    engine.detach("lobby")
    assert stream._callbacks == []
