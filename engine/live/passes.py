"""The three things that the device is asked to do, as the engine calls them; graphs.py replays graphs for them.

What frames bring is done in pieces, so that a question or an answer's next token never waits for more than one.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Sequence
from itertools import pairwise
from typing import Protocol

from torch import Tensor

from askcam.engine.live.language import Language
from askcam.engine.live.layouts import VisionLayout
from askcam.engine.live.ops import AppendBatch, RowBatch
from askcam.engine.live.vision import EncodedPairs, Vision

PIECE_MS = 8.0  # of work without graphs, about, before answers get their turn
MAX_PACES = 64  # sizes whose speed is remembered


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

    def layer_ranges(self, num_windows: int, num_new: int) -> tuple[range, ...]:
        """In which pieces such an append is best done, so that answers get their tokens in between."""
        ...

    def encode(self, patches: Tensor, rows: int, columns: int) -> Iterator[EncodedPairs | None]:
        """As Vision.encode, piece by piece: None after each but the last. Anything may run in between."""
        ...


class Plain:
    """Passes that just run, in pieces as long as they took the last time."""

    def __init__(self, language: Language, vision: Vision) -> None:
        self._language, self._vision = language, vision
        self._paces: OrderedDict[Hashable, float] = OrderedDict()  # milliseconds of a layer or block, by size

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
        began = time.perf_counter()
        self._language.append(x, positions, batch, extras, layers)
        self._note((batch.bases.shape[0], batch.num_new), began, layers or range(len(self._language.layers)))

    def layer_ranges(self, num_windows: int, num_new: int) -> tuple[range, ...]:
        return self._cut(len(self._language.layers), (num_windows, num_new))

    def encode(self, patches: Tensor, rows: int, columns: int) -> Iterator[EncodedPairs | None]:
        size = (patches.shape[0], rows, columns)
        grid = self._vision.layout(rows, columns)
        *most, last = self._cut(self._vision.num_blocks, size)
        done = EncodedPairs(patches)
        for blocks in most:
            done = self._blocks(done, grid, blocks, size)
            yield None
        yield self._blocks(done, grid, last, size)

    def _blocks(self, done: EncodedPairs, grid: VisionLayout, blocks: range, size: Hashable) -> EncodedPairs:
        began = time.perf_counter()
        found = self._vision.blocks(done.tokens, grid, blocks)
        self._note(size, began, blocks)
        return found.behind(done)

    def _cut(self, count: int, size: Hashable) -> tuple[range, ...]:
        return cut(count, count * self._paces.get(size, 0.0), PIECE_MS)

    def _note(self, size: Hashable, began: float, done: range) -> None:
        self._paces[size] = 1e3 * (time.perf_counter() - began) / len(done)
        self._paces.move_to_end(size)
        if len(self._paces) > MAX_PACES:
            self._paces.popitem(last=False)


def cut(count: int, took_ms: float, piece_ms: float) -> tuple[range, ...]:
    """range(count), which takes `took_ms` in all, in equal pieces of at most `piece_ms` if need be. Pure."""
    pieces = min(count, max(1, math.ceil(took_ms / piece_ms)))
    return tuple(range(a, b) for a, b in pairwise(round(i * count / pieces) for i in range(pieces + 1)))
