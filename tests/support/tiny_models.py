"""Small random models of every family, laid out as on the hub, with the built-in model's tokenizer."""

import json
import shutil
from pathlib import Path
from typing import Any

import torch

CLASSES = {
    "qwen2_vl": ("Qwen2VL", "Qwen2VLProcessor", "Qwen2VLVideoProcessor"),
    "qwen2_5_vl": ("Qwen2_5_VL", "Qwen2_5_VLProcessor", "Qwen2VLVideoProcessor"),
    "qwen3_vl": ("Qwen3VL", "Qwen3VLProcessor", "Qwen3VLVideoProcessor"),
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
}
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt", "chat_template.jinja")


def save_tiny(kind: str, builtin: Path, folder: Path, num_layers: int = 3) -> Path:
    """A random model whose weights are large enough that a position off by one moves its logits."""
    import transformers

    family, processor, video = CLASSES[kind]
    demo = json.loads((builtin / "config.json").read_text())
    text = {
        "hidden_size": 64,
        "num_hidden_layers": num_layers,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "intermediate_size": 96,
        "vocab_size": demo["text_config"]["vocab_size"],
        "max_position_embeddings": 2048,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]},
        "eos_token_id": 4078,
        "pad_token_id": 4076,
        **({"head_dim": 16} if kind == "qwen3_vl" else {}),
    }
    ids = {f"{name}_token_id": demo[f"{name}_token_id"] for name in ("image", "video", "vision_start", "vision_end")}
    config = getattr(transformers, f"{family}Config")(text_config=text, vision_config=VISION[kind], **ids)
    model = getattr(transformers, f"{family}ForConditionalGeneration")(config)
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for key, weight in model.named_parameters():
            if weight.ndim == 1 and key.endswith("weight"):
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
    sizes: dict[str, Any] = {
        "patch_size": 16 if kind == "qwen3_vl" else 14,
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
