"""One shard as its front knows it: whether it is there, with which cameras, and what goes on with it."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from askcam.client.sse import SentEvent, SentEvents
from askcam.cluster.front.config import ShardConfig
from askcam.cluster.front.errors import ShardBroke, ShardDown, ShardRoles
from askcam.cluster.front.event_source import Follower, ShardReply
from askcam.cluster.front.headers import Header
from askcam.cluster.front.health import Reach, ShardHealth
from askcam.cluster.link import LinkError, ShardLink
from askcam.cluster.merging import Row
from askcam.server.access.viewer import Role
from askcam.server.errors import PermissionDenied

MAX_JSON_BYTES = 8 << 20  # of a reply that the front reads itself
JSON = b"application/json"


class FrontShard:
    """Owned by the event loop."""

    def __init__(self, name: str, key: int, config: ShardConfig, silent_s: float, connect_s: float) -> None:
        self.name, self.key, self.config = name, key, config
        self.health = ShardHealth(silent_s, time.monotonic())
        self.link = ShardLink(config.address, config.ca, connect_s)
        self.cameras: dict[str, Row] = {}  # as it told last: while it is down they are known all the same
        self.models: list[Row] = []
        self.ready = False  # its model is warm
        self.roles: dict[Role, str] = {}  # what it takes the front for, by who asks the front
        self.num_pushed = 0  # realtime connections with cameras of their own
        self.wanted = asyncio.Event()  # somebody would have it looked at now
        self.back = asyncio.Event()  # set while it is up
        self._under_way: set[asyncio.Timeout] = set()

    def has_model(self, name: object) -> bool:
        """Whether it has told of a model of that name, which is no camera's."""
        told = (row.get("askcam") for row in self.models if row.get("id") == name)
        return any(isinstance(about, dict) and about.get("kind") == "model" for about in told)

    @property
    def up(self) -> bool:
        return self.health.state is Reach.UP

    @property
    def num_under_way(self) -> int:
        return len(self._under_way)

    @property
    def down(self) -> ShardDown:
        """What whoever wants something of it is told."""
        return ShardDown(self.name, self.health.why)

    def token(self, role: Role) -> str | None:
        """What the front shows there for somebody of that role here."""
        return (self.config.admin_token or self.config.token) if role is Role.ADMIN else self.config.token

    def check_role(self, role: Role, need: Role = Role.VIEWER) -> None:
        """Nobody is more there than here. Raises ShardRoles, PermissionDenied."""
        if role is Role.VIEWER and self.roles.get(Role.VIEWER) == Role.ADMIN:
            raise ShardRoles(
                self.name,
                "there the front's viewers would be admins: set ASKCAM_TOKEN and ASKCAM_ADMIN_TOKEN there, and name "
                f"the former as token_file under [shards.{self.name}] of the front",
            )
        if need is Role.ADMIN and self.roles.get(Role.ADMIN) == Role.VIEWER:
            raise PermissionDenied(
                f"the front is no admin of shard {self.name!r}: name admin_token_file under [shards.{self.name}]",
                code="insufficient_permissions",
            )

    @contextlib.asynccontextmanager
    async def within(self) -> AsyncIterator[None]:
        """Around what goes on there, however long it waits: as soon as the shard is known to be down, it is over.
        Raises ShardDown, ShardBroke."""
        if not self.up:
            raise self.down
        limit = asyncio.timeout(None)
        try:
            async with limit:
                self._under_way.add(limit)
                yield
        except TimeoutError as exc:
            if not limit.expired():
                raise
            raise self.down from exc
        except LinkError as exc:
            self.wanted.set()
            raise (ShardDown if exc.refused else ShardBroke)(self.name, str(exc)) from exc
        finally:
            self._under_way.discard(limit)

    def cut(self) -> None:
        """It is down: whatever goes on there is over."""
        now = asyncio.get_running_loop().time()
        for limit in tuple(self._under_way):
            limit.reschedule(now)
        self._under_way.clear()

    async def asked(
        self, method: str, path: str, query: Mapping[str, object] | None = None, *, role: Role, body: Any = None
    ) -> ShardReply:
        """Something small. Raises ShardDown, ShardBroke."""
        async with self.within():
            return await self.told(method, path, query, token=self.token(role), body=body)

    async def events(
        self, last: int, filters: Mapping[str, str], follower: Follower
    ) -> AsyncGenerator[SentEvent, None]:
        """Its stream of events after the number `last`, until it ends. Raises LinkError, ValueError."""
        headers = [(b"accept", b"text/event-stream"), (b"last-event-id", b"%d" % last)]
        headers.append((b"x-forwarded-for", follower.client.encode()))
        if token := self.token(follower.role):
            headers.append((b"authorization", f"Bearer {token}".encode()))
        async with self.link.asked("GET", f"/v1/events?{urlencode(filters)}".encode(), headers) as reply:
            if reply.status != 200:
                raise LinkError(f"its stream of events is answered with {reply.status}", refused=False)
            messages = SentEvents()
            async with contextlib.aclosing(reply.pieces()) as pieces:
                async for piece in pieces:
                    for message in messages.feed(piece):
                        yield message

    async def told(
        self,
        method: str,
        path: str,
        query: Mapping[str, object] | None = None,
        *,
        token: str | None,
        body: Any = None,
    ) -> ShardReply:
        """The same of a shard that may be down, for as long as it takes. Raises LinkError."""
        content = None if body is None else json.dumps(body).encode()
        headers: list[Header] = [(b"accept", JSON), (b"user-agent", b"askcam-front")]
        if token:
            headers.append((b"authorization", b"Bearer " + token.encode()))
        if content is not None:
            headers += [(b"content-type", JSON), (b"content-length", str(len(content)).encode())]
        given = {name: value for name, value in (query or {}).items() if value is not None}
        target = quote(path) + (f"?{urlencode(given)}" if given else "")
        async with self.link.asked(method, target.encode(), headers, content) as reply:
            data = await reply.whole(MAX_JSON_BYTES)
            try:
                return ShardReply(reply.status, json.loads(data) if data else None)
            except (ValueError, RecursionError):
                return ShardReply(reply.status, None)

    async def close(self) -> None:
        await self.link.close()
