"""An SQLite file of ours: made, opened, and set aside when it is broken, so that a new one can begin."""

import contextlib
import logging
import os
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from askcam.server.storage.disk import open_private

log = logging.getLogger(__name__)

BUSY_S = 10.0
JOURNALS = ("-wal", "-shm")
HEAD, MAGIC = 100, b"SQLite format 3\0"


class FileGone(sqlite3.OperationalError):
    """The file is no longer where it was opened: what is written would be lost. The message says what is to be done."""


class OtherFormat(Exception):
    """The file is of another version of askcam. The message names file and versions."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What a file holds."""

    what: str  # "the timeline's database", for what is said of it
    version: int
    tables: str  # SQL that makes them, once
    added: str = ""  # SQL that may run at every opening: what came later, and older versions do not mind


class Guarded(sqlite3.Connection):
    """A connection that knows its files. SQLite itself goes on with a file that was deleted, and says all is well."""

    _path: Path | None = None
    _handle: int | None = None

    def watch(self, path: Path, handle: int) -> None:
        """From now on the file is looked after. `handle`: the same file, opened; closed with the connection and not
        before, since to close it would give up SQLite's locks."""
        self._path, self._handle = path, handle
        self._journals: dict[str, int] = {}

    def trouble(self) -> str | None:
        """What has become of the files, in words for people; None: they are as they should be. For any thread."""
        path, handle = self._path, self._handle
        if path is None or handle is None:
            return None
        try:
            mine, there = os.fstat(handle), os.stat(path)
        except OSError as exc:
            return f"{path} is gone ({exc.strerror})"
        if (mine.st_dev, mine.st_ino) != (there.st_dev, there.st_ino):
            return f"{path} is another file than the one that was opened"
        for end in JOURNALS:
            try:
                found = os.stat(path.with_name(path.name + end)).st_ino
            except OSError:
                found = 0
            if self._journals.setdefault(end, found) != found and self._journals[end] != 0:
                return f"{path}{end} is gone or is another file"
            self._journals[end] = found
        head = os.pread(handle, HEAD, 0)
        if len(head) < HEAD or not head.startswith(MAGIC):
            return f"{path} was cut off or written over"
        return None  # how long it should be is not to be known: on a full disk the rest is in its journal

    def check(self) -> None:
        """Raises Gone."""
        trouble = self.trouble()
        if trouble is not None:
            raise FileGone(f"{trouble}: put it back, or start askcam anew; until then nothing more is kept there")

    def __enter__(self) -> Self:
        self.check()
        return super().__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        if kind is None:
            try:
                self.check()
            except FileGone:
                self.rollback()
                raise
        return super().__exit__(kind, error, trace)

    def close(self) -> None:
        super().close()
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)


def open_database(path: Path, layout: Layout, *others: Path) -> Guarded:
    """The database, made if there is none; a broken one is kept beside it under another name, loudly, and a new one
    begun; `others`, which mean nothing without it, are kept with it. Write-ahead logging; whatever was committed
    outlives a power cut.

    Nobody but its user can read it. Each transaction (`with db:`) looks whether the file is still there, before it is
    acknowledged, and raises Gone. For one thread at a time. Raises OtherFormat, sqlite3.Error and OSError.
    """
    try:
        return _opened(path, layout)
    except sqlite3.DatabaseError as exc:
        if isinstance(exc, sqlite3.OperationalError):  # locked, no space, no permission: that is no damage
            raise
        aside = _set_aside(path, others)
        log.error("%s %s is broken (%s): it is kept as %s, and a new one begins", layout.what, path, exc, aside)
        return _opened(path, layout)


def _opened(path: Path, layout: Layout) -> Guarded:
    handle = open_private(path)
    try:
        for end in JOURNALS:
            with contextlib.suppress(FileNotFoundError):
                path.with_name(path.name + end).chmod(0o600)  # SQLite makes new ones like the file itself
        db = sqlite3.connect(path, timeout=BUSY_S, check_same_thread=False, factory=Guarded)
    except BaseException:
        os.close(handle)
        raise
    db.watch(path, handle)
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
    for end in JOURNALS:
        journal = path.with_name(path.name + end)
        if journal.exists():
            journal.rename(aside.with_name(aside.name + end))
    for other in others:
        if other.exists():
            other.rename(other.with_name(other.name + mark))
    return aside
