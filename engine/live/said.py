"""What answers have said, on the device, and the penalty for saying it again.

Letters: R rows, one for each answer; N tokens of the longest, its prompt's among them, each once.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

ROOM = 64  # tokens that are added before all is laid out anew


class SaidTokens:
    """Of the answers of one pass, and of the next ones while no other answer joins and none leaves."""

    def __init__(self, said: Sequence[Sequence[int]], penalties: Sequence[float], device: torch.device) -> None:
        """`said`: each answer's tokens, in any order. Answers whose penalty is 1 need none."""
        longest = max(len(tokens) for tokens in said)
        # a token that stands here more than once is penalized once: all its copies write the same
        rows = [[*tokens, *[tokens[0] if tokens else 0] * (longest - len(tokens))] for tokens in said]
        self._ids = torch.tensor(rows, dtype=torch.long, device=device).view(len(said), longest)
        self._penalties = torch.tensor(penalties, device=device)[:, None]
        self._new: list[Tensor] = []

    def add(self, tokens: Tensor) -> None:
        """Each answer's newest token, (R,)."""
        self._new.append(tokens[:, None])
        if len(self._new) == ROOM:
            self._ids, self._new = torch.cat((self._ids, *self._new), 1), []

    def penalize(self, scores: Tensor) -> None:
        """Divide what has been said in scores (R, vocab), in place, or multiply it where that makes it less likely."""
        ids = torch.cat((self._ids, *self._new), 1)
        found = scores.gather(1, ids)
        scores.scatter_(1, ids, torch.where(found < 0, found * self._penalties, found / self._penalties))
