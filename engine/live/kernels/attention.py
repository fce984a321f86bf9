"""Attention of rows over two segments each, a window and a private tail, as one softmax.

Every length and base is read from device memory, so one captured graph serves every window length.

Work is cut three ways: rows into tiles, kv heads, and the window's tokens into splits, whose partial results a second
kernel merges. A tile holds some rows times the query heads of one kv head. Rows of a tile that share a window (the
tokens of one question, or several questions of one camera) read its keys and values once; a tile whose rows see
different windows walks through them one after the other.
"""

from dataclasses import dataclass

import torch
import triton
import triton.language as tl
from triton.language.extra.cuda import gdc_launch_dependents, gdc_wait

from askcam.engine.live.kernels.launch import INTERPRETER, GpuLimits, launch_options, limits_of, power_of_2

Tensor = torch.Tensor
MOST_KEYS = 64  # that a tile of rows meets at once
WIDE = 200 << 10  # bytes of shared memory
FULL = 64 * 128  # numbers of a tile's result that four warps hold beside its operands
MOST_SPLITS = 63  # with the tail's share 64, which the merge reads in one go
LOG2_E = 1.4426950408889634


@triton.jit
def _walk(
    q, K, V, base, lo, hi, mine, see_len, kv, scale, m, total, acc, KVH: tl.constexpr, D: tl.constexpr, BN: tl.constexpr
):  # fmt: skip
    """Fold tokens [lo, hi) of the segment at `base` into the running softmax of the tile's rows that are `mine`."""
    od = tl.arange(0, D)
    for i in range(lo, hi, BN):
        j = i + tl.arange(0, BN)
        at = ((base + j).to(tl.int64) * KVH + kv) * D
        inside = j < hi
        k = tl.load(K + at[:, None] + od[None, :], mask=inside[:, None], other=0.0)
        v = tl.load(V + at[:, None] + od[None, :], mask=inside[:, None], other=0.0)
        x = tl.dot(q, tl.trans(k), input_precision="ieee") * scale
        seen = mine[:, None] & (j[None, :] < see_len[:, None]) & inside[None, :]
        x = tl.where(seen, x, -1e30)
        new = tl.maximum(m, tl.max(x, 1))
        p = tl.where(seen, tl.exp2(x - new[:, None]), 0.0)
        shrink = tl.exp2(m - new)
        total = total * shrink + tl.sum(p, 1)
        acc = acc * shrink[:, None] + tl.dot(p.to(V.dtype.element_ty), v, input_precision="ieee")
        m = new
    return m, total, acc


@triton.jit(do_not_specialize=["R", "NS"])  # one compiled kernel for all
def _attend(
    Q, K, V, WINDOW_BASE, WINDOW_LEN, TAIL_BASE, TAIL_LEN, ACC, ML, R, scale, NS,
    G: tl.constexpr, KVH: tl.constexpr, D: tl.constexpr, BM: tl.constexpr, RT: tl.constexpr, BN: tl.constexpr,
    PDL: tl.constexpr,
):  # fmt: skip
    pid = tl.program_id(0)
    split = tl.program_id(1)
    tile = pid // KVH
    kv = pid % KVH
    om = tl.arange(0, BM)
    od = tl.arange(0, D)
    row = tile * RT + om // G
    real = (om < RT * G) & (row < R)
    if PDL:
        gdc_launch_dependents()
        gdc_wait()
    head = (row * KVH + kv) * G + om % G
    q = tl.load(Q + head[:, None] * D + od[None, :], mask=real[:, None], other=0.0)
    m = tl.full([BM], -1e30, tl.float32)
    total = tl.zeros([BM], tl.float32)
    acc = tl.zeros([BM, D], tl.float32)
    BASE = WINDOW_BASE
    LEN = WINDOW_LEN
    parts = NS
    part = split
    if split == NS:  # the last split is the tail
        BASE = TAIL_BASE
        LEN = TAIL_LEN
        parts = 1
        part = 0
    bases = tl.load(BASE + row, mask=real, other=0)
    lens = tl.load(LEN + row, mask=real, other=0)
    start = tile * RT
    end = tl.minimum(start + RT, R)
    while start < end:  # runs of rows that share a segment
        base = tl.load(BASE + start)
        stop = tl.min(tl.where(real & (row > start) & (bases != base), row, end), 0)
        mine = real & (row >= start) & (row < stop)
        n = tl.max(tl.where(mine, lens, 0), 0)
        share = tl.cdiv(tl.cdiv(n, parts), BN) * BN
        lo = part * share
        hi = tl.minimum(lo + share, n)
        m, total, acc = _walk(q, K, V, base, lo, hi, mine, lens, kv, scale, m, total, acc, KVH, D, BN)
        start = stop
    slot = (pid.to(tl.int64) * (NS + 1) + split) * BM + om
    tl.store(ML + slot * 2, m)
    tl.store(ML + slot * 2 + 1, total)
    tl.store(ACC + slot[:, None] * D + od[None, :], acc)


