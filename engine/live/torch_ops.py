"""The operations in plain torch: any device, and the fast way on a CPU."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from askcam.engine.live.ops import AppendBatch, DeltaWeights, HeadNorms, LayerStates, RowBatch, RowSpan
from askcam.engine.live.projections import Projection
from askcam.engine.live.torch_delta import delta


class TorchOps:
    """An implementation of ops.Ops."""

    def norm_linear(self, x: Tensor, y: Tensor | None, norm: Tensor, eps: float, product: Projection) -> Tensor:
        if y is not None:
            x.add_(y)
        return product(rms(x, norm, eps))

    def norm_gated(self, x: Tensor, y: Tensor | None, norm: Tensor, eps: float, gate_up: Projection) -> Tensor:
        gate, up = self.norm_linear(x, y, norm, eps, gate_up).chunk(2, -1)
        return F.silu(gate).mul_(up)

    def linear_add(self, x: Tensor, a: Tensor, product: Projection) -> Tensor | None:
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
        num_kv, dim = k.shape[1:]
        z = qkv.view(-1, num_heads * (1 + gated) + 2 * num_kv, dim)
        qk = z[:, :-num_kv]
        if gated:
            qk = torch.cat((z[:, : 2 * num_heads : 2], z[:, -2 * num_kv : -num_kv]), 1)
        if norms is not None:
            qk = torch.cat((rms(qk[:, :num_heads], norms.q, norms.eps), rms(qk[:, num_heads:], norms.k, norms.eps)), 1)
        cos, sin = cos.to(qk.dtype)[:, None], sin.to(qk.dtype)[:, None]
        partly = cos.shape[-1] < dim
        turning = qk[..., : cos.shape[-1]] if partly else qk
        left, right = turning.chunk(2, -1)
        turned = torch.cat((-right, left), -1).mul_(sin)
        turned += turning * cos
        if partly:
            turned = torch.cat((turned, qk[..., cos.shape[-1] :]), -1)
        dst = dst.long()
        k.index_copy_(0, dst, turned[:, num_heads:])
        v.index_copy_(0, dst, z[:, -num_kv:])
        return turned[:, :num_heads]

    def gate(self, out: Tensor, qkv: Tensor) -> Tensor:
        num_rows, num_heads, dim = out.shape
        gates = qkv[:, : 2 * num_heads * dim].view(num_rows, num_heads, 2, dim)[:, :, 1]
        return out.mul_(gates.sigmoid())

    def delta(self, mixed: Tensor, weights: DeltaWeights, states: LayerStates, batch: RowBatch | AppendBatch) -> Tensor:
        return delta(mixed, weights, states, batch.spans)

    def row_attention(self, q: Tensor, k: Tensor, v: Tensor, batch: RowBatch, scale: float) -> Tensor:
        return attend(q, k, v, batch.spans, scale)

    def append_attention(self, q: Tensor, k: Tensor, v: Tensor, batch: AppendBatch, scale: float) -> Tensor:
        return attend(q, k, v, batch.spans, scale)


def rms(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """As transformers does it: the norm in float32, the weight in its own dtype, as ops.Ops says."""
    if x.dtype == torch.float32:
        return F.rms_norm(x, weight.shape, weight, eps)
    wide = x.float()
    normed = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + eps)
    return (weight * normed.to(weight.dtype)).to(x.dtype)


FLASH_ROWS = 12  # from so many rows on, the CPU's flash kernel is faster than two products and a softmax


def attend(q: Tensor, k: Tensor, v: Tensor, spans: Sequence[RowSpan], scale: float) -> Tensor:
    """Span by span over contiguous views of the pool: nothing is gathered, so cost follows what is really seen."""
    if len(spans) == 1:
        return _attend_span(q, k, v, spans[0], scale)
    parts, first = [], 0
    for span in spans:
        parts.append(_attend_span(q[first : first + span.num_rows], k, v, span, scale))
        first += span.num_rows
    return torch.cat(parts)


def _attend_span(q: Tensor, k: Tensor, v: Tensor, span: RowSpan, scale: float) -> Tensor:
    num_rows, num_heads, dim = q.shape
    num_kv = k.shape[1]
    group = num_heads // num_kv
    if num_rows >= FLASH_ROWS and span.tail_len == num_rows and q.device.type == "cpu":
        return _attend_flash(q, k, v, span, scale)
    window = slice(span.window_base, span.window_base + span.window_len)
    tail = slice(span.tail_base, span.tail_base + span.tail_len)
    # (KV, R * group, D): the heads that share a key head are more rows for it
    z = q.reshape(num_rows, num_kv, group, dim).permute(1, 0, 2, 3).reshape(num_kv, num_rows * group, dim) * scale
    own = torch.bmm(z, k[tail].permute(1, 2, 0))  # (KV, R * group, tail_len)
    if num_rows > 1:
        late = torch.ones(num_rows, span.tail_len, dtype=torch.bool, device=q.device)
        late = late.triu_(span.tail_len - num_rows + 1)
        own.view(num_kv, num_rows, group, -1).masked_fill_(late[None, :, None], float("-inf"))
    if not span.window_len:
        out = torch.bmm(own.softmax(-1, dtype=torch.float32).to(v.dtype), v[tail].transpose(0, 1))
    else:
        far = torch.bmm(z, k[window].permute(1, 2, 0))
        weights = torch.cat((far, own), -1).softmax(-1, dtype=torch.float32).to(v.dtype)
        out = torch.bmm(weights[..., : span.window_len], v[window].transpose(0, 1))
        out.baddbmm_(weights[..., span.window_len :], v[tail].transpose(0, 1))
    return out.view(num_kv, num_rows, group, dim).permute(1, 0, 2, 3).reshape(num_rows, num_heads, dim)


def _attend_flash(q: Tensor, k: Tensor, v: Tensor, span: RowSpan, scale: float) -> Tensor:
    """The same for a whole prompt or append on a CPU: window and tail apart, joined by their sums of exponentials."""
    num_rows, num_heads, dim = q.shape
    num_kv = k.shape[1]
    group = num_heads // num_kv
    tail = slice(span.tail_base, span.tail_base + span.tail_len)
    heads = q.transpose(0, 1)[None]  # (1, H, R, D)
    own_k, own_v = (part[tail].transpose(0, 1)[None].repeat_interleave(group, 1) for part in (k, v))
    own, own_sum = FLASH(heads, own_k, own_v, 0.0, True, scale=scale)
    if span.window_len:
        window = slice(span.window_base, span.window_base + span.window_len)
        # the heads that share a key head are more rows for it: nobody is masked here
        z = heads.reshape(1, num_kv, group * num_rows, dim)
        far, far_sum = FLASH(
            z, k[window].transpose(0, 1)[None], v[window].transpose(0, 1)[None], 0.0, False, scale=scale
        )
        share = torch.sigmoid(far_sum.reshape(1, num_heads, num_rows) - own_sum)[..., None].to(own.dtype)
        own = torch.lerp(own, far.reshape(1, num_heads, num_rows, dim), share)
    out: Tensor = own[0].transpose(0, 1)
    return out


FLASH = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
