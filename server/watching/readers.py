"""Who follows the events as they come. Each reader has a bounded queue; one that is too slow is told to resume."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from askcam.client.watches import WatchEvent

MAX_WAITING = 256  # events per reader


class Reader:
    """One who follows. Owned by the event loop."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[WatchEvent | None] = asyncio.Queue(MAX_WAITING + 1)  # one place for the end
        self._over = False

    def tell(self, event: WatchEvent) -> None:
        if self._over:
            return
        if self._waiting.qsize() >= MAX_WAITING:
            self.end()
        else:
            self._waiting.put_nowait(event)

    def end(self) -> None:
        """After what waits there is nothing more."""
        if not self._over:
            self._over = True
            self._waiting.put_nowait(None)

    async def next(self, timeout_s: float) -> WatchEvent | None:
        """The next event; None at the end. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            return await self._waiting.get()


class Readers:
    """All who follow. Owned by the event loop; bounded by the route that lets them in."""

    def __init__(self) -> None:
        self._readers: set[Reader] = set()
        self._others: list[Callable[[], None]] = []
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether the server ends: there will be no more events."""
        return self._closed

    def __len__(self) -> int:
        return len(self._readers)

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """Hears every event that is told while the block runs."""
        reader = Reader()
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

    def tell(self, event: WatchEvent) -> None:
        for reader in self._readers:
            reader.tell(event)
        for heard in self._others:
            heard()

    def close(self) -> None:
        """All streams end, and so do those that come yet."""
        self._closed = True
        for reader in self._readers:
            reader.end()
