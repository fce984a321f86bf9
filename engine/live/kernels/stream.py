"""Matrix times one row, or few, at the speed of memory: the weights stream through once, everything else rides along.

RMS norm before, bias, SiLU gating and the residual sum after are part of the same launch. A program starts to load
weights before its predecessor has ended (launch.py), so memory stays busy across launches.
"""

import torch
import triton
import triton.language as tl
from triton.language.extra.cuda import gdc_launch_dependents, gdc_wait

from askcam.engine.live.kernels.launch import launch_options, limits_of, power_of_2

Tensor = torch.Tensor


@triton.jit
def _stream(
    X, NORM, W, BIAS, OUT, N, K, eps,
    HAS_NORM: tl.constexpr, HAS_BIAS: tl.constexpr, ADD: tl.constexpr, GATED: tl.constexpr,
    BN: tl.constexpr, BK: tl.constexpr, BX: tl.constexpr, PDL: tl.constexpr,
):  # fmt: skip
    first = tl.program_id(0)
    stride = tl.num_programs(0)
    on = tl.arange(0, BN)
    ok = tl.arange(0, BK)
    tiles = tl.cdiv(N, BN)
    steps = tl.cdiv(K, BK)
    total = tl.cdiv(tiles - first, stride) * steps
    TYPE = OUT.dtype.element_ty

    n = first * BN + on
    here = (n < N)[:, None] & (ok < K)[None, :]
    at = n.to(tl.int64)[:, None] * K + ok[None, :]
    w = tl.load(W + at, mask=here, other=0.0, eviction_policy="evict_first")
    u = w
    if GATED:
        u = tl.load(W + at + N.to(tl.int64) * K, mask=here, other=0.0, eviction_policy="evict_first")
    if PDL:
        gdc_launch_dependents()
        gdc_wait()
    scale = 1.0
    if HAS_NORM:
        ox = tl.arange(0, BX)
        whole = tl.load(X + ox, mask=ox < K, other=0.0).to(tl.float32)
        scale = tl.rsqrt(tl.sum(whole * whole, 0) / K + eps)
    acc = tl.zeros([BN, BK], tl.float32)
    acc_u = acc
    for i in range(total):
        # the next tile is under way while this one is added up
        nxt = i + 1
        n2 = (first + (nxt // steps) * stride) * BN + on
        k2 = (nxt % steps) * BK + ok
        here = (n2 < N)[:, None] & (k2 < K)[None, :]
        at = n2.to(tl.int64)[:, None] * K + k2[None, :]
        w2 = tl.load(W + at, mask=here, other=0.0, eviction_policy="evict_first")
        u2 = w2
        if GATED:
            u2 = tl.load(W + at + N.to(tl.int64) * K, mask=here, other=0.0, eviction_policy="evict_first")
        k = (i % steps) * BK + ok
        x = tl.load(X + k, mask=k < K, other=0.0).to(tl.float32)
        if HAS_NORM:
            x = x * tl.load(NORM + k, mask=k < K, other=0.0).to(tl.float32)
        acc += w.to(tl.float32) * x[None, :]
        if GATED:
            acc_u += u.to(tl.float32) * x[None, :]
        if i % steps == steps - 1:
            n = (first + (i // steps) * stride) * BN + on
            out = tl.sum(acc, 1) * scale
            if HAS_BIAS:
                out += tl.load(BIAS + n, mask=n < N, other=0.0).to(tl.float32)
            out = out.to(TYPE)
            if GATED:
                gate = out.to(tl.float32)
                gate = (gate / (1.0 + tl.exp(-gate))).to(TYPE).to(tl.float32)
                up = (tl.sum(acc_u, 1) * scale).to(TYPE).to(tl.float32)
                out = (gate * up).to(TYPE)
                acc_u = tl.zeros([BN, BK], tl.float32)
            if ADD:
                out = (out.to(tl.float32) + tl.load(OUT + n, mask=n < N, other=0.0).to(tl.float32)).to(TYPE)
            tl.store(OUT + n, out, mask=n < N)
            acc = tl.zeros([BN, BK], tl.float32)
        w = w2
        u = u2


def stream(
    x: Tensor,
    weight: Tensor,
    *,
    norm: Tensor | None = None,
    eps: float = 0.0,
    bias: Tensor | None = None,
    add_to: Tensor | None = None,
    gated: bool = False,
    tile: tuple[int, int, int, int] = (8, 512, 4, 4),
) -> Tensor:
    """weight (N, K) @ x (1, K): rms-normed first when `norm` is given, added to `add_to` (1, N) in place when that is.

    `gated`: weight is (2 N, K), gate above up; returns silu(gate) * up (1, N). `tile`: rows and columns of weights that
    a program holds at once, its warps, and programs per multiprocessor: these change speed only.
    """
    block_n, block_k, warps, waves = tile
    k = weight.shape[1]
    n = weight.shape[0] // 2 if gated else weight.shape[0]
    assert x.shape == (1, k), x.shape
    assert x.is_contiguous()
    assert weight.is_contiguous()
    out = torch.empty(1, n, device=x.device, dtype=x.dtype) if add_to is None else add_to
    tiles = triton.cdiv(n, block_n)
    block_k = min(block_k, power_of_2(k))
    _stream[(min(tiles, waves * limits_of(x.device).num_processors),)](
        x, x if norm is None else norm, weight, x if bias is None else bias, out, n, k, eps,
        HAS_NORM=norm is not None, HAS_BIAS=bias is not None, ADD=add_to is not None, GATED=gated,
        BN=block_n, BK=block_k, BX=power_of_2(k), **launch_options(x.device, warps),
    )  # fmt: skip
    return out


@triton.jit(do_not_specialize=["M"])
def _few(
    X, W, BIAS, OUT, M, N, K,
    HAS_BIAS: tl.constexpr, ADD: tl.constexpr, GATED: tl.constexpr,
    BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr, PDL: tl.constexpr,
):  # fmt: skip
    on = tl.program_id(0) * BN + tl.arange(0, BN)
    om = tl.arange(0, BM)
    ok = tl.arange(0, BK)
    TYPE = OUT.dtype.element_ty
    # rows past the end read row 0: their sums are not stored, and loads without masks are wider
    rows_w = tl.where(on < N, on, 0).to(tl.int64)[None, :] * K + ok[:, None]
    rows_x = tl.where(om < M, om, 0)[:, None] * K + ok[None, :]
    if PDL:
        gdc_launch_dependents()
        gdc_wait()
    acc = tl.zeros([BM, BN], tl.float32)
    acc_u = tl.zeros([BM, BN], tl.float32)
    for i in range(0, K, BK):
        left = K - i
        x = tl.load(X + rows_x + i, mask=(ok < left)[None, :], other=0.0)
        w = tl.load(W + rows_w + i, mask=(ok < left)[:, None], other=0.0)
        acc = tl.dot(x, w, acc, input_precision="ieee")
        if GATED:
            u = tl.load(W + rows_w + i + N.to(tl.int64) * K, mask=(ok < left)[:, None], other=0.0)
            acc_u = tl.dot(x, u, acc_u, input_precision="ieee")
    stored = (om < M)[:, None] & (on < N)[None, :]
    at = om[:, None] * N + on[None, :]
    if HAS_BIAS:
        acc += tl.load(BIAS + on, mask=on < N, other=0.0).to(tl.float32)[None, :]
    out = acc.to(TYPE)
    if GATED:
        gate = out.to(tl.float32)
        gate = (gate / (1.0 + tl.exp(-gate))).to(TYPE).to(tl.float32)
        out = (gate * acc_u.to(TYPE).to(tl.float32)).to(TYPE)
    if ADD:
        out = (out.to(tl.float32) + tl.load(OUT + at, mask=stored, other=0.0).to(tl.float32)).to(TYPE)
    tl.store(OUT + at, out, mask=stored)


def few(
    x: Tensor,
    weight: Tensor,
    *,
    bias: Tensor | None = None,
    add_to: Tensor | None = None,
    gated: bool = False,
    tile: tuple[int, int, int, int] = (32, 256, 4, 4),
) -> Tensor:
    """x (M, K) @ weight (N, K)^T for M of at most 64, on tensor cores; `bias`, `add_to` and `gated` as of stream().

    `tile`: rows and columns of weights per step, warps, and steps under way at once.
    """
    block_n, block_k, warps, stages = tile
    m, k = x.shape
    n = weight.shape[0] // 2 if gated else weight.shape[0]
    assert x.is_contiguous()
    assert weight.is_contiguous()
    out = torch.empty(m, n, device=x.device, dtype=x.dtype) if add_to is None else add_to
    _few[(triton.cdiv(n, block_n),)](
        x, weight, x if bias is None else bias, out, m, n, k,
        HAS_BIAS=bias is not None, ADD=add_to is not None, GATED=gated,
        BM=max(16, power_of_2(m)), BN=block_n, BK=min(block_k, max(16, power_of_2(k))),
        **launch_options(x.device, warps, stages),
    )  # fmt: skip
    return out
