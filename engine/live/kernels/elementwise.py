"""Residual add with RMS norm, SiLU gating, rotary embedding with the write into the KV pool: one launch each.

Rounding points are those of transformers' modules: the residual sum, the normalised row and silu(gate) are rounded to
the activations' type, everything between is float32.
"""

import torch
import triton
import triton.language as tl
from triton.language.extra.cuda import gdc_launch_dependents, gdc_wait

from askcam.engine.live.kernels.launch import launch_options, power_of_2
from askcam.engine.live.ops import HeadNorms

Tensor = torch.Tensor


@triton.jit
def _add_rms(X, Y, W, OUT, N, eps, HAS_Y: tl.constexpr, BN: tl.constexpr, PDL: tl.constexpr):
    row = tl.program_id(0).to(tl.int64) * N
    o = tl.arange(0, BN)
    inside = o < N
    w = tl.load(W + o, mask=inside, other=0.0).to(tl.float32)  # nobody writes weights: loaded before the wait
    if PDL:
        gdc_launch_dependents()
        gdc_wait()
    x = tl.load(X + row + o, mask=inside, other=0.0).to(tl.float32)
    if HAS_Y:
        x = x + tl.load(Y + row + o, mask=inside, other=0.0).to(tl.float32)
        x = x.to(X.dtype.element_ty)
        tl.store(X + row + o, x, mask=inside)
        x = x.to(tl.float32)
    h = x * tl.rsqrt(tl.sum(x * x, 0) / N + eps)
    h = h.to(W.dtype.element_ty).to(tl.float32) * w
    tl.store(OUT + row + o, h.to(X.dtype.element_ty), mask=inside)


