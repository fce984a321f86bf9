"""MCP over streamable HTTP, in this process: the SDK speaks the protocol, and its tools ask this very server."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx2
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from askcam.features.mcp_server.asked_server import Api
from askcam.server.access.guard import WITHIN
from askcam.server.access.sign_in import SIGNED_IN
from askcam.server.lifecycle import ended

# Whose token asks, and under which id; where the client is, its own connection says.
HANDED_ON = ("authorization", "cookie", "host", "user-agent", "x-request-id")
DOORS = TransportSecuritySettings(enable_dns_rebinding_protection=False)  # the server's own have let this request in


class HttpSessions:
    """Each POST is all there is of a session: what an agent has said is held in no memory here, and survives a
    restart. Owned by the event loop."""

    def __init__(self, server: MCPServer) -> None:
        server.streamable_http_app(stateless_http=True, transport_security=DOORS)  # makes the manager
        self._manager = server.session_manager
        self._running: asyncio.Task[None] | None = None

    async def open(self) -> None:
        ready = asyncio.Event()
        self._running = asyncio.create_task(self._run(ready), name="askcam-mcp-server")
        await ready.wait()

    def answer(self) -> Response:
        """Carries out what was posted in the request that it answers, whose body has not been read."""
        return _Handed(self._manager)

    async def close(self) -> None:
        if self._running is not None:
            await ended(self._running)

    async def _run(self, ready: asyncio.Event) -> None:
        """The SDK's tasks live in one of ours: it wants to be left by whoever entered it."""
        async with self._manager.run():
            ready.set()
            await asyncio.Event().wait()


class _Handed(Response):
    """A response that the SDK gives."""

    def __init__(self, manager: StreamableHTTPSessionManager) -> None:
        super().__init__()
        self._manager = manager

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._manager.handle_request(scope, receive, send)


@contextlib.asynccontextmanager
async def asking_here(context: Context) -> AsyncIterator[Api]:
    """The API of the server that was asked, as whoever asked: through all of its doors once more, from the same
    address, with the same credentials."""
    request = context.request_context.request
    assert isinstance(request, Request), "over HTTP each message has its request"
    client = ("", 0) if request.client is None else (request.client.host, request.client.port)
    headers = {name: request.headers[name] for name in HANDED_ON if name in request.headers}

    async def within(scope: Scope, receive: Receive, send: Send) -> None:
        signed_in = {SIGNED_IN: request.scope[SIGNED_IN]} if SIGNED_IN in request.scope else {}
        await request.app({**scope, WITHIN: True, **signed_in}, receive, send)

    app = httpx2.ASGITransport(within, raise_app_exceptions=False, client=client)
    async with httpx2.AsyncClient(transport=app, base_url="http://askcam", headers=headers) as http:
        yield Api(http)
