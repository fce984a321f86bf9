"""An answer's random numbers: those that torch.multinomial would draw with its seed, so that it chooses as stock does.

multinomial draws one exponential for each token of the vocabulary and takes the token with the largest probability by
exponential. Of 150,000 only those of a few likely tokens matter, but all must be drawn, or the next ones would differ.
On a CPU it is uniforms that are drawn, which is four times as fast, and only those that matter are made exponentials.
"""

from functools import cache

import torch
from torch import Tensor


class Chance:
    """Of one answer. Owned by the engine thread."""

    def __init__(self, seed: int | None, device: torch.device) -> None:
        """`seed` None: one that is drawn for it."""
        self._generator = torch.Generator(device)
        if seed is None:
            self._generator.seed()
        else:
            self._generator.manual_seed(seed)
        self._before: Tensor | None = None  # the generator's state

    def draw(self, out: Tensor, again: bool) -> None:
        """One token's draws for the vocabulary, into `out` of `draws_like`. `again`: whole() may want them."""
        self._before = self._generator.get_state() if again else None
        if out.dtype == torch.float64:
            out.uniform_(generator=self._generator)
        else:
            out.exponential_(generator=self._generator)

    def whole(self, out: Tensor) -> Tensor:
        """The exponentials of the last draw(), into float32 `out` (vocab,)."""
        assert self._before is not None, "draw(again=True) first"
        self._generator.set_state(self._before)
        return out.exponential_(generator=self._generator)


def draws_like(vocab: int, device: torch.device) -> Tensor:
    """A tensor that draw() fills: float64 for uniforms, float32 for exponentials."""
    uniforms = device.type == "cpu" and _made_of_uniforms()
    return torch.empty(vocab, device=device, dtype=torch.float64 if uniforms else torch.float32)


def exponentials(drawn: Tensor) -> Tensor:
    """Of what draw() gave, in float32."""
    return torch.log1p(-drawn).neg_().float() if drawn.dtype == torch.float64 else drawn


@cache
def _made_of_uniforms() -> bool:
    """Whether this torch makes a CPU's exponentials of as many uniforms, one by one. Looked at, since nobody promises
    it."""
    ours, theirs = (torch.Generator().manual_seed(1) for _ in range(2))
    uniforms = torch.empty(1000, dtype=torch.float64).uniform_(generator=ours)
    drawn = torch.empty(1000).exponential_(generator=theirs)
    return torch.equal(exponentials(uniforms), drawn) and torch.equal(ours.get_state(), theirs.get_state())
