"""Which models the live backend can run as they are loaded, told before anything of them is rearranged."""

import torch
from torch import nn

from askcam.engine.errors import ModelError
from askcam.engine.live.capacity import LINEAR
from askcam.engine.loading import Loaded
from askcam.engine.quantized import method_of

LAYERS = {"full_attention", "sliding_attention", LINEAR}  # the second kind where its window is off
PLAIN = (nn.Linear, nn.Embedding, nn.Conv3d)
DTYPES = (torch.float32, torch.bfloat16, torch.float16)


def check_supported(loaded: Loaded) -> None:
    """Raises ModelError that says why this model is for the portable backend."""
    devices = {str(parameter.device) for parameter in loaded.model.parameters()}
    if len(devices) > 1:
        raise ModelError(f"the model is spread over {', '.join(sorted(devices))}; the live backend wants one device")
    if loaded.device.type not in ("cpu", "cuda"):
        raise ModelError(f"the live backend runs on a CPU or a CUDA GPU, not on {loaded.device.type}")
    text = loaded.model.config.get_text_config()
    strange_layers = set(getattr(text, "layer_types", None) or ()) - LAYERS
    if strange_layers:
        told = ", ".join(sorted(strange_layers))
        raise ModelError(f"this model has layers of {told}, which the live backend does not know")
    if getattr(text, "use_sliding_window", False):
        raise ModelError("this model's attention slides over its context; the live backend has no such window")
    if getattr(text, "num_experts", 0):
        raise ModelError("this model is a mixture of experts; the live backend runs dense ones")
    for name, module in loaded.model.named_modules():
        strange = _strange(module)
        if strange is not None:
            method = method_of(loaded.model.config.to_dict())
            quantized = f"its weights are quantized ({method})" if method else "not all of its layers are plain"
            raise ModelError(f"{quantized}: {name} {strange}; the live backend reads float32, bfloat16 and float16")


def _strange(module: nn.Module) -> str | None:
    """What is unusual about a layer whose weights the live backend reads itself; None: nothing."""
    if not isinstance(module, PLAIN):
        own = module.parameters(recurse=False)
        return next((f"holds {_told(each.dtype)}" for each in own if each.dtype not in DTYPES), None)
    weight = getattr(module, "weight", None)
    if not isinstance(weight, torch.Tensor):
        return "has its weight packed"
    if weight.dtype not in DTYPES:
        return f"holds {_told(weight.dtype)}"
    if type(module) not in PLAIN:
        return f"is a {type(module).__name__}"
    if type(weight) not in (nn.Parameter, torch.Tensor):
        return f"holds a {type(weight).__name__}"
    return "computes in a way of its own" if "forward" in vars(module) else None


def _told(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
