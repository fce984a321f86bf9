"""Quantized weights: by which method, which package reads them, and what to install where it is missing. No torch.

Source: transformers, utils/quantization_config.py (`QuantizationMethod`), and the quantizers' `validate_environment`.
"""

import importlib.util
from collections.abc import Mapping
from typing import Any

from askcam.engine.errors import ModelError

# Of each method: the module that must be there, and what installs it.
PACKAGES = {
    "awq": ("gptqmodel", "gptqmodel"),
    "gptq": ("gptqmodel", "gptqmodel optimum"),
    "compressed-tensors": ("compressed_tensors", "compressed-tensors"),
    "bitsandbytes": ("bitsandbytes", "bitsandbytes"),
    "torchao": ("torchao", "torchao"),
    "quanto": ("optimum.quanto", "optimum-quanto"),
    "hqq": ("hqq", "hqq"),
    "aqlm": ("aqlm", "aqlm"),
    "eetq": ("eetq", "eetq"),
    "fbgemm_fp8": ("fbgemm_gpu", "fbgemm-gpu"),
    "auto-round": ("auto_round", "auto-round"),
}


def method_of(config: Mapping[str, Any]) -> str | None:
    """How the weights of config.json are quantized; None: they are not."""
    found = config.get("quantization_config") or config.get("compression_config")
    if not isinstance(found, Mapping):
        return None
    if found.get("load_in_4bit") or found.get("load_in_8bit"):  # bitsandbytes' older files name no method
        return _named(found.get("quant_method", "bitsandbytes"))
    return _named(found.get("quant_method", "unnamed"))


def _named(method: Any) -> str:
    """Of a model in memory it is one of transformers' enums."""
    return str(getattr(method, "value", method))


def check_packages(model: str, config: Mapping[str, Any]) -> None:
    """Raises ModelError that says what to install, if the package that reads these weights is missing."""
    method = method_of(config)
    module, installed = PACKAGES.get(method or "", ("", ""))
    if module and not _is_there(module):
        raise ModelError(f"the weights of {model!r} are quantized ({method}), which takes: pip install {installed}")


def unpacks_when_read(config: Mapping[str, Any], fp8: bool) -> bool:
    """Whether quantized weights become floating ones in memory. `fp8`: the device multiplies such weights itself."""
    method = method_of(config)
    return method == "compressed-tensors" or (method == "fp8" and not fp8)


def told_unpacked(config: Mapping[str, Any], in_memory: int, on_disk: int) -> str:
    """What that costs in bytes, in a line."""
    return (
        f"its weights are quantized ({method_of(config)}) and unpacked when they are read: {in_memory / 1e9:.2f} GB in "
        f"memory, {on_disk / 1e9:.2f} GB on disk"
    )


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # of a package in a package
        return False
