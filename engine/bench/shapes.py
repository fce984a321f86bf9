"""Random models of the real shapes, for benchmarks on machines that have no weights, and a processor without files."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from askcam.engine.families.known import qwen2_vl, qwen3_5
from askcam.engine.families.spec import Facts, ModelLimits
from askcam.engine.interface import ModelInfo
from askcam.engine.live.capacity import LINEAR
from askcam.engine.loading import Loaded
from askcam.engine.weights import attention_kind

# hidden, layers, heads, kv heads, intermediate, vocabulary, tied, M-RoPE sections, vision depth, width, heads
SHAPES: dict[str, tuple[int, int, int, int, int, int, bool, list[int], int, int, int]] = {
    "2b": (1536, 28, 12, 2, 8960, 151936, True, [16, 24, 24], 32, 1280, 16),
    "7b": (3584, 28, 28, 4, 18944, 152064, False, [16, 24, 24], 32, 1280, 16),
    "tiny": (64, 3, 4, 2, 160, 4096, True, [2, 3, 3], 2, 32, 2),
}


@dataclass(frozen=True, slots=True)
class HybridShape:
    """A Qwen3.5: of four layers three keep states."""

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    inner: int
    state_heads: tuple[int, int]  # of keys, of values
    state_dim: int
    vocabulary: int
    sections: list[int]
    depth: int  # of the vision tower
    width: int
    vision_heads: int


HYBRIDS = {
    "qwen3.5-0.8b": HybridShape(1024, 24, 8, 2, 256, 3584, (16, 16), 128, 248320, [11, 11, 10], 12, 768, 12),
    "qwen3.5-2b": HybridShape(2048, 24, 8, 2, 256, 6144, (16, 16), 128, 248320, [11, 11, 10], 24, 1024, 16),
    "qwen3.5-tiny": HybridShape(64, 4, 4, 2, 32, 96, (2, 4), 16, 4096, [2, 1, 1], 2, 32, 2),
}
PART = "part"  # what shorten() has made last
NAMES = (*(name for name in SHAPES if name != "tiny"), *HYBRIDS)  # that a benchmark's --shape takes
SIZES = {
    "tiny": (112, 84),
    "qwen3.5-tiny": (128, 96),
    **dict.fromkeys(("2b", "7b", "qwen3.5-0.8b", "qwen3.5-2b"), (448, 336)),
}  # pictures
# how real checkpoints choose tokens: what the families' own generation_config.json say of it
GENERATION: Mapping[str, Mapping[str, bool | int | float]] = {
    "qwen2_vl": {"do_sample": True, "temperature": 0.01, "top_k": 1, "top_p": 0.001, "repetition_penalty": 1.0},
    "qwen2_5_vl": {"do_sample": True, "temperature": 1e-6, "repetition_penalty": 1.05},
    "qwen3_vl": {"do_sample": True, "temperature": 0.7, "top_k": 20, "top_p": 0.8},
    "qwen3_5": {"do_sample": True, "temperature": 1.0, "top_k": 20, "top_p": 0.95},
}
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>")
PADS = ("<|image_pad|>", "<|video_pad|>")
TOKEN_IDS = {
    "image_token_id": "<|image_pad|>",
    "video_token_id": "<|video_pad|>",
    "vision_start_token_id": "<|vision_start|>",
    "vision_end_token_id": "<|vision_end|>",
}
FULL = "full_attention"
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if m.content is string %}{{ m.content }}{% else %}{% for part in m.content %}"
    "{% if part.type == 'text' %}{{ part.text }}"
    "{% else %}<|vision_start|><|{{ part.type }}_pad|><|vision_end|>{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def shorten(shape: str, part: int) -> tuple[int, int]:
    """Make the shape PART of it: one layer of `part`, widths and vocabulary as they are. Returns how many layers and
    blocks that has. Times are then about a `part`-th of the whole's, but for the head."""
    hybrid = HYBRIDS.get(shape)
    if hybrid is not None:
        layers, depth = max(1, hybrid.layers // part // 4) * 4, hybrid.depth // part  # of four one has full attention
        HYBRIDS[PART] = replace(hybrid, layers=layers, depth=depth)
        return layers, depth
    hidden, layers, heads, kv, inner, words, tied, sections, depth, width, vision_heads = SHAPES[shape]
    layers, depth = layers // part, depth // part
    SHAPES[PART] = (hidden, layers, heads, kv, inner, words, tied, sections, depth, width, vision_heads)
    return layers, depth


def random_model(shape: str, device: torch.device, dtype: torch.dtype, max_pairs: int = 64) -> Loaded:
    """A Qwen2-VL of a SHAPES size, or a Qwen3.5 of a HYBRIDS one, with random weights, made on the device. It never
    ends an answer by itself."""
    hybrid = HYBRIDS.get(shape)
    processor = byte_processor() if hybrid is None else stamping_processor()
    ids = {name: processor.tokenizer.convert_tokens_to_ids(token) for name, token in TOKEN_IDS.items()}
    config = _config(shape, ids) if hybrid is None else _hybrid_config(hybrid, ids)
    model = _made(config, device, dtype)
    limits = ModelLimits(4 * 28**2, 1280 * 28**2)
    facts = Facts({"vision_config": {}}, limits, limits, max_pixels=limits.max_pixels)
    spec = qwen2_vl(facts) if hybrid is None else qwen3_5(facts)
    info = ModelInfo(
        id=f"random-{shape}",
        family=spec.model_type,
        backend="portable",
        device=str(device),
        dtype=str(dtype).removeprefix("torch."),
        num_parameters=int(model.num_parameters()),
        max_pairs=max_pairs,
        context_tokens=32768,
        note="random weights: its answers mean nothing",
    )
    return Loaded(model, processor, spec, info, device)


def byte_processor() -> Any:
    """A Qwen2-VL processor whose tokens are bytes."""
    import transformers

    stock: Any = transformers  # partly untyped
    return stock.Qwen2VLProcessor(
        image_processor=stock.Qwen2VLImageProcessor(),
        tokenizer=_byte_tokenizer(),
        video_processor=stock.Qwen2VLVideoProcessor(cap_pixels_per_frame=False),
        chat_template=TEMPLATE,
    )


def stamping_processor() -> Any:
    """Likewise Qwen3.5's, which stamps every pair with its time."""
    import transformers

    stock: Any = transformers
    sizes = {"patch_size": 16, "size": {"shortest_edge": 4 * 32**2, "longest_edge": 1280 * 32**2}}
    return stock.Qwen3VLProcessor(
        image_processor=stock.Qwen2VLImageProcessor(**sizes),
        tokenizer=_byte_tokenizer(),
        video_processor=stock.Qwen3VLVideoProcessor(**sizes, do_sample_frames=False, cap_pixels_per_frame=False),
        chat_template=TEMPLATE,
    )


def _byte_tokenizer() -> Any:
    import transformers

    stock: Any = transformers
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = Tokenizer(models.BPE(vocab={letter: i for i, letter in enumerate(letters)}, merges=[]))
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    tokenizer = stock.PreTrainedTokenizerFast(tokenizer_object=words, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    tokenizer.add_special_tokens({"additional_special_tokens": [*SPECIAL, *PADS]})
    return tokenizer


def _config(shape: str, ids: dict[str, int]) -> Any:
    import transformers

    stock: Any = transformers
    hidden, layers, heads, kv_heads, inner, vocabulary, tied, sections, depth, width, vision_heads = SHAPES[shape]
    return stock.Qwen2VLConfig(
        text_config={
            "hidden_size": hidden,
            "num_hidden_layers": layers,
            "num_attention_heads": heads,
            "num_key_value_heads": kv_heads,
            "intermediate_size": inner,
            "vocab_size": vocabulary,
            "rms_norm_eps": 1e-6,
            "max_position_embeddings": 32768,
            "bos_token_id": None,
            "eos_token_id": None,
            "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": sections},
        },
        vision_config={"depth": depth, "embed_dim": width, "num_heads": vision_heads, "hidden_size": hidden},
        **ids,
        tie_word_embeddings=tied,
    )


def _hybrid_config(shape: HybridShape, ids: dict[str, int]) -> Any:
    import transformers

    stock: Any = transformers
    return stock.Qwen3_5Config(
        text_config={
            "hidden_size": shape.hidden,
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "num_key_value_heads": shape.kv_heads,
            "head_dim": shape.head_dim,
            "intermediate_size": shape.inner,
            "linear_num_key_heads": shape.state_heads[0],
            "linear_num_value_heads": shape.state_heads[1],
            "linear_key_head_dim": shape.state_dim,
            "linear_value_head_dim": shape.state_dim,
            "layer_types": [FULL if i % 4 == 3 else LINEAR for i in range(shape.layers)],
            "vocab_size": shape.vocabulary,
            "max_position_embeddings": 32768,
            "bos_token_id": None,
            "eos_token_id": None,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 1e7,
                "mrope_section": shape.sections,
                "partial_rotary_factor": 0.25,
            },
        },
        vision_config={
            "depth": shape.depth,
            "hidden_size": shape.width,
            "num_heads": shape.vision_heads,
            "intermediate_size": 4 * shape.width,
            "out_hidden_size": shape.hidden,
        },
        **ids,
        tie_word_embeddings=True,
    )


def _made(config: Any, device: torch.device, dtype: torch.dtype) -> Any:
    import transformers

    stock: Any = transformers
    config._attn_implementation = attention_kind("auto", device, dtype)
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with device:
            torch.manual_seed(0)
            model = stock.AutoModelForImageTextToText.from_config(config)
    finally:
        torch.set_default_dtype(before)
    model.generation_config.update(**GENERATION[config.model_type])
    model.generation_config.eos_token_id, model.generation_config.pad_token_id = None, 0
    return model.eval().requires_grad_(False)
