"""What each kernel computes, against plain torch in float64, over shapes that hypothesis draws.

Not collected by itself: test_kernels.py runs it, on the CPU in Triton's interpreter and, where there is one, on a GPU.
KERNELS_ON names the device.
"""

import os

import pytest
import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from torch import Tensor

from askcam.engine.live.kernels import attention, elementwise
from askcam.engine.live.kernels.stream import few, stream
from askcam.engine.live.ops import (
    AppendBatch,
    DeltaWeights,
    HeadNorms,
    LayerStates,
    RowSpan,
    append_batch,
    row_batch,
)
from askcam.engine.live.torch_ops import TorchOps, attend
from askcam.engine.live.triton_ops import TritonOps

DEVICE = torch.device(os.environ["KERNELS_ON"])
MOST, SPANS = (300, 5) if DEVICE.type == "cuda" else (130, 3)  # an interpreter takes a second for a window of 300
MOST_HEADS = 1 << 20 if DEVICE.type == "cuda" else 400  # of all rows: each is merged by a program of its own
DTYPE, LIMIT = (torch.bfloat16, 1e-2) if DEVICE.type == "cuda" else (torch.float32, 1e-5)  # of the relative error

pytestmark = pytest.mark.filterwarnings("default")  # Triton's own
examples = settings(
    max_examples=60 if DEVICE.type == "cuda" else 12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # shrinking in the interpreter takes minutes
)
groups = st.sampled_from([(1, 1), (4, 1), (7, 1), (6, 2), (2, 2), (12, 4)])  # query heads of a key head, key heads
dims = st.sampled_from([64, 128])
seeds = st.integers(0, 1 << 20)


def randn(*shape: int) -> Tensor:
    return torch.randn(*shape, device=DEVICE).to(DTYPE)


def check(got: Tensor, want: Tensor) -> None:
    assert got.isfinite().all()
    error = (got.double() - want.double()).norm() / want.double().norm().clamp(min=1e-6)
    assert error < LIMIT, float(error)


@examples
@given(seeds, st.sampled_from([(1, 64), (3, 96), (5, 1000)]), st.booleans())
def test_add_rms(seed: int, shape: tuple[int, int], add: bool) -> None:
    torch.manual_seed(seed)
    x, y, weight = randn(*shape), randn(*shape), randn(shape[1])
    want_x = x.double() + y.double() if add else x.double()
    got = elementwise.add_rms(x, y if add else None, weight, 1e-6)
    check(x, want_x)
    check(got, F.rms_norm(want_x, (shape[1],), weight.double(), 1e-6))


@examples
@given(seeds, st.integers(1, 4), st.sampled_from([16, 1024, 1300]))
def test_silu_mul(seed: int, rows: int, inner: int) -> None:
    torch.manual_seed(seed)
    gate_up = randn(rows, 2 * inner)
    gate, up = gate_up.double().chunk(2, -1)
    check(elementwise.silu_mul(gate_up), F.silu(gate) * up)


