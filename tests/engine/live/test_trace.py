"""What an answer can be repeated from is told alike by both backends, and is enough."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from askcam.engine.question import First, Message, Piece, Question, Role, Sampling, Text

FAMILIES = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_5")


def ask(sampling: Sampling, system: str | None = None) -> Question:
    messages = (Message(Role.USER, (Text("What is this?"),)),)
    if system is not None:
        messages = (Message(Role.SYSTEM, (Text(system),)), *messages)
    return Question(messages, "lobby", sampling, trace=True)


def first(events: list[Any]) -> First:
    return next(event for event in events if isinstance(event, First))


@pytest.mark.parametrize("kind", FAMILIES)
@pytest.mark.parametrize("num_frames", [1, 2, 7])
def test_the_prompt_is_the_stock_one(
    kind: str, num_frames: int, live: Callable[..., Any], stream_of: Any, oracle: Any, sharp: Any, heard: Any
) -> None:
    engine, stock = live(kind, max_pairs=8), oracle(sharp(kind))
    stream_of(engine).push(num_frames)
    for system in (None, "You are terse."):
        listener = heard()
        question = ask(Sampling(max_tokens=5, temperature=0), system)
        engine.ask(question, listener)
        events = listener.wait()
        trace = first(events).trace
        assert trace is not None
        prompt = stock._prompter.prompt(question, events[0].view).inputs["input_ids"][0].numpy()
        assert np.array_equal(trace.prompt, prompt)
        assert trace.sampling.seed is None
        assert list(events[-1].tokens) == stock.tokens(question, events[0].view)[0]


def test_the_tokens_of_all_pieces_are_the_answers(live: Callable[..., Any], stream_of: Any, heard: Any) -> None:
    engine = live("qwen2_vl", max_pairs=8)
    stream_of(engine).push(4)
    listener = heard()
    engine.ask(ask(Sampling(max_tokens=12, temperature=0)), listener)
    events = listener.wait()
    told = [token for event in events if isinstance(event, Piece) for token in event.tokens]
    assert told == list(events[-1].tokens)[: len(told)]
    assert len(events[-1].tokens) == events[-1].usage.completion_tokens


def test_an_answer_left_to_chance_says_by_which_seed_it_can_be_had_again(
    live: Callable[..., Any], stream_of: Any, heard: Any
) -> None:
    engine = live("qwen2_vl", max_pairs=8)
    stream_of(engine).push(4)

    def answer(sampling: Sampling) -> tuple[tuple[int, ...], Sampling]:
        listener = heard()
        engine.ask(ask(sampling), listener)
        events = listener.wait()
        return events[-1].tokens, first(events).trace.sampling

    left = Sampling(max_tokens=16, temperature=1.5)
    one, other = answer(left), answer(left)
    assert one[0] != other[0]
    assert None not in (one[1].seed, other[1].seed)
    for tokens, sampling in (one, other):
        assert sampling == replace(left, seed=sampling.seed)
        assert answer(sampling)[0] == tokens


def test_without_being_asked_nothing_is_told(live: Callable[..., Any], stream_of: Any, heard: Any) -> None:
    engine = live("qwen2_vl", max_pairs=8)
    stream_of(engine).push(4)
    listener = heard()
    engine.ask(replace(ask(Sampling(max_tokens=5)), trace=False), listener)
    events = listener.wait()
    assert first(events).trace is None
    assert events[-1].tokens == ()
