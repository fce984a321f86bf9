"""The weights of a model: whether they fit, and reading them by transformers' own classes."""

import importlib.util
from collections.abc import Mapping
from typing import Any

import torch

from askcam.engine.cpu_dtype import choose, measure
from askcam.engine.decompressing import decompress, reading_options
from askcam.engine.errors import ModelError
from askcam.engine.interface import EngineConfig
from askcam.engine.loading import FoundModel
from askcam.engine.machine_memory import memory_left
from askcam.engine.quantized import method_of
from askcam.engine.stored import FLOATING, read_as, with_beside

SLOW_ON_GPU = (
    "float32: a GPU multiplies it without its tensor cores, attention above all; "
    "--dtype bfloat16 is faster there and takes half the memory"
)
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def dtype_of(wanted: str) -> torch.dtype | str:
    """As `from_pretrained` takes it. Raises ModelError for one that there is not."""
    if wanted == "auto":
        return "auto"  # the checkpoint's own
    if wanted not in DTYPES:
        raise ModelError(f"there is no dtype {wanted!r}; want auto, {', '.join(DTYPES)}")
    return DTYPES[wanted]


def dtype_for(
    wanted: str, device: torch.device, stored: Mapping[str, int], known: Any
) -> tuple[torch.dtype | str, str]:
    """What the weights are to be, as `from_pretrained` takes it, and why: where that was left open on a CPU, and where
    another would be better on a GPU.

    `stored`: bytes by dtype; `known`: transformers' configuration. May measure, which takes up to two seconds. Raises
    ModelError."""
    if wanted != "auto" or device.type != "cpu":
        dtype = dtype_of(wanted)
        slow = device.type == "cuda" and itemsize_of(dtype, known.dtype) == 4
        return dtype, SLOW_ON_GPU if slow else ""
    needed = {dtype: _needed(stored, dtype.itemsize) for dtype in (torch.float32, torch.bfloat16)}
    text = known.get_text_config()
    floating = sum(size for dtype, size in stored.items() if dtype in FLOATING)
    stored_so = 2 * stored.get("BF16", 0) > floating or ("" in stored and known.dtype == torch.bfloat16)
    found = choose(
        needed, memory_left().num_bytes, stored_so, lambda: measure(int(text.hidden_size), int(text.intermediate_size))
    )
    return found.dtype, found.why


def itemsize_of(dtype: torch.dtype | str, stored: Any) -> int:
    """Bytes of a weight in memory; `stored`: the dtype that config.json names, if it does."""
    if isinstance(dtype, torch.dtype):
        return dtype.itemsize
    return DTYPES.get(str(stored or "float32").removeprefix("torch."), torch.float32).itemsize


def attention_kind(wanted: str, device: torch.device, dtype: torch.dtype | str) -> str:
    """flash_attention_2 where the package is there and can be used, else sdpa; unless one is named."""
    if wanted != "auto":
        return wanted
    flash = device.type == "cuda" and dtype != torch.float32 and importlib.util.find_spec("flash_attn") is not None
    return "flash_attention_2" if flash else "sdpa"


def check_memory(
    config: EngineConfig, device: torch.device, stored: Mapping[str, int], dtype: torch.dtype | str, itemsize: int
) -> None:
    """Before the weights are read: raises ModelError when a CPU has no room for them. (A GPU says so itself, and what
    does not fit into one is spread over several.)"""
    if device.type != "cpu":
        return
    left, needed = memory_left(), _needed(stored, itemsize)
    if needed <= left.num_bytes:
        return
    name = str(dtype).removeprefix("torch.")
    helps = ["use a smaller model", "end what else runs here"]
    if itemsize > 2 and _needed(stored, 2) <= left.num_bytes:
        helps.insert(0, f"try --dtype bfloat16, which takes {_needed(stored, 2) / 1e9:.2f} GB")
    raise ModelError(
        f"{config.model!r} takes {needed / 1e9:.2f} GB in {name}, and {left.num_bytes / 1e9:.2f} GB are {left.bound}: "
        + ", or ".join(helps)
    )


def _needed(stored: Mapping[str, int], itemsize: int) -> int:
    return with_beside(read_as(stored, itemsize))


def read_weights(config: EngineConfig, found: FoundModel) -> Any:
    """The model with its weights, placed. Blocks. Raises ModelError."""
    import transformers

    auto: Any = transformers.AutoModelForImageTextToText
    device = found.device
    plain = device.type == "cpu" and not found.quantized  # transformers reads it there by itself
    placed = not plain and importlib.util.find_spec("accelerate") is not None
    try:
        model, read = auto.from_pretrained(
            found.folder,
            dtype=found.dtype,
            device_map=("auto" if found.spread else {"": str(device)}) if placed else None,
            attn_implementation=attention_kind(config.attention, device, found.dtype),
            output_loading_info=True,
            **reading_options(found.config),
        )
        if not placed:
            model = model.to(device)
        decompress(model)
    except Exception as exc:  # transformers raises whatever a file makes it stumble over
        raise ModelError(_why_not(config, device, exc)) from exc
    if read["missing_keys"]:
        names, method = sorted(read["missing_keys"]), method_of(model.config.to_dict())
        said = f"; they are quantized ({method}) in a way that transformers does not read here" if method else ""
        raise ModelError(f"the weights of {config.model!r} lack {len(names)} tensors, {names[0]} among them{said}")
    return model.eval().requires_grad_(False)


def _why_not(config: EngineConfig, device: torch.device, exc: Exception) -> str:
    """What kept the weights from being read, and the remedy where one is known."""
    said = first_line(exc)
    if isinstance(exc, torch.OutOfMemoryError):
        return (
            f"{config.model!r} does not fit into the memory of {device}: use a smaller model, --device cpu, "
            "or end what else runs there"
        )
    if isinstance(exc, MemoryError) or "mmap" in said or "not enough memory" in said or "allocate memory" in said:
        left = memory_left()
        return (
            f"{config.model!r} does not fit into memory, of which {left.num_bytes / 1e9:.2f} GB are {left.bound}: "
            f"use a smaller model, or end what else runs here ({said})"
        )
    if "mismatched" in said:
        return f"cannot load {config.model!r}: its weights have other shapes than transformers makes of its config.json"
    if isinstance(exc, ImportError):
        return f"cannot load {config.model!r}: a package is missing: {said}"
    if isinstance(exc, NotImplementedError | AssertionError) or any(word in said for word in ("GPU", "CUDA", "cuda")):
        return f"cannot load {config.model!r} on {device}: {said}"
    return f"cannot load {config.model!r}, are its files damaged? {said}"


def first_line(exc: Exception) -> str:
    return (str(exc).strip() or type(exc).__name__).splitlines()[0]
