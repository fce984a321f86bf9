"""Around the whole app: headers that every reply has, what a request holds while it runs, and clients that leave."""

import asyncio
import contextlib

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

HELD = "askcam.held"  # in a scope: an ExitStack that is closed when the request is over
HEADERS = {  # unless a reply says otherwise; the pages have a policy of their own
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
STARTS = ("http.response.start", "websocket.http.response.start")


def harden(headers: MutableHeaders) -> None:
    for name, value in HEADERS.items():
        headers.setdefault(name, value)


def held(scope: Scope) -> contextlib.ExitStack:
    """What is to be let go when this request is over, however it ends."""
    found = scope[HELD]
    assert isinstance(found, contextlib.ExitStack)
    return found


class Doorway:
    """ASGI. Once `ending` is set, a request that is cancelled just ends: the server has waited long enough."""

    def __init__(self, app: ASGIApp, ending: asyncio.Event) -> None:
        self.app, self.ending = app, ending

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return

        async def hardened(message: Message) -> None:
            if message["type"] in STARTS:
                harden(MutableHeaders(scope=message))
            await send(message)

        with contextlib.ExitStack() as stack:
            scope[HELD] = stack
            try:
                await self.app(scope, receive, hardened)
            except (ClientDisconnect, WebSocketDisconnect):
                pass  # nobody is there to be answered
            except asyncio.CancelledError:
                if not self.ending.is_set():
                    raise
