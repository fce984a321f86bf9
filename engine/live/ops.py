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

from askcam.engine.live.projections import Projection

# Rows of RowBatch.meta, one int32 column for each token of the batch.
POS_T, POS_H, POS_W, DST, WINDOW_BASE, WINDOW_LEN, TAIL_BASE, TAIL_LEN = range(8)
# Rows of RowBatch.states: the first row of its span, how many the span has, the slots that it reads and writes.
FIRST, COUNT, READ, WRITE = range(4)


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
    read: int = 0  # the slot of the states that they go on from; 0: from none
    write: int = 0  # of those that they leave, another one; 0: the model keeps no states


@dataclass(frozen=True, slots=True, eq=False)
class RowBatch:
    """Who attends to what in one pass over rows. Both say the same: kernels read `meta`, torch on a CPU `spans`."""

    meta: Tensor  # (8, R) int32 on the device
    spans: Sequence[RowSpan]  # in the order of the rows; empty in a captured graph, whose spans change under it
    packed: bool = False  # neighbouring rows mostly share a window: never changes a result, only what it costs
    states: Tensor | None = None  # (4, R) int32 on the device, where the model keeps states

    def rows(self, chosen: Tensor, *, spans: bool = True) -> "RowBatch":
        """Of these rows only, which see what they saw, for attention. Waits for the device where `spans` are wanted
        and there are some: kernels want none."""
        meta = self.meta[:, chosen]
        told = spans and bool(self.spans)
        found = [RowSpan(1, *seen) for seen in zip(*meta[WINDOW_BASE:].tolist(), strict=True)] if told else ()
        return RowBatch(meta, found)


@dataclass(frozen=True, slots=True, eq=False)
class AppendBatch:
    """Windows that grow by `num_new` tokens each."""

    bases: Tensor  # (W,) int32 on the device
    old_lens: Tensor  # (W,) int32 on the device: tokens in each window before
    num_new: int
    max_len: int  # no window will be longer than this afterwards
    spans: Sequence[RowSpan]  # as of RowBatch: the window before as window, the new tokens as tail
    slots: Tensor | None = None  # (2, W) int32 on the device, where the model keeps states: read, written


@dataclass(frozen=True, slots=True, eq=False)
class HeadNorms:
    """RMS norms over each head's D, before the rotation (from Qwen3 on)."""

    q: Tensor  # (D,)
    k: Tensor  # (D,)
    eps: float


@dataclass(frozen=True, slots=True, eq=False)
class DeltaWeights:
    """What a layer with the gated delta rule has beside its matrices.

    HK key heads of DK, HV value heads of DV, HV / HK of which share a key head; C = 2 * HK * DK + HV * DV channels of
    queries, keys and values.
    """

    taps: Tensor  # (C, T): a causal convolution along each channel
    rate: Tensor  # (HV,) float32, negative: how fast a state fades
    bias: Tensor  # (HV,) float32
    norm: Tensor  # (DV,)
    eps: float
    num_k: int
    num_v: int
    dim_k: int
    dim_v: int

    @property
    def memory_shape(self) -> tuple[int, int, int]:
        """Of one slot of LayerStates."""
        return self.num_v, self.dim_k, self.dim_v

    @property
    def recent_shape(self) -> tuple[int, int]:
        """Likewise."""
        return self.taps.shape[1] - 1, self.taps.shape[0]


@dataclass(frozen=True, slots=True, eq=False)
class LayerStates:
    """One such layer's states, S slots of them."""

    memory: Tensor  # (S, HV, DK, DV) float32
    recent: Tensor  # (S, T - 1, C): what its convolution has seen last, oldest first


class Ops(Protocol):
    """One implementation. Nothing in here waits for the device, unless a module of a Projection does.

    A norm's weight in the activations' type is multiplied after they were rounded to it, as in Llama; one in float32
    before that, as in Qwen3.5.
    """

    def norm_linear(self, x: Tensor, y: Tensor | None, norm: Tensor, eps: float, product: Projection) -> Tensor:
        """x (R, hidden) += y in place, where there is a y; then the product of rms_norm(x) * norm: (R, N)."""
        ...

    def norm_gated(self, x: Tensor, y: Tensor | None, norm: Tensor, eps: float, gate_up: Projection) -> Tensor:
        """As norm_linear; of what gate_up (2 * inner from hidden) gives, silu(first half) * second half: (R, inner)."""
        ...

    def linear_add(self, x: Tensor, a: Tensor, product: Projection) -> Tensor | None:
        """The product of a (R, K), for x: adds it in place and returns None, or returns it for the next call's y."""
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
        gated: bool = False,
    ) -> Tensor:
        """Rotate queries and keys, write keys and values to the pool's rows `dst` (R,); returns queries (R, H, D).

        qkv (R, (H + 2 KV) * D), or (R, (2 H + 2 KV) * D) where every query is followed by its gate; cos and sin (R, P)
        float32, for the first P of D; k and v (TOTAL, KV, D).
        """
        ...

    def gate(self, out: Tensor, qkv: Tensor) -> Tensor:
        """Attention's out (R, H, D), used up, times the sigmoid of the gates in qkv (R, (2 H + 2 KV) * D)."""
        ...

    def delta(
        self, mixed: Tensor, weights: DeltaWeights, states: LayerStates, batch: "RowBatch | AppendBatch"
    ) -> Tensor:
        """The gated delta rule along each span, from the states it reads to those it writes: (R, HV * DV).

        mixed (R, C + HV * DV + 2 HV): queries, keys, values; gates of the output; what updates and fading follow from.
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
    num_runs = 1 + sum(a.window_base != b.window_base for a, b in pairwise(spans))
    states = _moved(_states(spans), device) if spans[0].write else None
    return RowBatch(_moved(meta, device), spans, packed=meta.shape[1] >= 2 * num_runs, states=states)


def append_batch(
    windows: Sequence[tuple[int, int]], num_new: int, device: torch.device, slots: Sequence[tuple[int, int]] = ()
) -> AppendBatch:
    """The batch that lets each window (base, length) grow by `num_new` tokens. `slots`: which slot of states each
    reads and which other one it writes, where the model keeps some."""
    on_device = _moved(torch.tensor(windows, dtype=torch.int32).T.contiguous(), device)
    pairs = slots or [(0, 0)] * len(windows)
    spans = [
        RowSpan(num_new, base, length, base + length, num_new, *pair)
        for (base, length), pair in zip(windows, pairs, strict=True)
    ]
    kept = _moved(torch.tensor(slots, dtype=torch.int32).T.contiguous(), device) if pairs[0][1] else None
    most = max(length for _, length in windows) + num_new
    return AppendBatch(on_device[0], on_device[1], num_new, most, spans, kept)


def _states(spans: Sequence[RowSpan]) -> Tensor:
    """RowBatch.states of these, on the CPU."""
    columns, first = [], 0
    for span in spans:
        columns += [(first, span.num_rows, span.read, span.write)] * span.num_rows
        first += span.num_rows
    return torch.tensor(columns, dtype=torch.int32).T.contiguous()


def _moved(host: Tensor, device: torch.device) -> Tensor:
    """On the device; does not wait for it."""
    return host.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else host
