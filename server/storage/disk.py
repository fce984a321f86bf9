"""A disk that is full: how one knows, and how there comes to be room for what matters more."""

import contextlib
import errno
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
SHORT_JOURNAL = "PRAGMA wal_autocheckpoint = 64"  # pages: what is in the journal must fit into the reserve


def is_full(error: Exception) -> bool:
    """Whether it was for want of room that something could not be written."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return isinstance(error, OSError) and error.errno in FULL


def open_private(path: Path) -> int:
    """A file that only its user may read and write, made if need be, whatever its folder and the umask are; a handle
    to read and write it. Raises OSError."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if hasattr(os, "fchmod") and os.fstat(handle).st_mode & 0o777 != 0o600:
            os.fchmod(handle, 0o600)
    except BaseException:
        os.close(handle)
        raise
    return handle


def make_private(folder: Path) -> None:
    """Make a folder, and what is missing above it, that only its user may enter. One that is there stays as it is: it
    may be shared for a reason. Raises OSError."""
    missing = [folder, *folder.parents]
    for each in reversed(missing):
        if not each.is_dir():
            each.mkdir(mode=0o700, exist_ok=True)
            each.chmod(0o700)


def settle_names(folder: Path) -> None:
    """Have the folder's new names survive a power cut."""
    with contextlib.suppress(OSError):  # not every system can
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class Reserve:
    """Room that is taken while there is plenty, and given back on a full disk: SQLite needs some even to delete."""

    def __init__(self, folder: Path, num_bytes: int = 1 << 20) -> None:
        self._file, self._num_bytes = folder / "reserve", num_bytes

    def take(self) -> None:
        """No effect when it is taken already, or there is little room. Never raises: it is only for later."""
        with contextlib.suppress(OSError):
            if not self._file.exists() and shutil.disk_usage(self._file.parent).free >= self._num_bytes * 5 // 4:
                handle = open_private(self._file)
                with os.fdopen(handle, "wb") as file:
                    file.write(os.urandom(self._num_bytes))  # zeros may be stored as none

    def give(self) -> None:
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)


def settle(db: sqlite3.Connection) -> None:
    """Put what SQLite has only in its journal into its file: not before that is the room of deleted rows free. No error
    is raised for want of room, or for a lock."""
    with contextlib.suppress(sqlite3.OperationalError):
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def make_room(db: sqlite3.Connection, reserve: Reserve, remove: Callable[[], bool], most: int) -> int:
    """On a full disk: `remove` up to `most` times, as long as it finds anything; returns how often it did."""
    done = 0
    reserve.give()
    settle(db)
    with contextlib.suppress(OSError, sqlite3.OperationalError):  # there is no room even for that
        while done < most and remove():
            done += 1
            settle(db)  # or the journal of what is removed would take more than the reserve
    reserve.take()
    return done
