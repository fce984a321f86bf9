"""What a folder's weights take: read from the headers of its files, before gigabytes are. No torch.

Source: the safetensors format (github.com/huggingface/safetensors#format): 8 bytes of length, then a JSON object with a
dtype, a shape and offsets for each tensor.
"""

import json
from collections import Counter
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

from askcam.engine.errors import ModelError

MAX_HEADER = 100_000_000  # bytes; the format's own bound
BESIDE_BYTES, BESIDE_SHARE = 200e6, 0.05  # what a pass takes beside the weights, at least: a guess that is never large
FLOATING = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}  # bytes of those that are cast when they are read
UNPACKED = "unpacked"  # of quantized weights that are unpacked when they are read: one byte here for each value
IN_MEMORY = {**FLOATING, UNPACKED: 1}
QUANTIZED = {"I8", "U8", "F8_E4M3", "F8_E5M2"}  # a value each, or two where they are packed


def stored_bytes(files: list[Path], unpacks: bool = False) -> Mapping[str, int]:
    """Bytes by dtype as safetensors name them; "" for files of another format. Raises ModelError for broken ones.

    `unpacks`: quantized weights become floating ones when they are read; their values are counted as UNPACKED."""
    found: Counter[str] = Counter()
    for file in files:
        if file.suffix == ".safetensors":
            found.update(_header(file, unpacks))
        else:
            found[""] += file.stat().st_size
    return found


def read_as(stored: Mapping[str, int], itemsize: int | None) -> int:
    """Bytes in memory when floating weights are read with `itemsize` bytes each; None: as they are stored."""
    if itemsize is None:
        return sum(stored.values())
    return sum(size * itemsize // IN_MEMORY.get(dtype, itemsize) for dtype, size in stored.items())


def with_beside(weights_bytes: int) -> int:
    """Bytes that must be there for weights of so many to be read and used."""
    return int(weights_bytes * (1 + BESIDE_SHARE) + BESIDE_BYTES)


def _header(file: Path, unpacks: bool) -> Counter[str]:
    found: Counter[str] = Counter()
    try:
        with file.open("rb") as opened:
            length = int.from_bytes(opened.read(8), "little")
            if not 2 <= length <= min(MAX_HEADER, file.stat().st_size):
                raise ValueError("its header is no safetensors header")
            tensors = json.loads(opened.read(length))
            tensors.pop("__metadata__", None)
            ends = [tensor["data_offsets"][1] for tensor in tensors.values()]
            if 8 + length + max(ends, default=0) > file.stat().st_size:
                raise ModelError(f"cannot load {file}, are its files damaged? It is cut off: download it again")
            for name, tensor in tensors.items():
                start, end = tensor["data_offsets"]
                values = _quantized_values(name, tensors, opened, 8 + length) if unpacks else None
                if values is None:
                    found[str(tensor["dtype"])] += end - start
                else:
                    found[UNPACKED] += values
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise ModelError(f"cannot load {file}, are its files damaged? {exc}; download it again") from exc
    return found


def _quantized_values(name: str, tensors: Mapping[str, Any], file: BinaryIO, data_start: int) -> int | None:
    """Of a tensor that holds a layer's quantized weight, how many values that has; None for all others.

    Packed ones are beside their shape (compressed-tensors' pack-quantized), or have four bits each."""
    dtype, (start, end) = str(tensors[name]["dtype"]), tensors[name]["data_offsets"]
    if name.endswith(".weight_packed"):
        shape = tensors.get(name.removesuffix("packed") + "shape")
        if shape is None:
            return int(2 * (end - start))
        file.seek(data_start + shape["data_offsets"][0])
        return prod(int.from_bytes(file.read(8), "little") for _ in range(prod(shape["shape"])))
    if name.endswith(".weight") and dtype in QUANTIZED:
        return int(end - start)
    return None
