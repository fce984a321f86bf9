"""How an answer is held to its form: tokens that the form does not allow next are left out of the choice."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import LogitsProcessor

from askcam.engine.errors import EngineFailure, QuestionError
from askcam.engine.interface import Grammar

START_S = 0.25  # of computing that an answer may take at once, to follow its form
EACH_S = 0.003  # and for each token, on the average: all answers of a pass wait for each other's


class Guide:
    """Follows one answer along its grammar. Owned by the engine thread.

    A step costs microseconds as a rule and, by the limits of grammars.py, 10 to 20 ms at worst. An answer whose steps
    are dear again and again is ended: it would be paid for by all others.
    """

    def __init__(self, grammar: Grammar, clock: Callable[[], float] = time.thread_time) -> None:
        """`clock`: seconds that the calling thread has computed."""
        self._matcher, self._param, self._clock = grammar.begin(), grammar.param, clock
        self._left_s = START_S

    def allow(self, scores: Tensor) -> Tensor:
        """`scores` (1, vocab), with -inf for what may not come next.

        Where others have forbidden all that may come (min_tokens the end of an answer that is complete), it may come.
        """
        if self._left_s < 0:
            return scores  # took() will end it, for this answer alone
        began = self._clock()
        bits = self._matcher.compute_bitmask()
        self._left_s += EACH_S - (self._clock() - began)
        allowed = unpacked(np.frombuffer(bits, np.uint8), scores.shape[1], scores.device)
        left = scores.masked_fill(~allowed, float("-inf"))
        if self._matcher.is_accepting():
            none = left.amax(1, keepdim=True) == float("-inf")
            left = torch.where(none & allowed, 0.0, left)
        return left

    def took(self, token: int) -> None:
        """The token that the answer goes on with. Raises QuestionError when following the grammar costs too much,
        EngineFailure when it could not be followed.

        What comes after the end has no effect: on Apple's GPUs generate() notices it one token late.
        """
        if self._left_s < 0:
            raise QuestionError(
                f"the schema is too intricate: to hold the answer to it takes more than {EACH_S * 1000:g} ms of "
                "computing a token; make it plainer (fewer alternatives, shorter patterns and lengths)",
                self._param,
            )
        began = self._clock()
        failed = self._matcher.is_error() or not (self._matcher.is_stopped() or self._matcher.consume_token(token))
        self._left_s -= self._clock() - began
        if failed:
            # once in error it takes the end for fine, so that the answer would look complete
            why = " ".join(self._matcher.get_error().split())[:200]
            raise EngineFailure(f"the answer could not be held to its form: {why}")


class Guided(LogitsProcessor):  # type: ignore[misc, unused-ignore]
    """A guide for generate(), which calls it after its own penalties and before temperature, top_k and top_p."""

    def __init__(self, guide: Guide) -> None:
        self._guide = guide

    def __call__(self, input_ids: Any, scores: Tensor) -> Tensor:
        return self._guide.allow(scores)


def unpacked(bits: "np.ndarray[Any, np.dtype[np.uint8]]", num: int, device: torch.device) -> Tensor:
    """The first `num` bits, lowest of each byte first, as bools (num,) on `device`; does not wait for it."""
    if device.type == "cpu":
        return torch.from_numpy(np.unpackbits(bits, count=num, bitorder="little")).bool()
    return spread(torch.from_numpy(bits.copy()).to(device, non_blocking=True), num)


def spread(packed: Tensor, num: int) -> Tensor:
    """The same where the bytes are."""
    places = torch.arange(8, dtype=torch.uint8, device=packed.device)
    return (packed[:, None] >> places & 1).flatten()[:num].bool()
