"""The table of a running front: on disk, on a thread of its own, and seen to as time goes by."""

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from askcam.cluster.changes import Change, KeptTable
from askcam.cluster.front.errors import NotLeads
from askcam.cluster.front.joined.past import with_past
from askcam.cluster.front.joined.view import TableView
from askcam.cluster.joining import Expected
from askcam.cluster.keeping import KeptOwners
from askcam.cluster.leading import Database, NotLeading
from askcam.cluster.members import Shard, ShardState
from askcam.cluster.messages import MAX_REPLY, ShardOrders
from askcam.cluster.owners import Owners
from askcam.cluster.renewal import LeaseTimes, Orders, Renewal
from askcam.cluster.store import StoreFailed, TableStore
from askcam.cluster.table import OldTable, SqliteTable
from askcam.server.config_errors import CannotOpen
from askcam.server.errors import Refusal, Unavailable
from askcam.server.lifecycle import ServerPart, ended
from askcam.server.storage.database import OtherFormat
from askcam.server.storage.folder import FolderInUse
from askcam.server.storage.thread import KeptStore, refused

log = logging.getLogger(__name__)

T = TypeVar("T")

WHAT, FAILED = "the table of the front's cameras", "table_failed"
DISK = (sqlite3.Error, OSError, OldTable)


class TableOnThread:
    """Owned by the table's thread."""

    def __init__(self, table: TableStore, expected: Expected, timings: LeaseTimes, clock: Callable[[], float]) -> None:
        self.table, self.clock = table, clock
        self._expected, self._timings = expected, timings
        self._kept: KeptOwners | None = None

    @property
    def kept(self) -> KeptOwners:
        """As they were begun last."""
        assert self._kept is not None, "begun first"
        return self._kept

    def begin(self) -> KeptTable:
        """Read the table anew. Raises what the store does."""
        self._kept = KeptOwners(self.table, self.clock(), self._expected, self._timings)
        return self._kept.now(self.clock()).kept()

    def close(self) -> None:
        self.table.close()

    def trouble(self) -> str | None:
        return self.table.trouble()


