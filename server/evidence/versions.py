"""Which releases answer here: what they compute may change from one to the next."""

import importlib.metadata

from askcam.server.evidence.record import Versions


def versions() -> Versions:
    """Reads the packages' metadata; imports none of them."""
    return Versions(_version("askcam"), _version("torch"), _version("transformers"))


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:  # run from a folder that was never installed
        return "unknown"
