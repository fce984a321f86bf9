"""Which dtype a model's weights get on a CPU where nobody says: measured, since few CPUs compute bfloat16 faster.

AMX and AVX512-BF16 do. Elsewhere bfloat16 halves the memory and costs time: it is taken where float32 does not fit.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F

SMALL_BYTES = 500_000_000  # in float32: such a model is fast enough in it, and then exact
ROWS = 256  # of a product that stands for a prompt or a frame
WEIGHTS = 1 << 23  # of the products that are timed, at most: what a larger one costs follows from it
ALIKE = 0.9  # of the speed of a token: less of a difference is the measuring's
CACHES = 64 << 20  # bytes that are read in between, to leave little of a weight in a CPU's caches
ROUNDS, BUDGET_S = 5, 1.0  # whichever ends first, after one round


@dataclass(frozen=True, slots=True)
class Speeds:
    """Seconds for one product with the same weights."""

    prefill_s: float  # of many rows
    decode_s: float  # of one


@dataclass(frozen=True, slots=True)
class DtypeChoice:
    """A dtype, and why it is that one, in a line."""

    dtype: torch.dtype
    why: str


def choose(
    needed: Mapping[torch.dtype, int], left: int, stored_so: bool, measure: Callable[[], Mapping[torch.dtype, Speeds]]
) -> DtypeChoice:
    """float32 or bfloat16. Pure but for `measure`, which is called where speed is to decide.

    `needed`: bytes in each; `left`: bytes of memory; `stored_so`: the checkpoint is in bfloat16, so that it loses
    nothing; `measure` gives nothing on a CPU without units for bfloat16.
    """
    wide, narrow = torch.float32, torch.bfloat16
    if needed[wide] <= SMALL_BYTES and needed[wide] <= left:
        return DtypeChoice(wide, "float32: exact, and this model is small enough for it")
    if not stored_so:
        return DtypeChoice(wide, "float32: the checkpoint is not in bfloat16, which would lose of its digits")
    if needed[wide] > left:
        sizes = f"{needed[wide] / 1e9:.2f} GB, and {left / 1e9:.2f} GB are left"
        return DtypeChoice(narrow, f"bfloat16: float32 would take {sizes}")
    speeds = measure()
    if not speeds:
        return DtypeChoice(wide, "float32: this CPU has no units for bfloat16 (AMX, AVX512-BF16)")
    prompts = speeds[wide].prefill_s / speeds[narrow].prefill_s
    tokens = speeds[wide].decode_s / speeds[narrow].decode_s
    found = f"{prompts:.1f} times as fast for prompts and frames, {tokens:.1f} times for a token"
    if prompts > 1 and tokens > ALIKE:
        return DtypeChoice(narrow, f"bfloat16: measured here, {found}")
    return DtypeChoice(wide, f"float32: bfloat16 is slower in one here ({found})")


def has_units() -> bool:
    """Whether this CPU computes bfloat16 in hardware, as far as torch can say."""
    asked = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(bool(getattr(torch.cpu, name, lambda: False)()) for name in asked)


def measure(hidden: int, inner: int, clock: Callable[[], float] = time.perf_counter) -> Mapping[torch.dtype, Speeds]:
    """Products with (a slice of) a weight (inner, hidden), laid out as the live backend does: under two seconds."""
    if not has_units():
        return {}
    weight = torch.randn(max(1, min(inner, WEIGHTS // hidden)), hidden)
    weights = {torch.float32: weight.t().contiguous().t(), torch.bfloat16: weight.bfloat16()}
    beside = torch.ones(CACHES // 4)  # a token reads all weights in turn: those of one product are in no cache then
    times: dict[tuple[torch.dtype, int], float] = {}
    began = clock()
    for turn in range(ROUNDS + 1):  # the first makes what later ones find made
        for dtype, laid in weights.items():
            for rows in (ROWS, 1):
                x = torch.ones(rows, hidden, dtype=dtype)
                if rows == 1:
                    beside.add_(1)
                start = clock()
                F.linear(x, laid)
                took = clock() - start
                times[dtype, rows] = took if turn <= 1 else min(took, times[dtype, rows])
        if turn and clock() - began > BUDGET_S:
            break
    return {dtype: Speeds(times[dtype, ROWS], times[dtype, 1]) for dtype in weights}
