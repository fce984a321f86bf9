"""Watches on disk, in the events' database: what they are told to do, and how they stand as it was last told."""

import logging
import sqlite3
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from askcam.features.events.store import Also
from askcam.features.watches.setting import WatchSetting
from askcam.features.watches.threshold import WatchMemory

log = logging.getLogger(__name__)

# Made where they are missing; an older file has the first two already.
TABLES = """
CREATE TABLE IF NOT EXISTS watches (
  name TEXT PRIMARY KEY,
  setting BLOB NOT NULL          -- setting.WatchSetting as JSON
);
CREATE TABLE IF NOT EXISTS memories (  -- how each watch stands, as it was last told
  watch TEXT NOT NULL,           -- "": the camera itself, "on" while it is lost
  camera TEXT NOT NULL,
  is_on INTEGER NOT NULL,
  on_wall REAL,
  PRIMARY KEY (watch, camera)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS texts (  -- beside `memories`: what a watch's text said, as it was last told
  watch TEXT NOT NULL,
  camera TEXT NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (watch, camera)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS brought (  -- watches that were made at a front
  watch TEXT PRIMARY KEY,
  begun INTEGER NOT NULL         -- another number, another watch of that name, or one that asks something else
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS asked_since (  -- watches that asked something else before, or were others of that name
  watch TEXT PRIMARY KEY,
  event INTEGER NOT NULL         -- the last one that was told by then
) WITHOUT ROWID;
"""
MAX_BROUGHT = 4096  # of which that is known, the newest ones
MAX_ASKED = 4096  # the same of those that asked something else

CAMERA = ""  # stands for the watch in memories of cameras themselves
PICTURE = ":picture"  # the same of their pictures' health

Place = tuple[str, str]  # (watch, CAMERA or PICTURE; camera)


class WatchStore:
    """Owned by the events' thread; every method may raise sqlite3.Error."""

    def __init__(self, db: sqlite3.Connection, others: Sequence[str] = ()) -> None:
        """`others`: names of others' tables, whose rows about a watch (column `watch`) go when it means something
        else."""
        self._db, self._others = db, others

    @property
    def db(self) -> sqlite3.Connection:
        """For those who keep tables of their own about watches, on the same thread."""
        return self._db

    def settings(self) -> dict[str, WatchSetting]:
        """By name. One that this version does not understand is left out, and said."""
        found: dict[str, WatchSetting] = {}
        for name, document in self._db.execute("SELECT name, setting FROM watches ORDER BY name"):
            try:
                found[name] = msgspec.json.decode(document, type=WatchSetting)
            except msgspec.MsgspecError as exc:
                log.error("the watch %r is kept, but not used: this askcam does not understand it (%s)", name, exc)
        return found

    def put(self, name: str, setting: WatchSetting) -> None:
        with self._db:
            row = (name, msgspec.json.encode(setting))
            self._db.execute("INSERT OR REPLACE INTO watches (name, setting) VALUES (?, ?)", row)

    def remove(self, name: str) -> None:
        with self._db:
            self._db.execute("DELETE FROM watches WHERE name = ?", (name,))
            self._forget(name)

    def memories(self) -> dict[Place, WatchMemory]:
        rows = self._db.execute("SELECT watch, camera, is_on, on_wall, text FROM memories NATURAL LEFT JOIN texts")
        return {(watch, camera): WatchMemory(bool(is_on), wall, text) for watch, camera, is_on, wall, text in rows}

    def remember(self, place: Place, memory: WatchMemory) -> None:
        """How a watch stands, without an event."""
        with self._db:
            remembering(place, memory)(self._db)

    def hand_over(
        self,
        camera: str,
        names: Iterable[str],
        memories: Mapping[Place, WatchMemory],
        anew: bool,
        begun: Mapping[str, int] | None = None,
        other: Iterable[str] = (),
    ) -> dict[Place, WatchMemory]:
        """How watches of a camera that comes from another server stood there. `anew`: what is remembered here of them
        is older; else this only fills it up. What is remembered of a watch that has `begun` otherwise than it was known
        here, and of those that are called `other`, is of another one. Returns all that is remembered now."""
        places = [(name, camera) for name in (CAMERA, PICTURE, *names)]
        with self._db:
            for name in {*self._begun_anew(begun or {}), *other}:
                self._forget(name)
            known = {} if anew else self.memories()
            for place in places:
                if anew:
                    for table in ("memories", "texts"):
                        self._db.execute(f"DELETE FROM {table} WHERE watch = ? AND camera = ?", place)
                if place in memories and place not in known:
                    remembering(place, memories[place])(self._db)
        return self.memories()

    def _begun_anew(self, begun: Mapping[str, int]) -> list[str]:
        """Those that are not the ones of that name that were known here; now they are."""
        known = dict(self._db.execute("SELECT watch, begun FROM brought"))
        anew = [(name, number) for name, number in begun.items() if known.get(name) != number]
        if anew:
            self._db.executemany("INSERT OR REPLACE INTO brought (watch, begun) VALUES (?, ?)", anew)
            newest = "SELECT watch FROM brought ORDER BY begun DESC LIMIT ?"
            self._db.execute(f"DELETE FROM brought WHERE watch NOT IN ({newest})", (MAX_BROUGHT,))
        return [name for name, _ in anew]

    def forget(self, name: str) -> None:
        """How a watch stands, and what others know of it; it means something else now."""
        with self._db:
            self._forget(name)

    def _forget(self, name: str) -> None:
        for table in ("memories", "texts", *self._others):
            self._db.execute(f"DELETE FROM {table} WHERE watch = ?", (name,))
        last = "SELECT ?, seq FROM sqlite_sequence WHERE name = 'events'"
        self._db.execute(f"INSERT OR REPLACE INTO asked_since (watch, event) {last}", (name,))
        newest = "SELECT watch FROM asked_since ORDER BY event DESC LIMIT ?"
        self._db.execute(f"DELETE FROM asked_since WHERE watch NOT IN ({newest})", (MAX_ASKED,))

    def asked_since(self) -> dict[str, int]:
        """By watch, the last event that was told before it meant what it means now."""
        return dict(self._db.execute("SELECT watch, event FROM asked_since"))


def remembering(place: Place, memory: WatchMemory) -> Also:
    """How a watch, or a camera, stands; as a part of another transaction."""

    def write(db: sqlite3.Connection) -> None:
        put = "INSERT OR REPLACE INTO"
        row = (*place, memory.on, memory.on_wall)
        db.execute(f"{put} memories (watch, camera, is_on, on_wall) VALUES (?, ?, ?, ?)", row)
        if memory.text is not None:
            db.execute(f"{put} texts (watch, camera, text) VALUES (?, ?, ?)", (*place, memory.text))

    return write
