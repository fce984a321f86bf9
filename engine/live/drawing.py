"""The draw among likely tokens: temperature, top_k, top_p and min_p for all rows at once.

A token outside a few dozen candidates is hardly ever drawn, and it can be told when none could have been: only then
are all of a row's tokens looked at. Letters: R rows, V vocabulary, K candidates.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers.generation import logits_process as stock

from askcam.engine.live.chance import Chance, draws_like, exponentials
from askcam.engine.live.likeliest import likeliest

OPEN = 64  # candidates of a row without top_k
EQUALS = 12  # more than top_k: those as likely as its last one stay in
MOST = 256  # the largest top_k that candidates are looked at for
SAFE = 1.001  # rounding can't hide so much


@dataclass(frozen=True, slots=True)
class DrawLimits:
    """What a draw is bounded by."""

    temperature: float
    top_k: int  # 0: none
    top_p: float  # 1: none
    min_p: float  # 0: none

    def processors(self) -> list[stock.LogitsProcessor]:
        """generate()'s own, in its order."""
        found: list[stock.LogitsProcessor] = []
        if self.temperature != 1.0:
            found.append(stock.TemperatureLogitsWarper(self.temperature))
        if self.top_k:
            found.append(stock.TopKLogitsWarper(self.top_k))
        if self.top_p < 1.0:
            found.append(stock.TopPLogitsWarper(self.top_p))
        if self.min_p:
            found.append(stock.MinPLogitsWarper(self.min_p))
        return found


class Draws:
    """The answers of a pass that draw their tokens. Owned by the engine thread."""

    def __init__(self, rows: list[int], answers: Sequence[tuple[DrawLimits, Chance]], device: torch.device) -> None:
        """`rows`: of the pass, those of `answers`."""
        self.rows = rows
        self.at = torch.tensor(rows, device=device)
        self._answers = answers
        limits = [each for each, _ in answers]
        few = [each.top_k if each.top_k <= MOST else 0 for each in limits]
        self._count = max(k + EQUALS if k else OPEN for k in few)
        table = [(each.temperature, each.top_p if each.top_p < 1.0 else float("inf"), each.min_p) for each in limits]
        self._temperature, self._top_p, self._min_p = torch.tensor(table, device=device).T[..., None]  # each (R, 1)
        self._last = torch.tensor([[k - 1 if k else self._count] for k in few], device=device)  # (R, 1): of top_k
        self._open = [i for i, k in enumerate(few) if not k]
        self._many = {i for i in self._open if limits[i].top_k}  # whose top_k is larger than candidates are many
        self._buffer: Tensor | None = None  # (V,)
        self._sums = [i for i in self._open if limits[i].top_p < 1.0]  # whose share of all is to be known

    def tokens(self, scores: Tensor) -> Tensor:
        """One token for each row of scores (R, V) float32: (R,)."""
        values, ids = likeliest(scores, self._count)  # (R, K)
        values = values / self._temperature
        kept = values >= values.gather(1, self._last.clamp(max=values.shape[1] - 1))
        weights = torch.where(kept, (values - values[:, :1]).exp(), 0.0)
        total = weights.sum(1, keepdim=True)
        if self._sums:
            rows = scores[self._sums] / self._temperature[self._sums]
            total[self._sums] = (rows.logsumexp(1, keepdim=True) - values[self._sums, :1]).exp()
        before = weights.cumsum(1) - weights
        kept &= (before < self._top_p * total) & (weights >= self._min_p)
        drawn, least = self._drawn(ids, scores.shape[1])
        chances = torch.where(kept, weights / drawn, -1.0)
        best, places = chances.max(1, keepdim=True)
        tokens = ids.gather(1, places)[:, 0]
        if self._open:
            last, found = weights[self._open, -1], best[self._open, 0]
            sure = (~kept[self._open, -1] | (last * SAFE < found * least)).tolist()
            for i, fine in zip(self._open, sure, strict=True):
                if i in self._many or not fine:
                    tokens[i] = self._whole(i, scores[i : i + 1])
        return tokens

    def _drawn(self, ids: Tensor, vocab: int) -> tuple[Tensor, Tensor]:
        """The exponentials of tokens ids (R, K), and the smallest of all of each open row."""
        if self._buffer is None:
            self._buffer = draws_like(vocab, ids.device)
        buffer = self._buffer
        found, least = buffer.new_empty(ids.shape), []
        for i, ((_, chance), row, out) in enumerate(zip(self._answers, ids.unbind(), found.unbind(), strict=True)):
            chance.draw(buffer, again=i in self._open)
            torch.index_select(buffer, 0, row, out=out)
            if i in self._open:
                least.append(buffer.amin())
        return exponentials(found), exponentials(torch.stack(least)) if least else found

    def _whole(self, row: int, scores: Tensor) -> Tensor:
        """The token () of a row, of all of scores (1, V)."""
        limits, chance = self._answers[row]
        for processor in limits.processors():
            scores = processor(None, scores)
        return (scores.softmax(-1)[0] / chance.whole(torch.empty_like(scores[0]))).argmax()
