"""Which releases of packages are installed here."""

import importlib.metadata


def version(package: str) -> str:
    """Reads the package's metadata and does not import it."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:  # run from a folder that was never installed
        return "unknown"
