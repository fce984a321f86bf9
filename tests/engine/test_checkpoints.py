"""Checkpoints as people have them: each runs live, runs portable with its reason, or is refused with the remedy."""

import itertools
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image
from support import checkpoints as made
from support import compressed as quantized
from support.checkpoints import Change
from support.compressed import compressed
from support.program import askcam

from askcam.engine.errors import ModelError
from askcam.engine.interface import EngineConfig
from askcam.engine.open import open_engine

YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 512, "rope_theta": 10000.0}
ADAPTER = json.dumps({"base_model_name_or_path": "Qwen/Qwen2-VL-2B-Instruct"})

LIVE: dict[str, tuple[str, Change]] = {
    "float32": ("qwen2_vl", lambda folder: None),
    "bfloat16": ("qwen2_vl", made.cast(torch.bfloat16)),
    "float16": ("qwen3_vl", made.cast(torch.float16)),
    "dtypes mixed": ("qwen2_5_vl", made.cast(torch.bfloat16, only="norm")),
    "sharded": ("qwen2_5_vl", made.shards),
    "pickled": ("qwen2_vl", made.pickled),
    "yarn": ("qwen2_vl", made.text_config(rope_parameters={**YARN, "mrope_section": [2, 3, 3]})),
    "a trainer's leftovers": ("qwen3_vl", made.leftovers),
    "a grown vocabulary": ("qwen2_vl", made.grown_vocabulary),
    "no video_preprocessor_config.json": ("qwen2_5_vl", made.without("video_preprocessor_config.json")),
    "its template in tokenizer_config.json": ("qwen2_vl", made.template_in_tokenizer),
    "plain weights, whatever config.json says": ("qwen2_vl", made.quantized("magic")),
    "int4": ("qwen2_vl", compressed("pack-quantized", quantized.INT4)),
    "int4 with zero points": ("qwen3_vl", compressed("pack-quantized", quantized.INT4_UNEVEN)),
    "int8": ("qwen2_5_vl", compressed("naive-quantized", quantized.INT8)),
    "int8, inputs too": ("qwen2_vl", compressed("int-quantized", quantized.INT8, quantized.TOKENS)),
    "float8": ("qwen3_vl", compressed("naive-quantized", quantized.FLOAT8)),
    "float8, inputs too": ("qwen3_vl", compressed("float-quantized", quantized.FLOAT8, quantized.FLOAT8_TOKENS)),
    "float8 by blocks, of Qwen's own": ("qwen3_vl", quantized.fine_grained),
    "an unknown key in config.json": ("qwen2_vl", made.config(somebody="was here")),
}
PORTABLE: dict[str, tuple[str, Change, str]] = {
    "a sliding window": ("qwen2_vl", made.text_config(use_sliding_window=True, sliding_window=64), "slides over"),
    "int8 with one scale for a whole pass": (
        "qwen2_vl",
        compressed("int-quantized", quantized.INT8, quantized.WHOLE_PASS),
        r"its weights are quantized \(compressed-tensors\): .* a row otherwise when others are beside it",
    ),
    "int8, its vision too": (
        "qwen2_5_vl",
        compressed("int-quantized", quantized.INT8, quantized.TOKENS, ignore=("lm_head",)),
        r"model\.visual\..* a row otherwise when others are beside it",
    ),
}
REFUSED: dict[str, tuple[str, Change, str]] = {
    "awq": ("qwen2_5_vl", made.quantized("awq", bits=4), r"quantized \(awq\), which takes: pip install gptqmodel"),
    "gptq": ("qwen2_vl", made.quantized("gptq", bits=4), r"\(gptq\), which takes: pip install gptqmodel optimum"),
    "bitsandbytes": ("qwen3_vl", made.quantized("bitsandbytes", load_in_4bit=True), "takes: pip install bitsandbytes"),
    "bitsandbytes, of old": (
        "qwen2_vl",
        made.config(quantization_config={"load_in_8bit": True}),
        "takes: pip install bitsandbytes",
    ),
    "torchao": ("qwen2_vl", made.quantized("torchao", quant_type="int4_weight_only"), "takes: pip install torchao"),
    "a method that nobody knows": (
        "qwen2_vl",
        made.unknown_method,
        r"lack \d+ .*quantized \(magic\) in a way",
    ),
    "an adapter": (
        "qwen2_vl",
        made.bare(("adapter_config.json", ADAPTER), ("adapter_model.safetensors", "")),
        "is a LoRA adapter of Qwen/Qwen2-VL-2B-Instruct, not a whole model: merge it",
    ),
    "an adapter's file is broken": ("qwen2_vl", made.bare(("adapter_config.json", "{")), "is a LoRA adapter, not a"),
    "gguf": ("qwen2_vl", made.bare(("model-q4_k_m.gguf", "GGUF")), "holds GGUF files, which are llama.cpp's"),
    "a folder too high": (
        "qwen2_vl",
        made.bare(("checkpoint-100/config.json", "{}")),
        "is no model folder, but checkpoint-100 in it may be",
    ),
    "empty": ("qwen2_vl", made.bare(), "is no model folder: it has no config.json"),
    "no chat template": ("qwen2_vl", made.no_template, "lacks its chat template"),
    "no preprocessor": (
        "qwen2_vl",
        made.without("preprocessor_config.json", "video_preprocessor_config.json"),
        "cannot read the tokenizer and preprocessor files|lacks its preprocessor_config.json",
    ),
    "cut off": ("qwen2_vl", made.cut_off(0.7), r"are its files damaged\? It is cut off: download it again"),
    "cut off in the header": ("qwen2_vl", made.cut_off(0.0001), r"are its files damaged\? .*download it again"),
    "a shard is missing": ("qwen2_vl", made.shard_missing, "lacks model-00002-of-00002.safetensors; download it again"),
    "no weights": ("qwen2_vl", made.without("model.safetensors"), r"has no weights \(no \*.safetensors\)"),
    "weights of other shapes": (
        "qwen2_vl",
        made.text_config(intermediate_size=80),
        "its weights have other shapes than transformers makes of its config.json",
    ),
    "a layer is missing": ("qwen2_vl", made.lacking("layers.1."), r"lack \d+ tensors, model.language_model.layers.1"),
    "text only": (
        "qwen2_vl",
        made.config(model_type="qwen3", vision_config=None, text_config=None),
        "is a qwen3 model, which sees no pictures; supported are",
    ),
    "another family": ("qwen2_vl", made.config(model_type="llava"), "is a llava model; supported are qwen2_vl"),
    "no type": ("qwen2_vl", made.config(model_type=None), "is a nameless model"),
    "a mixture of experts": ("qwen3_vl", made.config(model_type="qwen3_vl_moe"), "is a qwen3_vl_moe model"),
    "broken JSON": (
        "qwen2_vl",
        lambda folder: (folder / "config.json").write_text("{") and None,
        "cannot read .*config",
    ),
}


