"""How the next token is chosen: a question's Sampling over the model's own generation_config."""

import copy
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch

from askcam.engine.errors import QuestionError
from askcam.engine.question import Sampling


def with_seed(own: Any, sampling: Sampling) -> Sampling:
    """`sampling` with a seed drawn for it, if it leaves its tokens to a chance that no seed rules: every answer can
    then be given again. `own`: the model's GenerationConfig."""
    samples = bool(own.do_sample) if sampling.temperature is None else sampling.temperature > 0
    return replace(sampling, seed=secrets.randbits(63)) if samples and sampling.seed is None else sampling


def generation_config(own: Any, sampling: Sampling, room: int) -> Any:
    """A copy of the model's `own` GenerationConfig, changed as the question asks; at most `room` new tokens."""
    config = copy.deepcopy(own)
    config.max_length = None
    config.max_new_tokens = min(sampling.max_tokens, room)
    config.use_cache = True
    if sampling.min_tokens:
        config.min_new_tokens = sampling.min_tokens
    if sampling.repetition_penalty is not None:
        config.repetition_penalty = sampling.repetition_penalty
    if sampling.temperature is not None:
        config.do_sample = sampling.temperature > 0
    if not config.do_sample:  # greedy: the rest would only draw warnings
        config.temperature = config.top_p = config.top_k = None
        return config
    if sampling.temperature is not None:
        config.temperature = sampling.temperature
    if sampling.top_p is not None:
        config.top_p = sampling.top_p
    if sampling.top_k is not None:
        config.top_k = sampling.top_k
    elif config.top_k is None:
        config.top_k = 0  # all: generate() would make it 50
    return config


def choice_tokens(tokenizer: Any, choices: Sequence[str]) -> tuple[int, ...]:
    """Each choice as its one token. Raises QuestionError naming one that has none or more."""
    found: list[int] = []
    for choice in choices:
        ids = tokenizer(choice, add_special_tokens=False)["input_ids"]
        if len(ids) != 1:
            raise QuestionError(f"the choice {choice!r} is {len(ids)} tokens for this model; it must be one", "choices")
        found.append(int(ids[0]))
    return tuple(found)


def single_tokens(tokenizer: Any, words: Sequence[str]) -> tuple[str, ...]:
    """Those of `words` that are one token."""
    return tuple(word for word in words if len(tokenizer(word, add_special_tokens=False)["input_ids"]) == 1)


@contextmanager
def seeded(seed: int | None, device: torch.device) -> Iterator[None]:
    """Random numbers inside follow from `seed` alone; the process's own sequence goes on untouched afterwards.

    generate() takes no generator of its own, so this works only because one thread does all the sampling.
    """
    if seed is None:
        yield
        return
    with torch.random.fork_rng(devices=range(torch.cuda.device_count()) if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield
