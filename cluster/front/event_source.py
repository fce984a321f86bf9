"""Who keeps events, as the front asks for them: a shard, or the front itself."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from askcam.client.sse import SentEvent
from askcam.server.access.viewer import Role
from askcam.server.errors import Refusal


@dataclass(frozen=True, slots=True)
class ShardReply:
    """A reply that was read whole. `value`: its JSON, None where it is none."""

    status: int
    value: Any


class RefusedThere(Exception):
    """What a shard has answered instead, to be passed on as it is."""

    def __init__(self, shard: str, reply: ShardReply) -> None:
        super().__init__(f"shard {shard} answers with {reply.status}")
        self.reply = reply


@dataclass(frozen=True, slots=True)
class Follower:
    """Who follows events: `client` is the address, by which a shard counts the streams of each."""

    role: Role
    client: str


class Behind(Exception):
    """One who follows was too slow to be told all that was said of earlier events: it is to begin again."""


class EventSource(Protocol):
    """Owned by the event loop."""

    @property
    def name(self) -> str: ...

    @property
    def key(self) -> int:
        """Of its numbers in the front's ids."""

    @property
    def up(self) -> bool: ...

    @property
    def down(self) -> Refusal:
        """What whoever wants something of it is told while it is not up."""

    @property
    def back(self) -> asyncio.Event:
        """Set while it is up."""

    def check_role(self, role: Role) -> None:
        """Raises Refusal where it takes the front's people for more than they are."""

    def within(self) -> AbstractAsyncContextManager[None]:
        """Around what goes on there. Raises Refusal."""

    async def asked(
        self, method: str, path: str, query: Mapping[str, object] | None = None, *, role: Role, body: Any = None
    ) -> ShardReply:
        """Something small. Raises Refusal."""

    def events(self, last: int, filters: Mapping[str, str], follower: "Follower") -> AsyncGenerator[SentEvent, None]:
        """Its stream of events after the number `last`, until it ends. Raises Refusal, LinkError, ValueError and
        Behind."""
