"""The gated delta rule of rows: a short convolution, one walk along each span, a gated norm. Three launches.

A state is read from one slot and written to another, whose numbers are read from device memory, so one captured graph
serves all. Of the walk there is one program for each span, value head and block of values: it holds its part of the
head's table in registers and goes through the span's rows in order. Rounding points are those of transformers' modules.
"""

import torch
import triton
import triton.language as tl
from triton.language.extra.cuda import gdc_launch_dependents, gdc_wait

from askcam.engine.live.kernels.launch import launch_options, power_of_2
from askcam.engine.live.ops import COUNT, FIRST, READ, WRITE, DeltaWeights, LayerStates

Tensor = torch.Tensor
TINY = 1e-6  # under the root of a key's length, as in stock code
CHANNELS = 1024  # of the convolution, for one program
VALUES = 32  # of a head, for one program


@triton.jit
def _span_of(r, FIRSTS, COUNTS, EACH, TABLE: tl.constexpr):
    """First row, number of rows, and number of the span that row r belongs to. Without a table all have EACH rows."""
    if TABLE:
        first = tl.load(FIRSTS + r)
        count = tl.load(COUNTS + r)
        at = r
    else:
        at = r // EACH
        first = at * EACH
        count = EACH
    return first, count, at


@triton.jit
def _seen(MIXED, RECENT, first, p, slot, oc, inside, STRIDE, C, T: tl.constexpr):
    """Channels `oc` of a span's token p, which for p < 0 is one that its slot has seen last."""
    row = (first + p).to(tl.int64) * STRIDE
    old = (slot.to(tl.int64) * (T - 1) + p + T - 1) * C
    new = tl.load(MIXED + row + oc, mask=inside & (p >= 0), other=0.0)
    return tl.where(p >= 0, new, tl.load(RECENT + old + oc, mask=inside & (p < 0), other=0.0))


@triton.jit(do_not_specialize=["EACH"])
def _convolve(
    MIXED, TAPS, RECENT, OUT, FIRSTS, COUNTS, READS, WRITES, EACH, C, STRIDE,
    T: tl.constexpr, BC: tl.constexpr, TABLE: tl.constexpr, PDL: tl.constexpr,
):  # fmt: skip
    r = tl.program_id(0)
    oc = tl.program_id(1) * BC + tl.arange(0, BC)
    inside = oc < C
    TYPE = OUT.dtype.element_ty
    if PDL:
        gdc_launch_dependents()
        gdc_wait()
    first, count, at = _span_of(r, FIRSTS, COUNTS, EACH, TABLE)
    j = r - first
    read = tl.load(READS + at)
    out = tl.zeros([BC], tl.float32)
    for t in tl.static_range(T):
        x = _seen(MIXED, RECENT, first, j + t - (T - 1), read, oc, inside, STRIDE, C, T)
        out += x.to(tl.float32) * tl.load(TAPS + oc * T + t, mask=inside, other=0.0).to(tl.float32)
    out = out.to(TYPE).to(tl.float32)
    out = out / (1.0 + tl.exp(-out))
    tl.store(OUT + r.to(tl.int64) * C + oc, out.to(TYPE), mask=inside)
    if j == count - 1:
        write = tl.load(WRITES + at).to(tl.int64)
        for t in tl.static_range(T - 1):
            x = _seen(MIXED, RECENT, first, count + t - (T - 1), read, oc, inside, STRIDE, C, T)
            tl.store(RECENT + (write * (T - 1) + t) * C + oc, x, mask=inside)