@triton.jit(do_not_specialize=["R", "NS1"])
def _merge(
    ACC, ML, OUT, R, NS1, G: tl.constexpr, KVH: tl.constexpr, D: tl.constexpr, BM: tl.constexpr, RT: tl.constexpr,
    BS: tl.constexpr, PDL: tl.constexpr,
):  # fmt: skip
    pid = tl.program_id(0)
    om = tl.program_id(1)
    row = (pid // KVH) * RT + om // G
    od = tl.arange(0, D)
    os = tl.arange(0, BS)
    there = os < NS1
    slot = (pid.to(tl.int64) * NS1 + os) * BM + om
    if PDL:
        gdc_launch_dependents()
        gdc_wait()
    m = tl.load(ML + slot * 2, mask=there, other=-1e30)
    total = tl.load(ML + slot * 2 + 1, mask=there, other=0.0)
    part = tl.load(ACC + slot[:, None] * D + od[None, :], mask=there[:, None], other=0.0)
    weight = tl.exp2(m - tl.max(m, 0))
    whole = tl.sum(total * weight, 0)
    out = tl.sum(part * weight[:, None], 0) / tl.where(whole > 0.0, whole, 1.0)
    if row < R:
        head = (row * KVH + pid % KVH) * G + om % G
        tl.store(OUT + head * D + od, out.to(OUT.dtype.element_ty))


@dataclass(frozen=True, slots=True)
class AttentionTile:
    """How attention is cut: what one program takes."""

    rows: int  # tokens; each brings the query heads that share a key head
    block_m: int  # rows of the tile: a power of two
    block_n: int  # keys that they meet at once
    warps: int


def tile_for(rows: int, group: int, dim: int, itemsize: int, packed: bool, limits: GpuLimits) -> AttentionTile:
    """Of `rows` tokens whose heads of `dim` share a key head by `group`. Pure.

    As large as shared memory allows and registers hold: tests/engine/live/test_aot.py compiles it for many a card and
    looks for what is spilled. Where tensor cores read from shared memory (cards that have more than WIDE of it)
    registers hold more.
    """
    wide = limits.shared_bytes > WIDE
    block_n = MOST_KEYS
    if itemsize == 4:  # without tensor cores all operands lie in registers
        most_m, block_n = (32, MOST_KEYS) if limits is INTERPRETER else (16, MOST_KEYS // (2 if dim <= 128 else 4))
    else:
        most_m = 128 if rows * group > 64 and dim <= 128 else 64
        if most_m * dim > FULL and not wide:
            block_n = MOST_KEYS // 2
    most_m, block_n = fitting(most_m, block_n, dim, itemsize, limits.shared_bytes)
    together = max(1, min(rows, most_m // group)) if packed else 1
    block_m = max(16, power_of_2(together * group))
    full = block_m == 128 or block_m * dim > FULL or (block_m == 64 and block_m * dim == FULL and not wide)
    warps = 8 if full else 4
    return AttentionTile(together, block_m, block_n, warps)


def fitting(most_m: int, most_n: int, dim: int, itemsize: int, limit: int) -> tuple[int, int]:
    """Rows of a tile and keys that it meets at once, so many at most, so that both fit into `limit` bytes. Pure."""
    block_m, block_n = most_m, most_n
    while itemsize * (block_m * dim + 2 * block_n * dim + block_m * block_n) > limit and block_n > 16:
        block_m, block_n = (block_m // 2, block_n) if block_m > 64 else (block_m, block_n // 2)
    return block_m, block_n


def row_attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    window_base: Tensor,
    window_len: Tensor,
    tail_base: Tensor,
    tail_len: Tensor,
    scale: float,
    packed: bool = False,
    splits: int | None = None,
) -> Tensor:
    """Row i of q (R, H, D) attends rows [window_base, + window_len) and [tail_base, + tail_len) of k, v (TOTAL, KV, D).

    The four (R,) int32 tensors are read on the device. `packed`: neighbouring rows mostly share a window; never
    changes a result, only what it costs. A row that sees nothing gets zeros.
    """
    assert all(bound.is_contiguous() for bound in (window_base, window_len, tail_base, tail_len))
    rows, heads, dim = q.shape
    num_kv = k.shape[1]
    group = heads // num_kv
    limits = limits_of(q.device)
    tile = tile_for(rows, group, dim, q.itemsize, packed, limits)
    rows_per_tile, block_m = tile.rows, tile.block_m
    tiles = -(-rows // rows_per_tile) * num_kv
    parts = splits or max(1, min(MOST_SPLITS, 2 * limits.num_processors // tiles))
    acc = torch.empty(tiles * (parts + 1) * block_m * dim, device=q.device, dtype=torch.float32)
    ml = torch.empty(tiles * (parts + 1) * block_m * 2, device=q.device, dtype=torch.float32)
    out = torch.empty_like(q)
    _attend[(tiles, parts + 1)](
        q, k, v, window_base, window_len, tail_base, tail_len, acc, ml, rows, scale * LOG2_E, parts,
        G=group, KVH=num_kv, D=dim, BM=block_m, RT=rows_per_tile, BN=tile.block_n,
        **launch_options(q.device, tile.warps, 2),
    )  # fmt: skip
    _merge[(tiles, rows_per_tile * group)](
        acc, ml, out, rows, parts + 1, G=group, KVH=num_kv, D=dim, BM=block_m, RT=rows_per_tile,
        BS=power_of_2(parts + 1), **launch_options(q.device, 4),
    )  # fmt: skip
    return out