@examples
@given(
    seeds,
    groups,
    st.sampled_from([64, 256]),
    st.integers(1, 5),
    st.sampled_from([None, DTYPE, torch.float32]),
    st.booleans(),
)
def test_rope_write(
    seed: int, group: tuple[int, int], dim: int, rows: int, normed: torch.dtype | None, partly: bool
) -> None:
    """`normed`: the type of norms, if any; `partly`: a quarter of each head is turned, and queries have gates."""
    torch.manual_seed(seed)
    num_kv = group[1]
    heads = group[0] * num_kv
    qkv = randn(rows, (heads * (1 + partly) + 2 * num_kv) * dim)
    angles = torch.randn(rows, dim // (8 if partly else 2), device=DEVICE).repeat(1, 2)
    dst = torch.randperm(20, device=DEVICE)[:rows].to(torch.int32)
    norms = HeadNorms(randn(dim).to(normed), randn(dim).to(normed), 1e-6) if normed else None
    wide = HeadNorms(norms.q.double(), norms.k.double(), 1e-6) if norms else None
    k, v = randn(20, num_kv, dim), randn(20, num_kv, dim)
    want_k, want_v = k.double(), v.double()
    q = elementwise.rope_write(qkv, angles.cos(), angles.sin(), dst, k, v, heads, norms, partly)
    want_q = TorchOps().rope_write(
        qkv.double(), angles.cos().double(), angles.sin().double(), dst, want_k, want_v, heads, wide, partly
    )
    for got, want in ((q, want_q), (k, want_k), (v, want_v)):
        check(got, want)
    if partly:
        want_out = TorchOps().gate(want_q.clone(), qkv.double())
        check(elementwise.gate(q.clone(), qkv), want_out)


@st.composite
def fed(draw: st.DrawFn) -> list[RowSpan]:
    """Spans that go on from nothing or from something, and leave it elsewhere; some of them nowhere."""
    counts = draw(st.lists(st.sampled_from([1, 1, 1, 2, 3, 5, 70]), min_size=1, max_size=4))
    reads = [draw(st.sampled_from([0, 2, 3, 4])) for _ in counts]
    return [RowSpan(n, 0, 0, 0, n, reads[i], draw(st.sampled_from([1, 5 + i]))) for i, n in enumerate(counts)]


def layer_of(num_k: int, num_v: int, dim_k: int, dim_v: int) -> tuple[DeltaWeights, LayerStates]:
    channels = 2 * num_k * dim_k + num_v * dim_v
    rate, bias = -torch.rand(num_v, device=DEVICE).exp(), torch.randn(num_v, device=DEVICE)
    weights = DeltaWeights(randn(channels, 4), rate, bias, randn(dim_v), 1e-6, num_k, num_v, dim_k, dim_v)
    memory = torch.randn(10, *weights.memory_shape, device=DEVICE)
    memory[0] = 0.0
    return weights, LayerStates(memory, randn(10, *weights.recent_shape))


def clone(states: LayerStates) -> LayerStates:
    return LayerStates(states.memory.clone(), states.recent.clone())


@examples
@given(seeds, fed(), st.sampled_from([(1, 1, 16, 16), (2, 4, 16, 64), (1, 2, 64, 32)]))
def test_delta_of_rows(seed: int, parts: list[RowSpan], shape: tuple[int, int, int, int]) -> None:
    torch.manual_seed(seed)
    weights, states = layer_of(*shape)
    num_rows = sum(part.num_rows for part in parts)
    mixed = randn(num_rows, weights.taps.shape[0] + shape[1] * shape[3] + 2 * shape[1])
    batch = row_batch(parts, torch.zeros(3, num_rows, dtype=torch.int32), DEVICE)
    ours, plain = clone(states), clone(states)
    check(TritonOps().delta(mixed, weights, ours, batch), TorchOps().delta(mixed, weights, plain, batch))
    kept = [part.write for part in parts if part.write > 1]
    others = [slot for slot in range(10) if slot not in kept and slot != 1]
    for got, want, before in ((ours.memory, plain.memory, states.memory), (ours.recent, plain.recent, states.recent)):
        assert torch.equal(got[others], before[others])
        if kept:
            check(got[kept], want[kept])


@examples
@given(seeds, st.integers(1, 3), st.sampled_from([1, 2, 40]))
def test_delta_of_windows(seed: int, windows: int, num_new: int) -> None:
    torch.manual_seed(seed)
    weights, states = layer_of(2, 4, 16, 32)
    mixed = randn(windows * num_new, weights.taps.shape[0] + 4 * 32 + 2 * 4)
    places, slots = [(50 * i, 3) for i in range(windows)], [(2, 5), (3, 6), (2, 7)][:windows]
    batch = append_batch(places, num_new, DEVICE, slots)
    ours, plain = clone(states), clone(states)
    check(TritonOps().delta(mixed, weights, ours, batch), TorchOps().delta(mixed, weights, plain, batch))
    check(ours.memory, plain.memory)
    check(ours.recent, plain.recent)


@st.composite
def spans(draw: st.DrawFn) -> tuple[list[RowSpan], int]:
    """Rows over windows and tails that do not touch each other, and the pool's size."""
    windows = [(i * MOST, MOST) for i in range(3)]
    end, out = 3 * MOST, []
    for _ in range(draw(st.integers(1, SPANS))):
        base, most = draw(st.sampled_from(windows))
        num_rows = draw(st.sampled_from([1, 1, 2, 7, 18]))
        tail = num_rows + draw(st.sampled_from([0, 0, 1, 70]))
        out.append(RowSpan(num_rows, base, draw(st.sampled_from([0, 1, 63, 64, 65, most])), end, tail))
        end += tail
    return out, end


@examples
@given(seeds, spans(), groups, dims, st.booleans(), st.sampled_from([None, 1, 5, 63]))
def test_row_attention(
    seed: int, drawn: tuple[list[RowSpan], int], group: tuple[int, int], dim: int, packed: bool, splits: int | None
) -> None:
    torch.manual_seed(seed)
    parts, total = drawn
    k, v = randn(total, group[1], dim), randn(total, group[1], dim)
    columns = [
        (span.window_base, span.window_len, span.tail_base, j + 1)
        for span in parts
        for j in range(span.tail_len - span.num_rows, span.tail_len)
    ]
    q = randn(len(columns), group[0] * group[1], dim) * 2
    bounds = torch.tensor(columns, dtype=torch.int32, device=DEVICE).T.contiguous()
    got = attention.row_attention(q, k, v, *bounds, dim**-0.5, packed=packed, splits=splits)
    check(got, attend(q.double(), k.double(), v.double(), parts, dim**-0.5))


@pytest.mark.parametrize(
    ("most", "dim", "itemsize", "kib", "want"),
    [
        (128, 128, 2, 99, (128, 64)),
        (32, 128, 4, 99, (32, 64)),
        (128, 256, 2, 227, (128, 64)),
        (128, 256, 2, 163, (128, 64)),
        (128, 256, 2, 99, (64, 32)),  # 64 rows and 64 keys take 104 KiB
        (32, 256, 4, 99, (32, 16)),
    ],
)
def test_a_tile_fits_into_the_device_s_shared_memory(
    most: int, dim: int, itemsize: int, kib: int, want: tuple[int, int]
) -> None:
    assert attention.fitting(most, 64, dim, itemsize, kib << 10) == want


def test_a_row_that_sees_nothing_is_zero() -> None:
    nothing = torch.zeros(2, dtype=torch.int32, device=DEVICE)
    k = randn(8, 1, 64)
    for packed in (False, True):
        out = attention.row_attention(randn(2, 4, 64), k, k, nothing, nothing, nothing, nothing, 1.0, packed=packed)
        assert (out == 0).all()


@examples
@given(seeds, groups, dims, st.lists(st.sampled_from([0, 1, 15, 130]), min_size=1, max_size=3), st.integers(1, 40))
def test_append_attention(seed: int, group: tuple[int, int], dim: int, old: list[int], num_new: int) -> None:
    torch.manual_seed(seed)
    num_new = min(num_new, MOST_HEADS // (group[0] * group[1] * len(old)))
    order = torch.randperm(len(old)).tolist()
    bases = [200 * i for i in order]
    k, v = randn(600, group[1], dim), randn(600, group[1], dim)
    q = randn(len(old) * num_new, group[0] * group[1], dim) * 2
    parts = [RowSpan(num_new, base, n, base + n, num_new) for base, n in zip(bases, old, strict=True)]
    on_device = torch.tensor([bases, old], dtype=torch.int32, device=DEVICE)
    batch = AppendBatch(on_device[0], on_device[1], num_new, 200, ())
    got = TritonOps().append_attention(q, k, v, batch, dim**-0.5)
    check(got, attend(q.double(), k.double(), v.double(), parts, dim**-0.5))


products = st.sampled_from([(64, 40), (96, 33), (200, 128), (1040, 48)])  # columns, rows of the weights


@examples
@given(seeds, products, st.sampled_from([1, 2, 5, 16]), st.booleans(), st.booleans(), st.booleans())
def test_products(seed: int, shape: tuple[int, int], rows: int, biased: bool, add: bool, gated: bool) -> None:
    torch.manual_seed(seed)
    k, n = shape
    x, weight, norm = randn(rows, k), randn(2 * n if gated else n, k) * k**-0.5, randn(k)
    bias = randn(n) if biased and not gated else None
    into = randn(rows, n) if add else None

    def want(x: Tensor) -> Tensor:
        y = x @ weight.double().T
        if bias is not None:
            y = y + bias.double()
        if gated:
            y = F.silu(y[:, :n]) * y[:, n:]
        return y if before is None else y + before.double()

    before = None if into is None else into.clone()
    check(few(x, weight, bias=bias, add_to=into, gated=gated, tile=(16, 64, 4, 3)), want(x.double()))
    if rows == 1:
        before = None if into is None else into.clone()
        normed = F.rms_norm(x.double(), (k,), norm.double(), 1e-6)
        tile = (4, 256, 4, 2)
        got = stream(x, weight, norm=norm, eps=1e-6, bias=bias, add_to=into, gated=gated, tile=tile)
        check(got, want(normed))
