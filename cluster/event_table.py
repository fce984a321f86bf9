"""Events that count, as they are found and acknowledged: SQL that SQLite and PostgreSQL take alike, but for `?`.

Beside the event as its shard has told it (`events`, table.py) there is what it is found by, and what came later.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from askcam.client.watches import Judgement
from askcam.cluster.store import Delivery, EventFilter, StoredEvent

TOLD = """
CREATE TABLE IF NOT EXISTS told (
    number BIGINT PRIMARY KEY REFERENCES events (number) ON DELETE CASCADE,
    watch TEXT, kind TEXT NOT NULL, severity TEXT NOT NULL, at DOUBLE PRECISION NOT NULL,
    after TEXT NOT NULL, acknowledged DOUBLE PRECISION
);
CREATE TABLE IF NOT EXISTS judgements (
    number BIGINT PRIMARY KEY REFERENCES events (number) ON DELETE CASCADE,
    verdict TEXT NOT NULL, note TEXT, judged DOUBLE PRECISION NOT NULL
);
"""
EVENT = "events.number, shard, id, camera, epoch, document, watch, kind, at, after, acknowledged, verdict, note, judged"
JOINED = (
    f"SELECT {EVENT} FROM events JOIN told ON told.number = events.number "
    "LEFT JOIN judgements ON judgements.number = events.number"
)
TURNS = "('on', 'changed')"  # kinds of events by which a watch says that something has come true
MICROSECOND = 1e-6  # in which a time is told

Execute = Callable[[str, Sequence[Any]], Iterable[Any]]


class EventTable:
    """For the store's thread; what writes is a part of the caller's transaction. Raises what `execute` does."""

    def __init__(self, execute: Execute) -> None:
        """`execute`: a statement with `?` for each of the values."""
        self._execute = execute

    def tell(self, number: int, one: Delivery) -> None:
        """Beside the event of that number, which was just written."""
        row = (number, one.watch, one.kind, one.severity, one.at, one.after)
        self._execute("INSERT INTO told (number, watch, kind, severity, at, after) VALUES (?, ?, ?, ?, ?, ?)", row)

    def follow(self, number: int, after: str) -> None:
        """What was read since, unless more of that is known."""
        self._execute("UPDATE told SET after = ? WHERE number = ? AND length(after) < ?", (after, number, len(after)))

    def acknowledge(self, numbers: Sequence[int], at: float | None) -> list[StoredEvent]:
        """As TableStore.acknowledge()."""
        kept = [event for number in dict.fromkeys(numbers) for event in self._one(number)]
        for event in kept:
            if at is None or event.acknowledged is None:
                self._execute("UPDATE told SET acknowledged = ? WHERE number = ?", (at, event.number))
        return [event for each in kept for event in self._one(each.number)]

    def judge(self, number: int, said: Judgement, at: float) -> list[StoredEvent]:
        """As TableStore.judge()."""
        kept = self._one(number)
        for event in kept:
            if event.watch is None or (event.verdict, event.note) == (said.verdict, said.note):
                return kept
            self._execute("DELETE FROM judgements WHERE number = ?", (number,))
            if said.verdict is not None:
                row = (number, said.verdict, said.note, at)
                self._execute("INSERT INTO judgements (number, verdict, note, judged) VALUES (?, ?, ?, ?)", row)
        return self._one(number)

    def judged(self, watch: str, limit: int) -> list[StoredEvent]:
        """As TableStore.judged()."""
        rules = f"watch = ? AND verdict IS NOT NULL AND kind IN {TURNS}"
        return self._events(f"{JOINED} WHERE {rules} ORDER BY events.number DESC LIMIT ?", (watch, limit))

    def found(self, wanted: EventFilter, limit: int, *, newest_first: bool = True) -> list[StoredEvent]:
        """As TableStore.found()."""
        said: Mapping[str, Any] = {
            "events.number < ?": wanted.before,
            "events.number > ?": wanted.after,
            "at >= ?": None if wanted.since is None else wanted.since - MICROSECOND,
            "watch = ?": wanted.watch,
            "camera = ?": wanted.camera,
            "severity = ?": wanted.severity,
            "verdict = ?": wanted.verdict,
        }
        rules = {rule: value for rule, value in said.items() if value is not None}
        where = list(rules)
        if wanted.acknowledged is not None:
            where.append(f"acknowledged IS {'NOT ' if wanted.acknowledged else ''}NULL")
        some = f" WHERE {' AND '.join(where)}" if where else ""
        order = "DESC" if newest_first else "ASC"
        return self._events(f"{JOINED}{some} ORDER BY events.number {order} LIMIT ?", (*rules.values(), limit))

    def last_of_each(self, camera: str) -> list[StoredEvent]:
        """As TableStore.last_of_each()."""
        last = (
            "SELECT max(events.number) FROM events JOIN told ON told.number = events.number WHERE camera = ? "
            "GROUP BY watch, kind"
        )
        return self._events(f"{JOINED} WHERE events.number IN ({last}) ORDER BY events.number", (camera,))

    def _one(self, number: int) -> list[StoredEvent]:
        return self._events(f"{JOINED} WHERE events.number = ?", (number,))

    def _events(self, statement: str, values: Sequence[Any]) -> list[StoredEvent]:
        return [StoredEvent(*row) for row in self._execute(statement, values)]
