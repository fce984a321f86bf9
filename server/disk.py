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


class Reserve:
    """Room that is taken while there is plenty, and given back on a full disk: SQLite needs some even to delete."""

    def __init__(self, folder: Path, num_bytes: int = 1 << 20) -> None:
        self._file, self._num_bytes = folder / "reserve", num_bytes

    def take(self) -> None:
        """No effect when it is taken already, or there is little room. Never raises: it is only for later."""
        with contextlib.suppress(OSError):
            if not self._file.exists() and shutil.disk_usage(self._file.parent).free >= self._num_bytes * 5 // 4:
                self._file.write_bytes(os.urandom(self._num_bytes))  # zeros may be stored as none

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
