"""What a folder's weights take: read from the headers of its files, before gigabytes are. No torch.

Source: the safetensors format (github.com/huggingface/safetensors#format): 8 bytes of length, then a JSON object with a
dtype, a shape and offsets for each tensor.
"""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from askcam.engine.errors import ModelError

MAX_HEADER = 100_000_000  # bytes; the format's own bound
BESIDE_BYTES, BESIDE_SHARE = 200e6, 0.05  # what a pass takes beside the weights, at least: a guess that is never large
FLOATING = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}  # bytes of those that are cast when they are read


def stored_bytes(files: list[Path]) -> Mapping[str, int]:
    """Bytes by dtype as safetensors name them; "" for files of another format. Raises ModelError for broken ones."""
    found: Counter[str] = Counter()
    for file in files:
        if file.suffix == ".safetensors":
            found.update(_header(file))
        else:
            found[""] += file.stat().st_size
    return found


def read_as(stored: Mapping[str, int], itemsize: int | None) -> int:
    """Bytes in memory when floating weights are read with `itemsize` bytes each; None: as they are stored."""
    if itemsize is None:
        return sum(stored.values())
    return sum(size * itemsize // FLOATING.get(dtype, itemsize) for dtype, size in stored.items())


def with_beside(weights_bytes: int) -> int:
    """Bytes that must be there for weights of so many to be read and used."""
    return int(weights_bytes * (1 + BESIDE_SHARE) + BESIDE_BYTES)


def _header(file: Path) -> Counter[str]:
    found: Counter[str] = Counter()
    try:
        with file.open("rb") as opened:
            length = int.from_bytes(opened.read(8), "little")
            if not 2 <= length <= min(MAX_HEADER, file.stat().st_size):
                raise ValueError("its header is no safetensors header")
            tensors = json.loads(opened.read(length))
        for name, tensor in tensors.items():
            if name != "__metadata__":
                start, end = tensor["data_offsets"]
                found[str(tensor["dtype"])] += end - start
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise ModelError(f"cannot load {file}, are its files damaged? {exc}; download it again") from exc
    if 8 + length + sum(found.values()) > file.stat().st_size:
        raise ModelError(f"cannot load {file}, are its files damaged? It is cut off: download it again")
    return found
