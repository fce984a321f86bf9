"""Every reply has an `x-request-id`, by which it can be named in a report: the client's own, or a new one."""

import re
import secrets

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = b"x-request-id"
MAX_CHARS = 128
WANTED = re.compile(rb"[^A-Za-z0-9._:+/=-]")  # what is not taken over from a client: nothing may break a line or a log
STARTS = ("http.response.start", "websocket.accept", "websocket.http.response.start")
SCOPE = "askcam.request_id"


class RequestIds:
    """Outside of whatever answers. The id stands in the scope, too, for what is answered elsewhere."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == HEADER), b"")
        told = (HEADER, request_id(given))
        scope[SCOPE] = told[1].decode()

        async def named(message: Message) -> None:
            if message["type"] in STARTS:
                message = {**message, "headers": [*message.get("headers", ()), told]}
            await send(message)

        await self.app(scope, receive, named)


def request_id(given: bytes) -> bytes:
    """The client's own as far as it may be told back; a new one if there is none."""
    return WANTED.sub(b"", given[: 4 * MAX_CHARS])[:MAX_CHARS] or b"req_" + secrets.token_hex(16).encode()
