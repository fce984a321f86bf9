"""Kernels are compiled for the GPUs that people have, with the tiles that the product would take there, without one.

A program that wants more shared memory than its multiprocessor has is never launched. Registers that are too few are
spilled to memory, which is slow only, and bounded here. `-s` prints the table.

Passes of real models are run on tensors without memory: what they launch is written down and compiled, not launched.
"""

import importlib.util
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from support.parts import need

from askcam.engine.bench import shapes
from askcam.engine.live.language import Language
from askcam.engine.live.ops import AppendBatch, RowBatch

META = torch.device("meta")
ROWS = ((1, False), (16, False), (8, True), (320, True))  # of a pass, and whether neighbours share a window
NUM_NEW, TOTAL, SLOTS = 250, 4096, 16
NARROW, WIDE = torch.bfloat16, torch.float32


@dataclass(frozen=True, slots=True)
class CardOf:
    """One compute capability. Sources: CUDA C++ Programming Guide, technical specifications; a card's data sheet."""

    num_processors: int
    shared_kib: int  # of a multiprocessor, that one program may have
    spilled: int  # bytes of a thread's registers: what Triton 3.8 spilled here, rounded up
    whole: bool = False  # all kernels are compiled, not only those whose tiles and memory decide
    num_turns: int = 1  # of the tiles that are tried at start-up, so many are


CARDS: Mapping[int, CardOf] = {
    80: CardOf(108, 163, 16, whole=True),  # A100
    86: CardOf(82, 99, 16),  # RTX 3090, A10
    89: CardOf(128, 99, 16),  # RTX 4090, L4
    90: CardOf(132, 227, 0, whole=True, num_turns=2),  # H100, H200
    100: CardOf(148, 227, 0),  # B200
    120: CardOf(170, 99, 16),  # RTX 5090
}
DECISIVE = ("_attend", "_few")  # by their tiles
ALIKE = {
    "BS",
    "HAS_BIAS",
    "ADD",
    "TABLE",
    "RT",
}  # constants that change little: of launches that differ in them one is compiled
PLACES = {"_merge": {"G", "KVH", "BM", "RT"}}  # likewise, of a kernel that only finds its place by them


@pytest.fixture
def small_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real shapes, no deeper than it takes to see every kind of layer."""
    for name in ("2b", "7b"):
        first, _, *rest = shapes.SHAPES[name]
        monkeypatch.setitem(shapes.SHAPES, name, (first, 2, *rest[:6], 1, *rest[7:]))
    hybrid = replace(shapes.HYBRIDS["qwen3.5-2b"], layers=4, depth=1)
    monkeypatch.setitem(shapes.HYBRIDS, "qwen3.5-2b", hybrid)


def make_passes(name: str, dtype: torch.dtype, turn: int) -> None:
    """All that launches a model's kernels, on no memory. `turn`: which of the tiles that are tried at start-up."""
    from askcam.engine.live import tuning
    from askcam.engine.live.triton_ops import LaunchPlan, Shape, TritonOps

    class Tried(dict[Shape, LaunchPlan]):
        def get(self, shape: Any, default: Any = None) -> LaunchPlan:
            _, _, gated, one = shape
            few = tuning.FEW_GATED if gated else tuning.FEW
            tiles = (tuning.ONE_GATED if gated else tuning.ONE) if one else few
            return LaunchPlan(tiles[turn % len(tiles)])

    ops = TritonOps()
    ops.plans = Tried()
    loaded = shapes.random_model(name, META, dtype)
    language = Language(loaded.model, ops, interleaved=loaded.spec.interleaved)
    language.allocate(TOTAL, SLOTS)

    def ints(*shape: int) -> torch.Tensor:
        return torch.empty(shape, dtype=torch.int32, device=META)

    for rows, packed in ROWS:
        x = torch.empty(rows, language.hidden, dtype=dtype, device=META)
        language.rows(x, RowBatch(ints(8, rows), (), packed, ints(4, rows) if language.states else None))
    x = torch.empty(2 * NUM_NEW, language.hidden, dtype=dtype, device=META)
    slots = ints(2, 2) if language.states else None
    language.append(x, ints(3, 2 * NUM_NEW).long(), AppendBatch(ints(2), ints(2), NUM_NEW, TOTAL, (), slots))


