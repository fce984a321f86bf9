"""The table of a front that is one of several: one leads and decides, the others read along, and serve all the same."""

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Callable

from askcam.cluster.changes import KeptTable
from askcam.cluster.front.errors import NotLeads
from askcam.cluster.front.joined.on_thread import SharedOnThread, TableLook
from askcam.cluster.front.joined.owning import WHAT, ClusterTable, TableOnThread, away
from askcam.cluster.joining import Expected
from askcam.cluster.leading import LOOK_S, Database, HeldLease, steady_s
from askcam.cluster.renewal import LeaseTimes
from askcam.cluster.store import StoreFailed
from askcam.server.errors import Refusal
from askcam.server.lifecycle import ended

LEAST_S = 0.05  # between two looks

log = logging.getLogger(__name__)


class LedTable(ClusterTable):
    """Owned by the event loop. While the database is away the view stays as it was, nobody decides, and trouble() says
    so; it is looked for each second."""

    def __init__(
        self, database: Database, expected: Expected, timings: LeaseTimes, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(database, expected, timings, clock)
        self._database = database
        self._lease = HeldLease(secrets.token_hex(8), "")
        self._looking: asyncio.Task[None] | None = None
        self._begun_term = 0  # the last of this front's under which `begins` was done
        self._said: dict[str, str] = {}  # by what it is about: what the log has of it

    async def open(self) -> None:
        """Raises CannotOpen."""
        self._lease.url = self.url
        await super().open()
        self._tell()
        self._looking = asyncio.create_task(self._look_each_second())

    def _made(self) -> TableOnThread:
        from askcam.cluster.postgres import PostgresTable  # which not everybody has installed

        return SharedOnThread(PostgresTable(self._database), self._lease, self._expected, self.timings, self._clock)

    async def close(self) -> None:
        task, self._looking = self._looking, None
        if task is not None:
            await ended(task)
        await super().close()

    # -- whether this front decides

    @property
    def leads(self) -> bool:
        return self._lease.leads(steady_s())

    @property
    def leader_url(self) -> str | None:
        return self._lease.leader.url

    def check_leads(self) -> None:
        if self.leads:
            return
        leader = self._lease.leader
        if leader.instance == self._lease.instance:
            raise away(self.trouble() or "its lease has run out, and is had again in a moment")
        raise NotLeads(leader.url)

    # -- each second

    async def refresh(self) -> None:
        with contextlib.suppress(StoreFailed):
            await self._look()

    async def _look_each_second(self) -> None:
        """Until it is cancelled."""
        wait_s = LOOK_S
        while True:
            await asyncio.sleep(wait_s)
            wait_s = LOOK_S
            try:
                looked = await self._look()
                if not looked.ours:
                    wait_s = max(LEAST_S, min(LOOK_S, looked.again_s))
                await self._begin_to_lead()
            except StoreFailed as exc:
                told = f"{WHAT}: {exc}; requests go to their shards as before, and nothing is decided"
                self._news("database", logging.ERROR, told)
            except Refusal as refusal:
                told = f"this front leads, and what its file says is refused: {refusal.message}; it is tried again"
                self._news("file", logging.ERROR, told)
            except Exception:
                log.exception("%s could not be looked at; it is again", WHAT)

    async def _look(self) -> TableLook:
        """Raises StoreFailed."""

        def on_thread(disk: TableOnThread) -> TableLook:
            assert isinstance(disk, SharedOnThread)
            looked = disk.look()
            if looked.table is not None and self._loop is not None:
                self._loop.call_soon_threadsafe(self._replace, looked.table, looked.ours)
            return looked

        looked = await self._store.do(on_thread)
        self._tell()
        return looked

    def _replace(self, table: KeptTable, ours: bool) -> None:
        """In order with what was decided here."""
        if not ours:
            self.view.hears_nobody()
        if changes := self.view.changes_to(table):
            self._apply(changes)

    async def _begin_to_lead(self) -> None:
        """Raises Refusal."""
        term = self._lease.leader.term
        if self.leads and self._begun_term != term:
            if self.begins is not None:
                await self.begins()
            self._begun_term = term
            self._said.pop("file", None)

    def _tell(self) -> None:
        leader = self._lease.leader
        who = "this front leads" if leader.instance == self._lease.instance else f"the front at {leader.url} leads"
        if self._said.pop("database", None) is not None:
            log.warning("%s: its database is there again", WHAT)
        self._news("leader", logging.WARNING if self._said else logging.INFO, f"{who}, under term {leader.term}")

    def _news(self, about: str, level: int, text: str) -> None:
        """Said once."""
        if text != self._said.get(about):
            log.log(level, "%s", text)
            self._said[about] = text
