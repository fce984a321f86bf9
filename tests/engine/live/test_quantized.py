"""Quantized checkpoints answer live as stock generate does with the same modules: those that become plain weights when
they are read, and those whose modules round what goes in."""

import copy
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from support import compressed as made
from support import tiny_models
from support.checkpoints import Change
from support.compressed import compressed
from support.sharpness import sharpen_positions, sharpen_weights

from askcam.engine.checkpoint import load
from askcam.engine.interface import EngineConfig
from askcam.engine.live import build, projections, supported
from askcam.engine.live.build import make_model
from askcam.engine.live.engine import LiveEngine
from askcam.engine.live.graphs import Graphs
from askcam.engine.live.own_modules import OwnModules
from askcam.engine.live.passes import Plain
from askcam.engine.live.projections import FusedWeight, ModuleProducts
from askcam.engine.live.prompts import LivePrompter
from askcam.engine.live.selftest import ROUNDING, live_logits, noise_view, selftest, stock_logits
from askcam.engine.loading import Loaded
from askcam.engine.open import open_engine
from askcam.engine.question import Message, Question, Role, Sampling, Started, Text

FAMILIES = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_5")
UNPACKED: dict[str, Change] = {  # plain weights once they are read
    "int4": compressed("pack-quantized", made.INT4),
    "int4 with zero points": compressed(
        "pack-quantized", made.INT4_UNEVEN, ignore=(*made.IGNORE, "re:.*in_proj_[ab]$")
    ),
    "int8": compressed("naive-quantized", made.INT8),
    "float8": compressed("naive-quantized", made.FLOAT8),
    "float8 by blocks, all layers": compressed("naive-quantized", made.FLOAT8_BLOCKS, ignore=()),
}
ROUNDED: dict[str, Change] = {  # what goes in is rounded row by row: by the modules themselves
    "int8, inputs too": compressed("int-quantized", made.INT8, made.TOKENS),
    "float8, inputs too": compressed("float-quantized", made.FLOAT8, made.FLOAT8_TOKENS),
    "float8, inputs too, by one scale": compressed("float-quantized", made.FLOAT8, made.FLOAT8_FIXED),
}
EVEN = ("float8, inputs too", "float8, inputs too, by one scale")  # the largest value lies on a step, not between two
Live = Callable[..., LiveEngine]
Quantized = Callable[[str, str], Loaded]


