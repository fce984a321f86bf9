"""The life of one running server's parts: opened in order, begun in order, closed in the other, within a bound."""

import asyncio
import contextlib
import logging
from collections.abc import Collection, Mapping
from types import TracebackType
from typing import Self

log = logging.getLogger(__name__)

AGAIN_S = 4.0  # a task has so long to end once it is cancelled
CLOSE_S = 12.0  # for one part to close; the longest that any asks for is 10 s (evidence that waits to be written)


async def over(*tasks: "asyncio.Future[None]") -> None:
    """Cancel them, and wait until they are over, whatever they raise. One that has lost its cancellation is cancelled
    anew: wait_for() of Python 3.11, which libraries use, drops one that comes together with what it waits for."""
    while going_on := [task for task in tasks if not task.done()]:
        for task in going_on:
            task.cancel()
        await asyncio.wait(going_on, timeout=AGAIN_S)


async def ended(*tasks: "asyncio.Task[None]") -> None:
    """The same. Raises what one of them raises but for that."""
    await over(*tasks)
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError):
            task.result()


class ServerPart:
    """A part of a running server, and its life: open, begin, close, in this order. On the event loop, which none of
    them blocks; what a part does not need stays as is.

    Lifecycle calls them: a part that raises in open() is not closed, and cleans up after itself; one that was opened is
    closed, whether it has begun, or raised when it did, or was never asked to.
    """

    async def open(self) -> None:
        """Before anything is answered: folders, files, threads, tasks. Raises CannotOpen for what the user can mend."""

    async def begin(self) -> None:
        """The engine is warm, and the configured cameras are being opened. Raises ConfigError for what cannot be served
        with this model; what another package's feature raises is said, and the server goes on without what that would
        do. It may be cancelled: the server ends."""

    async def close(self) -> None:
        """The server ends: nothing more is asked of it. What it holds is let go, what is to be kept is written, within
        CLOSE_S: then it is cancelled, and those that were opened before are closed. A second time it does nothing."""


class Lifecycle:
    """Owned by the event loop. As a context it opens and closes; begin() is called within."""

    def __init__(self, parts: Mapping[str, ServerPart], close_s: float = CLOSE_S, others: Collection[str] = ()) -> None:
        """`parts` by name, in the order in which they are opened; `close_s`: seconds that each is given to close;
        `others`: names of those that another package brings."""
        self._parts, self._close_s, self._others = dict(parts), close_s, frozenset(others)
        self._opened: list[str] = []

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def open(self) -> None:
        """Open all. Raises what one raises, when those before it are closed again."""
        try:
            for name, part in self._parts.items():
                await part.open()
                self._opened.append(name)
        except BaseException:
            await self.close()
            raise

    async def begin(self) -> None:
        """Have all begin. Raises what one of ours raises, since the server would not do what its config says: those
        after it do not begin, and all stay open until close(). Of another package's the log has it, and what that has
        brought stays, guarded: one package's fault is no reason for no answers at all."""
        for name in tuple(self._opened):
            try:
                await self._parts[name].begin()
            except Exception:
                if name not in self._others:
                    raise
                log.exception("%s, of another package, did not begin: the server goes on without it", name)

    async def close(self) -> None:
        """Close what is open, the last one first. Of one that fails, or takes too long, the log has it, and the others
        are closed all the same; so they are when this is cancelled, which gives up the one that is being closed."""
        cancelled: asyncio.CancelledError | None = None
        while self._opened:
            name = self._opened.pop()
            task = asyncio.ensure_future(self._parts[name].close())
            try:
                await asyncio.wait([task], timeout=self._close_s)
            except asyncio.CancelledError as exc:
                cancelled = exc
            self._settle(name, task)
        if cancelled is not None:
            raise cancelled

    def _settle(self, name: str, task: "asyncio.Future[None]") -> None:
        if not task.done():
            log.error("%s did not close within %g s", name, self._close_s)
            task.cancel()
        elif not task.cancelled() and (failure := task.exception()) is not None:
            log.error("%s failed to close", name, exc_info=failure)
