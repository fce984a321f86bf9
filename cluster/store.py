"""Where the table and the events of all shards are kept: what a store does, and the values that cross to it.

There are two: SQLite in a folder, for one front (table.py), and PostgreSQL, for several (postgres.py).

An event counts if its shard had the camera when it happened and no other shard was given it since. So what waited on a
shard's disk counts when the front is back, whatever it has said anew of the camera meanwhile; what a shard tells of a
camera that another one has by now does not.
"""

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from askcam.client.watches import Judgement, Verdict
from askcam.cluster.changes import Change, KeptTable
from askcam.server.errors import Invalid

MAX_DELIVERIES = 256  # in one call
MAX_ID = 200  # characters
MAX_DOCUMENT = 64 << 10  # bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event that a shard tells."""

    id: str  # of all the shard's events ever, whatever process of it tells it: one of a new data folder, too
    camera: str
    epoch: int  # under which the shard had the camera when it happened
    document: bytes | None  # the event, JSON; None: it was told before, and this is only what was read since
    watch: str | None = None
    kind: str = ""
    severity: str = ""
    at: float = 0.0  # when it was decided, seconds since the epoch
    after: str = "[]"  # what was read since, as JSON


def check_batch(deliveries: Sequence[Delivery]) -> None:
    """Raise Invalid for more than is taken at once."""
    if len(deliveries) > MAX_DELIVERIES:
        raise Invalid(f"{len(deliveries)} events at once: deliver {MAX_DELIVERIES} at most", "events")
    for one in deliveries:
        if not 0 < len(one.id) <= MAX_ID:
            raise Invalid(f"an event's id has 1 to {MAX_ID} characters, not {len(one.id)}", "id")
        if not (one.id + one.camera + (one.watch or "") + one.kind + one.severity).isprintable():
            told = "an event's id and its camera are of printable characters"  # a database may have no place for others
            raise Invalid(told, "id")
        num_bytes = max(len(one.document or b""), len(one.after))
        if num_bytes > MAX_DOCUMENT:
            told = f"event {one.id} has {num_bytes} bytes: {MAX_DOCUMENT} are taken; leave pictures out"
            raise Invalid(told, "document")


class Fate(enum.StrEnum):
    """What became of a delivery. After each of them the shard need not tell it again."""

    COMMITTED = "committed"  # it is on disk; the one time that it is to be passed on
    AGAIN = "again"  # it was on disk already
    FENCED = "fenced"  # the shard did not have the camera under that epoch, or another has had it since
    UNKNOWN = "unknown"  # what was read since an event that is not kept
    REUSED = "reused"  # another event of that shard had that id


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a shard is told of a delivery. `number`: of the event, in order of commitment; None: it does not count."""

    id: str
    fate: Fate
    number: int | None = None


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event that counts."""

    number: int
    shard: str
    id: str
    camera: str
    epoch: int
    document: bytes
    watch: str | None
    kind: str
    at: float  # when it was decided, seconds since the epoch
    after: str = "[]"  # what was read since, as JSON
    acknowledged: float | None = None  # when somebody said that they have seen it, seconds since the epoch
    verdict: Verdict | None = None  # what somebody has judged it to be
    note: str | None = None  # what they wrote beside that
    judged: float | None = None  # when, seconds since the epoch


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events of all. None: whatever it is."""

    before: int | None = None  # numbers below this one
    after: int | None = None  # numbers above this one
    since: float | None = None  # decided then or later, seconds since the epoch
    watch: str | None = None
    camera: str | None = None
    severity: str | None = None
    acknowledged: bool | None = None
    verdict: str | None = None


class StoreFailed(Exception):
    """A database of others cannot be reached, or refuses. The message says why, for people, and holds no secrets."""


class TableStore(Protocol):
    """One front's. For one thread at a time; what a method has done when it returns outlives a power cut, and what it
    raised an error of is not done at all."""

    def read(self) -> KeptTable:
        """The table, for an Owners."""
        ...

    def apply(self, changes: Iterable[Change]) -> None:
        """Keep these changes, all of them or none."""
        ...

    def accept(self, shard: str, deliveries: Sequence[Delivery]) -> list[Receipt]:
        """Keep those events whose shard owns their camera under their epoch; one receipt for each. Raises Invalid."""
        ...

    def accept_all(self, batches: Sequence[tuple[str, Sequence[Delivery]]]) -> list[list[Receipt]]:
        """The same for several shards in one transaction, whose cost they share. Each batch was checked before."""
        ...

    def newest(self, camera: str) -> StoredEvent | None:
        """The last event of a camera that counts."""
        ...

    def last_of_each(self, camera: str) -> list[StoredEvent]:
        """The last event of each kind of each watch of a camera, oldest first: where a new owner begins."""
        ...

    def is_still(self, camera: str, shard: str, epoch: int) -> bool:
        """Whether the camera, given to that shard under that epoch, was that shard's before, and no other's since."""
        ...

    def who_had(self, camera: str) -> list[str]:
        """The shards that have had the camera, and so keep what came about of it, but for those that were removed: the
        last one first, those before the last so many are not known."""
        ...

    def following(self, after: int, limit: int) -> list[StoredEvent]:
        """Oldest first: numbers above `after`."""
        ...

    def found(self, wanted: EventFilter, limit: int, *, newest_first: bool = True) -> list[StoredEvent]:
        """Events that count."""
        ...

    def span(self) -> tuple[int, int]:
        """The number of the oldest event that is kept, and of the newest there ever was; 0 where there is none."""
        ...

    def acknowledge(self, numbers: Sequence[int], at: float | None) -> list[StoredEvent]:
        """Somebody has seen these events, at `at`; None: all the same nobody has. Those that are kept, as they are now.
        One that was seen before keeps its time."""
        ...

    def judge(self, number: int, said: Judgement, at: float) -> list[StoredEvent]:
        """Somebody has judged this event, at `at`. As it is now; empty: it is not kept. One of a camera itself is not
        judged; one that was judged the same before keeps its time."""
        ...

    def judged(self, watch: str, limit: int) -> list[StoredEvent]:
        """The newest judged events of a watch that say that something has come true."""
        ...

    def trouble(self) -> str | None:
        """What has become of it, in words for people; None: nothing. For any thread."""
        ...

    def close(self) -> None: ...
