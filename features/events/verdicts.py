"""What people have judged of events: was it so, or was that wrong? It stands beside the event, and goes with it."""

import sqlite3
from collections.abc import Iterator

import msgspec

from askcam.client.watches import Judgement
from askcam.server.judging.labels import MOST, JudgedEvent, JudgedReadings

TURNS = "('on', 'changed')"  # kinds of events by which a watch says that something has come true

# Made where they are missing, so that an older file needs no change; passed over by an askcam that knows none.
TABLES = """
CREATE TABLE IF NOT EXISTS judgements (
  event INTEGER PRIMARY KEY REFERENCES events (id) ON DELETE CASCADE,
  verdict TEXT NOT NULL,         -- right, wrong
  note TEXT,
  at REAL NOT NULL               -- when somebody judged it so, seconds since the epoch
);
"""


class EventVerdicts:
    """Owned by the store's thread, but for `version`; every method may raise sqlite3.Error."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.version = 1  # another one whenever judged events have gone; for any thread

    def put(self, event: int, said: Judgement, at: float) -> None:
        """Somebody has judged a kept event, at `at`; the last one counts."""
        with self._db:
            self._db.execute("DELETE FROM judgements WHERE event = ?", (event,))
            if said.verdict is not None:
                row = (event, said.verdict, said.note, at)
                self._db.execute("INSERT INTO judgements (event, verdict, note, at) VALUES (?, ?, ?, ?)", row)

    def going(self, event: int) -> None:
        """This event and all older ones are about to go: part of another transaction."""
        if self._db.execute("SELECT 1 FROM judgements WHERE event <= ? LIMIT 1", (event,)).fetchone():
            self.version += 1

    def newest(self, watch: str, camera: str) -> int | None:
        """The last event of a watch at a camera that says that something has come true."""
        kind = f"json_extract(CAST(document AS TEXT), '$.kind') IN {TURNS}"
        (number,) = self._db.execute(
            f"SELECT max(id) FROM events WHERE watch = ? AND camera = ? AND {kind}", (watch, camera)
        ).fetchone()
        return None if number is None else int(number)

    def of_watch(self, watch: str, after: int) -> Iterator[JudgedEvent]:
        """The newest judged events of a watch that say that something has come true, of those after a number."""
        rows = self._db.execute(
            "SELECT events.at, verdict, document FROM judgements JOIN events ON id = event "
            f"WHERE watch = ? AND id > ? AND json_extract(CAST(document AS TEXT), '$.kind') IN {TURNS} "
            "ORDER BY id DESC LIMIT ?",
            (watch, after, MOST),
        )
        for at, verdict, document in rows:
            yield JudgedEvent(at, verdict == "right", msgspec.json.decode(document, type=JudgedReadings))
