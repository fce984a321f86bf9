"""The three things that the device is asked to do, as the engine calls them; graphs.py replays graphs for them."""

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor

from askcam.engine.live.language import Language
from askcam.engine.live.ops import AppendBatch, RowBatch
from askcam.engine.live.vision import Encoded, Vision


class Passes(Protocol):
    """Owned by the engine thread."""

    def rows(self, x: Tensor, batch: RowBatch, select: Tensor | None = None, extras: Sequence[Tensor] = ()) -> Tensor:
        """As Language.rows. The logits may be overwritten by the next pass."""
        ...

    def append(
        self,
        x: Tensor,
        positions: Tensor,
        batch: AppendBatch,
        extras: Sequence[Tensor] = (),
        layers: range | None = None,
    ) -> None:
        """As Language.append. Between the pieces of one append there may be row passes, but no other append."""
        ...

    def encode(self, patches: Tensor, rows: int, columns: int) -> Encoded:
        """As Vision.encode."""
        ...

    def layer_ranges(self, num_windows: int, num_new: int) -> tuple[range, ...]:
        """In which pieces such an append is best done, so that answers get their tokens in between."""
        ...


class Plain:
    """Passes that just run."""

    def __init__(self, language: Language, vision: Vision) -> None:
        self._language, self._vision = language, vision

    def rows(self, x: Tensor, batch: RowBatch, select: Tensor | None = None, extras: Sequence[Tensor] = ()) -> Tensor:
        return self._language.rows(x, batch, select, extras)

    def append(
        self,
        x: Tensor,
        positions: Tensor,
        batch: AppendBatch,
        extras: Sequence[Tensor] = (),
        layers: range | None = None,
    ) -> None:
        self._language.append(x, positions, batch, extras, layers)

    def encode(self, patches: Tensor, rows: int, columns: int) -> Encoded:
        return self._vision.encode(patches, rows, columns)

    def layer_ranges(self, num_windows: int, num_new: int) -> tuple[range, ...]:
        return (range(len(self._language.layers)),)
