"""A store behind one thread of its own, so that no disk holds up the event loop."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, Protocol, TypeVar

from askcam.server.errors import Internal, Trouble, Unavailable
from askcam.server.storage.database import FileGone

log = logging.getLogger(__name__)


class Closing(Protocol):
    def close(self) -> None: ...

    def trouble(self) -> str | None: ...


def refused(exc: Exception, what: str, code: str) -> Trouble:
    """What a client is told when `what` ("the timeline's database") refuses; Unavailable `storage_lost` where its file
    is no longer there."""
    log.error("%s refuses: %s", what, exc)
    if isinstance(exc, FileGone):
        return Unavailable(f"{what}: {exc}", code="storage_lost", try_again=False)
    return Internal(f"{what} refuses: {exc}; the server's log says more", code=code, try_again=False)


S = TypeVar("S", bound=Closing)
T = TypeVar("T")


class KeptStore(Generic[S]):
    """Owned by the event loop; the store by the thread, which is named `thread`."""

    def __init__(self, thread: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread)
        self._store: S | None = None

    async def make(self, store: Callable[[], S]) -> None:
        """Open it, on its thread. Raises what that raises."""
        self._store = await self._run(store)

    async def do(self, work: Callable[[S], T]) -> T:
        """Carry `work` out on the store's thread, after what was given before. Raises what it raises."""
        store = self._store
        assert store is not None, "made first"
        return await self._run(lambda: work(store))

    def trouble(self) -> str | None:
        """What has become of the store's files; None: nothing, or there is none. For any thread."""
        store = self._store
        return None if store is None else store.trouble()

    async def close(self) -> None:
        """What was given is carried out first."""
        if self._store is not None:
            await self.do(lambda store: store.close())
            self._store = None
        self._thread.shutdown(wait=False)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
