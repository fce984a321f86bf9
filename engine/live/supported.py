"""Which models the live backend can run as they are loaded, told before anything of them is rearranged."""

import torch
from torch import nn

from askcam.engine.errors import ModelError
from askcam.engine.live.capacity import LINEAR
from askcam.engine.live.own_modules import OwnModules, check_own, has_own_product
from askcam.engine.live.projections import DTYPES, strangeness
from askcam.engine.loading import Loaded
from askcam.engine.quantized import method_of

LAYERS = {"full_attention", "sliding_attention", LINEAR}  # the second kind where its window is off


def check_supported(loaded: Loaded) -> OwnModules:
    """Which of its modules compute products in a way of their own. Raises ModelError that says why this model is for
    the portable backend."""
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
    try:
        return check_own(_own_modules(loaded), loaded.device, activations_dtype(loaded))
    except ModelError as exc:
        method = method_of(loaded.model.config.to_dict())
        raise ModelError(
            f"its weights are quantized ({method}): {exc}" if method else f"not all of its layers are plain: {exc}"
        ) from exc


def activations_dtype(loaded: Loaded) -> torch.dtype:
    """Of what goes through the language model, its keys and values: weights may have another."""
    dtype: torch.dtype = loaded.model.model.language_model.embed_tokens.weight.dtype
    return dtype


def _own_modules(loaded: Loaded) -> dict[str, nn.Module]:
    """By name, the layers whose products only they can compute. Raises ModelError for what else is unusual."""
    found: dict[str, nn.Module] = {}
    for name, module in loaded.model.named_modules():
        strange = _strange(module)
        if strange is None:
            continue
        if not has_own_product(module):
            raise ModelError(f"{name} {strange}; the live backend reads float32, bfloat16 and float16")
        found[name] = module
    return found


def _strange(module: nn.Module) -> str | None:
    """What is unusual about a layer whose weights the live backend reads itself; None: nothing."""
    if isinstance(module, nn.Linear | nn.Embedding | nn.Conv3d) or has_own_product(module):
        return strangeness(module)
    if getattr(module, "quantization_scheme", None) is not None:
        return "quantizes keys and values"
    own = module.parameters(recurse=False)
    strange = next((each.dtype for each in own if each.dtype not in DTYPES), None)
    return None if strange is None else f"holds {str(strange).removeprefix('torch.')}"
