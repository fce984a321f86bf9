"""The SQLite file of the timeline."""

import sqlite3
from pathlib import Path

from askcam.features.timeline.errors import TimelineError
from askcam.server.storage.database import Guarded, Layout, OtherFormat, open_database
from askcam.server.storage.disk import SHORT_JOURNAL

NAME = "timeline.sqlite"

TABLES = """
CREATE TABLE entries (
  id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used twice
  camera TEXT NOT NULL,
  level TEXT NOT NULL,           -- times.Level
  start REAL NOT NULL,           -- seconds since the epoch
  until REAL NOT NULL,
  text TEXT NOT NULL,
  document BLOB NOT NULL,        -- of a note: note.Note as JSON; of what is merged: merging.Digest
  alone INTEGER NOT NULL,        -- 1: nothing finer is kept of its time
  at REAL NOT NULL               -- when it was written first
);
CREATE UNIQUE INDEX merged_once ON entries (camera, level, start) WHERE level <> 'note';
CREATE INDEX in_order ON entries (level, start, id);
CREATE INDEX alone_in_order ON entries (start, id) WHERE alone;
CREATE TABLE pictures (
  entry INTEGER PRIMARY KEY REFERENCES entries (id) ON DELETE CASCADE,
  jpeg BLOB NOT NULL
);
CREATE TABLE heard (             -- one row: the last watch event that is in here
  one INTEGER PRIMARY KEY CHECK (one = 1),
  event INTEGER NOT NULL
);
INSERT INTO heard VALUES (1, 0);
CREATE VIRTUAL TABLE words USING fts5 (text, came, went, tokenize = 'porter unicode61 remove_diacritics 2');
"""
LAYOUT = Layout("the timeline's database", 1, TABLES)


def open_tables(folder: Path) -> Guarded:
    """For one thread at a time. Raises TimelineError."""
    path = folder / NAME
    try:
        db = open_database(path, LAYOUT)
        db.execute(SHORT_JOURNAL)
        return db
    except OtherFormat as exc:
        raise TimelineError(f"{exc}: name another folder under [timeline]") from exc
    except (sqlite3.Error, OSError) as exc:
        raise TimelineError(f"cannot use {path} for the timeline: {exc}; name another folder under [timeline]") from exc
