"""Logprobs of the live engine are those of stock generate's raw logits, also beside answers that want none."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.stock_logprobs import check_logprobs

from askcam.engine.choosing import seeded
from askcam.engine.live.engine import LiveEngine
from askcam.engine.loading import Loaded
from askcam.engine.question import Message, Question, Role, Sampling, Text

FAMILIES = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_5")
WAYS = (
    {"temperature": 0, "logprobs": 4},
    {"temperature": 0},
    {"temperature": 0, "logprobs": 20, "repetition_penalty": 1.3},
    {"temperature": 0, "logprobs": 0, "min_tokens": 12},
    {"temperature": 1.2, "seed": 4},
    {"temperature": 1.2, "logprobs": 1, "repetition_penalty": 1.2, "top_p": 0.9, "top_k": 40, "seed": 4},
)


def ask(text: str, camera: str | None = "lobby", num_tokens: int = 12, **way: Any) -> Question:
    return Question((Message(Role.USER, (Text(text),)),), camera, Sampling(max_tokens=num_tokens, **way))


def check(want: Any, question: Question, events: list[Any]) -> None:
    """The text is the oracle's, and so are the logprobs, if any were asked for."""
    with seeded(question.sampling.seed, torch.device("cpu")):
        finished = want.check(question, events)
    if question.sampling.logprobs is None:
        assert finished.logprobs == ()
        return
    with seeded(question.sampling.seed, torch.device("cpu")):
        tokens, logits = want.tokens(question, events[0].view)
    check_logprobs(events, tokens, logits, question.sampling.logprobs, want.loaded.processor.tokenizer)


@pytest.mark.parametrize("kind", FAMILIES)
def test_answers_that_want_them_and_answers_that_do_not_run_beside_each_other(
    kind: str, live: Callable[..., LiveEngine], stream_of: Any, oracle: Any, sharp: Callable[[str], Loaded], heard: Any
) -> None:
    engine, want = live(kind, max_pairs=8), oracle(sharp(kind))
    stream_of(engine).push(5)
    asked = [ask(f"Question {i}?", num_tokens=12 + i, **way) for i, way in enumerate(WAYS)]
    asked.append(ask("Who are you?", camera=None, temperature=0, logprobs=2))
    listeners = [heard() for _ in asked]
    for question, listener in zip(asked, listeners, strict=True):
        engine.ask(question, listener)
    for question, listener in zip(asked, listeners, strict=True):
        check(want, question, listener.wait())


def test_what_an_answer_is_asked_to_tell_does_not_change_what_it_says(
    live: Callable[..., LiveEngine], stream_of: Any, heard: Any
) -> None:
    engine = live("qwen2_vl", max_pairs=8)
    stream_of(engine).push(5)
    texts = set()
    for logprobs in (None, 0, 20):
        listener = heard()
        engine.ask(ask("What is this?", temperature=1.5, seed=3, logprobs=logprobs), listener)
        texts.add(listener.wait()[-1].text)
    assert len(texts) == 1
