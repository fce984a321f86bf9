"""Passes captured once and replayed: the host then hands the device one graph instead of a thousand kernels.

`Graphs` stands in front of the language model and the vision tower with their own methods. What was captured is
replayed, padded to the captured size; all else runs as it would without. Every length is data on the device, so a
graph of so many rows serves every window. Passes over rows are captured at start-up; what a camera's size needs, when
it comes for the third time: a pause of a tenth of a second, once.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from askcam.engine.live.captured import Captured
from askcam.engine.live.kvpool import KVPool
from askcam.engine.live.language import Language
from askcam.engine.live.ops import (
    COUNT,
    DST,
    FIRST,
    READ,
    TAIL_BASE,
    TAIL_LEN,
    WINDOW_BASE,
    WRITE,
    AppendBatch,
    RowBatch,
)
from askcam.engine.live.passes import cut
from askcam.engine.live.statepool import NOTHING, SCRATCH
from askcam.engine.live.vision import EncodedPairs, Vision

log = logging.getLogger("askcam.engine")

ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 192, 256, 320)  # tokens of one pass; more run uncaptured
MOST_APART = 64  # rows that are also captured for the case that each sees another window
MOST_LOGITS = 64  # rows of one captured pass whose logits are wanted; passes of up to 16 rows give those of all
LEAST_EXTRAS = (
    32  # rows of the smallest captured pass that takes what vision adds between layers: it comes by whole frames
)
OFTEN = 3  # a size that comes so often is captured,
MOST_SIZES = 32  # as long as there are not more than so many: each holds memory
PIECE_MS = 4.0  # an append or encode longer than this is captured in pieces, between which answers get their tokens


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    x: Tensor  # (R, hidden)
    meta: Tensor  # (8, R)
    blank: Tensor  # (8, R): rows that see and write only the scratch row
    states: Tensor | None  # (4, R), where the model keeps states
    blank_states: Tensor  # (4, R): of rows that begin from nothing and leave what nobody reads
    select: Tensor | None
    extras: tuple[Tensor, ...]  # as x
    run: Captured[Tensor]


@dataclass(frozen=True, slots=True, eq=False)
class _Append:
    # x (W * n, hidden), positions (3, W * n), bases (W,), lengths before (W,), slots (2, W) if any, extras as x
    inputs: tuple[Tensor, ...]
    pieces: dict[range, Captured[None]]


@dataclass(frozen=True, slots=True, eq=False)
class _Encode:
    pieces: tuple[tuple[Tensor, Captured[EncodedPairs]], ...]  # each with what it runs on


class Graphs:
    """passes.Passes by replaying. Owned by the engine thread.

    A capture that fails is logged, and that pass runs uncaptured.
    """

    def __init__(self, language: Language, vision: Vision, pool: KVPool) -> None:
        """Behind the pool's rows, language.kv has one more: what padding writes and reads."""
        assert language.kv.shape[2] > pool.total_rows
        self._language, self._vision, self._pool = language, vision, pool
        self._scratch = pool.total_rows
        self._rows: dict[tuple[int, bool, bool], _Rows] = {}  # by number, packed, with extras
        self._appends: dict[tuple[int, int], _Append] = {}
        self._encodes: dict[tuple[int, int, int], _Encode] = {}
        self._met: Counter[tuple[str | int, ...]] = Counter()
        self._memory = torch.cuda.graph_pool_handle() if language.device.type == "cuda" else None

    def capture_rows(self, counts: Sequence[int] = ROWS) -> None:
        """At start-up: passes of so many rows, the largest first, since smaller ones fit into its memory."""
        for count in sorted(counts, reverse=True):
            for packed in (False, True):
                if packed or count <= MOST_APART:
                    self._try(f"a pass of {count} rows", partial(self._capture_rows, count, packed))
            if self._vision.num_extras and count >= LEAST_EXTRAS:
                capture = partial(self._capture_rows, count, True, self._vision.num_extras)
                self._try(f"a pass of {count} rows with what vision adds", capture)

    @property
    def row_counts(self) -> tuple[tuple[int, bool, bool], ...]:
        """Of which passes over rows there are graphs: so many rows, whether neighbours share a window, whether vision
        adds to them between layers."""
        return tuple(self._rows)

    # -- as of Passes

    def layer_ranges(self, num_windows: int, num_new: int) -> tuple[range, ...]:
        """As Passes.layer_ranges."""
        found = self._appends.get((num_windows, num_new))
        return tuple(found.pieces) if found else (range(len(self._language.layers)),)

    def rows(self, x: Tensor, batch: RowBatch, select: Tensor | None = None, extras: Sequence[Tensor] = ()) -> Tensor:
        """As Language.rows. The logits are overwritten by the next pass."""
        num_rows = x.shape[0]
        found = self._fitting(num_rows, batch.packed, bool(extras))
        if found is None or (found.select is not None and (num_rows if select is None else len(select)) > MOST_LOGITS):
            return self._language.rows(x, batch, select, extras)
        found.x[:num_rows].copy_(x)
        found.meta[:, :num_rows].copy_(batch.meta)
        for target, extra in zip(found.extras, extras, strict=True):
            target[:num_rows].copy_(extra)  # what stands behind these goes to padding, which nobody reads
        if found.states is not None and batch.states is not None:
            found.states[:, :num_rows].copy_(batch.states)
        if num_rows < found.x.shape[0]:
            found.meta[:, num_rows:].copy_(found.blank[:, num_rows:])
            if found.states is not None:
                found.states[:, num_rows:].copy_(found.blank_states[:, num_rows:])
        if found.select is None:
            logits = found.run()
            return logits[:num_rows] if select is None else logits[select]
        if select is None:
            select = torch.arange(num_rows, device=x.device)
        found.select[: len(select)].copy_(select)
        return found.run()[: len(select)]

    def append(
        self,
        x: Tensor,
        positions: Tensor,
        batch: AppendBatch,
        extras: Sequence[Tensor] = (),
        layers: range | None = None,
    ) -> None:
        """As Language.append. Between the pieces of one append there may be row passes, but no other append."""
        num_windows = batch.bases.shape[0]
        if self._often("append", num_windows, batch.num_new):
            capture = partial(self._capture_append, num_windows, batch.num_new)
            self._try(f"growing {num_windows} windows by {batch.num_new} tokens", capture)
        found = self._appends.get((num_windows, batch.num_new))
        if found is None or (layers is not None and layers not in found.pieces):
            self._language.append(x, positions, batch, extras, layers)
            return
        if layers is None or layers.start == 0:
            slots = () if batch.slots is None else (batch.slots,)
            sources = (x, positions, batch.bases, batch.old_lens, *slots, *extras)
            for target, source in zip(found.inputs, sources, strict=True):
                target.copy_(source)
        for piece, run in found.pieces.items():
            if layers is None or layers == piece:
                run()

    def encode(self, patches: Tensor, rows: int, columns: int) -> Iterator[EncodedPairs | None]:
        """As Passes.encode."""
        size = (patches.shape[0], rows, columns)
        if self._often("encode", *size):
            self._try(f"vision of {size[0]} pairs of {rows} x {columns}", partial(self._capture_encode, *size))
        captured = self._encodes.get(size)
        if captured is None:
            yield self._vision.encode(patches, rows, columns)
            return
        *most, last = captured.pieces
        done = EncodedPairs(patches)
        for piece in most:
            done = self._replay(done, *piece)
            yield None
        yield self._replay(done, *last)

    # -- inside

    @staticmethod
    def _replay(done: EncodedPairs, source: Tensor, run: Captured[EncodedPairs]) -> EncodedPairs:
        """One piece. What it gives is copied: whatever else is replayed before the next one may overwrite it."""
        source.copy_(done.tokens)
        found = run()
        return EncodedPairs(found.tokens.clone(), tuple(extra.clone() for extra in found.extras)).behind(done)

    def _fitting(self, num_rows: int, packed: bool, extras: bool) -> _Rows | None:
        counts = (count for count, _, takes in self._rows if takes == extras and count >= num_rows)
        best = min(counts, default=None)
        if best is None:
            return None
        return self._rows.get((best, packed, extras)) or self._rows.get((best, not packed, extras))

    def _often(self, *size: str | int) -> bool:
        """Whether this is the time to capture this size."""
        if size not in self._met and len(self._met) >= MOST_SIZES:
            return False
        self._met[size] += 1
        return self._met[size] == OFTEN

    def _try(self, what: str, capture: Callable[[], None]) -> None:
        try:
            with torch.no_grad():
                capture()
        except Exception as exc:  # a driver or torch that cannot: slower, not wrong
            log.warning("%s could not be captured as a CUDA graph and runs without (%s)", what, exc)

    def _capture_rows(self, count: int, packed: bool, num_extras: int = 0) -> None:
        language = self._language
        blank = torch.zeros(8, count, dtype=torch.int32, device=language.device)
        blank[[DST, WINDOW_BASE, TAIL_BASE]] = self._scratch
        blank[TAIL_LEN] = 1
        meta = blank.clone()
        x = torch.zeros(count, language.hidden, dtype=language.dtype, device=language.device)
        select = None
        if count > 16:
            select = torch.zeros(min(count, MOST_LOGITS), dtype=torch.long, device=language.device)
        blank_states = torch.zeros(4, count, dtype=torch.int32, device=language.device)
        blank_states[FIRST] = torch.arange(count)
        blank_states[COUNT] = 1
        blank_states[READ], blank_states[WRITE] = NOTHING, SCRATCH
        states = blank_states.clone() if language.states else None
        batch = RowBatch(meta, (), packed, states)
        extras = tuple(torch.zeros_like(x) for _ in range(num_extras))
        run = Captured(lambda: language.rows(x.clone(), batch, select, extras), language.device, self._memory)
        self._rows[count, packed, bool(extras)] = _Rows(x, meta, blank, states, blank_states, select, extras, run)

    def _capture_append(self, num_windows: int, num_new: int) -> None:
        language, device = self._language, self._language.device
        num_rows, num_layers = num_windows * num_new, len(language.layers)
        x = torch.zeros(num_rows, language.hidden, dtype=language.dtype, device=device)
        extras = tuple(torch.zeros_like(x) for _ in range(self._vision.num_extras))
        positions = torch.zeros(3, num_rows, dtype=torch.long, device=device)
        practice = self._pool.take(num_new)  # capturing runs it: on rows that nobody has
        bases = torch.full((num_windows,), practice.base, dtype=torch.int32, device=device)
        old_lens = torch.zeros_like(bases)
        slots = torch.zeros(2, num_windows, dtype=torch.int32, device=device)
        slots[0], slots[1] = NOTHING, SCRATCH
        kept = (slots,) if language.states else ()
        batch = AppendBatch(bases, old_lens, num_new, self._pool.total_rows, (), *kept)

        def piece(layers: range) -> Captured[None]:
            return Captured(lambda: language.append(x, positions, batch, extras, layers), device, self._memory)

        try:
            whole = range(num_layers)
            pieces = {whole: piece(whole)}
            ranges = cut(num_layers, pieces[whole].milliseconds(), PIECE_MS)
            if len(ranges) > 1:
                pieces = {layers: piece(layers) for layers in ranges}
        finally:
            self._pool.release(practice)
        self._appends[num_windows, num_new] = _Append((x, positions, bases, old_lens, *kept, *extras), pieces)

    def _capture_encode(self, num_pairs: int, rows: int, columns: int) -> None:
        vision, device = self._vision, self._language.device
        grid = vision.layout(rows, columns)  # the graphs read it, so it lives as long as they do

        def piece(blocks: range) -> tuple[Tensor, Captured[EncodedPairs]]:
            values = vision.width if blocks.start else vision.patch_values
            source = torch.zeros((num_pairs, rows * columns, values), dtype=vision.dtype, device=device)
            return source, Captured(lambda: vision.blocks(source, grid, blocks), device, self._memory)

        whole = piece(range(vision.num_blocks))
        ranges = cut(vision.num_blocks, whole[1].milliseconds(), PIECE_MS)
        pieces = (whole,) if len(ranges) == 1 else tuple(piece(blocks) for blocks in ranges)
        self._encodes[num_pairs, rows, columns] = _Encode(pieces)
