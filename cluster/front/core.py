"""What every room of a front may lean on, in one value."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from askcam.cluster.front.directory import Directory
from askcam.cluster.front.joined.room import JoinedRoom
from askcam.cluster.front.metrics import FrontMetrics
from askcam.cluster.front.probing import Probing
from askcam.cluster.front.relay import Relayed, role_of
from askcam.cluster.front.shards import FrontShard
from askcam.server.access.auth import Auth
from askcam.server.access.doorway import enter
from askcam.server.access.limits import Limits, too_many
from askcam.server.access.places import PlacesOf
from askcam.server.access.proxies import TrustedProxies
from askcam.server.access.rates import Rates
from askcam.server.access.shares import Places, client_of
from askcam.server.access.viewer import Role
from askcam.server.wire.about import ALL_CAMERAS
from askcam.server.wire.endpoint import Endpoint, FrontPart, Handler

SEVERAL, UNDER_WAY = "questions to several cameras", 32  # of several shards


@dataclass(frozen=True, slots=True)
class FrontCore:
    """All of it is owned by the event loop."""

    directory: Directory
    probing: Probing
    auth: Auth
    limits: Limits
    places: PlacesOf
    proxies: TrustedProxies
    questions: Rates  # per client
    metrics: FrontMetrics
    joined: JoinedRoom | None = None  # where shards may join
    brought: Mapping[str, FrontPart] = field(default_factory=dict)  # by features, whose names these are
    several: Places = field(default_factory=lambda: Places(SEVERAL, UNDER_WAY, remedy="wait for an answer first"))
    ending: asyncio.Event = field(default_factory=asyncio.Event)  # set once the front ends: streams do so, too

    def admit_question(self, conn: HTTPConnection) -> None:
        """Count one question of this client. Raises TooMany when it asks too fast."""
        wait_s = self.questions.take(client_of(conn).key, time.monotonic())
        if wait_s > 0:
            raise too_many("questions", wait_s)

    def enter(self, places: Places, conn: HTTPConnection) -> None:
        """As doorway.enter(). Raises TooMany."""
        enter(places, conn)

    async def relay(
        self, shard: FrontShard, request: Request, need: Role = Role.VIEWER, *, target: bytes | None = None
    ) -> Response:
        """The request as it is, or for another `target`, put to a shard. Raises Refusal."""
        body = await request.body()
        shard.check_role(role_of(request), need)
        if not shard.up:
            raise shard.down
        return Relayed(shard, request, body, self.metrics.relayed, target=target)

    def end_streams(self) -> None:
        self.ending.set()


def route(method: str, path: str, handler: Handler, role: Role | None = Role.VIEWER) -> Endpoint:
    """One of a front's: its description is the shards' own (/openapi.json). All who may ask a front see all cameras
    (config.py)."""
    return Endpoint(
        method=method, path=path, handler=handler, name="", what="", replies={}, about=ALL_CAMERAS, role=role
    )
