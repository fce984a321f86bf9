"""All realtime sessions of this server: those with a connection, and those that wait for their client to come back."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from askcam.server.access.shares import fullest
from askcam.server.errors import NotFound
from askcam.server.given_names import quoted
from askcam.server.lifecycle import ServerPart

log = logging.getLogger(__name__)

PARKED_S = 300.0
MAX_PARKED = 32


class Guest(Protocol):
    """What is wanted of a session; api/hosted.py has it."""

    @property
    def id(self) -> str: ...

    @property
    def owner(self) -> str: ...

    @property
    def client(self) -> str:
        """Whose it is, for the bounds."""

    @property
    def pushes(self) -> bool: ...

    async def run(self) -> None:
        """Until over() was called; cleans up after itself."""

    def over(self) -> None: ...


class Sessions(ServerPart):
    """Owned by the event loop; holds the tasks of its sessions, and close() waits for them all.

    At most `max_parked` wait, each for `parked_s`; when one more comes, the one that has waited longest ends, of the
    client who has most of them.
    """

    def __init__(
        self,
        *,
        max_parked: int = MAX_PARKED,
        parked_s: float = PARKED_S,
        count: Callable[[int], None] = lambda num_parked: None,
    ) -> None:
        """`count` is told how many wait, whenever that changes."""
        self._max_parked, self.parked_s, self._count = max_parked, parked_s, count
        self._guests: dict[str, Guest] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._parked: dict[str, asyncio.TimerHandle] = {}  # in the order they were parked

    @property
    def num_parked(self) -> int:
        return len(self._parked)

    def add(self, guest: Guest) -> None:
        """Begin a session: it has a connection."""
        self._guests[guest.id] = guest
        task = self._tasks[guest.id] = asyncio.create_task(guest.run(), name=f"session {guest.id}")
        task.add_done_callback(lambda task: self._gone(guest.id, task))

    def park(self, guest: Guest) -> None:
        """Its connection was lost: its client may come back. Nothing when it has ended meanwhile, or waits already."""
        if guest.id not in self._guests or guest.id in self._parked:
            return
        loop = asyncio.get_running_loop()
        self._parked[guest.id] = loop.call_later(self.parked_s, guest.over)
        self._count(len(self._parked))
        if len(self._parked) > self._max_parked:
            self._longest(list(self._parked)).over()

    def find(self, session_id: str, owner: str) -> Guest:
        """The session of that id, parked or not. Raises NotFound, in the same words for what is not the owner's."""
        guest = self._guests.get(session_id)
        if guest is None or guest.owner != owner:
            raise NotFound(
                f"there is no session {quoted(session_id)} to come back to: it has ended, or was away for more than "
                f"{self.parked_s:g} s; connect without ?session= for a new one",
                param="session",
                code="session_not_found",
            )
        return guest

    def unpark(self, guest: Guest) -> None:
        """It has a connection again."""
        timer = self._parked.pop(guest.id, None)
        if timer is not None:
            timer.cancel()
            self._count(len(self._parked))

    async def end(self, guest: Guest) -> None:
        """End a session, and wait until it has."""
        guest.over()
        task = self._tasks.get(guest.id)
        if task is not None:
            await asyncio.wait([task])

    def end_of(self, owner: str) -> None:
        """Have all of an owner's end soon, wherever their clients are."""
        for guest in self._guests.values():
            if guest.owner == owner:
                guest.over()

    async def make_way(self) -> bool:
        """End a session that is away and holds a camera of its own; False: none does."""
        pushing = [name for name in self._parked if self._guests[name].pushes]
        if not pushing:
            return False
        found = self._longest(pushing)
        log.info("a pushed camera whose client is away makes way for another")
        await self.end(found)
        return True

    async def close(self) -> None:
        """End all, together."""
        for guest in self._guests.values():
            guest.over()
        if self._tasks:
            await asyncio.wait(list(self._tasks.values()))

    def _longest(self, names: list[str]) -> Guest:
        """Of these that are parked, the one that has been away longest of the client who has most of them."""
        client = fullest(Counter(self._guests[name].client for name in names))
        return next(guest for name in names if (guest := self._guests[name]).client == client)

    def _gone(self, session_id: str, task: asyncio.Task[None]) -> None:
        guest = self._guests.pop(session_id)
        del self._tasks[session_id]
        self.unpark(guest)
        if not task.cancelled() and (failure := task.exception()) is not None:
            log.error("a realtime session has failed", exc_info=failure)
