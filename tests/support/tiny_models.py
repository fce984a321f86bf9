"""Small random models of every family, laid out as on the hub, with the built-in model's tokenizer."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from support.thinking_template import TEMPLATE

CLASSES = {
    "qwen2_vl": ("Qwen2VL", "Qwen2VLProcessor", "Qwen2VLVideoProcessor"),
    "qwen2_5_vl": ("Qwen2_5_VL", "Qwen2_5_VLProcessor", "Qwen2VLVideoProcessor"),
    "qwen3_vl": ("Qwen3VL", "Qwen3VLProcessor", "Qwen3VLVideoProcessor"),
    "qwen3_5": ("Qwen3_5", "Qwen3VLProcessor", "Qwen3VLVideoProcessor"),
}
VISION = {
    "qwen2_vl": {"depth": 2, "embed_dim": 32, "num_heads": 2, "hidden_size": 64},
    "qwen2_5_vl": {
        "depth": 2,
        "hidden_size": 32,
        "num_heads": 2,
        "intermediate_size": 48,
        "out_hidden_size": 64,
        "fullatt_block_indexes": [1],
        "tokens_per_second": 2,
        "window_size": 56,
    },
    "qwen3_vl": {
        "depth": 3,
        "hidden_size": 32,
        "num_heads": 2,
        "intermediate_size": 48,
        "out_hidden_size": 64,
        "num_position_embeddings": 64,
        "deepstack_visual_indexes": [0, 1],
    },
    "qwen3_5": {
        "depth": 2,
        "hidden_size": 32,
        "num_heads": 2,
        "intermediate_size": 48,
        "out_hidden_size": 64,
        "num_position_embeddings": 64,
    },
}
HYBRID = {
    "head_dim": 32,
    "linear_key_head_dim": 16,
    "linear_value_head_dim": 16,
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
    "rope_parameters": {
        "rope_type": "default",
        "rope_theta": 10000.0,
        "mrope_section": [2, 1, 1],
        "partial_rotary_factor": 0.25,
    },
}
LINEAR, FULL = "linear_attention", "full_attention"
HYBRID_LAYERS = (LINEAR, FULL, LINEAR, LINEAR, FULL)
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt", "chat_template.jinja")


def save_tiny(
    kind: str,
    builtin: Path,
    folder: Path,
    num_layers: int = 3,
    layers: Sequence[str] = HYBRID_LAYERS,
    inner: int = 96,
) -> Path:
    """A random model whose weights are large enough that a position off by one moves its logits, and whose states
    last for a hundred tokens. `layers`: which kind each is, of a model that has two; the others have `num_layers`.
    `inner`: the width of their MLPs."""
    import transformers

    family, processor, video = CLASSES[kind]
    demo = json.loads((builtin / "config.json").read_text())
    text = {
        "hidden_size": 64,
        "num_hidden_layers": num_layers,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "intermediate_size": inner,
        "vocab_size": demo["text_config"]["vocab_size"],
        "max_position_embeddings": 2048,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]},
        "eos_token_id": 4078,
        "pad_token_id": 4076,
        **({"head_dim": 16} if kind == "qwen3_vl" else {}),
    }
    if kind == "qwen3_5":
        text |= {**HYBRID, "layer_types": list(layers), "num_hidden_layers": len(layers)}
    ids = {f"{name}_token_id": demo[f"{name}_token_id"] for name in ("image", "video", "vision_start", "vision_end")}
    config = getattr(transformers, f"{family}Config")(text_config=text, vision_config=VISION[kind], **ids)
    model = getattr(transformers, f"{family}ForConditionalGeneration")(config)
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for key, weight in model.named_parameters():
            if key.endswith("A_log"):  # decays between 0.2 and 2 percent a token, about
                weight.uniform_(-6.0, -4.0, generator=generator)
            elif kind == "qwen3_5" and "language_model" in key and key.endswith("norm.weight") and "linear" not in key:
                weight.normal_(0.0, 0.2, generator=generator)  # around 0: these are added to 1
            elif weight.ndim == 1 and key.endswith("weight"):
                weight.fill_(1.0)
            else:
                gain = 2.0 if ("q_proj" in key or "k_proj" in key) else 1.0
                scale = 1.0 if "embed_tokens" in key else gain / weight[0].numel() ** 0.5
                scale = 0.3 if key.endswith("bias") else scale
                weight.normal_(0.0, scale, generator=generator)
    model.generation_config.eos_token_id, model.generation_config.pad_token_id = [4078], 4076
    model.save_pretrained(folder)
    for file in TOKENIZER_FILES:
        shutil.copy(builtin / file, folder / file)
    if kind == "qwen3_5":
        (folder / "chat_template.jinja").write_text(TEMPLATE)
    sizes: dict[str, Any] = {
        "patch_size": 16 if kind.startswith("qwen3") else 14,
        "temporal_patch_size": 2,
        "merge_size": 2,
        "size": {"shortest_edge": 4 * 28 * 28, "longest_edge": 64 * 28 * 28},
        "processor_class": processor,
    }
    write(folder / "preprocessor_config.json", {**sizes, "image_processor_type": "Qwen2VLImageProcessor"})
    write(
        folder / "video_preprocessor_config.json",
        {**sizes, "video_processor_type": video, "cap_pixels_per_frame": False, "do_sample_frames": False},
    )
    return folder


def write(path: Path, data: dict[str, Any]) -> None:
    path.write_text(json.dumps(data))
