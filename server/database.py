"""An SQLite file of ours: made, opened, and set aside when it is broken, so that a new one can begin."""

import logging
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)

BUSY_S = 10.0


class OtherFormat(Exception):
    """The file is of another version of askcam. The message names file and versions."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What a file holds."""

    what: str  # "the timeline's database", for what is said of it
    version: int
    tables: str  # SQL that makes them, once
    added: str = ""  # SQL that may run at every opening: what came later, and older versions do not mind


def open_database(path: Path, layout: Layout, *others: Path) -> sqlite3.Connection:
    """The database, made if there is none; a broken one is kept beside it under another name, loudly, and a new one
    begun; `others`, which mean nothing without it, are kept with it. Write-ahead logging; whatever was committed
    outlives a power cut.

    For one thread at a time. Raises OtherFormat, sqlite3.Error and OSError.
    """
    try:
        return _opened(path, layout)
    except sqlite3.DatabaseError as exc:
        if isinstance(exc, sqlite3.OperationalError):  # locked, no space, no permission: that is no damage
            raise
        aside = _set_aside(path, others)
        log.error("%s %s is broken (%s): it is kept as %s, and a new one begins", layout.what, path, exc, aside)
        return _opened(path, layout)


def _opened(path: Path, layout: Layout) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=BUSY_S, check_same_thread=False)
    try:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version == 0:
            made = f"BEGIN; {layout.tables} PRAGMA user_version = {layout.version}; COMMIT;"
            db.executescript(f"PRAGMA auto_vacuum = FULL; {made}")
        elif version != layout.version:
            raise OtherFormat(f"{path} has format {version}, this askcam reads {layout.version}")
        (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(found)
        db.executescript(layout.added)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA foreign_keys = ON")
        return db
    except BaseException:
        db.close()
        raise


def _set_aside(path: Path, others: Iterable[Path]) -> Path:
    """Its new name; its journals go with it."""
    mark = f".broken-{time.time_ns()}"
    aside = path.with_name(path.name + mark)
    path.rename(aside)
    for end in ("-wal", "-shm"):
        journal = path.with_name(path.name + end)
        if journal.exists():
            journal.rename(aside.with_name(aside.name + end))
    for other in others:
        if other.exists():
            other.rename(other.with_name(other.name + mark))
    return aside