@pytest.fixture(scope="session")
def quantized(tiny_model: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Quantized:
    """quantized("qwen3_vl", "int4"): a sharp tiny model of a family, quantized on disk and loaded from there."""
    found: dict[tuple[str, str], Loaded] = {}

    def get(family: str, kind: str) -> Loaded:
        if (family, kind) not in found:
            folder = tmp_path_factory.mktemp("quantized") / family
            shutil.copytree(tiny_model(family), folder)
            auto: Any = transformers.AutoModelForImageTextToText
            model = auto.from_pretrained(folder)
            sharpen_weights(model)
            model.save_pretrained(folder)
            {**UNPACKED, **ROUNDED}[kind](folder)
            loaded = load(EngineConfig(str(folder), dtype="float32"), lambda what, share: None)
            sharpen_positions(loaded.model)
            found[family, kind] = loaded
        return found[family, kind]

    return get


def ask(text: str, camera: str = "lobby", num_tokens: int = 6) -> Question:
    return Question(
        (Message(Role.USER, (Text(text),)),), camera, Sampling(max_tokens=num_tokens, temperature=0, logprobs=20)
    )


@pytest.fixture
def wider(quantized: Quantized, monkeypatch: pytest.MonkeyPatch) -> Quantized:
    """As `quantized`, in float64: there what rounds its inputs does so alike in all passes, since next to nothing lies
    so near to the middle between two steps."""
    for room in (projections, supported):
        monkeypatch.setattr(room, "DTYPES", (torch.float64,))

    def get(family: str, kind: str) -> Loaded:
        loaded = quantized(family, kind)
        return replace(loaded, model=copy.deepcopy(loaded.model).double())

    return get


def errors(loaded: Loaded) -> Iterator[float]:
    """Of the first logits, as a share of their size, for windows of several lengths."""
    model = make_model(loaded, EngineConfig("tiny", kv_gb=0.1))
    prompter = LivePrompter(loaded, "trained")
    for num_pairs in (1, 2, 5):
        view = noise_view(4 * loaded.spec.factor, 3 * loaded.spec.factor, num_pairs, seed=num_pairs)
        with torch.inference_mode():
            got, want = live_logits(model, prompter, view), stock_logits(loaded.model, prompter, view)
        yield float((got - want).norm() / want.norm())


@pytest.mark.parametrize("kind", UNPACKED)
@pytest.mark.parametrize("family", FAMILIES)
def test_first_logits_are_those_of_the_stock_model(family: str, kind: str, quantized: Quantized) -> None:
    assert max(errors(quantized(family, kind))) < 1e-4


@pytest.mark.parametrize("kind", EVEN)
@pytest.mark.parametrize("family", FAMILIES)
def test_first_logits_of_modules_that_round_are_those_of_the_stock_model(
    family: str, kind: str, wider: Quantized
) -> None:
    assert max(errors(wider(family, kind))) < 1e-5


@pytest.mark.parametrize("kind", ROUNDED)
@pytest.mark.parametrize("family", FAMILIES)
def test_what_rounds_otherwise_in_float32_stays_within_what_the_self_test_allows(
    family: str, kind: str, quantized: Quantized
) -> None:
    loaded = quantized(family, kind)
    assert max(errors(loaded)) < ROUNDING
    model = make_model(loaded, EngineConfig("tiny", kv_gb=0.1))
    checks = selftest(loaded, model, LivePrompter(loaded, "trained"))
    assert all(check.ok for check in checks), checks
    assert model.own.rounding


@pytest.mark.parametrize("kind", ["int4", "float8 by blocks, all layers", "float8, inputs too, by one scale"])
@pytest.mark.parametrize("family", FAMILIES)
def test_answers_over_growing_windows_are_the_stock_models(
    family: str,
    kind: str,
    request: pytest.FixtureRequest,
    live: Live,
    stream_of: Any,
    oracle: Any,
    heard: Any,
) -> None:
    """Many questions at once, on anchors anew, each with a provisional pair of its own or the window's whole pairs."""
    loaded = request.getfixturevalue("wider" if kind in ROUNDED else "quantized")(family, kind)
    engine, want = live(loaded, max_pairs=6), oracle(loaded)
    lobby, desk = stream_of(engine, "lobby", 2, 3), stream_of(engine, "desk", 4, 2)
    starts, provisional = set(), set()
    for turn in range(4):
        lobby.push(5)
        desk.push(4)
        asked = [ask(f"Turn {turn}, question {i}?", name) for i, name in enumerate(("lobby", "desk", "lobby"))]
        listeners = [heard() for _ in asked]
        for question, listener in zip(asked, listeners, strict=True):
            engine.ask(question, listener)
        for question, listener in zip(asked, listeners, strict=True):
            events = listener.wait()
            want.check(question, events)
            assert isinstance(events[0], Started)
            assert events[0].view is not None
            starts.add((question.camera, events[0].view.pairs[0].index))
            provisional.add(events[0].view.provisional)
    assert len(starts) >= 4  # two anchors of each camera
    assert provisional == {False, True}


@pytest.mark.parametrize("kind", UNPACKED)
def test_unpacked_weights_are_plain_ones_in_the_dtype_that_was_asked_for(kind: str, quantized: Quantized) -> None:
    loaded = quantized("qwen2_vl", kind)
    model = make_model(loaded, EngineConfig("tiny", kv_gb=0.05))
    assert model.own.count == 0
    layer = model.language.full[0]
    for product in (layer.qkv, layer.out, layer.mlp.gate_up, layer.mlp.down, model.language.head):
        assert isinstance(product, FusedWeight)
        assert product.weight.dtype == torch.float32
    assert layer.qkv.weight is not None
    assert layer.qkv.weight.data_ptr() == loaded.model.model.language_model.layers[0].self_attn.q_proj.weight.data_ptr()


@pytest.mark.parametrize("kind", ROUNDED)
def test_modules_that_round_are_called_themselves(kind: str, quantized: Quantized) -> None:
    loaded = quantized("qwen2_vl", kind)
    model = make_model(loaded, EngineConfig("tiny", kv_gb=0.05))
    layer, stock = model.language.full[0], loaded.model.model.language_model.layers[0]
    assert isinstance(layer.qkv, ModuleProducts)
    assert layer.qkv.modules == (stock.self_attn.q_proj, stock.self_attn.k_proj, stock.self_attn.v_proj)
    assert layer.qkv.num_out == 64 + 2 * 32
    assert isinstance(model.language.head, FusedWeight)  # which the recipe leaves alone
    assert model.own == OwnModules(7 * 3, True)


def test_a_module_that_computes_something_else_is_found_by_the_self_test(
    quantized: Quantized, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = quantized("qwen2_vl", "int8, inputs too")
    model = make_model(loaded, EngineConfig("tiny", kv_gb=0.05))
    stock = ModuleProducts.__call__
    monkeypatch.setattr(ModuleProducts, "__call__", lambda self, rows: stock(self, rows) * 1.05)
    assert [check.ok for check in selftest(loaded, model, LivePrompter(loaded, "trained"))][-1] is False


@pytest.mark.parametrize(("kind", "captured"), [("int4", 1), ("int8, inputs too", 0)])
def test_graphs_are_captured_of_plain_weights_only(
    kind: str, captured: int, quantized: Quantized, monkeypatch: pytest.MonkeyPatch
) -> None:
    graphs: list[Graphs] = []
    monkeypatch.setattr(build, "settle_ops", lambda language, progress: True)  # as on a GPU
    monkeypatch.setattr(Graphs, "capture_rows", lambda self: graphs.append(self))
    model = build.make_model(quantized("qwen2_vl", kind), EngineConfig("tiny", kv_gb=0.1))
    assert len(graphs) == captured
    assert isinstance(model.passes, Graphs if captured else Plain)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            compressed("pack-quantized", made.INT4),
            r"\(compressed-tensors\) and unpacked .* in memory, .* on disk$",
        ),
        (ROUNDED["int8, inputs too"], r"unpacked .*; 21 of its layers are multiplied by modules of their own$"),
    ],
    ids=["int4", "int8"],
)
def test_what_became_of_the_weights_is_told(
    change: Change, told: str, tiny_model: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(tiny_model("qwen2_vl"), tmp_path / "model"))
    change(folder)
    engine = open_engine(EngineConfig(str(folder), threads=1))
    engine.close()
    assert engine.info.backend == "live"
    assert re.search(told, engine.info.quantized)


