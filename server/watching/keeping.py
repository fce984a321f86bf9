"""The store behind one thread of its own, so that no disk holds up the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from askcam.server.errors import NO_RETRY, ApiError
from askcam.server.watching.errors import FolderTaken, WatchingError
from askcam.server.watching.store import Bounds, Store
from askcam.server.watching.tables import NAME

T = TypeVar("T")


class Keeping:
    """Owned by the event loop. The folder is made when there is something to keep in it, and not before."""

    def __init__(
        self, folder: Path | None, bounds: Bounds, make_room: Callable[[Path], bool] = lambda folder: False
    ) -> None:
        """`folder` None: nothing can be kept. `make_room` is Store's."""
        self.folder = folder
        self._bounds, self._make_room = bounds, make_room
        self._thread = ThreadPoolExecutor(1, "askcam-watching")
        self._store: Store | None = None

    @property
    def open(self) -> bool:
        return self._store is not None

    @property
    def exists(self) -> bool:
        """Whether an earlier life has left something there."""
        return self.folder is not None and (self.folder / NAME).is_file()

    async def begin(self) -> None:
        """Open the folder, made if need be. Raises WatchingError."""
        if self._store is None:
            folder = self.folder
            if folder is None:
                raise WatchingError("no folder is named for watches: name one under [watching]")
            self._store = await self._run(lambda: Store(folder, self._bounds, self._make_room))

    async def begun(self) -> None:
        """The same for a client's sake. Raises ApiError."""
        try:
            await self.begin()
        except FolderTaken as exc:
            raise ApiError(503, "server_error", str(exc), code="watching_taken", headers=NO_RETRY) from exc
        except WatchingError as exc:
            raise ApiError(500, "server_error", str(exc), code="watching_failure", headers=NO_RETRY) from exc

    async def do(self, work: Callable[[Store], T]) -> T:
        """Carry `work` out on the store's thread, after what was given before. Raises what it raises."""
        store = self._store
        assert store is not None, "begun first"
        return await self._run(lambda: work(store))

    async def close(self) -> None:
        """What was given is carried out first."""
        if self._store is not None:
            await self.do(Store.close)
            self._store = None
        self._thread.shutdown(wait=False)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
