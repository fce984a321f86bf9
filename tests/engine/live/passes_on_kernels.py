"""Whole passes on Triton's kernels, plain and through Graphs, against the same passes on plain torch.

Not collected by itself: test_passes_on_kernels.py runs it, as test_kernels.py runs kernels_against_torch.py. Where
there is no CUDA, Graphs has the same padding and the same tensors that stay in place, and calls where it would replay.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from support.tiny_models import FULL, LINEAR, save_tiny
from torch import Tensor

from askcam.engine.live import graphs as graphs_room
from askcam.engine.live import projections, tuning
from askcam.engine.live.captured import Captured
from askcam.engine.live.cuda import check_ops, settle_ops
from askcam.engine.live.graphs import OFTEN, Graphs
from askcam.engine.live.kvpool import STEP, KVPool
from askcam.engine.live.language import Language
from askcam.engine.live.ops import RowSpan, append_batch, row_batch
from askcam.engine.live.projections import ModuleProducts
from askcam.engine.live.statepool import OWN
from askcam.engine.live.torch_ops import TorchOps
from askcam.engine.live.triton_ops import MOST_FEW, LaunchPlan, TritonOps
from askcam.engine.live.vision import Vision
from askcam.engine.loading import Loaded

DEVICE = torch.device(os.environ["KERNELS_ON"])
DTYPE, LIMIT = (torch.bfloat16, 5e-2) if DEVICE.type == "cuda" else (torch.float32, 1e-4)
ROWS = 512

pytestmark = pytest.mark.filterwarnings("default")
FAMILIES = ["qwen2_vl", "qwen3_vl", "qwen3_5"]  # bias without head norms, head norms without bias, states
KEYED = FAMILIES[:2]
SLOTS = OWN + 10
Make = Callable[[str], Loaded]


@pytest.fixture(scope="session")
def tiny_model(builtin: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """As everywhere, but no deeper than it must be: each layer takes the interpreter seconds.

    Of two layers one begins and one goes on; Qwen3-VL's third is the one to which vision adds nothing.
    """
    folders = {kind: tmp_path_factory.mktemp(kind) for kind in FAMILIES}
    for kind, num_layers in zip(KEYED, (2, 3), strict=True):
        save_tiny(kind, builtin, folders[kind], num_layers)
    save_tiny("qwen3_5", builtin, folders["qwen3_5"], layers=(LINEAR, FULL))
    return folders.__getitem__


class All(dict[object, LaunchPlan]):
    """Plans that leave nothing to cuBLAS."""

    def get(self, shape: object, default: object = None) -> LaunchPlan:  # type: ignore[override]
        return LaunchPlan((16, 256, 4, 2) if shape[3] else (64, 128, 4, 3))  # type: ignore[index]


def languages(loaded: Loaded, ours: TritonOps) -> tuple[Language, Language]:
    """One model on plain torch and on `ours`, with the same noise in their pools."""
    model = loaded.model.to(DEVICE, DTYPE)
    made = [Language(model, ops, interleaved=loaded.spec.interleaved) for ops in (TorchOps(), ours)]
    for language in made:
        noise = torch.Generator().manual_seed(0)
        language.allocate(ROWS + STEP, SLOTS)
        language.kv.copy_(torch.randn(language.kv.shape, generator=noise))
        for states in language.states:
            for part in (states.memory, states.recent):
                part[OWN:].copy_(torch.randn(part[OWN:].shape, generator=noise))
    return made[0], made[1]


def slotted(spans: list[RowSpan], language: Language) -> list[RowSpan]:
    """The same, each with slots of its own where the model keeps states; every other one begins from another's."""
    if not language.states:
        return spans
    return [replace(span, read=OWN + i // 2, write=OWN + 5 + i) for i, span in enumerate(spans)]


def kept(language: Language) -> list[Tensor]:
    """All that may not change but by what is written."""
    return [language.kv[:, :, :ROWS], *(part[OWN:] for one in language.states for part in (one.memory, one.recent))]


def alike(one: Language, other: Language) -> bool:
    return all(close(ours, theirs) for ours, theirs in zip(kept(one), kept(other), strict=True))


def close(got: Tensor, want: Tensor) -> bool:
    return bool((got.float() - want.float()).norm() < LIMIT * want.float().norm())


def draw(spans: list[RowSpan], language: Language, seed: int) -> tuple[Tensor, Tensor]:
    noise = torch.Generator().manual_seed(seed)
    num_rows = sum(span.num_rows for span in spans)
    positions = torch.randint(0, 60, (3, num_rows), generator=noise, dtype=torch.int32)
    return language.embed(torch.randint(0, 200, (num_rows,), generator=noise).to(DEVICE)), positions


SPANS = [
    [RowSpan(1, 0, 100, 300, 5)],
    [RowSpan(3, 0, 100, 300, 3), RowSpan(2, 0, 80, 320, 2), RowSpan(1, 100, 130, 340, 9)],
    [RowSpan(1, 0, 100, 300, 1), RowSpan(1, 100, 20, 320, 1), RowSpan(1, 0, 0, 340, 3)],
    [RowSpan(MOST_FEW + 1, 0, 90, 300, MOST_FEW + 1)],
]


@pytest.mark.parametrize("plans", [{}, All()], ids=["cublas", "ours"])
@pytest.mark.parametrize("kind", FAMILIES)
@torch.inference_mode()
def test_passes_equal_those_of_plain_torch(kind: str, plans: dict[object, LaunchPlan], sharp: Make) -> None:
    ours = TritonOps()
    ours.plans = plans  # type: ignore[assignment]
    same_passes(*languages(sharp(kind), ours))


@torch.inference_mode()
def test_passes_between_whose_kernels_modules_multiply_equal_them_too(
    sharp: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = sharp("qwen3_5")
    plain, _ = languages(loaded, TritonOps())
    monkeypatch.setattr(projections, "strangeness", lambda module: "is asked for its product")
    _, language = languages(loaded, TritonOps())
    assert isinstance(language.full[0].qkv, ModuleProducts)
    same_passes(plain, language)
    assert check_ops(language) is None
    assert tuning.tune(language) == {}  # there is no weight to be read


def same_passes(plain: Language, language: Language) -> None:
    """Rows and windows, on both."""
    for seed, spans in enumerate(SPANS):
        x, positions = draw(spans, plain, seed)
        batch = row_batch(slotted(spans, plain), positions, DEVICE)
        select = torch.tensor([x.shape[0] - 1], device=DEVICE) if seed % 2 else None
        want = plain.rows(x.clone(), batch, select)
        assert close(language.rows(x.clone(), batch, select), want)
    for one in (plain, language):
        x, positions = draw([RowSpan(10, 0, 0, 0, 10)], one, 9)
        slots = [(OWN, OWN + 5), (OWN + 1, OWN + 6)] if one.states else []
        batch = append_batch([(0, 100), (150, 40)], 5, DEVICE, slots)
        for layers in (range(0, 1), range(1, len(one.layers))):
            one.append(x, positions.to(DEVICE), batch, layers=layers)
    assert alike(language, plain)


@pytest.mark.parametrize(
    ("sizes", "chosen"),
    [
        ([1], False),  # as many as were captured
        ([3, 1, 1], True),  # fewer: padded
        ([9, 3], False),  # more: not replayed
    ],
)
def test_a_padded_replay_equals_the_pass_itself(sharp: Make, sizes: list[int], chosen: bool) -> None:
    replayed("qwen2_vl", sharp, sizes, chosen, 7, counts=(1, 2, 4, 8))


def test_a_padded_replay_writes_no_state_but_its_own(sharp: Make) -> None:
    replayed("qwen3_5", sharp, [1, 3, 1], True, 5)


def test_what_vision_adds_between_layers_is_replayed_with_the_pass(sharp: Make) -> None:
    replayed("qwen3_vl", sharp, [1, 18, 3], True, 3, extras=True)


def replayed(
    kind: str,
    sharp: Make,
    sizes: list[int],
    chosen: bool,
    seed: int,
    *,
    extras: bool = False,
    counts: Sequence[int] = (1, 2, 4, 8, 32),
) -> None:
    with torch.inference_mode():
        plain, language = languages(sharp(kind), TritonOps())
        vision = Vision(sharp(kind).model, kind)
        graphs = Graphs(language, vision, KVPool(ROWS))
        graphs.capture_rows(counts)
        ran: list[int] = []
        rows = language.rows
        language.rows = lambda x, *more: ran.append(x.shape[0]) or rows(x, *more)  # type: ignore[method-assign, func-returns-value]
        spans, tail = [], 300
        for i, size in enumerate(sizes):
            spans.append(RowSpan(size, 100 * (i % 2), 90 + i, tail, size))
            tail += size
        x, positions = draw(spans, plain, seed)
        batch = row_batch(slotted(spans, plain), positions, DEVICE)
        select = torch.arange(0, x.shape[0], 2, device=DEVICE) if chosen else None
        added = tuple(torch.randn(x.shape).to(x) for _ in range(vision.num_extras)) if extras else ()
        want = plain.rows(x.clone(), batch, select, added)
        for _ in range(2):  # whatever the first one left behind
            assert close(graphs.rows(x.clone(), batch, select, added), want)
        assert alike(language, plain)
        least = 32 if extras else sum(sizes)
        captured = min((count for count in counts if count >= least), default=sum(sizes))
        assert set(ran) in (set(), {captured})  # on CUDA nothing is called; elsewhere the padded pass is


@torch.inference_mode()
def test_many_answers_that_all_go_on_are_replayed(sharp: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, language = languages(sharp("qwen2_vl"), TritonOps())
    graphs = Graphs(language, Vision(sharp("qwen2_vl").model, "qwen2_vl"), KVPool(ROWS))
    graphs.capture_rows((32,))
    ran: list[int] = []
    rows = language.rows
    monkeypatch.setattr(language, "rows", lambda x, *more: ran.append(x.shape[0]) or rows(x, *more))
    x, positions = draw([RowSpan(1, 0, 90, 300 + i, 1) for i in range(20)], language, 0)
    batch = row_batch([RowSpan(1, 0, 90, 300 + i, 1) for i in range(20)], positions, DEVICE)
    logits = graphs.rows(x.clone(), batch)
    assert logits.shape[0] == 20
    assert close(logits, plain.rows(x.clone(), batch))
    assert ran in ([], [32])  # on CUDA nothing is called; elsewhere the padded pass is


@pytest.mark.parametrize("kind", ["qwen3_vl", "qwen3_5"])
@torch.inference_mode()
def test_growing_windows_by_replay_equals_growing_them(kind: str, sharp: Make) -> None:
    plain, language = languages(sharp(kind), TritonOps())
    vision = Vision(sharp(kind).model, kind)
    pool = KVPool(ROWS)
    pool.take(400)
    graphs = Graphs(language, vision, pool)
    for step in range(OFTEN + 2):
        x, positions = draw([RowSpan(16, 0, 0, 0, 16)], plain, step)
        extras = tuple(torch.randn(x.shape).to(x) for _ in range(vision.num_extras))
        windows = [(0, 8 * step), (200, 50 + 8 * step)]
        turn = OWN + 2 * (step % 2), OWN + 2 - 2 * (step % 2)  # what was written is read next, and the other way round
        slots = [(turn[0], turn[1]), (turn[0] + 1, turn[1] + 1)] if plain.states else []
        batch = append_batch(windows, 8, DEVICE, slots)
        plain.append(x.clone(), positions.to(DEVICE), batch, extras)
        ranges = graphs.layer_ranges(2, 8)
        for layers in ranges:
            graphs.append(x, positions.to(DEVICE), batch, extras, layers)
        assert close(language.kv[:, :, :400], plain.kv[:, :, :400]), step
        assert all(close(ours, theirs) for ours, theirs in zip(kept(language)[1:], kept(plain)[1:], strict=True)), step
    assert pool.stats().used_rows == 400


@pytest.mark.parametrize("piece_ms", [1e9, 1e-9], ids=["whole", "in pieces"])
@pytest.mark.parametrize("kind", KEYED)
@torch.inference_mode()
def test_encoding_by_replay_equals_encoding(
    kind: str, piece_ms: float, sharp: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graphs_room, "PIECE_MS", piece_ms)
    monkeypatch.setattr(Captured, "milliseconds", lambda self: 1.0)
    _, language = languages(sharp(kind), TritonOps())
    vision = Vision(sharp(kind).model, kind)
    graphs = Graphs(language, vision, KVPool(ROWS))
    for step in range(OFTEN + 2):
        noise = torch.Generator().manual_seed(step)
        patches = torch.randn((1, 24, vision.patch_values), generator=noise).to(DEVICE, DTYPE)
        want = vision.encode(patches, 4, 6)
        *most, got = graphs.encode(patches, 4, 6)
        assert len(most) == (vision.num_blocks - 1 if step >= OFTEN - 1 and piece_ms < 1 else 0)
        assert got is not None
        assert close(got.tokens, want.tokens)
        assert len(got.extras) == len(want.extras)
        assert all(close(ours, theirs) for ours, theirs in zip(got.extras, want.extras, strict=True))


@pytest.mark.parametrize("kind", ["qwen2_vl", "qwen3_5"])
def test_the_kernels_pass_their_check_at_start_up(kind: str, sharp: Make) -> None:
    _, language = languages(sharp(kind), TritonOps())
    assert check_ops(language) is None


def test_kernels_are_planned_where_they_are_right(sharp: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    _, language = languages(sharp("qwen2_vl"), TritonOps())
    for name in ("ONE", "ONE_GATED", "FEW", "FEW_GATED"):
        monkeypatch.setattr(tuning, name, [(16, 64, 4, 3)])
    times = iter(range(1000, 0, -1))  # each faster than the one before
    monkeypatch.setattr(tuning, "_milliseconds", lambda *args: next(times))
    assert len(tuning.tune(language)) == 10  # five products, of one row and of a few
    monkeypatch.setattr(tuning, "_error", lambda *args: float("nan"))
    assert tuning.tune(language) == {}


def test_a_wrong_kernel_is_found_and_not_used(sharp: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    _, language = languages(sharp("qwen2_vl"), TritonOps())
    honest = TritonOps.row_attention
    monkeypatch.setattr(TritonOps, "row_attention", lambda *args: honest(*args) * 1.1)
    said = check_ops(language)
    assert said is not None
    assert "attention of rows" in said
    honest_delta = TritonOps.delta
    _, keeping = languages(sharp("qwen3_5"), TritonOps())
    monkeypatch.setattr(TritonOps, "row_attention", honest)
    monkeypatch.setattr(TritonOps, "delta", lambda *args: honest_delta(*args) * 1.1)
    assert "states is off by" in (check_ops(keeping) or "")
    monkeypatch.setattr(TritonOps, "row_attention", lambda *args: honest(*args) * 1.1)
    assert not settle_ops(language, lambda what: None)
    assert isinstance(language.ops, TorchOps)
