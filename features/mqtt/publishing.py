"""What one connection publishes: first what is no longer true is taken back, then how everything is now, then that the
server is there; after that what changes, and events one by one, each noted once the broker has acknowledged it."""

import asyncio
import logging
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

import msgspec

from askcam.client.protocol import encode
from askcam.client.watches import WatchEvent
from askcam.features.events.judged import JudgedEvents, judged
from askcam.features.events.query import EventQuery
from askcam.features.events.store import EventStore
from askcam.features.events.thread import EventThread
from askcam.features.mqtt.kept import KeptAtBroker
from askcam.features.mqtt.link import BrokerLink
from askcam.features.mqtt.scene import Observing, SceneFacts, WatchPlace
from askcam.features.mqtt.shown import OFFLINE, ONLINE, RetainedFact, ShownEvent
from askcam.features.mqtt.topics import Topics
from askcam.server.access.viewer import Viewer

log = logging.getLogger(__name__)

T = TypeVar("T")

TOGETHER = 16  # messages that wait for the broker's word at once
BATCH = 50  # events that are read together
MAX_EVENT = 64 << 10  # bytes; a larger one goes without its readings and frames
MAX_TRIES = 2  # of one picture: a broker may end the connection at one that is too large for it
AGAIN_S = 2.0  # after the database refused
GRACE_S = 2.0  # at the end, to say so


