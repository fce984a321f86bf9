"""What is on its way to one realtime client."""

import asyncio
from collections import deque


class Outbox:
    """Messages in order. Owned by the event loop; one task takes them out.

    Bounded by waiting: whoever puts messages in then awaits room(), and gets no further while `max_bytes` wait. Putting
    is not a coroutine, so that the events of one step stay together.
    """

    def __init__(self, max_bytes: int = 1 << 20) -> None:
        self._max_bytes = max_bytes
        self._messages: deque[str] = deque()
        self._bytes = 0
        self._some, self._room = asyncio.Event(), asyncio.Event()
        self._room.set()

    def put(self, message: str) -> None:
        self._messages.append(message)
        self._bytes += len(message)
        self._some.set()
        if self._bytes >= self._max_bytes:
            self._room.clear()

    async def get(self) -> str:
        """The oldest message; waits for one."""
        while not self._messages:
            self._some.clear()
            await self._some.wait()
        message = self._messages.popleft()
        self._bytes -= len(message)
        if self._bytes < self._max_bytes:
            self._room.set()
        return message

    async def room(self) -> None:
        """Wait until less than the bound is waiting."""
        await self._room.wait()
