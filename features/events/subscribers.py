"""Who follows the events as they come. Each reader has a bounded queue; one that is too slow is told to resume."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from askcam.client.watches import Judged, Seen, WatchEvent

MAX_WAITING = 256  # events per reader


@dataclass(frozen=True, slots=True)
class Reviewed:
    """Events of one watch at one camera that somebody has just acknowledged, or no longer; told before."""

    watch: str | None
    camera: str
    seen: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class Clipped:
    """What came of the clip of an event that was told before."""

    event: WatchEvent

    @property
    def watch(self) -> str | None:
        return self.event.watch

    @property
    def camera(self) -> str:
        return self.event.camera


@dataclass(frozen=True, slots=True)
class JudgedNews:
    """An event that somebody has just judged, or no longer; told before."""

    watch: str | None
    camera: str
    judged: Judged


News = WatchEvent | Reviewed | Clipped | JudgedNews


class Subscriber:
    """One who follows. Owned by the event loop."""

    def __init__(self, own: bool | None = None) -> None:
        self.own = own  # only events of the server's own cameras, or only of those that a front has given to it
        self._waiting: asyncio.Queue[News | None] = asyncio.Queue(MAX_WAITING + 1)  # one place for the end
        self._over = False

    def tell(self, news: News) -> None:
        if self._over:
            return
        if self._waiting.qsize() >= MAX_WAITING:
            self.end()
        else:
            self._waiting.put_nowait(news)

    def end(self) -> None:
        """After what waits there is nothing more."""
        if not self._over:
            self._over = True
            self._waiting.put_nowait(None)

    async def next(self, timeout_s: float) -> News | None:
        """What is told next; None at the end. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            return await self._waiting.get()


class Readers:
    """All who follow. Owned by the event loop; bounded by the route that lets them in."""

    def __init__(self) -> None:
        self._readers: set[Subscriber] = set()
        self._others: list[Callable[[], None]] = []
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether the server ends: there will be no more events."""
        return self._closed

    def __len__(self) -> int:
        return len(self._readers)

    @contextmanager
    def reading(self, own: bool | None = None) -> Iterator[Subscriber]:
        """Hears every event that is told while the block runs; `own` True: only of the server's own cameras, False:
        only of those that a front has given to it."""
        reader = Subscriber(own)
        self._readers.add(reader)
        if self._closed:
            reader.end()
        try:
            yield reader
        finally:
            self._readers.discard(reader)

    def also(self, heard: Callable[[], None]) -> None:
        """From now on `heard` is called after each event, by those who read events from the disk. It must not raise."""
        self._others.append(heard)

    def tell(self, event: WatchEvent, own: bool = True) -> None:
        for reader in self._readers:
            if reader.own in (None, own):
                reader.tell(event)
        for heard in self._others:
            heard()

    def judged(self) -> None:
        """The front has said of earlier events whether they count."""
        for heard in self._others:
            heard()

    def review(self, events: Iterable[WatchEvent]) -> None:
        """Somebody has said of these events that they have seen them, or have not: as they are now."""
        of_places: dict[tuple[str | None, str], list[Seen]] = {}
        for event in events:
            of_places.setdefault((event.watch, event.camera), []).append(Seen(event.id, event.acknowledged_at))
        for (watch, camera), seen in of_places.items():
            for reader in self._readers:
                reader.tell(Reviewed(watch, camera, tuple(seen)))

    def clipped(self, event: WatchEvent, own: bool = True) -> None:
        """There is a clip of an event, or it is known that there will be none: as it is now."""
        for reader in self._readers:
            if reader.own in (None, own):
                reader.tell(Clipped(event))
        for heard in self._others:
            heard()

    def tell_judged(self, event: WatchEvent) -> None:
        """Somebody has said of this event whether it was so, or has taken that back: as it is now."""
        judged = Judged(event.id, event.verdict, event.note, event.judged_at)
        for reader in self._readers:
            reader.tell(JudgedNews(event.watch, event.camera, judged))

    def close(self) -> None:
        """All streams end, and so do those that come yet."""
        self._closed = True
        for reader in self._readers:
            reader.end()
