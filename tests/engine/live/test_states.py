"""States can't be taken back nor be written twice: whatever happens to a pass or a growth, they are what they were."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from support.tiny_models import FULL, LINEAR, save_tiny
from support.waiting import until

from askcam.engine.checkpoint import load
from askcam.engine.interface import EngineConfig
from askcam.engine.live import passes
from askcam.engine.live.build import make_model
from askcam.engine.live.engine import LiveEngine
from askcam.engine.live.kvpool import PoolFull
from askcam.engine.live.model import LiveModel
from askcam.engine.live.prompts import LivePrompter
from askcam.engine.live.selftest import QUESTION, noise_view, selftest
from askcam.engine.live.statepool import NOTHING, OWN, SCRATCH, StatePool, TailState
from askcam.engine.loading import Loaded
from askcam.engine.question import Failed, Message, Question, Role, Sampling, Scored, Text
from askcam.stream.window import View

Live = Callable[..., LiveEngine]
KIND = "qwen3_5"


def ask(text: str, num_tokens: int = 6, system: str | None = None) -> Question:
    messages = (Message(Role.USER, (Text(text),)),)
    if system is not None:
        messages = (Message(Role.SYSTEM, (Text(system),)), *messages)
    return Question(messages, "lobby", Sampling(max_tokens=num_tokens, temperature=0, logprobs=20))


def bits(model: LiveModel, slot: int) -> list[torch.Tensor]:
    return [part[slot].clone() for states in model.language.states for part in (states.memory, states.recent)]


def same(found: list[torch.Tensor], want: list[torch.Tensor]) -> bool:
    return all(torch.equal(ours, theirs) for ours, theirs in zip(found, want, strict=True))


# -- bookkeeping


def test_a_slot_is_free_when_its_last_holder_let_go_and_some_are_for_growing() -> None:
    pool = StatePool(3, spare=1)
    first, second = pool.take(), pool.take()
    with pytest.raises(PoolFull, match="3 fit, 1 of them for windows that grow"):
        pool.take()
    third = pool.take(growing=True)
    assert {first.index, second.index, third.index} == {OWN, OWN + 1, OWN + 2}
    with pytest.raises(PoolFull):
        pool.take(growing=True)
    pool.hold(first)
    pool.release(first)
    assert pool.stats().used == 3
    pool.release(first)
    assert pool.stats().used == 2


def test_a_tail_never_writes_what_it_reads_and_a_window_s_states_are_let_go_of_after_the_first_pass() -> None:
    pool = StatePool(8)
    window = pool.take()
    tail = TailState(pool, goes_on=True)
    tail.begin(window)
    assert (tail.read, pool.stats().used) == (window.index, 3)
    pool.release(window)
    seen = [(tail.read, tail.write)]
    for _ in range(4):
        tail.ran()
        seen.append((tail.read, tail.write))
        assert pool.stats().used == 2
    assert all(read != write for read, write in seen)
    assert all(seen[i + 1][0] == seen[i][1] for i in range(4))
    tail.release()
    assert pool.stats().used == 0


def test_a_single_pass_keeps_no_states() -> None:
    pool = StatePool(1)
    tail = TailState(pool, goes_on=False)
    assert (tail.read, tail.write, pool.stats().used) == (NOTHING, SCRATCH, 0)
    tail.ran()
    tail.release()


def test_a_tail_for_which_only_one_slot_is_left_holds_none() -> None:
    pool = StatePool(1)
    with pytest.raises(PoolFull):
        TailState(pool, goes_on=True)
    assert pool.stats().used == 0


# -- windows


@pytest.fixture
def model(sharp: Callable[[str], Loaded], monkeypatch: pytest.MonkeyPatch) -> LiveModel:
    """A live model that does everything in as many pieces as there are."""
    monkeypatch.setattr(passes, "PIECE_MS", 1e-9)
    return make_model(sharp(KIND), EngineConfig("tiny", kv_gb=0.1))


def view_and_window(model: LiveModel, loaded: Loaded) -> tuple[Any, Any, Any]:
    side = 2 * loaded.spec.factor
    view = noise_view(side, side, 4)
    prompter = LivePrompter(loaded, "trained")
    head = prompter.split(QUESTION).head
    seam = prompter.seam(head, (side, side, view.fps))
    return model.encode(view.pairs), seam, model.begin_window(0, head, seam.length(4), None)


@torch.inference_mode()
def test_a_growth_given_up_after_any_of_its_pieces_has_changed_nothing(
    model: LiveModel, sharp: Callable[[str], Loaded]
) -> None:
    pairs, seam, window = view_and_window(model, sharp(KIND))
    for pair in pairs[:2]:
        for _ in model.grow([window], seam, pair):
            pass
    before, ends, used = bits(model, window.state.index), list(window.ends), model.states.stats().used
    num_pieces = len(model.language.layers)
    for pieces in range(1, num_pieces):
        growing = model.grow([window], seam, pairs[2])
        for _ in range(pieces):
            next(growing)
        assert model.states.stats().used == used + 1
        assert same(bits(model, window.state.index), before)
        growing.close()  # type: ignore[attr-defined]
        assert (window.ends, model.states.stats().used) == (ends, used)
        assert same(bits(model, window.state.index), before)
    for _ in model.grow([window], seam, pairs[2]):
        pass
    grown = bits(model, window.state.index)
    model.end_window(window)
    _, _, other = view_and_window(model, sharp(KIND))
    for pair in pairs[:3]:
        for _ in model.grow([other], seam, pair):
            pass
    assert same(bits(model, other.state.index), grown)
    model.end_window(other)
    assert model.states.stats().used == 0


@torch.inference_mode()
def test_windows_of_one_head_begin_from_its_states(model: LiveModel, sharp: Callable[[str], Loaded]) -> None:
    pairs, seam, first = view_and_window(model, sharp(KIND))
    head = bits(model, first.head.index)
    for pair in pairs[:2]:
        for _ in model.grow([first], seam, pair):
            pass
    like = model.begin_window(2, [5] * seam.head_len, seam.length(4), first)
    assert like.head is first.head
    assert same(bits(model, like.state.index), head)
    assert not same(bits(model, first.state.index), head)
    model.end_window(first)  # the head's states stay with the other one
    assert same(bits(model, like.head.index), head)
    model.end_window(like)
    assert model.states.stats().used == 0


@torch.inference_mode()
@pytest.mark.parametrize("layers", [(LINEAR, FULL, LINEAR), (FULL, LINEAR, LINEAR), (FULL, LINEAR, FULL)])
def test_whichever_kind_the_last_layer_is(layers: tuple[str, ...], builtin: Any, tmp_path: Any) -> None:
    loaded = load(EngineConfig(str(save_tiny(KIND, builtin, tmp_path, layers=layers))), lambda what, share: None)
    checks = selftest(loaded, make_model(loaded, EngineConfig("tiny")), LivePrompter(loaded, "trained"))
    assert all(check.ok for check in checks), checks


# -- answers


def complete(engine: LiveEngine) -> None:
    """Waits until all windows that there must be are there, and hold all pairs that were seen."""

    def done() -> bool:
        feeds = list(engine._keeper._feeds.values())
        tracks = [(feed, track) for feed in feeds for track in list(feed.tracks.values())]
        begun = tracks and all(feed.pairs and not feed.starts(track) for feed, track in tracks)
        return bool(begun) and not engine.lagging() and engine._keeper._growing is None

    until(done, "the windows")


def window_states(engine: LiveEngine) -> list[list[torch.Tensor]]:
    (feed,) = engine._keeper._feeds.values()
    return [
        bits(engine._model, window.state.index) for track in feed.tracks.values() for window in track.windows.values()
    ]


def test_fifty_questions_leave_a_window_s_states_as_they_were(
    live: Live, stream_of: Any, oracle: Any, sharp: Callable[[str], Loaded], heard: Any
) -> None:
    engine, want = live(KIND, max_pairs=6, max_waiting=64), oracle(sharp(KIND))
    stream_of(engine).push(11)  # an odd one: each question brings a provisional pair
    complete(engine)
    before = window_states(engine)
    listeners = [heard() for _ in range(50)]
    for i, listener in enumerate(listeners):
        engine.ask(ask(f"Question {i}?", 1 + i % 5), listener)
    for i, listener in enumerate(listeners):
        events = listener.wait()
        if i % 10 == 0:
            want.check(ask(f"Question {i}?", 1 + i % 5), events)
    after = window_states(engine)
    assert len(before) == len(after) == 2
    assert all(same(ours, theirs) for ours, theirs in zip(after, before, strict=True))


def test_a_pass_that_raises_when_all_is_written_is_repeated(
    live: Live, stream_of: Any, oracle: Any, sharp: Callable[[str], Loaded], heard: Any
) -> None:
    engine, want = live(KIND, max_pairs=8), oracle(sharp(KIND))
    stream_of(engine).push(7)
    complete(engine)
    rows, planted = engine._model.passes.rows, []

    def short(x: torch.Tensor, batch: Any, *more: Any) -> torch.Tensor:
        found = rows(x, batch, *more)
        if len(batch.spans) == 2 and len(planted) < 1:  # the newest gives way, the older one goes on
            planted.append(x.shape[0])
            raise torch.OutOfMemoryError("a planted shortage")
        return found

    engine._model.passes.rows = short  # type: ignore[method-assign]
    older, newest, asked = heard(), heard(), threading.Event()

    def tell(event: Any) -> None:
        older(event)
        if not asked.is_set():
            asked.set()
            engine.ask(ask("And this?", 4), newest)

    engine.ask(ask("What is this?", 12), tell)
    want.check(ask("What is this?", 12), older.wait())
    assert isinstance(newest.wait()[-1], Failed)
    assert planted


def test_scoring_keeps_no_states_and_a_window_may_grow_meanwhile(
    live: Live, stream_of: Any, oracle: Any, sharp: Callable[[str], Loaded], heard: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, loaded = live(KIND, max_pairs=8), sharp(KIND)
    stream = stream_of(engine)
    stream.push(6)
    complete(engine)
    used, most, run = engine.states.stats().used, [], engine._starter.run

    def running(*given: Any, **more: Any) -> Any:
        found = run(*given, **more)
        if len(most) < 2:  # pairs that come between two passes, and are in the windows before the next one
            stream.push(2, quietly=True)
            engine._see("lobby")
            while engine._keeper.work():
                pass
        most.append(engine.states.stats().used)
        return found

    monkeypatch.setattr(engine._starter, "run", running)
    questions = [Question((Message(Role.USER, (Text(f"Is number {i} on?"),)),), "lobby") for i in range(40)]
    listener = heard()
    engine.score(questions, ["Yes", "No"], listener)
    scored = listener.next()
    assert isinstance(scored, Scored), scored
    assert len(most) > 2
    assert used < max(most) <= used + 3  # what the scoring still reads, and another window
    tokens = [loaded.processor.tokenizer(word)["input_ids"][0] for word in ("Yes", "No")]
    for i in (0, 20, 39):
        found = oracle(loaded).first(ask(f"Is number {i} on?"), scored.views[i])[tokens]
        assert (torch.tensor(scored.probabilities[i]).log() - found).abs().max() < 5e-3


def test_memory_says_how_many_answer_at_once(
    live: Live, stream_of: Any, oracle: Any, sharp: Callable[[str], Loaded], heard: Any
) -> None:
    engine, want = live(KIND, max_pairs=4, kv_gb=0.004, max_answering=32, max_waiting=64), oracle(sharp(KIND))
    stream_of(engine).push(5)
    listeners = [heard() for _ in range(12)]
    for i, listener in enumerate(listeners):
        engine.ask(ask(f"Question {i}?", 5), listener)
    for i, listener in enumerate(listeners):
        want.check(ask(f"Question {i}?", 5), listener.wait())


@torch.inference_mode()
def test_in_sixteen_bits_the_error_is_stock_code_s(
    tiny_model: Callable[[str], Any], view_of: Callable[..., View]
) -> None:
    from askcam.engine.bench.stock import Rounding

    loaded = load(EngineConfig(str(tiny_model(KIND)), dtype="bfloat16"), lambda what, share: None)
    loaded = replace(loaded, info=replace(loaded.info, max_pairs=16))
    model = make_model(loaded, EngineConfig("tiny", kv_gb=0.1))
    side = 2 * loaded.spec.factor
    views = [noise_view(side, side, num_pairs, seed) for seed, num_pairs in enumerate(4 * (1, 2, 5, 9, 16, 16, 16, 16))]
    found = Rounding(loaded, LivePrompter(loaded, "trained"), views).of(model)
    assert found["ratio"] <= 1.1, found
