"""Whoever is told of each request that was carried out: who asked what, of which camera."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from askcam.server.access.shares import VIEWER, ClientIdentity, client_of

log = logging.getLogger(__name__)

STATUS = {"websocket.accept": 101}
BEGINNINGS = frozenset({"http.response.start", "websocket.http.response.start", "websocket.accept"})
NOTED = "askcam.noted"  # in a scope: what a handler has said of the request


@dataclass(frozen=True, slots=True)
class Visit:
    """One request, or something wanted in a realtime session. Made on the event loop from references."""

    client: ClientIdentity
    method: str  # "GET", "WEBSOCKET"; of a realtime session's wish: "SESSION"
    what: str  # the route's path, with what stands in it by name: "/v1/cameras/{name}"; or the wish's type
    things: Mapping[str, Any] = field(default_factory=dict)  # what stands there, and what a handler has noted
    status: int | None = None  # of the reply


class Visitors(Protocol):
    """Called on the event loop, which it must not hold up."""

    def visited(self, visit: Visit) -> None: ...


def tell_visit(visitors: Sequence[Visitors], visit: Visit) -> None:
    """One that fails keeps nobody from hearing of it, and no request from being answered."""
    for each in visitors:
        try:
            each.visited(visit)
        except Exception:
            log.exception("telling of a request failed: %r", each)


def note(conn: HTTPConnection, **things: Any) -> None:
    """Say what a request is about that does not stand in its path: the camera that is made, the watch."""
    noted_in(conn.scope).update(things)


def noted_in(scope: Scope) -> dict[str, Any]:
    found: dict[str, Any] = scope.setdefault(NOTED, {})
    return found


class TellVisits:
    """ASGI: tells of every request of somebody who was let in, as its reply begins, and so before a stream ends."""

    def __init__(self, app: ASGIApp, visitors: Sequence[Visitors]) -> None:
        self.app, self.visitors = app, visitors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self.visitors or scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        told, noted = False, noted_in(scope)  # the same one in copies of the scope

        async def heard(message: Message) -> None:
            nonlocal told
            status = STATUS.get(message["type"], message.get("status"))
            if not told and message["type"] in BEGINNINGS and VIEWER in scope:
                told = True
                what = str(getattr(scope.get("route"), "path", scope["path"]))
                things = {**scope.get("path_params", {}), **noted}
                method = scope.get("method", "WEBSOCKET")
                tell_visit(self.visitors, Visit(client_of(HTTPConnection(scope)), method, what, things, status))
            await send(message)

        await self.app(scope, receive, heard)
