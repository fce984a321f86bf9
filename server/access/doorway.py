"""Around the whole app: headers that every reply has, what a request holds while it runs, and clients that leave."""

import asyncio
import contextlib

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from askcam.server.access.shares import Places, client_of
from askcam.server.connections.protocol import line_of

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


def enter(places: Places, conn: HTTPConnection) -> None:
    """Hold one of these places until the request is over; where its client reads nothing, it makes way for others.
    Raises TooMany."""
    line = line_of(conn.scope)
    if line is None:
        place = places.enter(client_of(conn))
    else:
        place = places.enter(client_of(conn), line.stalled_s, lambda: line.abort("unread"))
    held(conn.scope).callback(place.leave)


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
