"""Low power: one window at a time, begun anew from the newest pair when it is full. Answers are stock generate's."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from support.scene_camera import ask_all
from support.waiting import until

from askcam.engine.checkpoint import find
from askcam.engine.interface import EngineConfig, PowerMode
from askcam.engine.live import build as building
from askcam.engine.live import speed
from askcam.engine.live.build import build, make_model, need
from askcam.engine.live.capacity import Need
from askcam.engine.live.engine import LiveEngine
from askcam.engine.live.speed import pair_seconds
from askcam.engine.loading import Loaded
from askcam.engine.portable import PortableEngine
from askcam.engine.power import LEAST_TOKENS, PairSeconds
from askcam.engine.question import Message, Question, Role, Sampling, Started, Text
from askcam.stream.window import Anchors

FAMILIES = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_5")
Live = Callable[..., LiveEngine]
SLOW, QUICK = PairSeconds(20.0, 5.0, 234), PairSeconds(0.02, 0.01, 234)


def ask(text: str, num_tokens: int = 6, system: str | None = None, camera: str = "lobby") -> Question:
    messages = (Message(Role.USER, (Text(text),)),)
    if system is not None:
        messages = (Message(Role.SYSTEM, (Text(system),)), *messages)
    return Question(messages, camera, Sampling(max_tokens=num_tokens, temperature=0, logprobs=20))


def low(loaded: Loaded) -> Loaded:
    return replace(loaded, info=replace(loaded.info, power=PowerMode(low=True)))


@pytest.mark.parametrize("kind", FAMILIES)
def test_answers_are_exact_over_several_windows_with_many_questions_and_provisional_pairs(
    kind: str, live: Live, stream_of: Any, oracle: Any, sharp: Callable[[str], Loaded], heard: Any
) -> None:
    engine, want = live(low(sharp(kind)), max_pairs=5), oracle(sharp(kind))
    stream = stream_of(engine, fps=1.0)
    seen: list[tuple[int, int, bool]] = []  # first pair, complete pairs, provisional?
    for step in range(11):  # by 3 frames: every other time one waits for its partner
        stream.push(3)
        asked = [ask("And now?"), ask("What is it?", 4), ask("Who are you?", 5, system="You are terse.")]
        listeners = [heard() for _ in asked[: 1 + step % 3]]
        for question, listener in zip(asked, listeners, strict=False):
            engine.ask(question, listener)
        for question, listener in zip(asked, listeners, strict=False):
            events = listener.wait()
            want.check(question, events)
            view = events[0].view
            seen.append((view.pairs[0].index, len(view.pairs) - view.provisional, view.provisional))
        feed = engine._keeper.feed(stream)
        assert all(len(track.windows) <= 1 for track in feed.tracks.values())
    assert {start for start, *_ in seen} == {0, 4, 8, 12}  # restarted three times
    assert {provisional for *_, provisional in seen} == {False, True}
    assert {num for start, num, _ in seen if start} >= {1, 4}  # from the newest pair alone, up to a full one


def test_frames_that_come_while_a_window_that_restarts_is_read_change_no_answer(
    live: Live, stream_of: Any, oracle: Any, sharp: Callable[[str], Loaded], heard: Any
) -> None:
    engine, want = live(low(sharp("qwen3_5")), max_pairs=4), oracle(sharp("qwen3_5"))
    stream = stream_of(engine)
    stream.push(5)
    asked = [ask(f"Question {i}?", 8 + i) for i in range(4)]
    listeners = [heard() for _ in asked]
    for question, listener in zip(asked, listeners, strict=True):

        def tell(event: Any, listener: Any = listener) -> None:
            if not isinstance(event, Started):  # on the engine thread: the window is full and restarts meanwhile
                stream.push(2)
            listener(event)

        engine.ask(question, tell)
    for question, listener in zip(asked, listeners, strict=True):
        want.check(question, listener.wait())


def test_the_portable_backend_answers_the_same_from_the_same_span(loaded: Loaded, live: Live) -> None:
    engine = live(low(loaded), max_pairs=8, kv_gb=None)
    portable = PortableEngine(low(loaded), EngineConfig("built-in"))
    try:
        assert portable.anchors == engine.anchors == Anchors(keep=1, hop=7)
        for text, _, answers in ask_all((engine, portable), num_scenes=2, seed=31):
            first, second = [(one.text, one.usage.prompt_tokens) for one in answers]
            assert first == second, text
    finally:
        portable.close()


# -- chosen by itself


@pytest.fixture
def taking(monkeypatch: pytest.MonkeyPatch) -> Callable[[PairSeconds], None]:
    """taking(SLOW): a pair takes so long here."""
    return lambda took: monkeypatch.setattr(building, "pair_seconds", lambda loaded, model, threads: took)


@pytest.mark.parametrize("kind", ["qwen2_vl", "qwen3_5"])
def test_a_slow_machine_gets_low_power_by_itself_before_any_camera_comes(
    kind: str, live: Live, taking: Any, sharp: Callable[[str], Loaded], stream_of: Any
) -> None:
    taking(SLOW)
    engine = live(kind, max_pairs=6, power="auto")
    full = live(kind, max_pairs=6)
    assert engine.info.power.low
    assert engine.info.power.wanted_fps == 2.0
    assert (engine.info.power.full_fps or 9) < (engine.info.power.held_fps or 0) < 2
    assert engine.anchors == Anchors(keep=1, hop=5)
    small, large = engine._spec.frame, full._spec.frame
    least = LEAST_TOKENS * engine._spec.factor**2
    assert small == replace(large, max_pixels=min(large.max_pixels, least))
    assert (small == large) == (kind == "qwen2_vl"), "one that is given fewer than that anyway"
    assert engine.info.power.fewer_pixels == (small != large)
    stream = stream_of(engine)
    stream.push(20)
    until(lambda: not engine.lagging(), "its pairs to be taken in")
    assert engine._most_cameras >= full._most_cameras


def test_a_quick_machine_keeps_full_power(live: Live, taking: Any) -> None:
    taking(QUICK)
    engine = live("qwen2_vl", max_pairs=6, power="auto")
    assert not engine.info.power.low
    assert engine.anchors == Anchors.within(6)
    assert engine.fit(640, 480) == live("qwen2_vl", max_pairs=6).fit(640, 480)


def test_what_is_asked_for_is_not_measured(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "pair_seconds", lambda *_: pytest.fail("measured"))
    assert not live("qwen2_vl", power="full").info.power.low


@pytest.mark.parametrize("pixels", [None, 200 * 32**2])
def test_low_power_that_is_asked_for_says_whether_frames_are_smaller(tiny_model: Any, pixels: int | None) -> None:
    config = EngineConfig(str(tiny_model("qwen3_5")), power="low", max_pixels=pixels)
    assert find(config, lambda what, share: None).fewer_pixels == (pixels is None)


def test_memory_in_low_power_is_that_of_one_window_of_smaller_frames(sharp: Callable[[str], Loaded]) -> None:
    loaded = sharp("qwen3_5")
    full = need(loaded)
    one = replace(full, low_power=True)
    assert one.camera_rows == full.camera_rows // 2
    assert (one.camera_slots, full.camera_slots) == (2, 3)
    assert one.least_bytes < full.least_bytes
    assert isinstance(one, Need)


# -- measured


def test_a_pair_is_timed_on_as_much_of_the_model_as_takes_a_moment(
    loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_model(loaded, EngineConfig("built-in", kv_gb=0.2))
    found = pair_seconds(loaded, model, 1)
    assert found.tokens == 54
    assert 0.0005 < found.append_s < found.vision_s < 5
    assert model.pool.stats().used_rows == 0
    # Slowness that is planted in each block and layer is found, times their number.
    whole, ran, layers = model.vision.blocks, list[int](), len(model.language.layers)

    def late(x: Any, grid: Any, which: range) -> Any:
        ran.append(len(which))
        time.sleep(0.2 * len(which))
        return whole(x, grid, which)

    monkeypatch.setattr(model.vision, "blocks", late)
    late_append = model.language.append

    def late_language(*args: Any, layers: range) -> None:
        time.sleep(0.05 * len(layers))
        late_append(*args, layers=layers)

    monkeypatch.setattr(model.language, "append", late_language)
    slow = pair_seconds(loaded, model, 1)
    assert slow.vision_s >= 0.2 * model.vision.num_blocks
    assert slow.append_s >= 0.05 * layers
    assert sum(ran) == 2 + speed.RUNS  # one block each time
    assert slow.vision_s < 0.4 * model.vision.num_blocks + 2


def test_the_built_in_model_is_measured_when_it_is_built(loaded: Loaded) -> None:
    engine = build(loaded, EngineConfig("built-in", power="auto", threads=1, wanted_fps=0.01))
    try:
        power = engine.info.power
        assert not power.low
        assert power.full_fps is not None
        assert power.full_fps > 0.01
    finally:
        engine.close()
