"""The live engine's contract is an equality: its answers are stock generate's on the same frames, whatever happened
before, meanwhile and beside them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from askcam.engine.live.answering import MAX_ROWS
from askcam.engine.live.engine import LiveEngine
from askcam.engine.loading import Loaded
from askcam.engine.question import Clip, Message, Question, Role, Sampling, Started, Text

FAMILIES = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_5")
Live = Callable[..., LiveEngine]


def ask(text: str, camera: str = "lobby", num_tokens: int = 6, system: str | None = None) -> Question:
    messages = (Message(Role.USER, (Text(text),)),)
    if system is not None:
        messages = (Message(Role.SYSTEM, (Text(system),)), *messages)
    return Question(messages, camera, Sampling(max_tokens=num_tokens, temperature=0, logprobs=20))


@pytest.mark.parametrize("kind", FAMILIES)
def test_windows_of_one_to_sixty_four_frames(
    kind: str, live: Live, stream_of: Any, oracle: Any, sharp: Callable[[str], Loaded], heard: Any
) -> None:
    engine = live(kind, max_pairs=66)
    stream, want = stream_of(engine, fps=1.0), oracle(sharp(kind))
    total = 0
    for num_frames in (1, 2, 3, 4, 9, 16, 33, 64):
        stream.push(num_frames - total)
        total = num_frames
        listener = heard()
        engine.ask(ask("What is this?"), listener)
        events = listener.wait()
        assert len(events[0].view.frames) == num_frames + num_frames % 2
        want.check(ask("What is this?"), events)


@pytest.mark.parametrize("kind", FAMILIES)
def test_after_the_window_was_anchored_anew(
    kind: str, live: Live, stream_of: Any, oracle: Any, sharp: Callable[[str], Loaded], heard: Any
) -> None:
    engine = live(kind, max_pairs=6)
    stream, want = stream_of(engine, fps=1.0), oracle(sharp(kind))
    starts = set()
    for _ in range(9):
        stream.push(3)
        listener = heard()
        engine.ask(ask("And now?"), listener)
        events = listener.wait()
        starts.add(events[0].view.pairs[0].index)
        want.check(ask("And now?"), events)
    assert len(starts) >= 3


@pytest.mark.parametrize("kind", FAMILIES)
def test_several_questions_at_once_on_cameras_of_different_sizes_while_frames_arrive(
    kind: str, live: Live, stream_of: Any, oracle: Any, sharp: Callable[[str], Loaded], heard: Any
) -> None:
    engine, want = live(kind, max_pairs=8), oracle(sharp(kind))
    lobby, desk = stream_of(engine, "lobby", 2, 3, fps=2.0), stream_of(engine, "desk", 4, 2, fps=3.0)
    lobby.push(7)
    desk.push(4)
    asked = [ask(f"Question {i}?", name, 8 + i) for i, name in enumerate(("lobby", "desk", "lobby", "desk"))]
    asked.append(ask("Who are you?", "desk", 9, system="You are terse."))
    listeners = [heard() for _ in asked]
    for question, listener in zip(asked, listeners, strict=True):

        def tell(event: Any, listener: Any = listener) -> None:
            if not isinstance(event, Started):  # on the engine thread, between any two steps
                lobby.push(1)
                desk.push(2)
            listener(event)

        engine.ask(question, tell)
    for question, listener in zip(asked, listeners, strict=True):
        want.check(question, listener.wait())


def test_both_position_rules(
    live: Live, stream_of: Any, oracle: Any, sharp: Callable[[str], Loaded], heard: Any
) -> None:
    texts = []
    for rule in ("trained", "transformers"):
        engine = live("qwen2_vl", max_pairs=16, positions=rule)
        stream = stream_of(engine)
        stream.push(16)
        listener = heard()
        engine.ask(ask("What is this?", num_tokens=12), listener)
        texts.append(oracle(sharp("qwen2_vl"), rule).check(ask("What is this?", num_tokens=12), listener.wait()).text)
    assert texts[0] != texts[1]  # the negative control: eight pairs on three columns


@pytest.mark.parametrize("kind", FAMILIES)
def test_a_prompt_of_more_rows_than_one_pass_takes(
    kind: str, live: Live, oracle: Any, sharp: Callable[[str], Loaded], heard: Any, stream_of: Any
) -> None:
    engine, want = live(kind, max_pairs=8), oracle(sharp(kind))
    stream_of(engine).push(6)
    long = ask("Is there " + "a cat or a dog or " * 120 + "nothing?")
    pixels = np.random.default_rng(5).integers(0, 256, (2, 4 * 28, 4 * 28, 3), np.uint8)
    clip = Question((Message(Role.USER, (Clip(tuple(pixels), 2.0), long.messages[0].parts[0])),), None, long.sampling)
    for asked in ([long], [clip], [ask("What is this?", num_tokens=20), clip, long]):
        listeners = [heard() for _ in asked]
        for question, listener in zip(asked, listeners, strict=True):
            engine.ask(question, listener)
        for question, listener in zip(asked, listeners, strict=True):
            done = want.check(question, listener.wait())
            assert question.sampling.max_tokens == 20 or done.usage.prompt_tokens > MAX_ROWS
