"""How the live backend picks an answer's next token: by transformers' own processors, in generate()'s order.

Greedy answers without penalties, the common case, need none of this: their tokens are one argmax for all rows.
"""

from typing import Any

import torch
from torch import Tensor
from transformers import GenerationConfig
from transformers.generation import logits_process as stock

from askcam.engine.choosing import generation_config
from askcam.engine.guide import Guide
from askcam.engine.question import Sampling


class Chooser:
    """One answer's way of choosing. Owned by the engine thread."""

    def __init__(
        self, own: GenerationConfig, sampling: Sampling, room: int, device: torch.device, guide: Guide | None = None
    ) -> None:
        """`own`: the model's GenerationConfig; at most `room` new tokens; `guide`: holds the answer to a form."""
        config: Any = generation_config(own, sampling, room)
        defaults = GenerationConfig._get_default_generation_params()
        for name in ("do_sample", "temperature", "top_k", "top_p", "repetition_penalty", "min_new_tokens"):
            if getattr(config, name) is None:
                setattr(config, name, defaults.get(name))
        self.max_tokens: int = config.max_new_tokens
        self._device = device
        self._guide = guide
        self._sample = bool(config.do_sample)
        self._min_tokens = int(config.min_new_tokens or 0)
        self._penalty = config.repetition_penalty
        self._ends: list[int] = _as_list(config.eos_token_id)
        self._processors = _processors(config)
        self._generator = None
        if self._sample and sampling.seed is not None:
            self._generator = torch.Generator(device).manual_seed(sampling.seed)
        self._ids: Tensor | None = None  # (1, tokens): all so far, for penalties
        self._count = 0

    @property
    def greedy(self) -> bool:
        """Whether the next token is the plain argmax of the logits."""
        plain = self._guide is None and not self._sample and not self._processors
        return plain and self._count >= self._min_tokens

    @property
    def wants_ids(self) -> bool:
        """Whether start() must be given the prompt's ids."""
        return self._penalty not in (None, 1.0)

    def start(self, prompt_ids: Tensor) -> None:
        """The prompt (1, tokens), which a repetition penalty counts as said."""
        self._ids = prompt_ids.to(self._device)

    def took(self, token: int) -> None:
        """The token that this answer goes on with. Raises EngineFailure when it can't be held to its form."""
        self._count += 1
        if self._guide is not None:
            self._guide.took(token)
        if self._ids is not None:
            self._ids = torch.cat((self._ids, self._ids.new_tensor([[token]])), 1)

    def choose(self, logits: Tensor) -> Tensor:
        """The next token (), from logits (vocab,)."""
        scores = logits[None].float()
        for processor in self._processors[:1] if self.wants_ids else ():
            scores = processor(self._ids, scores)
        if self._count < self._min_tokens and self._ends:
            scores = scores.index_fill(1, torch.tensor(self._ends, device=scores.device), float("-inf"))
        if self._guide is not None:
            scores = self._guide.allow(scores)
        for processor in self._processors[int(self.wants_ids) :]:
            scores = processor(self._ids, scores)
        if not self._sample:
            return scores[0].argmax()
        return torch.multinomial(scores.softmax(-1), 1, generator=self._generator)[0, 0]


def _processors(config: Any) -> list[Any]:
    found: list[Any] = []
    if config.repetition_penalty not in (None, 1.0):
        found.append(stock.RepetitionPenaltyLogitsProcessor(penalty=float(config.repetition_penalty)))
    if config.do_sample:
        if config.temperature not in (None, 1.0):
            found.append(stock.TemperatureLogitsWarper(float(config.temperature)))
        if config.top_k:
            found.append(stock.TopKLogitsWarper(top_k=config.top_k))
        if config.top_p is not None and config.top_p < 1.0:
            found.append(stock.TopPLogitsWarper(top_p=config.top_p))
        if config.min_p is not None:
            found.append(stock.MinPLogitsWarper(min_p=config.min_p))
    return found


def _as_list(tokens: int | list[int] | None) -> list[int]:
    return tokens if isinstance(tokens, list) else [] if tokens is None else [tokens]
