"""The event log of this server, on the event loop: opened at the first need of it, read, written and followed."""

import asyncio
import sqlite3
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TypeVar

from askcam.client.watches import Judgement, WatchEvent
from askcam.features.events.errors import FolderTaken
from askcam.features.events.publish import Publisher
from askcam.features.events.store import EventStore
from askcam.features.events.subscribers import Readers
from askcam.features.events.tables import KeptBeside
from askcam.features.events.thread import EventThread
from askcam.server.errors import Invalid
from askcam.server.judging.labels import NOT_JUDGED
from askcam.server.storage.thread import refused

T = TypeVar("T")


class EventLog:
    """Owned by the event loop. What others need of it is said before open()."""

    def __init__(self, keeping: EventThread) -> None:
        self.keeping = keeping
        self.readers = Readers()
        self.telling = Publisher(keeping, self.readers)
        self.elsewhere = False  # what was kept before is another server's, who has the folder; it rests in this one
        self._needed = False
        self._opening = asyncio.Lock()
        self._taking_up: list[Callable[[], Awaitable[None]]] = []
        self._hear_verdicts: list[Callable[[str], Awaitable[None]]] = []
        self.num_judged = Counter[str]({"right": 0, "wrong": 0, "taken_back": 0})  # times that somebody did

    # -- what others have of it

    def need(self) -> None:
        """It is there from the start, or the server does not begin."""
        self._needed = True

    def beside(self, tables: str, take_up: Callable[[], Awaitable[None]]) -> None:
        """Keep tables of one's own in the same file, `tables` in SQL; `take_up` is awaited once they are there."""
        self.keeping.tables.append(tables)
        self._taking_up.append(take_up)

    def keep_beside(self, other: KeptBeside) -> None:
        """Have `other` keep something of each event, in tables of beside()."""
        self.keeping.beside.append(other)

    def hear_verdicts(self, heard: Callable[[str], Awaitable[None]]) -> None:
        """`heard` is awaited with the watch's name whenever an event of one was judged. It must not raise."""
        self._hear_verdicts.append(heard)

    # -- life

    async def open(self) -> None:
        """Take up what an earlier life left. Raises WatchingError where it is needed and cannot be had."""
        if not self._needed and not self.keeping.exists:
            return
        try:
            await self.keeping.begin()
        except FolderTaken:
            if self._needed:
                raise
            self.elsewhere = True
            return
        await self._taken_up()

    async def close(self) -> None:
        """End all streams, and the store."""
        self.readers.close()
        await self.keeping.close()

    @property
    def num_missed(self) -> int:
        """Events that had to go before a front was told of them."""
        return self.keeping.num_missed

    def trouble(self) -> str | None:
        """What has become of its file; None: nothing. For any thread."""
        return self.keeping.trouble()

    # -- events

    async def read(self, work: Callable[[EventStore], T], otherwise: T) -> T:
        """What the store says; `otherwise` while nothing was ever kept. Raises Refusal."""
        if not self.keeping.open and not self.keeping.exists:
            return otherwise
        return await self.write(work)

    async def write(self, work: Callable[[EventStore], T]) -> T:
        """Have the store do something; it is made if need be. Raises Refusal."""
        async with self._opening:
            if not self.keeping.open:
                await self.keeping.begun()
                await self._taken_up()
        try:
            return await self.keeping.do(work)
        except (sqlite3.Error, OSError) as exc:
            raise refused(exc, "the watches' database", "watching_failure") from exc

    async def judge(self, number: int, said: Judgement) -> WatchEvent | None:
        """Somebody says whether an event was so; whoever follows hears of it. The event as it is then; None: it is not
        kept. Raises Refusal."""
        none: WatchEvent | None = None
        event = await self.read(lambda store: store.judge(number, said, time.time()), none)
        if event is None:
            return None
        if event.watch is None:
            raise Invalid(NOT_JUDGED.format(number=number), "id", "not_judged")
        self.num_judged[said.verdict or "taken_back"] += 1
        self.readers.tell_judged(event)
        for heard in self._hear_verdicts:
            await heard(event.watch)
        return event

    async def _taken_up(self) -> None:
        for take_up in self._taking_up:
            await take_up()
