"""Weights that compressed-tensors keeps packed until a model's first pass: unpacked when they are read."""

import copy
from collections.abc import Mapping
from typing import Any


def reading_options(config: Any) -> dict[str, Any]:
    """What `from_pretrained` is told beside what config.json says; `config`: transformers' of it, as it was read.

    transformers makes no room for packed zero points, so layers that have them are unpacked as they are read: by the
    one scheme that there is, since it looks for no other then."""
    quantization: Mapping[str, Any] = config.to_dict().get("quantization_config") or {}
    groups = list((quantization.get("config_groups") or {}).values())
    if quantization.get("quant_method") != "compressed-tensors" or len(groups) != 1:
        return {}
    weights = groups[0].get("weights") or {}
    packed = "pack-quantized" in (groups[0].get("format"), quantization.get("format"))
    if not packed or weights.get("symmetric", True) or groups[0].get("input_activations"):
        return {}
    changed = copy.deepcopy(config)
    changed.quantization_config = {**quantization, "dequantize": True}
    return {"config": changed}


def decompress(model: Any) -> None:
    """What the first pass of transformers would do, now, while loading is told: each layer gets its weight in the
    type of its scales, which is the model's. In place; nothing is done to a model that holds no such weights.

    Layers that round nothing else are plain ones from then on. Those that round what goes in or comes out go on doing
    so, by a forward of their own. Of a model that lies partly in files all is left to the first pass."""
    compressor: Any = getattr(getattr(model, "hf_quantizer", None), "compressor", None)
    if compressor is None or not hasattr(model, "ct_decompress_hook") or _partly_elsewhere(model):
        return
    from compressed_tensors.compressors import decompress_module  # type: ignore[import-untyped, unused-ignore]

    unpack: Any = decompress_module
    modules = [module for module in model.modules() if getattr(module, "quantization_scheme", None) is not None]
    for module in modules:
        scheme = module.quantization_scheme
        if scheme.weights is not None:
            rounds = scheme.input_activations is not None or scheme.output_activations is not None
            unpack(module, compressor.force_compression_format, leave_decompressed=rounds)
    compressor.remove_decompression_hook(model)


def _partly_elsewhere(model: Any) -> bool:
    """Whether accelerate brings some of its weights when they are needed."""
    return any(getattr(getattr(module, "_hf_hook", None), "offload", False) for module in model.modules())
