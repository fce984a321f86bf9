"""Which model a folder holds, told apart from others: the hub's commit where it is known, and a digest of the files.

No torch, and quick for hundreds of gigabytes: of large weights, sizes and samples spread over each file are read.
Another revision, fine-tune or quantization changes these. No proof against who changes single weights on purpose.
"""

import hashlib
from pathlib import Path

CONFIGS = ("*.json", "*.jinja", "*.txt", "*.model")
WEIGHTS = ("*.safetensors", "pytorch_model*.bin")
WHOLE_BYTES = 1 << 20  # smaller files are read whole
NUM_SAMPLES, SAMPLE_BYTES = 64, 16 << 10


def commit_of(folder: Path) -> str | None:
    """The commit of a folder in the hub's cache, which calls its snapshots so; None for any other folder."""
    return folder.name if folder.parent.name == "snapshots" else None


def digest_of(folder: Path) -> str:
    """64 hexadecimal digits over the names and contents of all that makes the model. Raises OSError."""
    whole = hashlib.sha256()
    for path in sorted({path for pattern in (*CONFIGS, *WEIGHTS) for path in folder.glob(pattern)}):
        size = path.stat().st_size
        config = not any(path.match(pattern) for pattern in WEIGHTS)
        whole.update(f"{path.name} {size} {_digest(path, size, config or size <= WHOLE_BYTES)}\n".encode())
    return whole.hexdigest()


def _digest(path: Path, size: int, all_of_it: bool) -> str:
    """Of the file, or of samples of it: the first holds the names and shapes of the weights."""
    with path.open("rb") as file:
        if all_of_it:
            return hashlib.file_digest(file, "sha256").hexdigest()
        found = hashlib.sha256()
        for number in range(NUM_SAMPLES):
            file.seek(number * (size - SAMPLE_BYTES) // (NUM_SAMPLES - 1))
            found.update(file.read(SAMPLE_BYTES))
        return found.hexdigest()
