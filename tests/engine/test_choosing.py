"""A question's sampling over the model's own."""

from typing import Any

import pytest
import torch
from transformers import GenerationConfig

from askcam.engine.choosing import generation_config, seeded
from askcam.engine.errors import QuestionError
from askcam.engine.question import Sampling
from askcam.engine.sampling_bounds import check_sampling

QWEN = {"do_sample": True, "temperature": 0.01, "top_p": 0.001, "top_k": 1, "repetition_penalty": 1.05}


def chosen(own: dict[str, Any], room: int = 1000, **sampling: Any) -> Any:
    return generation_config(GenerationConfig(**own), Sampling(**sampling), room)


def test_nothing_asked_is_the_models_own() -> None:
    found = chosen(QWEN)
    assert (found.do_sample, found.temperature, found.top_p, found.top_k) == (True, 0.01, 0.001, 1)
    assert (found.repetition_penalty, found.max_new_tokens) == (1.05, 512)


def test_temperature_zero_is_greedy() -> None:
    found = chosen(QWEN, temperature=0)
    assert (found.do_sample, found.temperature, found.top_p, found.top_k) == (False, None, None, None)
    assert found.repetition_penalty == 1.05


def test_a_question_overrides_what_it_names() -> None:
    found = chosen(QWEN, temperature=0.7, top_p=0.9, top_k=40, repetition_penalty=1.2, max_tokens=9)
    assert (found.do_sample, found.temperature, found.top_p, found.top_k) == (True, 0.7, 0.9, 40)
    assert (found.repetition_penalty, found.max_new_tokens) == (1.2, 9)


def test_a_temperature_makes_a_greedy_model_sample() -> None:
    assert chosen({"do_sample": False}, temperature=0.7).do_sample is True
    assert chosen({"do_sample": False}, top_p=0.5).do_sample is False


def test_no_model_and_no_question_limits_top_k_unasked() -> None:
    assert chosen({}, temperature=1.0).top_k == 0


def test_an_answer_ends_where_the_models_context_does() -> None:
    assert chosen(QWEN, room=7).max_new_tokens == 7


def test_the_models_own_config_is_not_touched() -> None:
    own = GenerationConfig(**QWEN)
    generation_config(own, Sampling(temperature=0, max_tokens=3), 100)
    assert (own.do_sample, own.temperature, own.max_new_tokens) == (True, 0.01, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_tokens", 0),
        ("temperature", -0.1),
        ("temperature", 101),
        ("top_p", 0),
        ("top_p", 1.5),
        ("top_k", -1),
        ("repetition_penalty", 0),
        ("logprobs", -1),
        ("logprobs", 21),
        ("seed", 2**64),
    ],
)
def test_values_without_sense_are_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(QuestionError, match=f"{name} is {value}; want ") as caught:
        check_sampling(Sampling(**{name: value}))
    assert caught.value.param == name


def test_a_seed_decides_and_leaves_no_trace() -> None:
    def draw(seed: int | None) -> list[float]:
        with seeded(seed, torch.device("cpu")):
            return torch.rand(3).tolist()

    torch.manual_seed(1)
    between = torch.rand(1)
    torch.manual_seed(1)
    assert draw(5) == draw(5) != draw(6)
    assert torch.equal(torch.rand(1), between)
    assert draw(None) != draw(None)
