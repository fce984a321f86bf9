"""The streams of events of several shards as one: each is opened again where it broke off, whatever the others do."""

import asyncio
import contextlib
import json
import logging
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from askcam.client.protocol import encode
from askcam.client.sse import SentEvent
from askcam.cluster import ids
from askcam.cluster.cursors import Cursor, among
from askcam.cluster.front.event_source import Behind, EventSource, Follower
from askcam.cluster.front.positions import newest_number
from askcam.cluster.ids import Garbage
from askcam.cluster.merging import number_of, page_of
from askcam.server.errors import Refusal

ALIVE_S = 15.0  # a comment so often, so that proxies and readers know that the stream lives
WAITING = 64  # messages of all shards that a reader has not taken; the shards' own streams wait, and then begin again
LOOK_S = 1.0  # between two looks at which shards there are
AGAIN_S, LONGEST_S = 0.25, 4.0  # before a shard's stream is opened again: the longer, the more often it tells nothing
log = logging.getLogger(__name__)
NAME = re.compile(r"[a-z_]{1,40}")  # of a message
RESUME = b'event: resume\ndata: {"reason": "connect again with Last-Event-ID"}\n\n'


class EventMerge:
    """One reader's stream. Owned by the event loop.

    Its `id` is a cursor: how far all shards were told of. A shard that is down keeps its place in it, so that nothing
    is missed when it is back, nor by whoever connects again. One whose place is not known, since it was down from the
    first, begins when it is back.
    """

    def __init__(
        self,
        shards: Callable[[], Sequence[EventSource]],
        after: Cursor,
        filters: Mapping[str, str],
        follower: Follower,
        ending: asyncio.Event,
    ) -> None:
        """`shards`: those that there are now; `after`: what was told already; of one not in it, all until now."""
        self._shards, self._filters, self._follower, self._ending = shards, filters, follower, ending
        self._cursor = after
        self._heard = dict(after.numbers)  # by shard's key, what has come from it
        self._queue: asyncio.Queue[tuple[int, Numbered] | None] = asyncio.Queue(WAITING)

    async def stream(self) -> AsyncIterator[bytes]:
        """As text/event-stream, until the front ends, or its reader leaves."""
        await self._begin()
        tasks = [asyncio.create_task(self._follow_all()), asyncio.create_task(self._end())]
        try:
            # an id alone tells an EventSource where to go on from, before the first event
            yield b"retry: 2000\nid: %s\n\n" % self._cursor.text().encode()
            while True:
                try:
                    async with asyncio.timeout(ALIVE_S):
                        told = await self._queue.get()
                except TimeoutError:
                    yield b": alive\n\n"
                    continue
                if told is None:
                    break
                yield self._told(*told)
            yield RESUME
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _end(self) -> None:
        """None is the last that is told: the front ends."""
        await self._ending.wait()
        await self._queue.put(None)

    async def _begin(self) -> None:
        """Where each shard stands now, of those that are up and that the reader does not know."""

        async def one(shard: EventSource) -> None:
            with contextlib.suppress(Refusal, Garbage):
                self._heard[shard.key] = await newest_number(shard, self._follower.role)
                self._cursor = self._further(shard.key, self._heard[shard.key])

        await asyncio.gather(*(one(shard) for shard in self._shards() if shard.key not in self._cursor.numbers))

    async def _follow_all(self) -> None:
        """Those that there are, and those that come while somebody listens; none that has gone."""
        following: dict[EventSource, asyncio.Task[None]] = {}
        try:
            while True:
                there = self._shards()
                for shard in following.keys() - set(there):
                    following.pop(shard).cancel()
                self._heard = dict(among(self._heard, self._keys()))
                for shard in there:
                    if shard not in following:
                        following[shard] = asyncio.create_task(self._follow(shard))
                await asyncio.sleep(LOOK_S)
        finally:
            for task in following.values():
                task.cancel()
            await asyncio.gather(*following.values(), return_exceptions=True)

    async def _follow(self, shard: EventSource) -> None:
        """What one shard tells, for as long as anybody listens."""
        wait_s = AGAIN_S
        while True:
            await shard.back.wait()
            before = self._heard.get(shard.key)
            try:
                async with shard.within():
                    await self._hear(shard)
            except Refusal:
                pass  # whoever looks at it says why
            except Behind:
                await self._queue.put(None)  # who begins again with the lists has missed nothing
            except ValueError as exc:
                log.warning("the stream of events of shard %s cannot be read: %s", shard.name, str(exc)[:200])
            wait_s = AGAIN_S if self._heard.get(shard.key) != before else min(2 * wait_s, LONGEST_S)
            await asyncio.sleep(wait_s)

    async def _hear(self, shard: EventSource) -> None:
        """Until its stream ends. Raises LinkError, Garbage, ValueError."""
        if shard.key not in self._heard:
            self._heard[shard.key] = await newest_number(shard, self._follower.role)
        messages = shard.events(self._heard[shard.key], self._filters, self._follower)
        async with contextlib.aclosing(messages):
            async for message in messages:
                if message.data and message.name != "resume":
                    told = numbered(shard.key, message)
                    await self._queue.put((shard.key, told))
                    if told.number is not None:
                        self._heard[shard.key] = told.number

    def _further(self, key: int, number: int) -> Cursor:
        """A stream outlives shards that come and go: of those that are gone it keeps no more than there is room for."""
        return self._cursor.after(key, number).among({key, *self._keys()})

    def _keys(self) -> set[int]:
        return {shard.key for shard in self._shards()}

    def _told(self, key: int, told: "Numbered") -> bytes:
        """For the reader, who knows of it from then on."""
        if told.number is None:
            return b"event: %s\ndata: %s\n\n" % (told.name.encode(), told.data)
        self._cursor = self._further(key, told.number)
        return b"id: %s\nevent: %s\ndata: %s\n\n" % (self._cursor.text().encode(), told.name.encode(), told.data)


@dataclass(frozen=True, slots=True)
class Numbered:
    """A message with the front's ids in it. `number`: how far its shard was told of with it; None: as before."""

    name: str
    data: bytes
    number: int | None


def numbered(key: int, message: SentEvent) -> Numbered:
    """As the front tells it. Raises Garbage, ValueError. Pure."""
    told: Any = json.loads(message.data)
    match message.name:
        case "gone":
            missed = {name: ids.joined(key, told.get(name)) for name in ("first_missed", "last_missed")}
            return Numbered("gone", encode(missed), number_of({"id": told.get("last_missed")}))
        case "acknowledged" | "clip" | "judged" as name:  # of events that were told before
            rows = page_of(key, told).rows
            return Numbered(name, encode({**told, "data": [ids.noted(key, row) for row in rows]}), None)
        case name:
            event = ids.event(key, told)
            return Numbered(name if NAME.fullmatch(name) else "message", encode(event), number_of(told))
