"""An event loop on a thread of its own, for an engine that waits for servers and not for a device."""

import asyncio
import concurrent.futures
import contextlib
import threading
from collections.abc import Awaitable
from typing import TypeVar

from askcam.engine.errors import EngineFailure

T = TypeVar("T")


class LoopThread:
    """Runs until stop(). What is given to it ends with it."""

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.thread.start()

    def wait_for(self, what: Awaitable[T], timeout_s: float) -> T:
        """Have it done on the loop, and wait for it; from any other thread. Raises what that does, and EngineFailure
        when it takes longer."""
        awaited = _awaited(what)
        try:
            done = asyncio.run_coroutine_threadsafe(awaited, self.loop)
        except RuntimeError as exc:
            awaited.close()
            raise EngineFailure("the engine is closed") from exc
        try:
            return done.result(timeout_s)
        except concurrent.futures.TimeoutError as exc:
            done.cancel()
            raise EngineFailure(f"the model server did not answer within {timeout_s:g} s") from exc

    def tell(self, call: "asyncio.Event") -> None:
        """Set an event of the loop; from any thread. No effect once the loop is over."""
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(call.set)

    def stop(self) -> None:
        """End it, from any thread; its tasks are over by then."""
        with contextlib.suppress(RuntimeError):  # it is closed
            self.loop.call_soon_threadsafe(self.loop.stop)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.close()


async def _awaited(what: Awaitable[T]) -> T:
    return await what
