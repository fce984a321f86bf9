"""Events of cameras that a front has given to this server, as whoever speaks to the front asks for them."""

from collections.abc import Callable, Collection, Sequence

from askcam.features.events.service import EventLog
from askcam.features.events.store import EventStore
from askcam.server.owed_events import OwedEvent


class OwedByLog:
    """OwedEvents of an event log."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def wake(self, heard: Callable[[], None]) -> None:
        self._log.readers.also(heard)

    async def origin(self) -> str:
        return await self._log.write(lambda store: store.front.origin())

    async def owed(self, limit: int) -> Sequence[OwedEvent]:
        none: list[OwedEvent] = []
        return await self._log.read(lambda store: store.owed(limit), none)

    async def num_owed(self, camera: str | None) -> int:
        def count(store: EventStore) -> int:
            return store.front.num_owed(camera)

        waiting = sum(camera in (None, news.event.camera) for news in self._log.telling.waiting())
        return waiting + await self._log.read(count, 0)

    async def settled(self, events: Sequence[OwedEvent], fenced: Collection[int]) -> None:
        await self._log.write(lambda store: store.settled(events, fenced))
        self._log.readers.judged()
