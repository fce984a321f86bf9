"""Where the built-in model lies. Imports nothing but the standard library, so that asking costs nothing."""

from pathlib import Path


def model_path() -> Path:
    """The folder of the built-in model; from_pretrained loads it, offline."""
    return Path(__file__).resolve().parent / "model"
