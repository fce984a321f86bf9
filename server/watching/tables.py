"""The SQLite file of watches and events: made, opened, and set aside when it is broken."""

import logging
import sqlite3
from pathlib import Path

from askcam.server.evidence.disk import SHORT_JOURNAL, set_aside
from askcam.server.watching.errors import WatchingError

log = logging.getLogger(__name__)

NAME = "watches.sqlite"
VERSION = 1
BUSY_S = 10.0

TABLES = """
CREATE TABLE watches (
  name TEXT PRIMARY KEY,
  setting BLOB NOT NULL          -- setting.WatchSetting as JSON
);
CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used twice
  watch TEXT,
  camera TEXT NOT NULL,
  at REAL NOT NULL,              -- when it was decided, seconds since the epoch
  document BLOB NOT NULL         -- protocol.WatchEvent as JSON, without its id
);
CREATE INDEX events_of_camera ON events (camera, id);
CREATE INDEX events_of_watch ON events (watch, id);
CREATE TABLE pictures (
  event INTEGER PRIMARY KEY REFERENCES events (id) ON DELETE CASCADE,
  jpeg BLOB NOT NULL
);
CREATE TABLE memories (          -- how each watch stands, as it was last told
  watch TEXT NOT NULL,           -- "": the camera itself, "on" while it is lost
  camera TEXT NOT NULL,
  is_on INTEGER NOT NULL,
  on_wall REAL,
  PRIMARY KEY (watch, camera)
) WITHOUT ROWID;
"""


def open_database(folder: Path) -> sqlite3.Connection:
    """The database, made if there is none; a broken one is kept beside it under another name, and a new one begun.

    For one thread at a time. Raises WatchingError.
    """
    path = folder / NAME
    try:
        try:
            return _opened(path)
        except sqlite3.DatabaseError as exc:
            if isinstance(exc, sqlite3.OperationalError):  # locked, no space, no permission: that is no damage
                raise
            aside = set_aside(path)
            log.error(
                "the watches' database %s is broken (%s): it is kept as %s, and a new one begins", path, exc, aside
            )
            return _opened(path)
    except (sqlite3.Error, OSError) as exc:
        raise WatchingError(f"cannot use {path} for watches: {exc}; name another folder under [watching]") from exc


def _opened(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=BUSY_S, check_same_thread=False)
    try:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version == 0:
            db.executescript(f"PRAGMA auto_vacuum = FULL; BEGIN; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;")
        elif version != VERSION:
            raise WatchingError(f"{path} has format {version}, this askcam reads {VERSION}: name another folder")
        (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(found)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(SHORT_JOURNAL)
        db.execute("PRAGMA synchronous = FULL")  # what was told must outlive a power cut
        db.execute("PRAGMA foreign_keys = ON")
        return db
    except BaseException:
        db.close()
        raise
