"""Notes on disk, and what they were merged to. A note and the minute, hour and day that it belongs to are one
transaction: after a crash there is either all of it or nothing, so nothing is counted twice."""

import logging
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import tzinfo
from pathlib import Path

import msgspec

from askcam.features.timeline.config import TimelineBounds
from askcam.features.timeline.errors import TimelineError
from askcam.features.timeline.merging import Digest, MergedWords, digest_of, in_words, merged, names_of
from askcam.features.timeline.note import Note
from askcam.features.timeline.retention import Retention
from askcam.features.timeline.tables import open_tables
from askcam.features.timeline.times import MERGED, Level, exact, span
from askcam.server.access.viewer import Viewer
from askcam.server.language.fulltext import spaced
from askcam.server.storage.disk import Reserve, is_full, make_private, make_room
from askcam.server.storage.folder import FolderInUse, Lock

log = logging.getLogger(__name__)

GIVE_WAY, AT_ONCE = 8, 8  # so often so many pictures go when the disk is full

INSERT = "INSERT INTO entries (camera, level, start, until, text, document, alone, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


class NoteStore:
    """The one writer of a folder. Owned by one thread at a time; every method may raise sqlite3.Error."""

    def __init__(self, folder: Path, bounds: TimelineBounds, where: tzinfo | None, words: MergedWords) -> None:
        """`where`: whose hours and days; `words`: of what is merged. Makes what is missing. Raises TimelineError."""
        self._where, self._words = where, words
        try:
            make_private(folder)
            self._lock = Lock(folder)
        except OSError as exc:
            raise TimelineError(f"cannot keep a timeline in {folder}: {exc.strerror}; name another folder") from exc
        except FolderInUse as exc:
            raise TimelineError(
                f"another askcam keeps its timeline in {folder}: end it, or name another folder under [timeline]"
            ) from exc
        try:
            self.db = open_tables(folder)
        except BaseException:
            self._lock.release()
            raise
        self._retention = Retention(self.db, bounds, where)
        self._reserve = Reserve(folder)
        self._reserve.take()

    def trouble(self) -> str | None:
        """What has become of its file; None: nothing. For any thread."""
        return self.db.trouble()

    def close(self) -> None:
        self.db.close()
        self._lock.release()

    # -- writing

    def add(self, note: Note, jpeg: bytes | None, now: float) -> int:
        """Write a note down, and return its id. `now`: seconds since the epoch. On a full disk old pictures give way,
        and at last its own."""
        attempts: list[bytes | None] = [jpeg, jpeg, None] if jpeg is not None else [None, None]
        for i, picture in enumerate(attempts):
            try:
                with self.db:
                    number = self._insert(note, picture, now)
                self._retention.keep(now)
                self._reserve.take()
                return number
            except sqlite3.OperationalError as exc:
                if not is_full(exc) or i == len(attempts) - 1:
                    raise
                log.error("the disk is full: %s", "old pictures of the timeline give way" if i == 0 else "no picture")
                if i == 0:
                    make_room(self.db, self._reserve, lambda: self._retention.drop_pictures(AT_ONCE) > 0, GIVE_WAY)
        raise AssertionError("the last attempt returns or raises")

    def hear(self, events: Sequence[Note], last: int, now: float) -> None:
        """Take events in, `last` being the id of the newest: once each, whatever ends in between."""
        with self.db:
            for note in events:
                self._insert(note, None, now)
            self.db.execute("UPDATE heard SET event = ?", (last,))
        self._retention.keep(now)

    @property
    def heard(self) -> int:
        """The id of the last event that was taken in; 0 before the first."""
        (number,) = self.db.execute("SELECT event FROM heard").fetchone()
        return int(number)

    def _insert(self, note: Note, jpeg: bytes | None, now: float) -> int:
        note = replace(note, start=exact(note.start), end=exact(note.end))
        number = self._new(note.camera, Level.NOTE, (note.start, note.end), note.text, msgspec.json.encode(note), now)
        self._index(number, note.text, *note.turned)
        if jpeg is not None:
            self.db.execute("INSERT INTO pictures (entry, jpeg) VALUES (?, ?)", (number, jpeg))
        digest = digest_of(note)
        for level in MERGED:
            self._merge(note.camera, level, span(level, note.start, self._where), digest, now)
        return number

    def _merge(self, camera: str, level: Level, when: tuple[float, float], digest: Digest, now: float) -> None:
        find = "SELECT id, document FROM entries WHERE camera = ? AND level = ? AND start = ?"
        row = self.db.execute(find, (camera, level, when[0])).fetchone()
        if row is not None:
            digest = merged((msgspec.json.decode(row[1], type=Digest), digest))
        text, document = in_words(digest, self._words), msgspec.json.encode(digest)
        if row is None:
            number = self._new(camera, level, when, text, document, now)
        else:
            number = row[0]
            self.db.execute("UPDATE entries SET text = ?, document = ? WHERE id = ?", (text, document, number))
            self.db.execute("DELETE FROM words WHERE rowid = ?", (number,))
        names = (names_of(digest, counted) for counted in ("seen", "came", "went"))
        seen, came, went = names
        self._index(number, f"{text} {' '.join(seen)}", came, went)

    def _new(self, camera: str, level: Level, when: tuple[float, float], text: str, document: bytes, now: float) -> int:
        alone = level is Level.NOTE
        number = self.db.execute(INSERT, (camera, level, *when, text, document, alone, now)).lastrowid
        assert number is not None
        return number

    def _index(self, number: int, text: str, came: Sequence[str], went: Sequence[str]) -> None:
        row = (number, spaced(text), *(spaced(" ; ".join(filter(None, names))) for names in (came, went)))
        self.db.execute("INSERT INTO words (rowid, text, came, went) VALUES (?, ?, ?, ?)", row)

    # -- reading

    def last_names(self, camera: str) -> tuple[str, ...] | None:
        """What the newest note of a camera named; None before its first."""
        newest = "SELECT document FROM entries WHERE camera = ? AND level = 'note' ORDER BY id DESC LIMIT 200"
        for (document,) in self.db.execute(newest, (camera,)):
            note = msgspec.json.decode(document, type=Note)
            if note.event is None:
                return note.names
        return None

    def picture(self, number: int) -> bytes | None:
        row = self.db.execute("SELECT jpeg FROM pictures WHERE entry = ?", (number,)).fetchone()
        return None if row is None else bytes(row[0])

    def event_of(self, number: int, viewer: Viewer) -> int | None:
        """The event that an entry tells. Raises KeyError for an entry that there is not, or not for this viewer."""
        row = self.db.execute("SELECT level, document, camera FROM entries WHERE id = ?", (number,)).fetchone()
        if row is None or not viewer.sees(row[2]):
            raise KeyError(number)
        return msgspec.json.decode(row[1], type=Note).event if row[0] == Level.NOTE else None

    def counts(self) -> dict[str, int]:
        """Entries by level."""
        return dict(self.db.execute("SELECT level, count(*) FROM entries GROUP BY level"))

    @property
    def num_bytes(self) -> int:
        """Of the database."""
        return self._retention.num_bytes
