"""What a feature may add to realtime sessions: client events of its own, and a feed of events for the client.

An Extension is there once per server. In each session it has a Guest, whom the session's Host lets speak.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from askcam.server.access.viewer import Viewer
from askcam.server.errors import Refusal
from askcam.server.wire.fields import Fields


@dataclass(frozen=True, slots=True)
class Request:
    """A client event of an extension, read."""

    type: str  # under which it was read
    event_id: str | None

    @property
    def things(self) -> Mapping[str, Any]:
        """What it is about, for those who are told of what people do."""
        return {}


Reader = Callable[[Fields, str | None], Request]  # of an event, whose id is given; pure; raises Refusal


class Host(Protocol):
    """One session, as its guests see it. Owned by the event loop."""

    @property
    def viewer(self) -> Viewer:
        """Its client."""

    @property
    def camera(self) -> str | None:
        """What it is about."""

    def say(self, kind: str, **fields: object) -> None:
        """Send the client an event."""

    def refuse(self, error: Refusal, event_id: str | None) -> None:
        """Say that what the client's event wanted is refused."""

    async def room(self) -> None:
        """Wait until the client has read some of what was said."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Carry out what takes time. It is cancelled when the session ends, and must raise nothing else."""


class SessionExtension(Protocol):
    """An extension in one session. Owned by the event loop; nothing here blocks."""

    def carry_out(self, request: Request) -> None:
        """Do what the client wants, and say what came of it."""

    def follow(self, after: int | None) -> None:
        """The client wants the feed, what came after that number first; None: only what is new. Instead of before."""

    def unfollow(self) -> None:
        """It wants the feed no more."""


class Extension(Protocol):
    """Of several that are there, one at most has a feed: a session has one place to say where that begins."""

    @property
    def readers(self) -> Mapping[str, Reader]:
        """By the types of client events that it takes."""

    @property
    def feed(self) -> tuple[str, ...]:
        """Names, any of which in session.askcam.events asks for its feed."""

    def join(self, host: Host) -> SessionExtension:
        """A session has begun."""
