"""How the live backend picks answers' next tokens: all rows of a pass at once, as generate() would pick each alone.

The order is generate()'s: penalty, least length, form, temperature, top_k, top_p, min_p, and then the draw. The tokens
are the same but where two are equally likely, or a sum of probabilities meets its bound, to within rounding.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import GenerationConfig

from askcam.engine.choosing import generation_config
from askcam.engine.guide import Guide
from askcam.engine.live.chance import Chance
from askcam.engine.live.drawing import DrawLimits, Draws
from askcam.engine.live.likeliest import largest
from askcam.engine.live.said import SaidTokens
from askcam.engine.question import Sampling


class Chooser:
    """One answer's way of choosing, and how far it is. Owned by the engine thread."""

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
        self.guide = guide
        self.ends: list[int] = _as_list(config.eos_token_id)
        self.penalty = float(config.repetition_penalty or 1.0)
        self.limits: DrawLimits | None = None  # of a draw; None: the likeliest token, which the only one of top_k 1 is
        if config.do_sample and config.top_k != 1:
            self.limits = DrawLimits(
                float(config.temperature), int(config.top_k or 0), float(config.top_p), float(config.min_p or 0)
            )
            self.chance = Chance(sampling.seed, device)
        self.said: dict[int, None] = {}  # all tokens so far, each once, for the penalty
        self._min_tokens = int(config.min_new_tokens or 0)
        self._count = 0

    @property
    def greedy(self) -> bool:
        """Whether the next token is the plain argmax of the logits."""
        return self.limits is None and self.guide is None and not self.wants_ids and not self.goes_on

    @property
    def goes_on(self) -> bool:
        """Whether the answer may not end yet."""
        return self._count < self._min_tokens and bool(self.ends)

    @property
    def wants_ids(self) -> bool:
        """Whether start() must be given the prompt's ids."""
        return self.penalty != 1.0

    def start(self, prompt_ids: Tensor) -> None:
        """The prompt (1, tokens), which a repetition penalty counts as said."""
        self.said = dict.fromkeys(prompt_ids[0].tolist())

    def took(self, token: int) -> None:
        """The token that this answer goes on with. Raises EngineFailure when it can't be held to its form."""
        self._count += 1
        if self.guide is not None:
            self.guide.took(token)
        if self.wants_ids:
            self.said[token] = None


class TokenSampler:
    """Chooses for all answers of a pass. Owned by the engine thread.

    What it needs of them on the device is made anew when others choose than in the pass before, not for each token.
    """

    def __init__(self) -> None:
        self._choosers: list[Chooser] = []
        self._said: SaidTokens | None = None
        self._draws: Draws | None = None

    def choose(self, choosers: Sequence[Chooser], logits: Tensor) -> list[int]:
        """Each one's next token, from its row of `logits` (rows, vocab), which stay as they are. Waits for the
        device: the tokens are really there."""
        if not choosers:
            return []
        if all(chooser.greedy for chooser in choosers):
            return largest(logits).tolist()
        if self._choosers != choosers:
            self._meet(choosers, logits.device)
        scores = self._adjusted(logits)
        drawing = [] if self._draws is None else self._draws.rows
        tokens = largest(scores) if len(drawing) < len(choosers) else None
        if self._draws is not None:
            drawn = self._draws.tokens(scores if tokens is None else scores[self._draws.at])
            tokens = drawn if tokens is None else tokens.index_copy_(0, self._draws.at, drawn)
        assert tokens is not None
        if self._said is not None:
            self._said.add(tokens)
        return tokens.tolist()

    def _meet(self, choosers: Sequence[Chooser], device: torch.device) -> None:
        self._choosers = list(choosers)
        penalties = [chooser.penalty for chooser in choosers]
        self._said = None
        if any(penalty != 1.0 for penalty in penalties):
            self._said = SaidTokens([list(chooser.said) for chooser in choosers], penalties, device)
        drawing = {i: chooser for i, chooser in enumerate(choosers) if chooser.limits is not None}
        self._draws = None
        if drawing:
            found = [(each.limits, each.chance) for each in drawing.values() if each.limits is not None]
            self._draws = Draws(list(drawing), found, device)

    def _adjusted(self, logits: Tensor) -> Tensor:
        """In float32, with what belongs to single rows: the logits themselves where there is none of that."""
        choosers = self._choosers
        goes_on = [(i, end) for i, chooser in enumerate(choosers) if chooser.goes_on for end in chooser.ends]
        guided = [i for i, chooser in enumerate(choosers) if chooser.guide is not None]
        if self._said is None and not goes_on and not guided:
            return logits.float()
        scores = logits.to(torch.float32, copy=True)
        if self._said is not None:
            self._said.penalize(scores)
        if goes_on:
            rows, ends = torch.tensor(goes_on, device=scores.device).T
            scores[rows, ends] = float("-inf")
        for i in guided:
            guide = choosers[i].guide
            assert guide is not None
            scores[i : i + 1] = guide.allow(scores[i : i + 1])
        return scores


def _as_list(tokens: int | list[int] | None) -> list[int]:
    return tokens if isinstance(tokens, list) else [] if tokens is None else [tokens]
