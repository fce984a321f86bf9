"""The door in front of every route, as pure ASGI: who may come in."""

from collections.abc import Callable, Collection, Mapping

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from askcam.server.access.auth import Auth
from askcam.server.access.doorway import held
from askcam.server.access.shares import VIEWER, Places, client_of
from askcam.server.access.viewer import KEYED
from askcam.server.access.visits import Visits
from askcam.server.connections.protocol import line_of

OPEN = frozenset({"/v1/session"})  # where one logs in
WITHIN = "askcam.within"  # in the scope of what is asked here for another request, which has a place
Keyed = Mapping[str, Callable[[HTTPConnection], None]]
"""Paths that want another token than people's, with what looks at it: it raises Unauthenticated, PermissionDenied,
TooMany."""


def guarded(path: str, beside: Collection[str]) -> bool:
    """Whether a path wants a viewer: all of /v1, and those `beside` it. The page, its files, /healthz and /readyz do
    not."""
    return path in beside or (path.startswith("/v1/") and path not in OPEN)


class Guard:
    """Lets in whom `auth` lets in, raises what it raises; routes that want an admin ask auth.require themselves."""

    def __init__(
        self, app: ASGIApp, auth: Auth, requests: Places, visits: Visits, keyed: Keyed, beside: Collection[str]
    ) -> None:
        """`requests`: places of those that are under way; `visits`: who has them; `beside`: as of guarded()."""
        self.visits = visits
        self.app, self.auth, self.requests, self.keyed, self.beside = app, auth, requests, keyed, beside

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            conn = HTTPConnection(scope)
            self.auth.check_source(conn)
            if guarded(scope["path"], self.beside):
                check = self.keyed.get(scope["path"])
                if check is None:
                    scope[VIEWER] = self.auth.require(conn)
                else:
                    check(conn)
                    scope[VIEWER] = KEYED
                if (line := line_of(scope)) is not None:
                    line.proven()
                    if (viewer := client_of(conn).viewer).named:
                        self.visits.enter(viewer, line)
                        held(scope).callback(self.visits.leave, viewer, line)
                if scope["type"] == "http" and WITHIN not in scope:
                    held(scope).callback(self.requests.enter(client_of(conn)).leave)
        await self.app(scope, receive, send)
