"""The SQLite file of events, in which others may keep tables of their own about them."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from askcam.client.watches import WatchEvent
from askcam.features.events import verdicts
from askcam.features.events.errors import EventLogError
from askcam.server.storage import database
from askcam.server.storage.database import Layout
from askcam.server.storage.disk import SHORT_JOURNAL

NAME = "watches.sqlite"
VERSION = 1

TABLES = """
CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used twice
  watch TEXT,
  camera TEXT NOT NULL,
  at REAL NOT NULL,              -- when it was decided, seconds since the epoch
  document BLOB NOT NULL         -- client.watches.WatchEvent as JSON, without its id
);
CREATE INDEX events_of_camera ON events (camera, id);
CREATE INDEX events_of_watch ON events (watch, id);
CREATE TABLE pictures (
  event INTEGER PRIMARY KEY REFERENCES events (id) ON DELETE CASCADE,
  jpeg BLOB NOT NULL
);
"""

# Made where they are missing, so that an older file needs no change; passed over by an askcam that knows none.
LATER = f"""
{verdicts.TABLES}
CREATE TABLE IF NOT EXISTS frames (
  event INTEGER NOT NULL REFERENCES events (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,       -- from 0, oldest first
  jpeg BLOB NOT NULL,
  PRIMARY KEY (event, number)
);
CREATE TABLE IF NOT EXISTS acknowledgements (
  event INTEGER PRIMARY KEY REFERENCES events (id) ON DELETE CASCADE,
  at REAL NOT NULL               -- when somebody said that they have seen it, seconds since the epoch
);
CREATE TABLE IF NOT EXISTS front_events (  -- those of cameras that a front had given to this server
  event INTEGER PRIMARY KEY REFERENCES events (id) ON DELETE CASCADE,
  epoch INTEGER NOT NULL,        -- under which it had the camera
  owed INTEGER NOT NULL,         -- 1: the front is to be told; 2: only what was read since; 0: nothing
  fenced INTEGER NOT NULL DEFAULT 0  -- 1: it does not count there: another server had the camera by then
);
CREATE INDEX IF NOT EXISTS front_events_owed ON front_events (owed) WHERE owed;
CREATE TABLE IF NOT EXISTS front_origin (
  name TEXT NOT NULL             -- of this database, to the front: ids of events begin anew with a new one
);
"""


class KeptBeside(Protocol):
    """What others keep of each event in tables beside its own: written down with it, and told with it. All of it is
    called on the store's thread."""

    def added(self, db: sqlite3.Connection, event: WatchEvent) -> None:
        """An event is being written down: whatever belongs to it, in its transaction. May raise sqlite3.Error."""
        ...

    def kept(self, event: WatchEvent) -> None:
        """It is on the disk."""
        ...

    def told(self, db: sqlite3.Connection, event: WatchEvent) -> WatchEvent:
        """The event with what is known of it here. May raise sqlite3.Error."""
        ...


LAYOUT = Layout("the watches' database", VERSION, TABLES, LATER)


def open_database(folder: Path, others: Sequence[str] = ()) -> database.Guarded:
    """The database, made if there is none; a broken one is kept beside it under another name, and a new one begun.

    `others`: SQL of tables beside its own, made where they are missing. For one thread at a time. Raises WatchingError.
    """
    path = folder / NAME
    try:
        db = database.open_database(path, LAYOUT)
        db.execute(SHORT_JOURNAL)
        for tables in others:
            db.executescript(tables)
        return db
    except database.OtherFormat as exc:
        raise EventLogError(f"{exc}: name another folder") from exc
    except (sqlite3.Error, OSError) as exc:
        raise EventLogError(f"cannot use {path} for watches: {exc}; name another folder under [watching]") from exc