@triton.jit(do_not_specialize=["EACH"])
def _walk(
    QKV, MIXED, RATE, BIAS, MEMORY, OUT, FIRSTS, COUNTS, READS, WRITES, EACH, C, STRIDE, scale,
    HK: tl.constexpr, HV: tl.constexpr, DK: tl.constexpr, DV: tl.constexpr, BV: tl.constexpr, TINY: tl.constexpr,
    TABLE: tl.constexpr, PDL: tl.constexpr,
):  # fmt: skip
    r = tl.program_id(0)
    h = tl.program_id(1)
    ok = tl.arange(0, DK)
    ov = tl.program_id(2) * BV + tl.arange(0, BV)
    TYPE = OUT.dtype.element_ty
    rate = tl.load(RATE + h)
    bias = tl.load(BIAS + h)
    if PDL:
        gdc_launch_dependents()
        gdc_wait()
    first, count, at = _span_of(r, FIRSTS, COUNTS, EACH, TABLE)
    if r == first:  # the span's first row stands for it
        tile = ok[:, None] * DV + ov[None, :]
        head = h.to(tl.int64) * DK * DV
        table = tl.load(MEMORY + tl.load(READS + at).to(tl.int64) * HV * DK * DV + head + tile)
        shared = h // (HV // HK)
        for i in range(count):
            row = (first + i).to(tl.int64)
            q = tl.load(QKV + row * C + shared * DK + ok).to(tl.float32)
            k = tl.load(QKV + row * C + (HK + shared) * DK + ok).to(tl.float32)
            v = tl.load(QKV + row * C + 2 * HK * DK + h * DV + ov).to(tl.float32)
            update = tl.load(MIXED + row * STRIDE + C + HV * DV + h).to(tl.float32)
            fade = tl.load(MIXED + row * STRIDE + C + HV * DV + HV + h).to(tl.float32) + bias
            q = q * (tl.rsqrt(tl.sum(q * q, 0) + TINY) * scale)
            k = k * tl.rsqrt(tl.sum(k * k, 0) + TINY)
            strength = (1.0 / (1.0 + tl.exp(-update))).to(TYPE).to(tl.float32)
            soft = tl.maximum(fade, 0.0) + tl.log(1.0 + tl.exp(-tl.abs(fade)))
            table = table * tl.exp(rate * soft)
            new = (v - tl.sum(table * k[:, None], 0)) * strength
            table += k[:, None] * new[None, :]
            out = tl.sum(table * q[:, None], 0)
            tl.store(OUT + (row * HV + h) * DV + ov, out.to(TYPE))
        tl.store(MEMORY + tl.load(WRITES + at).to(tl.int64) * HV * DK * DV + head + tile, table)


@triton.jit
def _gated_norm(OUT, MIXED, NORM, C, STRIDE, eps, HV: tl.constexpr, DV: tl.constexpr, PDL: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    h = tl.program_id(1)
    o = tl.arange(0, DV)
    TYPE = OUT.dtype.element_ty
    w = tl.load(NORM + o).to(tl.float32)
    if PDL:
        gdc_launch_dependents()
        gdc_wait()
    x = tl.load(OUT + (row * HV + h) * DV + o).to(tl.float32)
    z = tl.load(MIXED + row * STRIDE + C + h * DV + o).to(tl.float32)
    x = (x * tl.rsqrt(tl.sum(x * x, 0) / DV + eps)).to(TYPE).to(tl.float32)
    x = (x * w).to(TYPE).to(tl.float32) * (z / (1.0 + tl.exp(-z)))
    tl.store(OUT + (row * HV + h) * DV + o, x.to(TYPE))


def delta(mixed: Tensor, weights: DeltaWeights, states: LayerStates, spans: Tensor, each: int = 0) -> Tensor:
    """As ops.Ops.delta. `spans`: (4, R) int32 as RowBatch.states, or (2, W) with the slots that W spans of `each` rows
    read and write. mixed (R, C + HV * DV + 2 HV), contiguous; returns (R, HV * DV)."""
    assert mixed.is_contiguous()
    w = weights
    rows, stride = mixed.shape
    channels, taps = w.taps.shape
    assert power_of_2(w.dim_k) == w.dim_k
    assert power_of_2(w.dim_v) == w.dim_v
    table = not each
    parts = (spans[FIRST], spans[COUNT], spans[READ], spans[WRITE]) if table else (spans, spans, spans[0], spans[1])
    qkv = torch.empty(rows, channels, device=mixed.device, dtype=mixed.dtype)
    out = torch.empty(rows, w.num_v * w.dim_v, device=mixed.device, dtype=mixed.dtype)
    block = min(CHANNELS, power_of_2(channels))
    _convolve[(rows, triton.cdiv(channels, block))](
        mixed, w.taps, states.recent, qkv, *parts, each, channels, stride,
        T=taps, BC=block, TABLE=table, **launch_options(mixed.device, 4),
    )  # fmt: skip
    values = min(VALUES, w.dim_v)
    _walk[(rows, w.num_v, w.dim_v // values)](
        qkv, mixed, w.rate, w.bias, states.memory, out, *parts, each, channels, stride, w.dim_k**-0.5,
        HK=w.num_k, HV=w.num_v, DK=w.dim_k, DV=w.dim_v, BV=values, TINY=TINY, TABLE=table,
        **launch_options(mixed.device, 4),
    )  # fmt: skip
    _gated_norm[(rows, w.num_v)](
        out, mixed, w.norm, channels, stride, w.eps, HV=w.num_v, DV=w.dim_v, **launch_options(mixed.device, 1)
    )
    return out
