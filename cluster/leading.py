"""Which of several fronts over one table decides: the leader. The others are its standbys.

**A lease in the database.** One row says who leads, under which term, and until when by the database's own clock. The
leader renews it each LOOK_S. A standby takes it once it has run out, under the next term, and reads the table anew, as
a front does that was started again: each shard gets its time to renew.

**The fence.** Each transaction that writes compares the term first, and keeps the row locked until it is over. So a
front that stood still, or was cut off, writes nothing once another one leads, whatever it believes. A takeover waits
for a transaction that is under way, which the database ends if its front stands still (postgres_connection.py).

**What is said without writing**, such as a promise to a shard, is said only while the leader's own clock leaves no
doubt: HELD_S from when it asked for the lease, which is less than LEASE_S from when the database granted it. Then it
leads no more, until it has the lease again and has read the table anew.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import unquote, urlsplit

from askcam.cluster.store import TableStore

LOOK_S = 1.0  # between two looks at the lease: the leader renews it, others see whether it has run out
LEASE_S = 4.0  # a leader that has not renewed for so long has none
HELD_S = 3.6  # so long after it asked for it a leader counts on its lease


@dataclass(frozen=True, slots=True)
class Database:
    """Where a table for several fronts is."""

    url: str = field(repr=False)  # postgresql://user@host/name; it may hold a password
    password: str | None = field(default=None, repr=False)  # where the URL has none; None: as libpq finds one

    def secrets(self) -> list[str]:
        """What must not be told, in all its spellings."""
        return [*passwords_in(self.url), *([] if self.password is None else [self.password])]


@dataclass(frozen=True, slots=True)
class Leader:
    """A front that leads, or did last."""

    instance: str  # another one with each start of its process; "": nobody has led yet
    url: str  # where shards and the other fronts reach it
    term: int  # 1, 2, ...: another one with each leader


@dataclass(frozen=True, slots=True)
class Lead:
    """What a look at the lease has found."""

    leader: Leader
    ours: bool  # whoever looked leads
    left_s: float  # until the lease runs out, by the database's clock
    num_changes: int  # of the table, ever: another number, another table


class NotLeading(Exception):
    """Another front decides, or nobody does for the moment."""

    def __init__(self, leader: Leader) -> None:
        super().__init__(f"the front at {leader.url or '?'} leads, under term {leader.term}")
        self.leader = leader


class SharedStore(TableStore, Protocol):
    """A TableStore of several fronts: what writes raises NotLeading but for the leader, and then nothing is done."""

    def lead(self, instance: str, url: str, lasts_s: float) -> Lead:
        """Renew the lease, or take it if nobody has it; who has it now."""
        ...

    def resign(self) -> None:
        """Give the lease up, if this front has it: another may lead at once."""
        ...


class HeldLease:
    """What a front knows of the lease. Pure; seconds of a clock that goes on while the front stands still (steady_s).
    Looks come from one thread, questions from any."""

    def __init__(self, instance: str, url: str) -> None:
        self.instance, self.url = instance, url
        self.leader = Leader("", "", 0)  # as the last look has found it
        self._until_s = -math.inf

    def leads(self, now_s: float) -> bool:
        """Whether nobody else can, as yet."""
        return now_s < self._until_s

    def found(self, lead: Lead, asked_s: float, now_s: float) -> bool:
        """What a look that began at `asked_s` has found by now. Whether this front leads from now on, and did not, or
        not all the time."""
        all_the_time = self.leads(now_s) and self.leader == lead.leader
        self.leader = lead.leader
        self._until_s = asked_s + HELD_S if lead.ours else -math.inf
        return lead.ours and not all_the_time

    def given_up(self) -> None:
        self._until_s = -math.inf


def passwords_in(url: str) -> list[str]:
    """Of a database's address: as they are written, and as they are meant. Raises ValueError for what is no URL."""
    parts = urlsplit(url)
    written = [parts.password, *(value for name, value in _pairs(parts.query) if name == "password")]
    return [form for each in written if each for form in dict.fromkeys((each, unquote(each)))]


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    for part in query.split("&"):
        name, _, value = part.partition("=")
        yield unquote(name), value


def steady_s() -> float:
    """Seconds that pass while this process stands still, and while its machine sleeps, where there is such a clock."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)
