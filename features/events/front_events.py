"""Which events are of cameras that a front has given to this server, and which of them it is still to be told."""

import secrets
import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import dataclass

NOTHING, WHOLE, SINCE = 0, 1, 2  # what of an event is owed: nothing, all of it, what was read since it was told


@dataclass(frozen=True, slots=True)
class Debt:
    """What is owed of one event."""

    number: int
    epoch: int
    at: float  # when it was decided, seconds since the epoch
    whole: bool  # all of it; else only what was read since


class FrontEvents:
    """Owned by the store's thread; every method may raise sqlite3.Error."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.num_missed = 0  # that had to go before the front was told

    def origin(self) -> str:
        """The name of this database to the front."""
        with self._db:
            row = self._db.execute("SELECT name FROM front_origin").fetchone()
            if row is None:
                row = (secrets.token_hex(6),)
                self._db.execute("INSERT INTO front_origin (name) VALUES (?)", row)
        return str(row[0])

    # -- parts of others' transactions

    def owe(self, number: int, epoch: int) -> None:
        """An event of such a camera is being written."""
        self._db.execute("INSERT INTO front_events (event, epoch, owed) VALUES (?, ?, ?)", (number, epoch, WHOLE))

    def followed(self, number: int) -> None:
        """What was read since is being added to an event."""
        update = "UPDATE front_events SET owed = ? WHERE event = ? AND owed = ?"
        self._db.execute(update, (SINCE, number, NOTHING))

    def up_to(self, number: int) -> int:
        """This event and all older ones are about to go; how many of them the front was never told."""
        count = "SELECT count(*) FROM front_events WHERE owed = ? AND event <= ?"
        return int(self._db.execute(count, (WHOLE, number)).fetchone()[0])

    # -- what the front says of them

    def unjudged(self, after: int, since: float) -> int | None:
        """The first event after the number `after`, decided at `since` or later, of which the front has not said yet
        whether it counts."""
        select = (
            "SELECT min(event) FROM front_events JOIN events ON id = event WHERE owed = ? AND event > ? AND at >= ?"
        )
        (number,) = self._db.execute(select, (WHOLE, after, since)).fetchone()
        return None if number is None else int(number)

    def fenced(self, after: int, until: int) -> set[int]:
        """Events after one number, up to another, that do not count at the front."""
        select = "SELECT event FROM front_events WHERE fenced AND event > ? AND event <= ?"
        return {int(number) for (number,) in self._db.execute(select, (after, until))}

    # -- what is owed

    def owed(self, limit: int) -> list[Debt]:
        """Those that are owed whole first; each time the oldest first."""
        rows = self._db.execute(
            "SELECT event, epoch, at, owed FROM front_events JOIN events ON id = event WHERE owed ORDER BY owed, event "
            "LIMIT ?",
            (limit,),
        )
        return [Debt(number, epoch, at, owed == WHOLE) for number, epoch, at, owed in rows]

    def num_owed(self, camera: str | None = None) -> int:
        """Events of one camera, or of all, that the front does not know yet."""
        count = "SELECT count(*) FROM front_events JOIN events ON id = event WHERE owed = ? AND ? IN (camera, '')"
        return int(self._db.execute(count, (WHOLE, camera or "")).fetchone()[0])

    def settled(self, numbers: Iterable[tuple[int, bool]], fenced: Collection[int]) -> None:
        """The front knows these, or never will; of each whether more was read since it was looked at. `fenced`: those
        of them that do not count there."""
        rows = [(SINCE if more else NOTHING, number in fenced, number) for number, more in numbers]
        with self._db:
            self._db.executemany("UPDATE front_events SET owed = ?, fenced = fenced OR ? WHERE event = ?", rows)
