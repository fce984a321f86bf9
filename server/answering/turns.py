"""Work of many clients that a few may do at once: each client has one turn, and waits for its next one. Bounded.

Owned by the event loop.
"""

import asyncio
from collections import OrderedDict, deque

from askcam.server.errors import TooMany


class Turns:
    """`num` at once in all, one of each client; the others wait, client by client in turn, and no client waits with
    more than `max_waiting`."""

    def __init__(self, what: str, num: int, max_waiting: int = 8, max_clients: int = 64) -> None:
        """`what`: is under way, for refusals ("schemas are being compiled")."""
        self._what, self._free = what, num
        self._max_waiting, self._max_clients = max_waiting, max_clients
        self._busy: set[str] = set()  # clients
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    def __len__(self) -> int:
        """How many wait."""
        return sum(map(len, self._waiting.values()))

    async def take(self, client: str) -> None:
        """Wait for a turn; give() it back. Raises TooMany `busy` when too many wait already."""
        if self._free and client not in self._busy:
            self._begin(client)
            return
        line = self._waiting.get(client)
        if line is None:
            if len(self._waiting) >= self._max_clients:
                raise self._full(sum(map(len, self._waiting.values())))
            line = self._waiting[client] = deque()
        if len(line) >= self._max_waiting:
            raise self._full(len(line))
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it came at this very moment
                self.give(client)
            else:
                self._forget(client, turn)
            raise

    def give(self, client: str) -> None:
        """A turn is over."""
        self._busy.discard(client)
        self._free += 1
        for other in list(self._waiting):
            if not self._free:
                return
            if other not in self._busy:
                turn = self._waiting[other].popleft()
                self._waiting.move_to_end(other)
                if not self._waiting[other]:
                    del self._waiting[other]
                self._begin(other)
                turn.set_result(None)

    def _begin(self, client: str) -> None:
        self._busy.add(client)
        self._free -= 1

    def _forget(self, client: str, turn: "asyncio.Future[None]") -> None:
        line = self._waiting.get(client)
        if line is not None and turn in line:
            line.remove(turn)
            if not line:
                del self._waiting[client]

    def _full(self, waiting: int) -> TooMany:
        return TooMany(
            f"{self._what} already, and {waiting} more wait: try again in a moment; what was taken once is kept",
            code="busy",
            retry_after_s=2,
        )