class ClusterTable(ServerPart):
    """Owned by the event loop. What comes of each change is in `view`, and told to `follow`, before whoever asked for
    it hears of it, or goes away without waiting."""

    def __init__(
        self,
        where: Path | Database,
        expected: Expected,
        timings: LeaseTimes,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`where`: a folder; of a database there is a LedTable. `clock`: in seconds, of which leaps count for nothing
        (cluster/renewal.py)."""
        self.view, self.timings = TableView(), timings
        self.follow: Callable[[list[Change]], None] = lambda changes: None
        self._where, self._expected, self._clock = where, expected, clock
        self._store: KeptStore[TableOnThread] = KeptStore("askcam-table")
        self.url = ""  # where shards and other fronts reach this front; set before it is opened
        self.begins: Callable[[], Awaitable[None]] | None = None
        """What this front does once it decides, after another one did; it may raise Refusal, and is tried again."""
        self._gone: dict[str, tuple[str, str]] = {}  # by shard: which instance, and why; seen to by the next tick
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None  # while it is open
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Raises CannotOpen."""
        self._loop = asyncio.get_running_loop()
        try:
            await self._store.make(self._opened)
        except (OSError, FolderInUse, OtherFormat, sqlite3.Error, StoreFailed) as exc:
            where = f" in {self._where}" if isinstance(self._where, Path) else ""
            raise CannotOpen(f"{WHAT}{where} cannot be opened: {exc}") from exc
        self._task = asyncio.create_task(self._see_to_it())

    def _opened(self) -> TableOnThread:
        """On the table's thread; the view has it before anything else is asked of it."""
        disk = self._made()
        try:
            self.view.begin(disk.begin())
        except BaseException:
            disk.close()
            raise
        return disk

    def _made(self) -> TableOnThread:
        assert isinstance(self._where, Path)
        return TableOnThread(SqliteTable(self._where), self._expected, self.timings, self._clock)

    async def close(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            await ended(task)
        await self._store.close()

    def trouble(self) -> str | None:
        """What has become of its files, or its database; None: nothing. For any thread."""
        return self._store.trouble()

    # -- whether this front decides

    @property
    def leads(self) -> bool:
        """Whether this front decides: of a folder its only one does."""
        return True

    @property
    def leader_url(self) -> str | None:
        """Where the front is that decides, "" where nobody knows; None: there is one front only."""
        return None

    @property
    def others_write(self) -> bool:
        """Whether other fronts write into it, too."""
        return self.leader_url is not None

    def check_leads(self) -> None:
        """Raises NotLeads, Trouble."""

    async def refresh(self) -> None:
        """See at once what another front has written."""

    # -- what is asked of it

    async def change(self, work: Callable[[Owners, float], list[Change]]) -> list[Change]:
        """Have something done, such as `lambda owners, now_s: owners.drain("gpu-3", now_s)`; what came of it is on
        disk. Raises what that raises, and Trouble."""

        def on_thread(disk: TableOnThread, now_s: float) -> list[Change]:
            return self._told(disk.kept.change(lambda owners: work(owners, now_s), now_s))

        return await self._do(on_thread)

    async def join(self, shard: Shard, holds: Mapping[str, int]) -> ShardOrders:
        """Raises Refusal."""
        return await self._order(lambda owners, now_s: owners.join(shard, holds, now_s), holds)

    async def renew(self, renewal: Renewal) -> ShardOrders:
        """Raises Refusal."""
        return await self._order(lambda owners, now_s: owners.renew(renewal, now_s), renewal.holds)

    async def write(self, work: Callable[[TableStore], T]) -> T:
        """Have the store write something about events. Raises Refusal."""
        return await self._do(lambda disk, now_s: work(disk.table))

    async def read(self, work: Callable[[TableStore], T]) -> T:
        """What the store knows of events, whether this front decides or not. Raises Refusal."""
        return await self._done(lambda disk, now_s: work(disk.table))

    async def who_had(self, camera: str) -> list[str] | None:
        """The shards that have had it, the last one first; None while that cannot be read."""
        try:
            return await self.read(lambda store: store.who_had(camera))
        except Refusal:
            return None

    def gone(self, shard: str, why: str) -> None:
        """Somebody who ought to know says that this shard's process, as it is known, is there no more."""
        known = self.view.shards.get(shard)
        if known is not None and known.state is not ShardState.LOST:
            self._gone[shard] = (known.instance, why)
            self._wake.set()

    async def _order(
        self, work: Callable[[Owners, float], tuple[Orders, list[Change]]], holds: Mapping[str, int]
    ) -> ShardOrders:
        def on_thread(disk: TableOnThread, now_s: float) -> ShardOrders:
            orders, changes = disk.kept.order(lambda owners: work(owners, now_s), now_s)
            self._told(changes)
            return _in_full(orders, holds, disk, now_s, self.timings)

        return await self._do(on_thread)

    async def _do(self, work: Callable[[TableOnThread, float], T]) -> T:
        self.check_leads()
        return await self._done(work)

    async def _done(self, work: Callable[[TableOnThread, float], T]) -> T:
        try:
            return await self._store.do(lambda disk: work(disk, disk.clock()))
        except NotLeading as exc:
            raise NotLeads(exc.leader.url) from exc
        except StoreFailed as exc:
            raise away(str(exc)) from exc
        except DISK as exc:
            raise refused(exc, WHAT, FAILED) from exc

    def _told(self, changes: list[Change]) -> list[Change]:
        """On the table's thread, before its answer goes to the event loop: so the view has them first, in order."""
        if changes and self._loop is not None:
            self._loop.call_soon_threadsafe(self._apply, changes)
        return changes

    def _apply(self, changes: list[Change]) -> None:
        self.view.apply(changes)
        self.follow(changes)

    # -- every tick_s

    async def _see_to_it(self) -> None:
        """Until it is cancelled. What the disk refuses is tried again."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.timings.tick_s):
                    await self._wake.wait()
            self._wake.clear()
            gone, self._gone = self._gone, {}
            if not self.leads:
                continue
            try:
                for shard, (instance, why) in gone.items():
                    await self.change(_lost(shard, why, instance))
                await self.change(lambda owners, now_s: owners.tick(now_s))
            except Refusal:
                pass  # refused() has told the log
            except Exception:
                log.exception("%s could not be seen to; it is again", WHAT)


def away(why: str) -> Unavailable:
    """What is told while the database is away: the log has it once, from whoever looks at it each second."""
    return Unavailable(f"{WHAT}: {why}", code=FAILED, retry_after_s=2)


def _lost(shard: str, why: str, instance: str) -> Callable[[Owners, float], list[Change]]:
    return lambda owners, now_s: owners.lost(shard, why, now_s, instance)


def _in_full(
    orders: Orders, holds: Mapping[str, int], disk: TableOnThread, now_s: float, timings: LeaseTimes
) -> ShardOrders:
    """With all that is said of those cameras that the shard has to open."""
    options: dict[str, msgspec.Raw] = {}
    owners, room = disk.kept.now(now_s), MAX_REPLY // 3
    for camera, epoch in (orders.hold or {}).items():
        wish, owner = owners.wish(camera), owners.owner_of(camera)
        if holds.get(camera) != epoch and wish is not None and owner is not None:
            options[camera] = with_past(wish.options, owners.watches_of(camera), disk.table, owner, room)
            room -= len(options[camera])
    hold = None if orders.hold is None else dict(orders.hold)
    return ShardOrders(orders.number, timings.silent_s, hold, options, orders.promised, orders.rejoin)
