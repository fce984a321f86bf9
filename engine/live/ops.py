"""The few tensor operations that exist twice: plain torch for any device, Triton kernels for CUDA.

Letters: R rows (tokens) of one pass, W windows, H query heads, KV key/value heads, D head dimension, TOTAL pool rows.
The pool of one layer is k and v, each (TOTAL, KV, D); windows and tails are ranges of its rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import torch
from torch import Tensor

# Rows of RowBatch.meta, one int32 column for each token of the batch.
POS_T, POS_H, POS_W, DST, WINDOW_BASE, WINDOW_LEN, TAIL_BASE, TAIL_LEN = range(8)


@dataclass(frozen=True, slots=True)
class RowSpan:
    """Some consecutive rows of one pass that belong together: a question's prompt, an answer's newest token.

    They see the first `window_len` pool rows from `window_base` on, and then, causally, the tail: the last of them
    sees `tail_len` rows from `tail_base` on, their own keys and values among them; each one before sees one less.
    """

    num_rows: int
    window_base: int
    window_len: int
    tail_base: int
    tail_len: int


@dataclass(frozen=True, slots=True, eq=False)
class RowBatch:
    """Who attends to what in one pass over rows. Both say the same: kernels read `meta`, torch on a CPU `spans`."""

    meta: Tensor  # (8, R) int32 on the device
    spans: Sequence[RowSpan]  # in the order of the rows; empty in a captured graph, whose spans change under it
    packed: bool = False  # neighbouring rows mostly share a window: never changes a result, only what it costs

    def rows(self, chosen: Tensor) -> "RowBatch":
        """Of these rows only, which see what they saw. Waits for the device if there are spans."""
        meta = self.meta[:, chosen]
        spans = [RowSpan(1, *seen) for seen in zip(*meta[WINDOW_BASE:].tolist(), strict=True)] if self.spans else ()
        return RowBatch(meta, spans)


@dataclass(frozen=True, slots=True, eq=False)
class AppendBatch:
    """Windows that grow by `num_new` tokens each."""

    bases: Tensor  # (W,) int32 on the device
    old_lens: Tensor  # (W,) int32 on the device: tokens in each window before
    num_new: int
    max_len: int  # no window will be longer than this afterwards
    spans: Sequence[RowSpan]  # as of RowBatch: the window before as window, the new tokens as tail


@dataclass(frozen=True, slots=True, eq=False)
class HeadNorms:
    """RMS norms over each head's D, before the rotation (Qwen3)."""

    q: Tensor  # (D,)
    k: Tensor  # (D,)
    eps: float


class Ops(Protocol):
    """One implementation. Nothing in here waits for the device."""

    def norm_linear(
        self, x: Tensor, y: Tensor | None, norm: Tensor, eps: float, weight: Tensor, bias: Tensor | None
    ) -> Tensor:
        """x (R, hidden) += y in place, where there is a y; then weight (N, hidden) times rms_norm(x) * norm: (R, N)."""
        ...

    def norm_gated(self, x: Tensor, y: Tensor | None, norm: Tensor, eps: float, gate_up: Tensor) -> Tensor:
        """As norm_linear; of what gate_up (2 * inner, hidden) gives, silu(first half) * second half: (R, inner)."""
        ...

    def linear_add(self, x: Tensor, a: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor | None:
        """a times weight, to be added to x: adds it in place and returns None, or returns it for the next call's y."""
        ...

    def rope_write(
        self,
        qkv: Tensor,
        cos: Tensor,
        sin: Tensor,
        dst: Tensor,
        k: Tensor,
        v: Tensor,
        num_heads: int,
        norms: HeadNorms | None,
    ) -> Tensor:
        """Rotate queries and keys, write keys and values to the pool's rows `dst` (R,); returns queries (R, H, D).

        qkv (R, (H + 2 KV) * D), cos and sin (R, D) float32, k and v (TOTAL, KV, D).
        """
        ...

    def row_attention(self, q: Tensor, k: Tensor, v: Tensor, batch: RowBatch, scale: float) -> Tensor:
        """q (R, H, D) -> (R, H, D): each row over its window and its tail, one softmax over both."""
        ...

    def append_attention(self, q: Tensor, k: Tensor, v: Tensor, batch: AppendBatch, scale: float) -> Tensor:
        """q (W * num_new, H, D) -> the same shape: each window's new tokens over the window, causally."""
        ...


def row_batch(spans: Sequence[RowSpan], positions: Tensor, device: torch.device) -> RowBatch:
    """The batch of `spans`; `positions` (3, R) on the CPU, any integer dtype. One copy to the device."""
    columns = []
    for span in spans:
        first = span.tail_len - span.num_rows
        columns += [
            (span.tail_base + j, span.window_base, span.window_len, span.tail_base, j + 1)
            for j in range(first, span.tail_len)
        ]
    meta = torch.cat((positions.to(torch.int32), torch.tensor(columns, dtype=torch.int32).T))
    if device.type == "cuda":
        meta = meta.pin_memory().to(device, non_blocking=True)
    num_runs = 1 + sum(a.window_base != b.window_base for a, b in pairwise(spans))
    return RowBatch(meta, spans, packed=meta.shape[1] >= 2 * num_runs)


def append_batch(windows: Sequence[tuple[int, int]], num_new: int, device: torch.device) -> AppendBatch:
    """The batch that lets each window (base, length) grow by `num_new` tokens."""
    host = torch.tensor(windows, dtype=torch.int32).T.contiguous()
    on_device = host.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else host
    spans = [RowSpan(num_new, base, length, base + length, num_new) for base, length in windows]
    return AppendBatch(on_device[0], on_device[1], num_new, max(length for _, length in windows) + num_new, spans)