COMMANDS = list(zip(REFUSED, itertools.cycle(("look", "doctor", "serve")), strict=False))


@pytest.fixture
def checkpoint(tiny_model: Callable[[str], Path], tmp_path: Path) -> Callable[[str, Change], str]:
    def make(family: str, change: Change) -> str:
        folder = Path(shutil.copytree(tiny_model(family), tmp_path / "model"))
        change(folder)
        return str(folder)

    return make


Checkpoint = Callable[[str, Change], str]


@pytest.mark.parametrize("kind", LIVE)
def test_these_run_live(kind: str, checkpoint: Checkpoint) -> None:
    family, change = LIVE[kind]
    engine = open_engine(EngineConfig(checkpoint(family, change), threads=1))
    engine.close()
    assert (engine.info.backend, engine.info.why_portable) == ("live", "")
    assert engine.info.checks
    assert all(check.ok for check in engine.info.checks)


@pytest.mark.parametrize("kind", PORTABLE)
def test_these_run_portable_and_say_why(kind: str, checkpoint: Checkpoint) -> None:
    family, change, why = PORTABLE[kind]
    folder = checkpoint(family, change)
    engine = open_engine(EngineConfig(folder, threads=1))
    engine.close()
    assert engine.info.backend == "portable"
    assert re.search(why, engine.info.why_portable)
    with pytest.raises(ModelError, match=why):
        open_engine(EngineConfig(folder, backend="live", threads=1))


@pytest.mark.parametrize("kind", REFUSED)
def test_these_are_refused_with_the_remedy(kind: str, checkpoint: Checkpoint) -> None:
    family, change, why = REFUSED[kind]
    with pytest.raises(ModelError, match=why):
        open_engine(EngineConfig(checkpoint(family, change), threads=1))


@pytest.mark.parametrize(("kind", "command"), COMMANDS)
def test_the_commands_say_it_in_a_line(kind: str, command: str, checkpoint: Checkpoint, tmp_path: Path) -> None:
    """Each kind by one of them: `look` and `serve` leave with 2, `doctor` with 1 behind all that it found."""
    family, change, why = REFUSED[kind]
    picture = tmp_path / "picture.png"
    Image.new("RGB", (64, 64)).save(picture)
    arguments = {
        "look": ("look", str(picture), "What is this?"),
        "doctor": ("doctor",),
        "serve": ("serve", "--port", "0"),
    }
    done = askcam(*arguments[command], "--model", checkpoint(family, change), env={"COLUMNS": "1000"})
    assert done.returncode == (1 if command == "doctor" else 2), done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert re.search(why, done.stdout if command == "doctor" else done.stderr)


def test_doctor_says_which_backend_answers_and_why(checkpoint: Checkpoint) -> None:
    family, change, why = PORTABLE["a sliding window"]
    done = askcam("doctor", "--model", checkpoint(family, change), "--json")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    (backend,) = (each for each in found if each["what"] == "backend")
    assert re.search(f"portable .*{why}", backend["text"])


@pytest.mark.parametrize("part", ["make_model", "selftest", "build"])
def test_whatever_breaks_while_the_live_backend_is_made_leads_to_the_portable_one(
    part: str, tiny_model: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A release of torch, a driver or weights that nobody has seen: the model answers, and says what happened."""

    def broken(*args: object) -> None:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied\nand a long story")

    monkeypatch.setattr(f"askcam.engine.opening.{part}", broken)
    folder = str(tiny_model("qwen3_vl"))
    engine = open_engine(EngineConfig(folder, threads=1))
    engine.close()
    assert engine.info.backend == "portable"
    assert engine.info.why_portable.endswith("failed: RuntimeError: mat1 and mat2 shapes cannot be multiplied")
    with pytest.raises(ModelError, match="the live backend failed: RuntimeError: mat1"):
        open_engine(EngineConfig(folder, backend="live", threads=1))