def attend(heads: int, kv_heads: int, dim: int, dtype: torch.dtype) -> None:
    """Attention of such heads alone."""
    from askcam.engine.live.kernels.attention import row_attention

    k = torch.empty(TOTAL, kv_heads, dim, dtype=dtype, device=META)
    for rows, packed in ROWS:
        q = torch.empty(rows, heads, dim, dtype=dtype, device=META)
        bounds = torch.empty(4, rows, dtype=torch.int32, device=META)
        row_attention(q, k, k, *bounds, 1.0, packed=packed)


@pytest.fixture(params=CARDS)
def card(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, small_models: None) -> int:
    """A compute capability; the kernels' files take every device for such a card."""
    need(importlib.util.find_spec("triton") is not None, "Triton is missing: it comes with torch on Linux")
    from support.ahead import compiles_for

    from askcam.engine.live.kernels import attention, launch, stream

    capability: int = request.param
    need(compiles_for(capability), f"Triton here has no assembler for sm_{capability}")
    of = CARDS[capability]
    limits = launch.GpuLimits(of.num_processors, of.shared_kib << 10, capability >= 90)
    for module in (attention, launch, stream):
        monkeypatch.setattr(module, "limits_of", lambda device: limits)
    return capability


def of_a_kind(found: Iterable[Any]) -> list[Any]:
    """Of launches that are all but ALIKE the one with the largest constants, and the least known of its arguments.
    "BS" comes first of these: so many values a program holds at once."""
    kinds: dict[tuple[Any, ...], Any] = {}

    def size(launch: Any) -> tuple[Any, ...]:
        names = launch.kernel.arg_names
        block = max((value for at, value in launch.constants if names[at] == "BS"), default=0)
        return block, launch.constants, -len(launch.aligned)

    for launch in sorted(found, key=size):
        names = launch.kernel.arg_names
        alike = ALIKE | PLACES.get(launch.kernel.__name__, set())
        kinds[launch.kernel, *((names[at], value) for at, value in launch.constants if names[at] not in alike)] = launch
    return sorted(kinds.values(), key=lambda one: str(one.name))


def test_every_kernel_fits_into_the_card(card: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from support.ahead import compiled, launches

    of = CARDS[card]

    def run() -> None:
        for turn in range(of.num_turns):
            make_passes("2b", NARROW, turn)
        make_passes("qwen3.5-2b", NARROW, 0)
        if of.whole:
            attend(16, 4, 64, torch.float16)
            attend(12, 2, 128, WIDE)
            attend(8, 2, 256, WIDE)

    found = launches(monkeypatch, run)
    names = {launch.kernel.__name__ for launch in found}
    assert names >= {"_attend", "_merge", "_add_rms", "_silu_mul", "_rope_write", "_gate", "_stream", "_few"}
    assert names >= {"_convolve", "_walk", "_gated_norm"}
    wrong = []
    for launch in of_a_kind(found):
        if not of.whole and launch.kernel.__name__ not in DECISIVE:
            continue
        made = compiled(launch, card)
        said = (
            f"sm_{card} {launch.name}: {made.shared_bytes / 1024:.0f} of {of.shared_kib} KiB, "
            f"{made.registers} registers, {made.spilled_bytes} B spilled"
        )
        print(said)
        if made.shared_bytes > of.shared_kib << 10 or made.spilled_bytes > of.spilled:
            wrong.append(said)
        assert ("griddepcontrol.wait" in made.text) == (card >= 90), launch.name
    assert wrong == []
