"""The SQLite file beside the pictures: who wrote what in which order, and which answer needs which picture.

Write-ahead logging lets readers in other threads and processes read on while the one writer writes.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from askcam.features.evidence.errors import EvidenceError, NotKept
from askcam.server.storage.chain import START
from askcam.server.storage.database import BUSY_S, Guarded, Layout, OtherFormat, open_database
from askcam.server.storage.disk import SHORT_JOURNAL

NAME = "index.sqlite"
VERSION = 1

TABLES = """
CREATE TABLE answers (
  number INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used twice: the order of the chain
  id TEXT NOT NULL UNIQUE,
  created REAL NOT NULL,
  previous TEXT NOT NULL,  -- hash of the record before
  hash TEXT NOT NULL,      -- chain.link(previous, document)
  document BLOB NOT NULL   -- record.Evidence
);
CREATE TABLE pictures (
  digest TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  width INTEGER NOT NULL,
  height INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  pixels TEXT              -- hash of the pixels, by which the same frame is found again
);
CREATE INDEX same_pixels ON pictures (pixels);
CREATE TABLE uses (
  answer INTEGER NOT NULL REFERENCES answers (number),
  digest TEXT NOT NULL REFERENCES pictures (digest),
  PRIMARY KEY (answer, digest)
) WITHOUT ROWID;
CREATE INDEX used_by ON uses (digest);
CREATE TABLE ends (
  name TEXT PRIMARY KEY,   -- "before": of the record before the oldest one; "last": of the newest one
  hash TEXT NOT NULL
);
"""
ENDS = f"INSERT INTO ends VALUES ('before', '{START}'), ('last', '{START}');"
LATER = "CREATE INDEX IF NOT EXISTS by_time ON answers (created);"  # folders of earlier releases have none
LAYOUT = Layout("the evidence's index", VERSION, f"{TABLES} {ENDS}", LATER)


def open_to_write(folder: Path, pictures: Path) -> Guarded:
    """The index, made if there is none; a broken one is kept under another name with its `pictures`, which no bound
    counts any more, and a new one begun. For one thread at a time. Raises EvidenceError."""
    path = folder / NAME
    try:
        db = open_database(path, LAYOUT, pictures)
        db.execute(SHORT_JOURNAL)
        return db
    except OtherFormat as exc:
        raise EvidenceError(f"{exc}: use another folder") from exc
    except (sqlite3.Error, OSError) as exc:
        raise EvidenceError(f"cannot use {path} as evidence's index: {exc}; move it away") from exc


@contextlib.contextmanager
def reading(folder: Path) -> Iterator[sqlite3.Connection]:
    """The index as it stands, unchanged while the block runs. Raises NotKept when there is none, EvidenceError."""
    path = folder / NAME
    if not path.is_file():
        raise NotKept(f"there is no evidence in {folder}: name its folder with --data")
    try:
        with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_S)) as db:
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version != VERSION:
                raise _other(folder, version)
            db.execute("BEGIN")
            yield db
    except sqlite3.Error as exc:
        raise EvidenceError(f"cannot read {path}: {exc}") from exc


def _other(folder: Path, version: int) -> EvidenceError:
    return EvidenceError(f"{folder / NAME} has format {version}, this askcam reads {VERSION}: use another folder")
