"""Sampling as the portable backend does it: same settings, same seed, same view, same tokens."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from askcam.engine.choosing import seeded
from askcam.engine.live.sampling import Chooser
from askcam.engine.question import Message, Question, Role, Sampling, Text

MESSAGES = (Message(Role.USER, (Text("What is this?"),)),)
WAYS = (
    {"temperature": 0, "repetition_penalty": 1.3},
    {"temperature": 0, "min_tokens": 12},
    {"temperature": 1.0, "seed": 1},
    {"temperature": 0.7, "top_k": 5, "seed": 2},
    {"temperature": 1.5, "top_p": 0.8, "top_k": 0, "seed": 3},
    {"temperature": 1.2, "repetition_penalty": 1.2, "seed": 4},
)


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_the_same_as_stock_generate(
    way: dict[str, Any], live: Callable[..., Any], stream_of: Any, oracle: Any, sharp: Any, heard: Any
) -> None:
    engine = live("qwen2_vl", max_pairs=8)
    stream_of(engine).push(5)
    question = Question(MESSAGES, "lobby", Sampling(max_tokens=16, **way))
    listener = heard()
    engine.ask(question, listener)
    events = listener.wait()
    with seeded(question.sampling.seed, torch.device("cpu")):
        oracle(sharp("qwen2_vl")).check(question, events)


def test_answers_beside_each_other_do_not_disturb_each_others_chance(
    live: Callable[..., Any], stream_of: Any, heard: Any
) -> None:
    engine = live("qwen2_vl", max_pairs=8)
    stream_of(engine).push(5)

    def ask(seeds: tuple[int, ...]) -> list[str]:
        listeners = [heard() for _ in seeds]
        for seed, listener in zip(seeds, listeners, strict=True):
            sampling = Sampling(max_tokens=16, temperature=1.5, seed=seed)
            engine.ask(Question(MESSAGES, "lobby", sampling), listener)
        return [listener.wait()[-1].text for listener in listeners]

    alone = [ask((seed,))[0] for seed in (5, 6, 7)]
    assert ask((5, 6, 7)) == alone
    assert len(set(alone)) == 3


def test_greedy_answers_need_no_processing(sharp: Any) -> None:
    own = sharp("qwen2_vl").model.generation_config
    assert Chooser(own, Sampling(temperature=0), 10, torch.device("cpu")).greedy
    assert not Chooser(own, Sampling(temperature=0, repetition_penalty=1.1), 10, torch.device("cpu")).greedy
    assert not Chooser(own, Sampling(temperature=0.5), 10, torch.device("cpu")).greedy
    assert not Chooser(own, Sampling(temperature=0, min_tokens=2), 10, torch.device("cpu")).greedy
