"""One writer per folder: a lock that the system takes back when its process ends, however it ends."""

import os
import sys
from pathlib import Path

NAME = "lock"


class FolderInUse(Exception):
    """Another process has the folder: it has one writer at a time."""


class Lock:
    """Held from construction to release()."""

    def __init__(self, folder: Path) -> None:
        """Raises Taken, and OSError."""
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
