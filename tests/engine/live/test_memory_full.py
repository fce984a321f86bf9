"""The GPU's memory is full in the middle of something: the newest gives way, everything else goes on, exactly."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.waiting import until

from askcam.engine.errors import EngineFailure
from askcam.engine.live import keeper
from askcam.engine.live.engine import LiveEngine
from askcam.engine.live.kvpool import PoolFull
from askcam.engine.loading import Loaded
from askcam.engine.question import Failed, Message, Question, Role, Sampling, Scored, Started, Text

Live = Callable[..., LiveEngine]


def ask(text: str, camera: str, num_tokens: int = 6) -> Question:
    return Question((Message(Role.USER, (Text(text),)),), camera, Sampling(max_tokens=num_tokens, temperature=0))


def test_the_newest_question_fails_and_older_answers_go_on(
    live: Live, stream_of: Any, oracle: Any, sharp: Callable[[str], Loaded], heard: Any
) -> None:
    engine = live("qwen2_vl", max_pairs=8)
    stream_of(engine, "lobby").push(7)
    rows, asked = engine._model.passes.rows, []

    def short(x: torch.Tensor, *more: Any) -> torch.Tensor:
        if x.shape[0] > 40:
            raise torch.OutOfMemoryError("a planted shortage")
        return rows(x, *more)

    engine._model.passes.rows = short  # type: ignore[method-assign]
    long = ask("Is there " + "a cat or " * 40 + "nothing?", "lobby")
    older, newest = heard(), heard()

    def tell(event: Any) -> None:
        older(event)
        if not asked and not isinstance(event, Started):  # the first answer is under way
            asked.append(engine.ask(long, newest))

    engine.ask(ask("What is this?", "lobby", 20), tell)
    oracle(sharp("qwen2_vl")).check(ask("What is this?", "lobby", 20), older.wait())
    failed = newest.wait()[-1]
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, EngineFailure)
    assert "the GPU's memory is full" in str(failed.error)


def test_the_camera_at_work_is_set_aside_and_others_are_kept(
    live: Live,
    stream_of: Any,
    oracle: Any,
    sharp: Callable[[str], Loaded],
    heard: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    engine, want = live("qwen2_vl", max_pairs=8), oracle(sharp("qwen2_vl"))
    lobby = stream_of(engine, "lobby", 2, 3)
    lobby.push(5)
    until(lambda: not engine.lagging(), "the lobby's windows")
    encoding = engine._model.encoding

    def short(pairs: Any) -> Any:
        if pairs[0].first.camera == "yard":
            raise torch.OutOfMemoryError("a planted shortage")
        return encoding(pairs)

    engine._model.encoding = short  # type: ignore[method-assign]
    yard = stream_of(engine, "yard", 4, 4)
    with caplog.at_level("ERROR", "askcam.engine"):
        yard.push(4)
        until(lambda: "yard" in engine._keeper._aside, "the yard to be set aside")
        until(lambda: "camera 'yard' is not kept ahead for 30 s" in caplog.text, "that to be said")
    lobby.push(2)
    until(lambda: not engine.lagging(), "the lobby's windows to go on")
    for name, good in (("lobby", True), ("yard", False)):
        listener = heard()
        engine.ask(ask("What is this?", name), listener)
        if good:
            assert want.check(ask("What is this?", name), listener.wait()).usage.cached_tokens > 0
        else:
            assert isinstance(listener.wait()[-1], Failed)

    engine._model.encoding = encoding  # type: ignore[method-assign]
    listener = heard()
    engine.ask(ask("And now?", "yard"), listener)  # from nothing, while it is aside
    want.check(ask("And now?", "yard"), listener.wait())
    monkeypatch.setattr(keeper, "ASIDE_S", 0.0)
    engine._keeper._aside["yard"] = 0.0  # the time is over
    yard.push(2)
    until(lambda: not engine.lagging(), "the yard's windows")
    listener = heard()
    engine.ask(ask("And now?", "yard"), listener)
    assert want.check(ask("And now?", "yard"), listener.wait()).usage.cached_tokens >= 3 * 16


def test_a_scoring_for_which_there_is_no_memory_gives_its_rows_back_and_the_next_one_is_scored(
    live: Live, stream_of: Any, heard: Any
) -> None:
    engine = live("qwen2_vl", max_pairs=8)
    stream_of(engine, "lobby").push(7)
    until(lambda: not engine.lagging(), "the lobby's windows")
    rows, before = engine._model.passes.rows, engine.pool.stats()

    def short(x: torch.Tensor, *more: Any) -> torch.Tensor:
        raise torch.OutOfMemoryError("a planted shortage")

    questions = [ask(f"Is number {i} on?", "lobby") for i in range(4)]
    engine._model.passes.rows = short  # type: ignore[method-assign]
    for _ in range(3):
        listener = heard()
        engine.score(questions, ["Yes", "No"], listener)
        failed = listener.next()
        assert isinstance(failed, Failed)
        assert "the GPU's memory is full" in str(failed.error)
    engine._model.passes.rows = rows  # type: ignore[method-assign]
    assert engine.pool.stats() == before
    listener = heard()
    engine.score(questions, ["Yes", "No"], listener)
    assert isinstance(listener.next(), Scored)


def test_a_scoring_that_does_not_fit_into_the_pool_holds_nothing(
    live: Live, stream_of: Any, heard: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = live("qwen2_vl", max_pairs=8)
    stream_of(engine, "lobby").push(7)
    until(lambda: not engine.lagging(), "the lobby's windows")
    before, place, placed = engine.pool.stats(), engine._starter.place, []

    def full(*given: Any, **more: Any) -> Any:
        if len(placed) == 3:
            raise PoolFull("a planted shortage")
        placed.append(place(*given, **more))
        return placed[-1]

    monkeypatch.setattr(engine._starter, "place", full)
    listener = heard()
    engine.score([ask(f"Is number {i} on?", "lobby") for i in range(5)], ["Yes", "No"], listener)
    failed = listener.next()
    assert isinstance(failed, Failed)
    assert "no memory for this question" in str(failed.error)
    assert len(placed) == 3
    assert engine.pool.stats() == before
