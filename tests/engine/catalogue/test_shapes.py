"""The list's figures are those of the models: each is built, without weights, of its config.json's shape."""

from typing import Any

import pytest
import torch
import transformers

from askcam.engine.catalogue.catalogue import BUILT_IN, MAX_PAIRS, CatalogueModel, catalogue
from askcam.engine.catalogue.estimate import camera_bytes, pair_flops, question_flops, vision_flops
from askcam.engine.families.known import FAMILIES
from askcam.engine.families.spec import Facts, ModelLimits
from askcam.engine.live.capacity import Need

HUB = [each for each in catalogue().values() if each.name != BUILT_IN]
# Of the language model and of the vision tower; whether the head is the embedding.
INNER = {
    "qwen3.5:0.8b": (3584, 3072, True),
    "qwen3.5:2b": (6144, 4096, True),
    "qwen3.5:4b": (9216, 4096, True),
    "qwen3.5:9b": (12288, 4304, False),
    "qwen3-vl:2b": (6144, 4096, True),
    "qwen3-vl:4b": (9728, 4096, True),
    "qwen3-vl:8b": (12288, 4304, False),
    "qwen2.5-vl:3b": (11008, 3420, True),
    "qwen2.5-vl:7b": (18944, 3420, False),
    "qwen2-vl:2b": (8960, 5120, True),
    "qwen2-vl:7b": (18944, 5120, False),
}
CLASSES = {"qwen2_vl": "Qwen2VL", "qwen2_5_vl": "Qwen2_5_VL", "qwen3_vl": "Qwen3VL", "qwen3_5": "Qwen3_5"}


def config_of(model: CatalogueModel) -> Any:
    inner, vision_inner, tied = INNER[model.name]
    text: dict[str, Any] = {
        "hidden_size": model.hidden,
        "num_hidden_layers": model.layers,
        "num_attention_heads": model.heads,
        "num_key_value_heads": model.kv_heads,
        "head_dim": model.head_dim,
        "intermediate_size": inner,
        "vocab_size": model.vocabulary,
        "tie_word_embeddings": tied,
    }
    vision: dict[str, Any] = {"depth": model.vision_layers, "intermediate_size": vision_inner}
    vision["num_heads"] = 12 if model.vision_width == 768 else 16
    if model.state_heads is not None:
        text["linear_num_key_heads"], text["linear_num_value_heads"] = model.state_heads
    if model.family in ("qwen2_vl", "qwen2_5_vl"):
        del text["head_dim"]
        text["rope_parameters"] = {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [16, 24, 24]}
    if model.family == "qwen2_vl":
        del vision["intermediate_size"]
        vision |= {"embed_dim": model.vision_width, "hidden_size": model.hidden}
    else:
        vision |= {"hidden_size": model.vision_width, "out_hidden_size": model.hidden}
    if model.family == "qwen3_vl":
        vision["deepstack_visual_indexes"] = [5, 11, 17] if model.vision_layers == 24 else [8, 16, 24]
    kind: Any = getattr(transformers, f"{CLASSES[model.family]}Config")
    return kind(text_config=text, vision_config=vision, tie_word_embeddings=tied)


@pytest.mark.parametrize("model", HUB, ids=lambda each: each.name)
def test_parameters(model: CatalogueModel) -> None:
    kind: Any = getattr(transformers, f"{CLASSES[model.family]}ForConditionalGeneration")
    with torch.device("meta"):
        built = kind(config_of(model))
    built.tie_weights()
    assert built.num_parameters() == model.parameters
    assert sum(each.numel() for each in built.model.visual.parameters()) == model.vision_parameters
    assert sum(each.numel() for each in built.model.language_model.layers.parameters()) == model.layer_parameters


@pytest.mark.parametrize("model", [each for each in HUB if each.supported], ids=lambda each: each.name)
def test_a_camera_takes_what_the_live_backend_sets_aside_for_it(model: CatalogueModel) -> None:
    config = config_of(model)
    limits = ModelLimits(4 * model.factor**2, 768 * model.factor**2)
    spec = FAMILIES[model.family](Facts(config.to_dict(), limits, limits))
    assert spec.factor == model.factor
    assert spec.stamped_pairs == model.stamped_pairs
    fit = spec.fit_frame(640, 480)
    assert spec.num_tokens(fit.width, fit.height) == model.pair_tokens
    assert camera_bytes(model, 2) == Need.of(config, 2, spec, MAX_PAIRS).camera_bytes


def test_the_built_in_model(builtin: Any) -> None:
    from askcam.engine.checkpoint import load
    from askcam.engine.interface import EngineConfig
    from askcam.engine.live.build import need as need_of

    loaded, model = load(EngineConfig(str(builtin)), lambda what, share: None), catalogue()[BUILT_IN]
    assert loaded.info.num_parameters == model.parameters
    assert sum(each.numel() for each in loaded.model.model.visual.parameters()) == model.vision_parameters
    assert sum(each.numel() for each in loaded.model.model.language_model.layers.parameters()) == model.layer_parameters
    fit = loaded.spec.fit_frame(640, 480)
    assert loaded.spec.num_tokens(fit.width, fit.height) == model.pair_tokens
    assert camera_bytes(model, 4) == need_of(loaded).camera_bytes


@pytest.mark.parametrize(
    ("name", "pair", "question"),
    [
        # GFLOP of the language model, counted operation by operation over a pass: a pair of 256 tokens into two windows
        ("qwen3.5:0.8b", 611, 25),
        ("qwen3.5:2b", 1549, 60),
        ("qwen3.5:4b", 4031, 156),
        ("qwen3.5:9b", 7622, 290),
        ("qwen3-vl:2b", 1774, 76),
        ("qwen3-vl:4b", 4573, 196),
    ],
)
def test_the_rule_comes_near_what_was_counted(name: str, pair: float, question: float) -> None:
    model = catalogue()[name]
    two_windows = 2 / 1.875 * (256 + 16) / (model.pair_tokens + 16)  # the mean over time is less than two
    assert (pair_flops(model) - vision_flops(model)) / 1e9 * two_windows == pytest.approx(pair, rel=0.06)
    assert question_flops(model) / 1e9 == pytest.approx(question, rel=0.06)
