"""An answer's random numbers: those that torch.multinomial would draw with its seed, so that it chooses as stock does.

multinomial draws one exponential for each token of the vocabulary and takes the token with the largest probability by
exponential. Of 150,000 only those of a few likely tokens matter, but all must be drawn, or the next ones would differ.
"""

from functools import cache

import torch
from torch import Tensor


class Chance:
    """Of one answer. Owned by the engine thread."""

    def __init__(self, seed: int | None, device: torch.device) -> None:
        """`seed` None: the process's own chance."""
        self._device = device
        self._generator = None if seed is None else torch.Generator(device).manual_seed(seed)
        self._plain = device.type == "cpu" and _made_of_uniforms()
        self._before: Tensor | None = None  # the generator's state

    def draw(self, vocab: int, ids: Tensor) -> tuple[Tensor, Tensor]:
        """One token's draws: the exponentials of tokens `ids` (K,), float32, and the smallest of all: ()."""
        if not self._plain or self._generator is None:
            drawn = torch.empty(vocab, device=self._device).exponential_(generator=self._generator)
            self._last: Tensor | None = drawn
            return drawn[ids], drawn.amin()
        self._before = self._generator.get_state()
        uniforms = torch.empty(vocab, dtype=torch.float64).uniform_(generator=self._generator)
        return _exponential(uniforms[ids]), _exponential(uniforms.amin())

    def whole(self, vocab: int) -> Tensor:
        """All that the last draw() drew, (vocab,)."""
        if self._before is None or self._generator is None:
            assert self._last is not None, "draw first"
            return self._last
        self._generator.set_state(self._before)
        return torch.empty(vocab).exponential_(generator=self._generator)


def _exponential(uniforms: Tensor) -> Tensor:
    return torch.log1p(-uniforms).neg_().float()


@cache
def _made_of_uniforms() -> bool:
    """Whether this torch makes a CPU's exponentials of as many uniforms, one by one: drawing those is four times as
    fast. Looked at, since nobody promises it."""
    ours, theirs = (torch.Generator().manual_seed(1) for _ in range(2))
    uniforms = torch.empty(1000, dtype=torch.float64).uniform_(generator=ours)
    drawn = torch.empty(1000).exponential_(generator=theirs)
    return torch.equal(_exponential(uniforms), drawn) and torch.equal(ours.get_state(), theirs.get_state())
