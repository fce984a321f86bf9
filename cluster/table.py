"""The table and the events in SQLite: `accept` looks who has an event's camera in the transaction that writes it, which
is the fence (renewal.py).

SqlTable is what PostgreSQL (postgres.py) takes, too. BEGIN IMMEDIATE has one writer at a time: so an owner is still one
when the event is committed.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, ClassVar, Protocol

from askcam.client.watches import Judgement
from askcam.cluster.changes import Change, Granted, KeptTable
from askcam.cluster.event_table import TOLD, EventTable
from askcam.cluster.owner_table import HAD, OWNERS, OwnerTable
from askcam.cluster.store import Delivery, EventFilter, Fate, Receipt, StoredEvent, check_batch
from askcam.server.storage.database import Guarded, Layout, open_database
from askcam.server.storage.disk import make_private
from askcam.server.storage.folder import Lock

FILE = "cluster.sqlite"
MAX_EVENTS = 200_000  # that are kept, with their ids: who tells an older one again is not recognised
MAX_FENCED = 10_000  # refused events that are kept, for who wants to know what was not told
TABLES = f"""
{OWNERS}
CREATE TABLE events (
    number INTEGER PRIMARY KEY AUTOINCREMENT, shard TEXT NOT NULL, id TEXT NOT NULL, camera TEXT NOT NULL,
    epoch INTEGER NOT NULL, document BLOB NOT NULL, UNIQUE (shard, id)
);
CREATE INDEX events_of_camera ON events (camera, number);
CREATE TABLE fenced (
    number INTEGER PRIMARY KEY AUTOINCREMENT, shard TEXT NOT NULL, id TEXT NOT NULL, camera TEXT NOT NULL,
    epoch INTEGER NOT NULL, document BLOB NOT NULL, UNIQUE (shard, id)
);
"""
# Made where they are missing, so that an older file needs no change.
LATER = f"""
CREATE TABLE IF NOT EXISTS held (  -- since when, by epochs, a camera has been one shard's and no other's
    camera TEXT PRIMARY KEY REFERENCES cameras (name) ON DELETE CASCADE,
    shard TEXT NOT NULL, since INTEGER NOT NULL, epoch INTEGER NOT NULL
);
INSERT INTO held SELECT camera, shard, epoch, epoch FROM owners WHERE true ON CONFLICT DO NOTHING;
{TOLD}
{HAD}
"""
LAYOUT = Layout("the cluster's table", 1, TABLES, LATER)
EVENT = "number, shard, id, camera, epoch, document"


class OldTable(Exception):
    """A grant was decided from another table than this one: it is to be read anew."""


class SqlConnection(Protocol):
    """As much of sqlite3.Connection as is used here: `?` stands for a value."""

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> Any: ...


class SqlTable(ABC):
    """The SQL of a TableStore, and its rules. For one thread at a time."""

    db: SqlConnection
    LOCKED: ClassVar[str] = ""  # what has a row that is read stay as it is until the transaction's end

    def __init__(self, max_events: int = MAX_EVENTS, max_fenced: int = MAX_FENCED) -> None:
        self._max_events, self._max_fenced = max_events, max_fenced
        self.events = EventTable(lambda sql, values: self.db.execute(sql, values))
        self._owners = OwnerTable(lambda sql, values=(): self.db.execute(sql, values))

    @abstractmethod
    def close(self) -> None: ...

    @abstractmethod
    def _writing(self) -> AbstractContextManager[object]:
        """A transaction that nobody else's changes come amid."""

    def read(self) -> KeptTable:
        return self._owners.read()

    def apply(self, changes: Iterable[Change]) -> None:
        with self._writing():
            self._apply_all(changes)

    def _apply_all(self, changes: Iterable[Change]) -> None:
        """Nothing but the highest epoch is read, and that first: where each answer is waited for it takes one wait."""
        (before,) = self.db.execute("SELECT highest FROM epochs").fetchone()
        highest = before
        for change in changes:
            if isinstance(change, Granted):
                if change.owner.epoch != highest + 1:
                    raise OldTable(
                        f"epoch {change.owner.epoch} does not follow the highest, {highest}: another has written, or "
                        "the table is an old one"
                    )
                highest += 1
            self._owners.apply(change)
        if highest != before:
            self.db.execute("UPDATE epochs SET highest = ?", (highest,))

    def accept(self, shard: str, deliveries: Sequence[Delivery]) -> list[Receipt]:
        check_batch(deliveries)
        return self.accept_all([(shard, deliveries)])[0]

    def accept_all(self, batches: Sequence[tuple[str, Sequence[Delivery]]]) -> list[list[Receipt]]:
        with self._writing():
            receipts = [[self._accept(shard, one) for one in deliveries] for shard, deliveries in batches]
            for table, most in (("events", self._max_events), ("fenced", self._max_fenced)):
                self.db.execute(f"DELETE FROM {table} WHERE number <= (SELECT max(number) FROM {table}) - ?", (most,))
        return receipts

    def _accept(self, shard: str, one: Delivery) -> Receipt:
        there = self.db.execute(
            "SELECT number, camera, epoch, document FROM events WHERE shard = ? AND id = ?", (shard, one.id)
        ).fetchone()
        if there is not None:
            number, *was = there
            if was != [one.camera, one.epoch, was[-1] if one.document is None else one.document]:
                return Receipt(one.id, Fate.REUSED)
            self.events.follow(number, one.after)
            return Receipt(one.id, Fate.AGAIN, number)
        if one.document is None:
            return Receipt(one.id, Fate.UNKNOWN)
        row = (shard, one.id, one.camera, one.epoch, one.document)
        held = self.db.execute(
            f"SELECT shard, since, epoch FROM held WHERE camera = ?{self.LOCKED}", (one.camera,)
        ).fetchone()
        if held is None or held[0] != shard or not held[1] <= one.epoch <= held[2]:
            self.db.execute(
                "INSERT INTO fenced (shard, id, camera, epoch, document) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (shard, id) DO NOTHING",
                row,
            )
            return Receipt(one.id, Fate.FENCED)
        number = self.db.execute(
            "INSERT INTO events (shard, id, camera, epoch, document) VALUES (?, ?, ?, ?, ?) RETURNING number", row
        ).fetchone()[0]
        self.events.tell(number, one)
        return Receipt(one.id, Fate.COMMITTED, number)

    def newest(self, camera: str) -> StoredEvent | None:
        found = self.events.found(EventFilter(camera=camera), 1)
        return found[0] if found else None

    def last_of_each(self, camera: str) -> list[StoredEvent]:
        return self.events.last_of_each(camera)

    def is_still(self, camera: str, shard: str, epoch: int) -> bool:
        held = self.db.execute("SELECT shard, since FROM held WHERE camera = ?", (camera,)).fetchone()
        return held is not None and held[0] == shard and held[1] < epoch

    def who_had(self, camera: str) -> list[str]:
        return self._owners.who_had(camera)

    def following(self, after: int, limit: int) -> list[StoredEvent]:
        return self.events.found(EventFilter(after=after), limit, newest_first=False)

    def found(self, wanted: EventFilter, limit: int, *, newest_first: bool = True) -> list[StoredEvent]:
        return self.events.found(wanted, limit, newest_first=newest_first)

    def span(self) -> tuple[int, int]:
        first, last = self.db.execute("SELECT min(number), max(number) FROM events").fetchone()  # the newest never goes
        return first or 0, last or 0

    def acknowledge(self, numbers: Sequence[int], at: float | None) -> list[StoredEvent]:
        with self._writing():
            return self.events.acknowledge(numbers, at)

    def judge(self, number: int, said: Judgement, at: float) -> list[StoredEvent]:
        with self._writing():
            return self.events.judge(number, said, at)

    def judged(self, watch: str, limit: int) -> list[StoredEvent]:
        return self.events.judged(watch, limit)

    def fenced(self, limit: int) -> list[StoredEvent]:
        """Events that did not count, newest first."""
        rows = self.db.execute(f"SELECT {EVENT} FROM fenced ORDER BY number DESC LIMIT ?", (limit,))
        return [
            StoredEvent(number, shard, id, camera, epoch, document, None, "", 0.0)
            for number, shard, id, camera, epoch, document in rows
        ]


class SqliteTable(SqlTable):
    """A TableStore in a folder of its own. For one thread at a time; every method may raise sqlite3.Error."""

    db: Guarded

    def __init__(self, folder: Path, max_events: int = MAX_EVENTS, max_fenced: int = MAX_FENCED) -> None:
        """Makes what is missing. Raises OSError, FolderInUse while another front has it, OtherFormat."""
        super().__init__(max_events, max_fenced)
        make_private(folder)
        self._lock = Lock(folder)
        try:
            self.db = open_database(folder / FILE, LAYOUT)
        except BaseException:
            self._lock.release()
            raise

    def close(self) -> None:
        self.db.close()
        self._lock.release()

    def trouble(self) -> str | None:
        return self.db.trouble()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self.db:
            self.db.execute("BEGIN IMMEDIATE")
            yield
