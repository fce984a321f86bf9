"""Random models of the real shapes, for benchmarks on machines that have no weights, and a processor without files."""

from collections.abc import Mapping
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from askcam.engine.families.known import qwen2_vl
from askcam.engine.families.spec import Facts, ModelLimits
from askcam.engine.interface import ModelInfo
from askcam.engine.loading import Loaded
from askcam.engine.weights import attention_kind

# hidden, layers, heads, kv heads, intermediate, vocabulary, tied, M-RoPE sections, vision depth, width, heads
SHAPES: dict[str, tuple[int, int, int, int, int, int, bool, list[int], int, int, int]] = {
    "2b": (1536, 28, 12, 2, 8960, 151936, True, [16, 24, 24], 32, 1280, 16),
    "7b": (3584, 28, 28, 4, 18944, 152064, False, [16, 24, 24], 32, 1280, 16),
    "tiny": (64, 3, 4, 2, 160, 4096, True, [2, 3, 3], 2, 32, 2),
}
SIZES = {"tiny": (112, 84), "2b": (448, 336), "7b": (448, 336)}  # of the cameras' pictures
# how real checkpoints choose tokens: what the families' own generation_config.json say of it
GENERATION: Mapping[str, Mapping[str, bool | int | float]] = {
    "qwen2_vl": {"do_sample": True, "temperature": 0.01, "top_k": 1, "top_p": 0.001, "repetition_penalty": 1.0},
    "qwen2_5_vl": {"do_sample": True, "temperature": 1e-6, "repetition_penalty": 1.05},
    "qwen3_vl": {"do_sample": True, "temperature": 0.7, "top_k": 20, "top_p": 0.8},
    "qwen3_5": {"do_sample": True, "temperature": 1.0, "top_k": 20, "top_p": 0.95},
}
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>")
PADS = ("<|image_pad|>", "<|video_pad|>")
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if m.content is string %}{{ m.content }}{% else %}{% for part in m.content %}"
    "{% if part.type == 'text' %}{{ part.text }}"
    "{% else %}<|vision_start|><|{{ part.type }}_pad|><|vision_end|>{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def random_model(shape: str, device: torch.device, dtype: torch.dtype, max_pairs: int = 64) -> Loaded:
    """A Qwen2-VL of a SHAPES size with random weights, made on the device. It never ends an answer by itself."""
    processor = byte_processor()
    ids = {name: processor.tokenizer.convert_tokens_to_ids(f"<|{name}|>") for name in ("image_pad", "video_pad")}
    model = _build(shape, device, dtype, ids)
    limits = ModelLimits(4 * 28**2, 1280 * 28**2)
    spec = qwen2_vl(Facts({"vision_config": {}}, limits, limits, max_pixels=limits.max_pixels))
    info = ModelInfo(
        id=f"random-{shape}",
        family="qwen2_vl",
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
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = Tokenizer(models.BPE(vocab={letter: i for i, letter in enumerate(letters)}, merges=[]))
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    tokenizer = stock.PreTrainedTokenizerFast(tokenizer_object=words, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    tokenizer.add_special_tokens({"additional_special_tokens": [*SPECIAL, *PADS]})
    return stock.Qwen2VLProcessor(
        image_processor=stock.Qwen2VLImageProcessor(),
        tokenizer=tokenizer,
        video_processor=stock.Qwen2VLVideoProcessor(cap_pixels_per_frame=False),
        chat_template=TEMPLATE,
    )


def _build(shape: str, device: torch.device, dtype: torch.dtype, ids: dict[str, int]) -> Any:
    import transformers

    stock: Any = transformers
    hidden, layers, heads, kv_heads, inner, vocabulary, tied, sections, depth, width, vision_heads = SHAPES[shape]
    config = stock.Qwen2VLConfig(
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
        image_token_id=ids["image_pad"],
        video_token_id=ids["video_pad"],
        tie_word_embeddings=tied,
        attn_implementation=attention_kind("auto", device, dtype),
    )
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with device:
            torch.manual_seed(0)
            model = stock.Qwen2VLForConditionalGeneration(config)
    finally:
        torch.set_default_dtype(before)
    model.generation_config.update(**GENERATION["qwen2_vl"])
    model.generation_config.eos_token_id, model.generation_config.pad_token_id = None, 0
    return model.eval().requires_grad_(False)
