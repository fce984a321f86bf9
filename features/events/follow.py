"""Events in order, each once: those that are kept first, then those that come. For streams that are resumed."""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass

from askcam.client.watches import WatchEvent
from askcam.features.events.service import EventLog
from askcam.features.events.store import EventStore
from askcam.features.events.subscribers import News, Subscriber
from askcam.server.access.viewer import THE_SERVER, Viewer

CAUGHT_UP = 100  # events read from the store at once, for one who resumes


@dataclass(frozen=True, slots=True)
class EventsGone:
    """Events that are not kept any more, and so cannot be told."""

    first_missed: int
    last_missed: int


async def follow(
    events: EventLog,
    last: int | None,
    watch: str | None,
    camera: str | None,
    alive_s: float,
    own: bool | None = None,
    viewer: Viewer = THE_SERVER,
) -> AsyncGenerator[News | EventsGone | None, None]:
    """Events of that watch and camera as they come; after `last`, those that were missed first. None: only new ones.
    `own`: those of the server's own cameras, or those of cameras that a front has given to it; None: both. Only what
    the viewer sees.

    Also what somebody says of earlier ones meanwhile; what was said while nobody followed is had with the events.
    Yields None once it listens, and whenever nothing has come for `alive_s`. Ends when the reader was too slow, or the
    server ends: who follows again after the last event that was heard misses none. Raises Refusal.
    """
    with events.readers.reading(own) as reader:  # from here on nothing is missed
        newest = await events.read(lambda store: store.last_id(), 0)
        if last is None or last > newest:  # more than there ever were: the database was begun anew
            last = newest
        first = await events.read(lambda store: store.first_id(), None)
        yield None
        if first is not None and last + 1 < first:
            yield EventsGone(last + 1, first - 1)
        async for event in _missed(events, last, watch, camera, own, viewer):
            yield event
            last = event.id
        last = max(last, newest)
        while (told := await _next(reader, alive_s)) is not None:
            if isinstance(told, Subscriber):
                yield None
                continue
            new = not isinstance(told, WatchEvent) or told.id > last
            if new and viewer.sees(told.camera) and watch in (None, told.watch) and camera in (None, told.camera):
                yield told


async def _next(reader: Subscriber, alive_s: float) -> News | Subscriber | None:
    """The reader itself when nothing came; None at the end."""
    try:
        return await reader.next(alive_s)
    except TimeoutError:
        return reader


async def _missed(
    events: EventLog, last: int, watch: str | None, camera: str | None, own: bool | None, viewer: Viewer
) -> AsyncIterator[WatchEvent]:
    """What is kept of the events after `last`, oldest first."""
    while True:

        def following(store: EventStore, *, after: int = last) -> list[WatchEvent]:
            return store.following(after, CAUGHT_UP, watch=watch, camera=camera, own=own, seen=viewer.cameras)

        none: list[WatchEvent] = []
        found = await events.read(following, none)
        for event in found:
            yield event
            last = event.id
        if len(found) < CAUGHT_UP:
            return
