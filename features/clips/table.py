"""How the clip of each event stands: a table beside the events, so that an event and its clip are one transaction."""

import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from askcam.features.clips.making import MadeClip

TABLES = """
CREATE TABLE IF NOT EXISTS clips (
  event INTEGER PRIMARY KEY REFERENCES events (id) ON DELETE CASCADE,
  state TEXT NOT NULL,           -- pending, ready, missing
  start REAL,                    -- seconds since the epoch, of the first picture
  end REAL,                      -- ... and the end of the last
  bytes INTEGER NOT NULL DEFAULT 0,
  why TEXT                       -- it is missing, or shorter than it should be
);
CREATE INDEX IF NOT EXISTS clips_of_state ON clips (state, event);
"""

PENDING, READY, MISSING = "pending", "ready", "missing"


@dataclass(frozen=True, slots=True)
class ClipRow:
    event: int
    state: str
    start: float | None
    end: float | None
    num_bytes: int
    why: str | None


class ClipTable:
    """On the thread of the events' store; every method may raise sqlite3.Error. add() is within a transaction of its
    caller's, the others have their own."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def add(self, event: int, why: str | None = None) -> None:
        """A clip is to be made; or it never will be, and why."""
        state = PENDING if why is None else MISSING
        self._db.execute("INSERT OR REPLACE INTO clips (event, state, why) VALUES (?, ?, ?)", (event, state, why))

    def get(self, event: int) -> ClipRow | None:
        found = self._db.execute("SELECT event, state, start, end, bytes, why FROM clips WHERE event = ?", (event,))
        row = found.fetchone()
        return None if row is None else ClipRow(*row)

    def settle(self, made: MadeClip) -> bool:
        """What came of it; False when its event is gone."""
        state = READY if made.num_bytes else MISSING
        values = (state, made.start, made.end, made.num_bytes, made.why, made.event)
        with self._db:
            done = self._db.execute(
                "UPDATE clips SET state = ?, start = ?, end = ?, bytes = ?, why = ? WHERE event = ?", values
            )
        return done.rowcount > 0

    def lose(self, events: Iterable[int], why: str) -> None:
        """Clips that are no longer there."""
        with self._db:
            self._db.executemany(
                "UPDATE clips SET state = 'missing', bytes = 0, why = ? WHERE event = ? AND state = 'ready'",
                [(why, event) for event in events],
            )

    def left(self, why: str, there: Collection[int]) -> set[int]:
        """At the start: those that were being made never will be; those whose file is not `there` are gone. Returns the
        events whose clips are ready."""
        with self._db:
            self._db.execute("UPDATE clips SET state = 'missing', why = ? WHERE state = 'pending'", (why,))
        ready = self.ready()
        self.lose(ready - set(there), "its file is no longer in the folder")
        return ready & set(there)

    def known(self) -> set[int]:
        """Events of which it is known how their clip stands."""
        return {event for (event,) in self._db.execute("SELECT event FROM clips")}

    def ready(self) -> set[int]:
        return {event for (event,) in self._db.execute("SELECT event FROM clips WHERE state = 'ready'")}

    def totals(self) -> tuple[int, int]:
        """How many are ready, and their bytes."""
        count, num_bytes = self._db.execute(
            "SELECT count(*), coalesce(sum(bytes), 0) FROM clips WHERE state = 'ready'"
        ).fetchone()
        return int(count), int(num_bytes)

    def beyond(self, max_bytes: int, oldest: float) -> tuple[list[int], list[int]]:
        """What is to go, oldest first: of events before `oldest` (seconds since the epoch), and of those that are more
        than `max_bytes`."""
        old = [
            event
            for (event,) in self._db.execute(
                "SELECT event FROM clips JOIN events ON events.id = event WHERE state = 'ready' AND at < ? "
                "ORDER BY event",
                (oldest,),
            )
        ]
        over = self.totals()[1] - max_bytes
        many: list[int] = []
        for event, num_bytes in self._db.execute(
            "SELECT event, bytes FROM clips WHERE state = 'ready' ORDER BY event LIMIT 10000"
        ):
            if over <= 0:
                break
            over -= num_bytes
            if event not in old:
                many.append(event)
        return old, many
