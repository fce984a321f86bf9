"""Rows over windows and tails are what the stock language model computes over the whole prompt."""

import copy
from collections.abc import Callable

import pytest
import torch

from askcam.engine.live.language import Language
from askcam.engine.live.ops import RowSpan, append_batch, row_batch
from askcam.engine.live.projections import Projection
from askcam.engine.live.statepool import NOTHING, OWN, SCRATCH, StatePool, TailState
from askcam.engine.live.torch_ops import TorchOps
from askcam.engine.loading import Loaded

FAMILIES = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_5")
CPU = torch.device("cpu")


def language(loaded: Loaded) -> Language:
    made = Language(loaded.model, TorchOps(), interleaved=loaded.spec.interleaved)
    made.allocate(512, OWN + 12)
    made.kv.fill_(float("nan"))  # whoever reads a row that nobody wrote is found out
    for states in made.states:
        states.memory[SCRATCH:], states.recent[SCRATCH:] = float("nan"), float("nan")
    return made


def stock(loaded: Loaded, x: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """Logits (R, vocab) of the stock modules over the whole sequence at once."""
    with torch.no_grad():
        hidden = loaded.model.model.language_model(
            inputs_embeds=x[None], position_ids=positions[:, None]
        ).last_hidden_state
        return loaded.model.lm_head(hidden)[0]


def sequence(lang: Language, num_rows: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Some tokens with three different coordinates each."""
    generator = torch.Generator().manual_seed(seed)
    x = lang.embed(torch.randint(0, lang.embedding.shape[0], (num_rows,), generator=generator))
    steps = torch.randint(0, 2, (3, num_rows), generator=generator)
    return x, steps.cumsum(1)


@pytest.mark.parametrize("kind", FAMILIES)
@torch.inference_mode()
def test_windows_that_grow_and_tails_that_read_them_equal_one_pass_over_everything(
    kind: str, sharp: Callable[[str], Loaded]
) -> None:
    loaded = sharp(kind)
    lang = language(loaded)
    # two windows of different lengths, far apart in the pool; three questions, two of them on the first window
    sequences = [sequence(lang, num_rows, seed) for seed, num_rows in enumerate((30, 41, 26))]
    windows = [(64, 18), (200, 12)]  # (base, tokens)
    pool = StatePool(12 if lang.states else 0)
    left = []  # states that each window leaves
    for (base, length), (x, positions) in zip(windows, (sequences[0], sequences[2]), strict=True):
        state = pool.nothing
        for old, new in ((0, 5), (5, 7), (12, length - 12)):
            if new:
                before, state = state, pool.take()
                batch = append_batch([(base, old)], new, CPU, [(before.index, state.index)])
                lang.append(x[old : old + new].clone(), positions[:, old : old + new], batch)
        left.append(state)
    # the second question shares the first's window: its sequence begins like it
    sequences[1] = (
        torch.cat((sequences[0][0][:18], sequences[1][0][18:])),
        torch.cat((sequences[0][1][:, :18], sequences[1][1][:, 18:]), 1),
    )
    asked = [(0, 400), (0, 300), (1, 448)]  # (window, tail base)
    prompts = [8, 20, 3]  # rows of each tail in the first pass; the rest follow one by one
    tails = [TailState(pool, goes_on=True) for _ in asked]
    for tail, (w, _) in zip(tails, asked, strict=True):
        tail.begin(left[w])

    def spans(more: int) -> list[RowSpan]:
        each = zip(asked, prompts, tails, strict=True)
        return [RowSpan(1 if more else n, *windows[w], at, n + more, t.read, t.write) for (w, at), n, t in each]

    starts = [windows[w][1] for w, _ in asked]
    x = torch.cat([s[0][at : at + n] for s, at, n in zip(sequences, starts, prompts, strict=True)])
    positions = torch.cat([s[1][:, at : at + n] for s, at, n in zip(sequences, starts, prompts, strict=True)], 1)
    for _ in range(2):  # a pass that is repeated finds all as it was
        got = lang.rows(x.clone(), row_batch(spans(0), positions, CPU))
    want = [stock(loaded, *s) for s in sequences]
    whole = torch.cat([w[at : at + n] for w, at, n in zip(want, starts, prompts, strict=True)])
    assert (got - whole).abs().max() < 1e-3 * whole.abs().max()
    for step in range(3):
        for tail in tails:
            tail.ran()
        at = [start + n + step for start, n in zip(starts, prompts, strict=True)]
        x = torch.stack([s[0][i] for s, i in zip(sequences, at, strict=True)])
        positions = torch.stack([s[1][:, i] for s, i in zip(sequences, at, strict=True)], 1)
        got = lang.rows(x, row_batch(spans(step + 1), positions, CPU))
        whole = torch.stack([w[i] for w, i in zip(want, at, strict=True)])
        assert (got - whole).abs().max() < 1e-3 * whole.abs().max()


@pytest.mark.parametrize("kind", FAMILIES)
@torch.inference_mode()
def test_a_coordinate_off_by_one_would_be_noticed(kind: str, sharp: Callable[[str], Loaded]) -> None:
    loaded = sharp(kind)
    lang = language(loaded)
    x, positions = sequence(lang, 24, 5)
    spans = [RowSpan(24, 0, 0, 0, 24, NOTHING, SCRATCH if lang.states else NOTHING)]
    right = lang.rows(x.clone(), row_batch(spans, positions, CPU))
    assert (right - stock(loaded, x, positions)).abs().max() < 1e-3
    for coordinate in range(3):
        moved = positions.clone()
        moved[coordinate, 12:] += 1
        wrong = lang.rows(x.clone(), row_batch(spans, moved, CPU))
        assert (right - wrong).abs().max() > 1


def weight_of(product: Projection) -> torch.Tensor:
    """Of a product by a plain weight."""
    assert product.weight is not None
    return product.weight


@torch.inference_mode()
def test_fused_weights_are_the_stock_modules_own(sharp: Callable[[str], Loaded]) -> None:
    loaded = sharp("qwen2_vl")
    first, second = language(loaded), language(loaded)
    for a, b, module in zip(first.layers, second.layers, loaded.model.model.language_model.layers, strict=True):
        assert weight_of(a.qkv).data_ptr() == weight_of(b.qkv).data_ptr() == module.self_attn.q_proj.weight.data_ptr()
        assert (
            weight_of(a.mlp.gate_up).data_ptr()
            == weight_of(b.mlp.gate_up).data_ptr()
            == module.mlp.gate_proj.weight.data_ptr()
        )
        assert torch.equal(weight_of(a.qkv)[-3:], module.self_attn.v_proj.weight[-3:])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_weights_lie_as_a_cpu_multiplies_them_fastest_and_are_the_same(
    dtype: torch.dtype, sharp: Callable[[str], Loaded]
) -> None:
    model = copy.deepcopy(sharp("qwen2_vl").model).to(dtype)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    layers = Language(model, TorchOps()).full
    for layer in layers:
        for weight in map(weight_of, (layer.qkv, layer.out, layer.mlp.gate_up, layer.mlp.down)):
            assert weight.stride() == ((1, weight.shape[0]) if dtype == torch.float32 else (weight.shape[1], 1))
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])
    again = Language(model, TorchOps()).full
    assert [weight_of(one.qkv).data_ptr() for one in again] == [
        weight_of(one.qkv).data_ptr() for one in layers
    ]  # no second copy