def add_rms(x: Tensor, y: Tensor | None, weight: Tensor, eps: float) -> Tensor:
    """x += y, in place, where there is a y; returns rms_norm(x) * weight. x, y (R, hidden), contiguous."""
    out = torch.empty_like(x)
    width = x.shape[-1]
    block = power_of_2(width)
    _add_rms[(x.numel() // width,)](
        x,
        x if y is None else y,
        weight,
        out,
        width,
        eps,
        HAS_Y=y is not None,
        BN=block,
        **launch_options(x.device, 8 if block > 1024 else 4),
    )
    return out


@triton.jit
def _silu_mul(GU, OUT, N, BN: tl.constexpr, PDL: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    o = tl.program_id(1) * BN + tl.arange(0, BN)
    inside = o < N
    if PDL:
        gdc_launch_dependents()
        gdc_wait()
    gate = tl.load(GU + row * 2 * N + o, mask=inside, other=0.0).to(tl.float32)
    up = tl.load(GU + row * 2 * N + N + o, mask=inside, other=0.0).to(tl.float32)
    s = (gate / (1.0 + tl.exp(-gate))).to(GU.dtype.element_ty).to(tl.float32)
    tl.store(OUT + row * N + o, (s * up).to(GU.dtype.element_ty), mask=inside)


def silu_mul(gate_up: Tensor) -> Tensor:
    """silu(first half) * second half. gate_up (R, 2 * inner), contiguous; returns (R, inner)."""
    rows, inner = gate_up.shape[0], gate_up.shape[1] // 2
    out = torch.empty(rows, inner, device=gate_up.device, dtype=gate_up.dtype)
    grid = (rows, triton.cdiv(inner, 1024))
    _silu_mul[grid](gate_up, out, inner, BN=1024, **launch_options(gate_up.device, 4))
    return out


@triton.jit
def _rope_write(
    QKV, COS, SIN, DST, Q, K, V, QN, KN, eps,
    H: tl.constexpr, KVH: tl.constexpr, D: tl.constexpr, P: tl.constexpr, GATES: tl.constexpr, NORMS: tl.constexpr,
    PDL: tl.constexpr,
):  # fmt: skip
    r = tl.program_id(0).to(tl.int64)
    h = tl.program_id(1)
    HALF: tl.constexpr = P // 2
    TYPE = QKV.dtype.element_ty
    o = tl.arange(0, HALF)
    of = tl.arange(0, D)
    still = of >= P  # these are not turned
    if PDL:
        gdc_launch_dependents()
        gdc_wait()
    place = tl.where(h < H, h * (1 + GATES), h + H * GATES)
    source = QKV + (r * (H * (1 + GATES) + 2 * KVH) + place) * D
    a = tl.load(source + o).to(tl.float32)
    b = tl.load(source + HALF + o).to(tl.float32)
    c = tl.load(source + of, mask=still, other=0.0).to(tl.float32)
    if h < H + KVH:  # V is neither normed nor rotated
        if NORMS:
            norm = QN if h < H else KN
            KIND = QN.dtype.element_ty
            scale = tl.rsqrt((tl.sum(a * a, 0) + tl.sum(b * b, 0) + tl.sum(c * c, 0)) / D + eps)
            a = (a * scale).to(KIND).to(tl.float32) * tl.load(norm + o).to(tl.float32)
            b = (b * scale).to(KIND).to(tl.float32) * tl.load(norm + HALF + o).to(tl.float32)
            c = (c * scale).to(KIND).to(tl.float32) * tl.load(norm + of, mask=still, other=0.0).to(tl.float32)
        cos = tl.load(COS + r * P + o).to(tl.float32)
        sin = tl.load(SIN + r * P + o).to(tl.float32)
        turned = a * cos - b * sin
        b = b * cos + a * sin
        a = turned
    slot = tl.load(DST + r).to(tl.int64) * KVH
    target = Q + (r * H + h) * D
    if h >= H + KVH:
        target = V + (slot + h - H - KVH) * D
    elif h >= H:
        target = K + (slot + h - H) * D
    tl.store(target + o, a.to(TYPE))
    tl.store(target + HALF + o, b.to(TYPE))
    tl.store(target + of, c.to(TYPE), mask=still)


def rope_write(
    qkv: Tensor,
    cos: Tensor,
    sin: Tensor,
    dst: Tensor,
    k: Tensor,
    v: Tensor,
    num_heads: int,
    norms: HeadNorms | None = None,
    gated: bool = False,
) -> Tensor:
    """Norm (where there are norms) and rotate queries and keys; write keys and values to rows `dst`; return queries.

    qkv (R, (H + 2 KV) * D), with H * D more where every query is followed by its gate; cos, sin (R, P) float32, both
    halves alike, for the first P of D; dst (R,) int32; k, v (TOTAL, KV, D): all contiguous. The queries are (R, H, D).
    """
    num_kv, dim = k.shape[1:]
    q = torch.empty(qkv.shape[0], num_heads, dim, device=qkv.device, dtype=qkv.dtype)
    _rope_write[(qkv.shape[0], num_heads + 2 * num_kv)](
        qkv, cos, sin, dst, q, k, v,
        qkv if norms is None else norms.q, qkv if norms is None else norms.k, 0.0 if norms is None else norms.eps,
        H=num_heads, KVH=num_kv, D=dim, P=cos.shape[-1], GATES=int(gated), NORMS=norms is not None,
        **launch_options(qkv.device, 1),
    )  # fmt: skip
    return q


@triton.jit
def _gate(OUT, QKV, WIDTH, H: tl.constexpr, D: tl.constexpr, PDL: tl.constexpr):
    r = tl.program_id(0).to(tl.int64)
    h = tl.program_id(1)
    o = tl.arange(0, D)
    if PDL:
        gdc_launch_dependents()
        gdc_wait()
    gate = tl.load(QKV + r * WIDTH + (2 * h + 1) * D + o)
    gate = (1.0 / (1.0 + tl.exp(-gate.to(tl.float32)))).to(gate.dtype).to(tl.float32)
    at = OUT + (r * H + h) * D + o
    tl.store(at, (tl.load(at).to(tl.float32) * gate).to(OUT.dtype.element_ty))


def gate(out: Tensor, qkv: Tensor) -> Tensor:
    """out (R, H, D) *= sigmoid of the gates that stand behind the queries in qkv (R, WIDTH): both contiguous."""
    rows, heads, dim = out.shape
    assert out.is_contiguous()
    assert qkv.is_contiguous()
    _gate[(rows, heads)](out, qkv, qkv.shape[1], H=heads, D=dim, **launch_options(out.device, 1))
    return out
