"""Folders that are written to: where they lie when nobody names one, and one writer for each."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

NAME = "lock"


def data_folder(env: Mapping[str, str], platform: str = sys.platform) -> Path:
    """This user's place for the data of programs, and in it ours."""
    return _place(env, platform, "Application Support", "XDG_DATA_HOME", ".local/share") / "evidence"


def cache_folder(env: Mapping[str, str], platform: str = sys.platform) -> Path:
    """This user's place for what programs can do without, and in it ours."""
    return _place(env, platform, "Caches", "XDG_CACHE_HOME", ".cache")


def _place(env: Mapping[str, str], platform: str, library: str, variable: str, otherwise: str) -> Path:
    """`library`: its name on a Mac; `variable`: that the XDG base directories follow, or `otherwise`."""
    home = Path(env.get("HOME") or env.get("USERPROFILE") or Path.home())
    if platform == "darwin":
        return home / "Library" / library / "askcam"
    if platform == "win32":
        return Path(env.get("LOCALAPPDATA") or home / "AppData" / "Local") / "askcam"
    return Path(env.get(variable) or home / otherwise) / "askcam"


class FolderInUse(Exception):
    """Another process has the folder: it has one writer at a time."""


class Lock:
    """Held from construction to release(); the system takes it back when the process ends, however it ends."""

    def __init__(self, folder: Path) -> None:
        """Raises FolderInUse, and OSError."""
        self._handle: int | None = os.open(folder / NAME, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _take(self._handle)
        except BlockingIOError as exc:
            self.release()
            raise FolderInUse(f"another askcam writes into {folder}") from exc

    def release(self) -> None:
        """No effect the second time."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)


def _take(handle: int) -> None:
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