@pytest.mark.parametrize(
    ("options", "backend"),
    [
        ({"load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}, "live"),
        ({"load_in_8bit": True, "llm_int8_threshold": 0.0}, "live"),
        ({"load_in_8bit": True}, "portable"),  # columns with large values are computed otherwise, for all rows
    ],
    ids=["nf4", "int8", "LLM.int8()"],
)
def test_bitsandbytes_multiplies_by_its_own_modules(
    options: dict[str, Any], backend: str, builtin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is installed: no test machine has to."""
    pytest.importorskip("bitsandbytes")
    monkeypatch.setattr(tiny_models, "VISION", {"qwen2_vl": {**tiny_models.VISION["qwen2_vl"], "embed_dim": 64}})
    plain = tiny_models.save_tiny("qwen2_vl", builtin, tmp_path / "plain", inner=128)  # it wants multiples of 64
    auto, quantization = transformers.AutoModelForImageTextToText, transformers.BitsAndBytesConfig(**options)
    model: Any = auto.from_pretrained(plain, quantization_config=quantization, device_map={"": "cpu"})
    folder = Path(shutil.copytree(plain, tmp_path / "quantized"))
    model.save_pretrained(folder)
    engine = open_engine(EngineConfig(str(folder), dtype="float32", threads=1))
    engine.close()
    assert engine.info.backend == backend
    assert all(check.ok for check in engine.info.checks)
    if backend == "live":
        assert "of its layers are multiplied by modules of their own" in engine.info.quantized
    else:
        assert "(bitsandbytes): " in engine.info.why_portable
        assert "(Linear8bitLt) computes a row otherwise when others are beside it" in engine.info.why_portable
