"""The doors in front of every route, as pure ASGI: who may come in (Guard), and how much they may bring (BodyLimit)."""

import logging

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from askcam.client.protocol import Problem, encode
from askcam.server.access.auth import Auth
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


class QuietDenials(logging.Filter):
    """For the logger "uvicorn.error": uvicorn takes a websocket that was refused with a full response for an app that
    forgot to answer, and any stranger could fill the log with that error."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.getMessage() != "ASGI callable returned without completing handshake."


class Guard:
    """Lets in whom `auth` lets in; routes that want an admin ask auth.require themselves."""

    def __init__(self, app: ASGIApp, auth: Auth) -> None:
        self.app, self.auth = app, auth

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            conn = HTTPConnection(scope)
            try:
                self.auth.check_source(conn)
                if guarded(scope["path"]):
                    self.auth.require(conn)
            except ApiError as error:
                await refuse(error, scope, receive, send)
                return
        await self.app(scope, receive, send)


class BodyLimit:
    """Refuses HTTP bodies of more than `max_bytes` with 413, by their stated length or as they come."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self.app, self.max_bytes = app, max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "0")
        if length.isdigit() and int(length) > self.max_bytes:
            await refuse(self._too_large(), scope, receive, send)
            return
        num_bytes = 0

        async def counted() -> Message:
            nonlocal num_bytes
            message = await receive()
            num_bytes += len(message.get("body", b""))
            if num_bytes > self.max_bytes:
                raise self._too_large()  # in the route, which is answered by the app's handler of ApiError
            return message

        await self.app(scope, counted, send)

    def _too_large(self) -> ApiError:
        return ApiError(
            413,
            "invalid_request_error",
            f"the body is larger than the {self.max_bytes:,} bytes that this server takes: send smaller or fewer "
            "pictures, or raise limits.max_body_bytes",
            code="request_too_large",
        )
