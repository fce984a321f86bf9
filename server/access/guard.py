"""The door in front of every route, as pure ASGI: who may come in."""

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from askcam.client.protocol import Problem, encode
from askcam.server.access.auth import Auth
from askcam.server.access.doorway import held
from askcam.server.access.shares import ROLE, Places, client_of
from askcam.server.connections.protocol import line_of
from askcam.server.errors import ApiError

OPEN = frozenset({"/v1/session"})  # where one logs in


def guarded(path: str) -> bool:
    """Whether a path wants a viewer. The page, its files, /healthz and /readyz do not."""
    return path == "/metrics" or (path.startswith("/v1/") and path not in OPEN)


async def refuse(error: ApiError, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request, or a websocket that is not accepted yet, with `error`."""
    response = Response(encode(Problem(error.body())), error.status, error.headers, media_type="application/json")
    if scope["type"] == "http":
        await response(scope, receive, send)
        return
    websocket = WebSocket(scope, receive, send)
    if "websocket.http.response" in scope.get("extensions", {}):
        await websocket.send_denial_response(response)
    else:
        await websocket.close(1008, error.message[:100])


class Guard:
    """Lets in whom `auth` lets in; routes that want an admin ask auth.require themselves."""

    def __init__(self, app: ASGIApp, auth: Auth, requests: Places) -> None:
        """`requests`: places of those that are under way."""
        self.app, self.auth, self.requests = app, auth, requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            conn = HTTPConnection(scope)
            try:
                self.auth.check_source(conn)
                if guarded(scope["path"]):
                    scope[ROLE] = self.auth.require(conn)
                    if (line := line_of(scope)) is not None:
                        line.proven()
                    if scope["type"] == "http":
                        held(scope).callback(self.requests.enter(client_of(conn)).leave)
            except ApiError as error:
                await refuse(error, scope, receive, send)
                return
        await self.app(scope, receive, send)