class Publishing:
    """Owned by the event loop: by one task, which has one connection at a time."""

    def __init__(self, topics: Topics, observing: Observing, keeping: EventThread, broker: str, viewer: Viewer) -> None:
        """`viewer`: whoever may listen at the broker."""
        self._viewer = viewer
        self._topics, self._observing, self._keeping, self._broker = topics, observing, keeping, broker
        self.published, self.dropped = 0, Counter[str]({"event": 0, "picture": 0, "message": 0})
        self._cursor = 0
        self._retained: set[str] = set()  # as it stands on the disk
        self._sent: dict[str, tuple[Hashable, bytes, float]] = {}  # by topic, over this connection: key, payload, when
        self._last: dict[WatchPlace, ShownEvent | None] = {}
        self._shown: dict[WatchPlace, int] = {}  # whose picture was published, over this connection
        self._tried: Counter[int] = Counter()  # pictures, by event

    async def open(self) -> None:
        """Take up what an earlier life left. May raise sqlite3.Error."""
        self._cursor, self._retained = await self._keeping.do(
            lambda store: KeptAtBroker(store.db, self._broker).open(store.last_id())
        )

    # -- one connection

    async def begin(self, link: BrokerLink) -> None:
        """A new connection, or one who listens has come: all is said anew. Raises BrokerAway."""
        self._sent.clear()
        self._shown.clear()
        await self.look(link)
        await self.say_online(link)

    async def say_online(self, link: BrokerLink) -> None:
        await self._note({self._topics.status})
        await self._publish(link, self._topics.status, ONLINE, retain=True)

    async def answer(self, link: BrokerLink, topic: str, payload: bytes) -> None:
        """To a question. Any task. Raises BrokerAway."""
        await self._publish(link, topic, payload)

    async def end(self, link: BrokerLink) -> None:
        """The server ends."""
        async with asyncio.timeout(GRACE_S):
            await self._publish(link, self._topics.status, OFFLINE, retain=True)

    async def look(self, link: BrokerLink) -> None:
        """Publish what has changed. Raises BrokerAway."""
        scene = self._observing.look(self._last)
        await self._know_events(scene)
        await self._take_back(link, scene)
        now = time.monotonic()
        for facts in (scene.configs, *scene.waves):
            await self._say(link, [fact for fact in facts if self._is_due(fact, now)])
        await self._pictures(link, scene)

    async def events(self, link: BrokerLink) -> None:
        """Publish those that are owed. Raises BrokerAway."""
        while True:
            found = await self._do(lambda store: judged(store, self._cursor, BATCH, time.time()))
            self._miss(found)
            for event in found.events:
                if event.id not in found.fenced and self._viewer.sees(event.camera):
                    await self._publish(link, self._topics.event, _body(event))
                    if event.watch is not None:
                        self._last[event.watch, event.camera] = _shown(event)
                await self._moved(event.id)
            if len(found.events) < BATCH:
                return

    # -- what is there

    async def _know_events(self, scene: SceneFacts) -> None:
        """The newest event of places that have come; those that have gone are forgotten."""
        places = set(scene.places)
        for gone in self._last.keys() - places:
            del self._last[gone]
            self._shown.pop(gone, None)
        for place in places - self._last.keys():
            wanted = EventQuery(watch=place[0], camera=place[1])
            newest = await self._do(lambda store, wanted=wanted: store.newest(1, wanted))  # type: ignore[misc]
            self._last[place] = _shown(newest[0]) if newest else None

    async def _take_back(self, link: BrokerLink, scene: SceneFacts) -> None:
        """Empty what an earlier life, or another config, has left at the broker."""
        gone = sorted(self._retained - scene.topics, key=lambda topic: not topic.endswith("/config"))
        for some in _batches(gone):
            await asyncio.gather(*(self._publish(link, topic, b"", retain=True) for topic in some))
            await self._keep(lambda kept, some=some: kept.emptied(some))  # type: ignore[misc]
            self._retained.difference_update(some)
            for topic in some:
                self._sent.pop(topic, None)

    def _is_due(self, fact: RetainedFact, now: float) -> bool:
        sent = self._sent.get(fact.topic)
        if sent is None or sent[0] != fact.key:
            return True
        return sent[1] != fact.payload and now - sent[2] >= fact.every_s

    async def _say(self, link: BrokerLink, facts: list[RetainedFact]) -> None:
        await self._note({fact.topic for fact in facts})
        for some in _batches(facts):
            await asyncio.gather(*(self._publish(link, each.topic, each.payload, retain=True) for each in some))
            for each in some:
                self._sent[each.topic] = (each.key, each.payload, time.monotonic())

    async def _pictures(self, link: BrokerLink, scene: SceneFacts) -> None:
        """Of each place's newest event, once."""
        newest = {last.id for last in self._last.values() if last is not None}
        for old in self._tried.keys() - newest:
            del self._tried[old]
        for place in scene.places:
            last = self._last.get(place)
            if last is None or self._shown.get(place) == last.id:
                continue
            self._shown[place] = last.id
            if self._tried[last.id] >= MAX_TRIES:
                if self._tried[last.id] == MAX_TRIES:
                    self._tried[last.id] += 1
                    self.dropped["picture"] += 1
                    log.warning("the MQTT broker does not take the picture of event %d: it goes without", last.id)
                continue
            jpeg = await self._do(lambda store, number=last.id: store.pictures.picture(number))  # type: ignore[misc]
            if jpeg is None:
                continue
            self._tried[last.id] += 1
            topic = self._topics.watch(*place).picture
            await self._note({topic})
            await self._publish(link, topic, jpeg, retain=True)
            del self._tried[last.id]

    async def _note(self, topics: set[str]) -> None:
        """These are about to be retained: it stands on the disk before."""
        new = topics - self._retained
        if new:
            await self._keep(lambda kept: kept.retains(new))
            self._retained |= new

    def _miss(self, found: JudgedEvents) -> None:
        """Events that were removed before they were published."""
        first = found.first if found.first is not None else found.last + 1
        if first > self._cursor + 1:
            count = first - self._cursor - 1
            self.dropped["event"] += count
            log.error("%d events were removed before the MQTT broker had them: raise max_events of [watching]", count)
            self._cursor = first - 1

    async def _moved(self, cursor: int) -> None:
        await self._keep(lambda kept: kept.moved(cursor))
        self._cursor = cursor

    async def _publish(self, link: BrokerLink, topic: str, payload: bytes, *, retain: bool = False) -> None:
        await link.publish(topic, payload, retain=retain)
        self.published += 1

    # -- the disk

    async def _keep(self, work: Callable[[KeptAtBroker], None]) -> None:
        await self._do(lambda store: work(KeptAtBroker(store.db, self._broker)))

    async def _do(self, work: Callable[[EventStore], T]) -> T:
        """Carry `work` out, however long the database refuses: nothing is published meanwhile."""
        while True:
            try:
                return await self._keeping.do(work)
            except (sqlite3.Error, OSError) as exc:
                log.error("what is published by MQTT waits: the events' database refuses (%s)", exc)
                await asyncio.sleep(AGAIN_S)


def _shown(event: WatchEvent) -> ShownEvent:
    return ShownEvent(event.id, event.at, None if event.clip is None else event.clip.link)


def _body(event: WatchEvent) -> bytes:
    """The event as GET /v1/events/{id} gives it; what is too long for a broker goes without what can be had there."""
    whole = encode(event)
    if len(whole) <= MAX_EVENT:
        return whole
    return encode(msgspec.structs.replace(event, before=[], after=[], frames=[]))


Some = TypeVar("Some")


def _batches(things: Iterable[Some]) -> Iterable[list[Some]]:
    whole = list(things)
    return (whole[i : i + TOGETHER] for i in range(0, len(whole), TOGETHER))
