"""The pictures of events on disk: of each the one that it is known by, and the frames that the model saw, if there were
several. They lie in the events' own database, so that an event and its pictures are one transaction. Where there is no
room, frames go before pictures, and the oldest first."""

import sqlite3
from dataclasses import dataclass, replace

NUM_BYTES = "SELECT coalesce(sum(length(jpeg)), 0) FROM"


@dataclass(frozen=True, slots=True)
class Shown:
    """How one event is to be shown: JPEGs."""

    picture: bytes
    frames: tuple[bytes, ...] = ()  # oldest first

    @property
    def num_bytes(self) -> int:
        return len(self.picture) + sum(map(len, self.frames))

    def plain(self) -> "Shown":
        """Without the frames."""
        return replace(self, frames=())


class EventPictures:
    """Owned by the store; the caller's transaction is theirs. Every method may raise sqlite3.Error."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.num_bytes = sum(int(db.execute(f"{NUM_BYTES} {table}").fetchone()[0]) for table in ("pictures", "frames"))

    def put(self, event: int, shown: Shown) -> None:
        self._db.execute("INSERT INTO pictures (event, jpeg) VALUES (?, ?)", (event, shown.picture))
        rows = [(event, number, jpeg) for number, jpeg in enumerate(shown.frames)]
        self._db.executemany("INSERT INTO frames (event, number, jpeg) VALUES (?, ?, ?)", rows)

    def up_to(self, event: int) -> int:
        """Bytes of this event's and all older ones'."""
        sums = (f"{NUM_BYTES} {table} WHERE event <= ?" for table in ("pictures", "frames"))
        return sum(int(self._db.execute(each, (event,)).fetchone()[0]) for each in sums)

    def drop(self) -> bool:
        """The oldest event's frames; where there are none any more, the oldest picture. Whether there were any."""
        for table in ("frames", "pictures"):
            (event,) = self._db.execute(f"SELECT min(event) FROM {table}").fetchone()
            if event is not None:
                (freed,) = self._db.execute(f"{NUM_BYTES} {table} WHERE event = ?", (event,)).fetchone()
                with self._db:
                    self._db.execute(f"DELETE FROM {table} WHERE event = ?", (event,))
                self.num_bytes -= int(freed)
                return True
        return False

    def picture(self, event: int) -> bytes | None:
        row = self._db.execute("SELECT jpeg FROM pictures WHERE event = ?", (event,)).fetchone()
        return None if row is None else bytes(row[0])

    def frame(self, event: int, number: int) -> bytes | None:
        """Counted from 0, the oldest."""
        rows = self._db.execute("SELECT jpeg FROM frames WHERE event = ? AND number = ?", (event, number))
        row = rows.fetchone()
        return None if row is None else bytes(row[0])
