"""Quantized checkpoints, small, made of plain ones: as llm-compressor writes them, and as Qwen publishes FP8."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from support.checkpoints import Change, edit, save, weights

IGNORE = ("lm_head", "re:.*visual.*")  # as its recipes leave them
INT4 = {"num_bits": 4, "type": "int", "strategy": "group", "group_size": 32, "symmetric": True}
INT4_UNEVEN = {**INT4, "symmetric": False}
INT8 = {"num_bits": 8, "type": "int", "strategy": "channel", "symmetric": True}
FLOAT8 = {"num_bits": 8, "type": "float", "strategy": "channel", "symmetric": True}
FLOAT8_BLOCKS = {**FLOAT8, "strategy": "block", "block_structure": [32, 32]}
TOKENS = {"num_bits": 8, "type": "int", "strategy": "token", "symmetric": True, "dynamic": True}
FLOAT8_TOKENS = {**TOKENS, "type": "float"}
FLOAT8_FIXED = {"num_bits": 8, "type": "float", "strategy": "tensor", "symmetric": True, "dynamic": False}
WHOLE_PASS = {**TOKENS, "strategy": "tensor"}  # one scale for all that a pass brings
INPUT_MOST = 12.0  # what a fixed scale of inputs reaches to


def compressed(
    format: str, values: dict[str, Any], inputs: dict[str, Any] | None = None, ignore: Sequence[str] = IGNORE
) -> Change:
    """`values` of weights, `inputs`: as compressed-tensors' QuantizationArgs has them."""

    def change(folder: Path) -> None:
        import transformers
        from compressed_tensors.compressors import ModelCompressor
        from compressed_tensors.quantization import (
            QuantizationArgs,
            QuantizationConfig,
            QuantizationScheme,
            QuantizationStatus,
            apply_quantization_config,
        )

        auto: Any = transformers.AutoModelForImageTextToText
        model = auto.from_pretrained(folder)
        scheme = QuantizationScheme(
            targets=["Linear"],
            weights=QuantizationArgs(**values),
            input_activations=None if inputs is None else QuantizationArgs(**inputs),
            format=format,
        )
        config = QuantizationConfig(
            config_groups={"group_0": scheme},
            ignore=list(ignore),
            format=format,
            quantization_status=QuantizationStatus.INITIALIZED,
        )
        apply_quantization_config(model, config)
        for module in model.modules():
            if getattr(module, "quantization_scheme", None) is not None:
                _calibrate(module, values)
                module.quantization_status = QuantizationStatus.FROZEN
        ModelCompressor(quantization_config=config).compress_model(model)
        save(folder, dict(model.state_dict()))
        said = json.loads(config.model_dump_json(exclude_none=True))
        said |= {"quant_method": "compressed-tensors", "quantization_status": "compressed"}
        edit(folder / "config.json", quantization_config=said)

    return change


def fine_grained(folder: Path) -> None:
    """As Qwen publishes FP8: blocks of 128 x 128, each with the inverse of its scale; read by transformers itself."""
    found = weights(folder)
    for name in [name for name in found if "visual" not in name and name.endswith("_proj.weight")]:
        padded = torch.nn.functional.pad(found[name], (0, -found[name].shape[1] % 128, 0, -found[name].shape[0] % 128))
        blocks = padded.unflatten(1, (-1, 128)).unflatten(0, (-1, 128))
        scale = blocks.abs().amax((1, 3)) / 448.0  # (rows / 128, columns / 128)
        rounded = (blocks / scale[:, None, :, None]).flatten(2, 3).flatten(0, 1)
        rows, columns = found[name].shape
        found[name.removesuffix("weight") + "weight_scale_inv"] = scale
        found[name] = rounded[:rows, :columns].to(torch.float8_e4m3fn)
    save(folder, found)
    said = {"quant_method": "fp8", "activation_scheme": "dynamic", "weight_block_size": [128, 128]}
    edit(folder / "config.json", quantization_config={**said, "modules_to_not_convert": ["visual", "lm_head"]})


def _calibrate(module: Any, values: dict[str, Any]) -> None:
    """Scales that reach to the largest value of what they are for."""
    weight = module.weight.data
    num_out, num_in = weight.shape
    most = 448.0 if values["type"] == "float" else 2.0 ** (values["num_bits"] - 1) - 1
    if values["strategy"] == "block":
        rows, columns = values["block_structure"]
        blocks = torch.nn.functional.pad(weight, (0, -num_in % columns, 0, -num_out % rows))
        blocks = blocks.unflatten(1, (-1, columns)).unflatten(0, (-1, rows))  # (rows / 32, 32, columns / 32, 32)
        low, high = blocks.amin((1, 3)), blocks.amax((1, 3))
    else:
        groups = weight.unflatten(1, (-1, values.get("group_size", num_in)))
        low, high = groups.amin(2), groups.amax(2)
    if values["symmetric"]:
        module.weight_scale.data.copy_(torch.maximum(-low, high) / most)
    else:
        scale = (high.clamp(min=0) - low.clamp(max=0)) / (2 * most + 1)
        module.weight_scale.data.copy_(scale)
        module.weight_zero_point.data.copy_((-most - 1 - low.clamp(max=0) / scale).round())
    if hasattr(module, "input_scale"):
        module.input_scale.data.fill_(INPUT_MOST / 448.0)
