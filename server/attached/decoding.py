"""Where pictures and clips are decoded: in threads of their own, a client at a time, away from everything else."""

import asyncio
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from askcam.server.attached.budget import Budget, Held
from askcam.server.errors import Abandoned, TooMany, Unavailable
from askcam.server.lifecycle import ServerPart
from askcam.server.threads import give_way
from askcam.stream.fit import FitRule, as_is

T = TypeVar("T")

THREADS = 3
NICE = 5  # the engine goes first
MAX_WAITING = 64  # messages, of all clients
MAX_OF_CLIENT = 16  # messages of one client, the one that is being decoded among them
RESTS_S, RESTS_MOST_S = 0.1, 2.0  # a client whose message took longer than that rests as long, but no longer than this
GONE_EVERY_S = 0.25  # how often it is asked whether the client is still there
RETRY_S = 1


class Decoding(ServerPart):
    """Owned by the event loop. Of each client one message is decoded at a time, and clients take turns: whoever sends
    much keeps nobody else waiting for longer than one message takes, and rests after a long one."""

    def __init__(self, held: Held | None = None, threads: int = THREADS, fit: FitRule = as_is) -> None:
        """`fit`: of pictures whose message names no other rule."""
        self.held = Held() if held is None else held
        self._fit = fit
        self._threads = ThreadPoolExecutor(threads, "askcam-decoding", give_way, (NICE,))
        self._free = threads
        self._queues: OrderedDict[str, deque[asyncio.Future[None]]] = (
            OrderedDict()
        )  # of clients, whose turn comes first
        self._busy: set[str] = set()  # clients of whom one is being decoded
        self._count: Counter[str] = Counter()  # waiting or under way, by client
        self._budgets: set[Budget] = set()  # of those under way

    async def close(self) -> None:
        """What is under way ends soon; nothing more begins."""
        for budget in self._budgets:
            budget.stop()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def run(
        self,
        client: str,
        work: Callable[[Budget], T],
        gone: Callable[[], Awaitable[bool]] | None = None,
        fit: FitRule | None = None,
    ) -> T:
        """What `work` returns, called in another thread. Raises what it raises; TooMany when too much waits, Abandoned
        when `gone` says that nobody does. Cancelled, it ends soon, and at once if it has not begun.

        `fit`: that of the model that is asked: pictures are kept as it sees them. May raise QuestionError and Refusal.
        """
        if self._count[client] >= MAX_OF_CLIENT or self._count.total() >= MAX_WAITING:
            whose = "yours" if self._count[client] >= MAX_OF_CLIENT else "others'"
            told = f"too many messages with pictures are being read just now ({whose}): try again"
            raise TooMany(told, code="busy", retry_after_s=RETRY_S)
        self._count[client] += 1
        try:
            await self._turn(client, gone)
        except BaseException:
            self._leave(client)
            raise
        budget = Budget(held=self.held, client=client, fit=fit or self._fit)
        self._budgets.add(budget)
        loop = asyncio.get_running_loop()
        try:
            running = self._threads.submit(work, budget)
        except RuntimeError as exc:  # it was closed meanwhile
            self._done(client, budget, 0.0)
            raise Unavailable("the server is ending: ask again once it is back") from exc

        began = time.monotonic()

        def done(_: Future[T]) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._done, client, budget, time.monotonic() - began)

        running.add_done_callback(done)
        try:
            return await _unless(asyncio.wrap_future(running), gone)
        finally:
            budget.stop()  # an end in good order has nothing left to stop

    async def _turn(self, client: str, gone: Callable[[], Awaitable[bool]] | None) -> None:
        """Until this message may be decoded; then a thread and the client are taken."""
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(client, deque()).append(place)
        self._next()
        try:
            await _unless(place, gone)
        except BaseException:
            if place.done() and not place.cancelled():  # it was just given one
                self._free += 1
                self._busy.discard(client)
            else:
                place.cancel()
            self._next()
            raise

    def _next(self) -> None:
        """Give free threads to the clients that have waited longest."""
        for client in list(self._queues):
            queue = self._queues[client]
            while queue and queue[0].cancelled():
                queue.popleft()
            if not queue:
                del self._queues[client]
            elif self._free and client not in self._busy:
                self._free -= 1
                self._busy.add(client)
                queue.popleft().set_result(None)
                self._queues.move_to_end(client)
                if not queue:
                    del self._queues[client]

    def _done(self, client: str, budget: Budget, took_s: float) -> None:
        self._budgets.discard(budget)
        self._free += 1
        self._leave(client)
        if took_s > RESTS_S:
            asyncio.get_running_loop().call_later(min(took_s, RESTS_MOST_S), self._rested, client)
        else:
            self._busy.discard(client)
        self._next()

    def _rested(self, client: str) -> None:
        self._busy.discard(client)
        self._next()

    def _leave(self, client: str) -> None:
        self._count[client] -= 1
        if not self._count[client]:
            del self._count[client]


async def _unless(future: "asyncio.Future[T]", gone: Callable[[], Awaitable[bool]] | None) -> T:
    """What comes of it. Raises Abandoned when `gone` says so first."""
    try:
        while gone is not None and not future.done():
            await asyncio.wait({future}, timeout=GONE_EVERY_S)
            if not future.done() and await gone():
                raise Abandoned("the client went away before its pictures were read")
        return await future
    except BaseException:
        future.cancel()
        raise
