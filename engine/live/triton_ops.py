"""The operations on CUDA: Triton kernels, the flash attention that comes with torch, cuBLAS where that is faster."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from askcam.engine.live.kernels import attention, delta, elementwise
from askcam.engine.live.kernels.stream import few, stream
from askcam.engine.live.ops import (
    TAIL_BASE,
    TAIL_LEN,
    WINDOW_BASE,
    WINDOW_LEN,
    AppendBatch,
    DeltaWeights,
    HeadNorms,
    LayerStates,
    RowBatch,
)
from askcam.engine.live.projections import Projection

MOST_FEW = 16  # rows that one tensor-core tile takes in


@dataclass(frozen=True, slots=True)
class LaunchPlan:
    """By which kernel one weight matrix is multiplied: `tile` as of kernels.stream.stream (one row) or few (more)."""

    tile: tuple[int, int, int, int]


Shape = tuple[int, int, bool, bool]  # of a weight matrix: rows, columns, gated; and whether it meets one row or a few


class TritonOps:
    """An implementation of ops.Ops. `plans` says which products our kernels take over; the others are cuBLAS's."""

    def __init__(self, plans: Mapping[Shape, LaunchPlan] | None = None) -> None:
        self.plans: dict[Shape, LaunchPlan] = dict(plans or {})

    def norm_linear(self, x: Tensor, y: Tensor | None, norm: Tensor, eps: float, product: Projection) -> Tensor:
        planned = self._planned(x, product)
        if planned and y is None and x.shape[0] == 1:
            weight, plan = planned
            return stream(x, weight, norm=norm, eps=eps, bias=product.bias, tile=plan.tile)
        h = elementwise.add_rms(x, y, norm, eps)
        return _product(h, *planned, bias=product.bias) if planned else product(h)

    def norm_gated(self, x: Tensor, y: Tensor | None, norm: Tensor, eps: float, gate_up: Projection) -> Tensor:
        planned = self._planned(x, gate_up, gated=True)
        if planned and y is None and x.shape[0] == 1:
            weight, plan = planned
            return stream(x, weight, norm=norm, eps=eps, gated=True, tile=plan.tile)
        h = elementwise.add_rms(x, y, norm, eps)
        if planned:
            return _product(h, *planned, gated=True)
        return elementwise.silu_mul(gate_up(h))

    def linear_add(self, x: Tensor, a: Tensor, product: Projection) -> Tensor | None:
        planned = self._planned(a, product)
        if planned:
            _product(a, *planned, bias=product.bias, add_to=x)
            return None
        return product(a)

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
        return elementwise.rope_write(qkv, cos, sin, dst, k, v, num_heads, norms, gated)

    def gate(self, out: Tensor, qkv: Tensor) -> Tensor:
        return elementwise.gate(out, qkv)

    def delta(self, mixed: Tensor, weights: DeltaWeights, states: LayerStates, batch: RowBatch | AppendBatch) -> Tensor:
        if isinstance(batch, RowBatch):
            assert batch.states is not None, "rows of a model that keeps states say which"
            return delta.delta(mixed, weights, states, batch.states)
        assert batch.slots is not None, "windows of a model that keeps states say which"
        return delta.delta(mixed, weights, states, batch.slots, batch.num_new)

    def row_attention(self, q: Tensor, k: Tensor, v: Tensor, batch: RowBatch, scale: float) -> Tensor:
        meta = batch.meta
        return attention.row_attention(
            q,
            k,
            v,
            meta[WINDOW_BASE],
            meta[WINDOW_LEN],
            meta[TAIL_BASE],
            meta[TAIL_LEN],
            scale,
            packed=batch.packed,
        )

    def append_attention(self, q: Tensor, k: Tensor, v: Tensor, batch: AppendBatch, scale: float) -> Tensor:
        if q.is_cuda and q.dtype in (torch.bfloat16, torch.float16):
            return _flash(q, k, v, batch, scale)
        # a new token is a row whose window ends with itself
        steps = torch.arange(1, batch.num_new + 1, device=q.device, dtype=torch.int32)
        bases = batch.bases.repeat_interleave(batch.num_new)
        seen = (batch.old_lens[:, None] + steps).flatten()
        return attention.row_attention(q, k, v, bases, seen, bases, torch.zeros_like(bases), scale, packed=True)

    def _planned(self, x: Tensor, product: Projection, gated: bool = False) -> tuple[Tensor, LaunchPlan] | None:
        """The weight that a kernel of ours multiplies these rows by, and how; None: the product does it."""
        rows, weight = x.shape[0], product.weight
        if rows > MOST_FEW or weight is None:
            return None
        plan = self.plans.get((product.num_out, product.num_in, gated, rows == 1))
        return None if plan is None else (weight, plan)


def _product(
    a: Tensor,
    weight: Tensor,
    plan: LaunchPlan,
    bias: Tensor | None = None,
    add_to: Tensor | None = None,
    gated: bool = False,
) -> Tensor:
    one = a.shape[0] == 1
    return (stream if one else few)(a, weight, bias=bias, add_to=add_to, gated=gated, tile=plan.tile)


def _flash(q: Tensor, k: Tensor, v: Tensor, batch: AppendBatch, scale: float) -> Tensor:
    """torch's own variable-length flash attention; `seqused_k` lets it read lengths on the device."""
    num_windows = batch.bases.shape[0]
    starts_q = torch.arange(num_windows + 1, device=q.device, dtype=torch.int32) * batch.num_new
    starts_k = torch.cat((batch.bases, batch.bases[-1:] + batch.max_len))  # the last entry is never read
    out: Tensor = torch.ops.aten._flash_attention_forward(
        q,
        k,
        v,
        starts_q,
        starts_k,
        batch.num_new,
        batch.max_len,
        0.0,
        True,
        False,
        scale=scale,
        seqused_k=batch.old_lens + batch.num_new,
    )[0]
    return out
