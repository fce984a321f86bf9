"""Events of shards on their way to the disk: those that come while it writes are written together, next."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from askcam.cluster.store import Delivery, Fate, Receipt, TableStore, check_batch
from askcam.server.errors import TooMany
from askcam.server.lifecycle import ServerPart, ended

T = TypeVar("T")
Batches = list[tuple[str, Sequence[Delivery]]]


@dataclass(slots=True)
class _Batch:
    shard: str
    deliveries: Sequence[Delivery]
    receipts: "asyncio.Future[list[Receipt]]"


def _accepted(batches: Batches, store: TableStore) -> list[list[Receipt]]:
    return store.accept_all(batches)


class StoringTable(Protocol):
    """As much of ClusterTable as events need."""

    @property
    def others_write(self) -> bool:
        """Whether other fronts write into it, too."""

    async def write(self, work: Callable[[TableStore], T]) -> T:
        """Have the store write something about events. Raises Refusal."""

    async def read(self, work: Callable[[TableStore], T]) -> T:
        """What the store knows of events. Raises Refusal."""


class Commits(ServerPart):
    """Owned by the event loop. Of each shard one batch at a time."""

    def __init__(self, table: StoringTable, committed: Callable[[], None]) -> None:
        """`committed` is called after events were written that count. It must not raise."""
        self._table, self._committed = table, committed
        self._waiting: list[_Batch] = []
        self._writing: list[_Batch] = []
        self._new = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.fates: Counter[Fate] = Counter()

    async def open(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            await ended(task)
        for batch in [*self._writing, *self._waiting]:
            batch.receipts.cancel()

    async def commit(self, shard: str, deliveries: Sequence[Delivery]) -> list[Receipt]:
        """What became of each; it is on disk. Raises Refusal."""
        check_batch(deliveries)
        if any(batch.shard == shard for batch in (*self._waiting, *self._writing)):
            told = f"events of shard {shard!r} are being written: deliver more once those are answered"
            raise TooMany(told, code="busy", retry_after_s=1)
        batch = _Batch(shard, deliveries, asyncio.get_running_loop().create_future())
        self._waiting.append(batch)
        self._new.set()
        return await batch.receipts

    async def _run(self) -> None:
        """Until it is cancelled."""
        while True:
            await self._new.wait()
            self._new.clear()
            self._writing, self._waiting = self._waiting, []
            batches: Batches = [(batch.shard, batch.deliveries) for batch in self._writing]
            try:
                told = await self._table.write(partial(_accepted, batches))
            except Exception as exc:  # the disk refuses: all of them are told again
                for batch in self._writing:
                    if not batch.receipts.done():
                        batch.receipts.set_exception(exc)
            else:
                fates = Counter(receipt.fate for receipts in told for receipt in receipts)
                self.fates += fates
                for batch, receipts in zip(self._writing, told, strict=True):
                    if not batch.receipts.done():
                        batch.receipts.set_result(receipts)
                if fates[Fate.COMMITTED]:
                    self._committed()
            self._writing = []
