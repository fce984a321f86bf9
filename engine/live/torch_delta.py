"""The gated delta rule in plain torch: one token as stock code steps, more of them in chunks, as it does, too.

A state is a table (DK, DV) for each value head: a token reads what stands under its query, after it has let the table
fade and put its value where its key pointed before. Sums are float32 whatever the activations are; letters of ops.py.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from askcam.engine.live.ops import DeltaWeights, LayerStates, RowSpan

CHUNK = 64  # tokens whose effects on each other are solved for together
TINY = 1e-6  # under the root of a key's length, as in stock code


def delta(mixed: Tensor, weights: DeltaWeights, states: LayerStates, spans: Sequence[RowSpan]) -> Tensor:
    """ops.Ops.delta, span by span."""
    num_v, values = weights.num_v, weights.num_v * weights.dim_v
    qkv, gates, update, fade = torch.split(mixed, [weights.taps.shape[0], values, num_v, num_v], -1)
    strength = update.sigmoid().float()  # (R, HV)
    decay = weights.rate * F.softplus(fade.float() + weights.bias)  # its logarithm
    parts, first = [], 0
    for span in spans:
        rows = slice(first, first + span.num_rows)
        assert span.read != span.write, "states that are read are not written"
        q, k, v = _heads(_convolved(qkv[rows], weights, states.recent, span), weights)
        before, after = states.memory[span.read], states.memory[span.write]
        rule = _step if span.num_rows == 1 else _chunks
        parts.append(rule(q, k, v, strength[rows].T, decay[rows].T, before, after))
        first += span.num_rows
    out = torch.cat(parts, 1).transpose(0, 1).to(mixed.dtype)  # (R, HV, DV)
    return gated_norm(out, gates.view(-1, num_v, weights.dim_v), weights).flatten(1)


def gated_norm(out: Tensor, gates: Tensor, weights: DeltaWeights) -> Tensor:
    """Each head's RMS norm, times the SiLU of its gates: (R, HV, DV) both."""
    wide = out.float()
    normed = weights.norm * (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + weights.eps)).to(out.dtype)
    return (normed * F.silu(gates.float())).to(out.dtype)


def _convolved(qkv: Tensor, weights: DeltaWeights, recent: Tensor, span: RowSpan) -> Tensor:
    """qkv (n, C) through the causal convolution and SiLU, behind what the slot has seen last."""
    num_rows, num_taps = qkv.shape[0], weights.taps.shape[1]
    seen = torch.cat((recent[span.read], qkv))  # (n + T - 1, C)
    recent[span.write] = seen[num_rows:]
    wide, taps = seen.float(), weights.taps.float()
    out = wide[:num_rows] * taps[:, 0]
    for i in range(1, num_taps):
        out.addcmul_(wide[i : i + num_rows], taps[:, i])
    return F.silu(out.to(qkv.dtype))


def _heads(qkv: Tensor, weights: DeltaWeights) -> tuple[Tensor, Tensor, Tensor]:
    """qkv (n, C) as queries and keys (HV, n, DK) of one length each, and values (HV, n, DV), in float32."""
    keys = weights.num_k * weights.dim_k
    q, k, v = torch.split(qkv.float(), [keys, keys, weights.num_v * weights.dim_v], -1)
    q, k = (part.view(-1, weights.num_k, weights.dim_k) for part in (q, k))
    q = q * (torch.rsqrt(q.square().sum(-1, keepdim=True) + TINY) * weights.dim_k**-0.5)
    k = k * torch.rsqrt(k.square().sum(-1, keepdim=True) + TINY)
    shared = weights.num_v // weights.num_k
    q, k = (part.repeat_interleave(shared, 1).transpose(0, 1) for part in (q, k))
    return q, k, v.view(-1, weights.num_v, weights.dim_v).transpose(0, 1)


def _step(q: Tensor, k: Tensor, v: Tensor, strength: Tensor, decay: Tensor, before: Tensor, after: Tensor) -> Tensor:
    """One token: q, k (HV, 1, DK), v (HV, 1, DV), strength and decay (HV, 1), states (HV, DK, DV)."""
    torch.mul(before, decay.exp()[..., None], out=after)
    new = (v - torch.bmm(k, after)) * strength[..., None]
    after.baddbmm_(k.transpose(1, 2), new)
    return torch.bmm(q, after)


def _chunks(q: Tensor, k: Tensor, v: Tensor, strength: Tensor, decay: Tensor, before: Tensor, after: Tensor) -> Tensor:
    """Some tokens: as _step for each of n."""
    table, out = before, torch.empty_like(v)
    for start in range(0, v.shape[1], CHUNK):
        rows = slice(start, start + CHUNK)
        out[:, rows], table = _chunk(q[:, rows], k[:, rows], v[:, rows], strength[:, rows], decay[:, rows], table)
    after.copy_(table)
    return out


def _chunk(q: Tensor, k: Tensor, v: Tensor, strength: Tensor, decay: Tensor, table: Tensor) -> tuple[Tensor, Tensor]:
    """At most CHUNK tokens from `table` on: what they read, and the table after them, a new one.

    What each token writes depends on what those before it wrote: a triangular system, solved for the values that they
    would write into an empty table, and for what they would take away of a full one.
    """
    faded = decay.cumsum(-1)  # (HV, c), since the chunk began
    between = (faded[:, :, None] - faded[:, None]).tril().exp().tril()
    known = k @ k.transpose(1, 2)
    wanted = torch.cat((v, k * faded.exp()[..., None]), -1) * strength[..., None]
    found = torch.linalg.solve_triangular(
        known * between * strength[..., None], wanted, upper=False, unitriangular=True
    )
    own, taken = torch.split(found, [v.shape[-1], k.shape[-1]], -1)
    new = own - taken @ table
    out = (q * faded.exp()[..., None]) @ table + (q @ k.transpose(1, 2) * between) @ new
    last = faded[:, -1:]
    left = k * (last - faded).exp()[..., None]
    return out, table * last.exp()[..., None] + left.transpose(1, 2) @ new
