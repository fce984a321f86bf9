"""The store behind one thread of its own, so that no disk holds up the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from askcam.server.timeline.config import TimelineConfig
from askcam.server.timeline.errors import TimelineError
from askcam.server.timeline.merging import words_in
from askcam.server.timeline.store import Store
from askcam.server.timeline.times import local_zone

T = TypeVar("T")


class Keeping:
    """Owned by the event loop. open() before anything else."""

    def __init__(self, config: TimelineConfig) -> None:
        self._config = config
        self._thread = ThreadPoolExecutor(1, "askcam-timeline")
        self._store: Store | None = None

    @property
    def opened(self) -> bool:
        return self._store is not None

    async def open(self) -> None:
        """Raises TimelineError."""
        config, folder = self._config, self._config.folder
        if folder is None:
            raise TimelineError("no folder is named for the timeline: name one under [timeline]")

        def make(folder: Path = folder) -> Store:
            return Store(folder, config.bounds, local_zone(config.time_zone), words_in(config.language))

        self._store = await self._run(make)

    async def do(self, work: Callable[[Store], T]) -> T:
        """Carry `work` out on the store's thread, after what was given before. Raises what it raises."""
        store = self._store
        assert store is not None, "opened first"
        return await self._run(lambda: work(store))

    async def close(self) -> None:
        """What was given is carried out first."""
        if self._store is not None:
            await self.do(Store.close)
            self._store = None
        self._thread.shutdown(wait=False)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
