"""POST /mcp, of a server and of a front."""

import asyncio
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from askcam.server.errors import Invalid
from askcam.server.wire.about import NO_CAMERA
from askcam.server.wire.endpoint import JSON, SSE, Endpoint, FrontPart, Reply

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

    from askcam.features.mcp_server.over_http import HttpSessions

NONE = {JSON: {"type": "object"}, "text/plain": {"type": "string"}}
MESSAGE = {"type": "object", "description": "JSON-RPC 2.0, as the Model Context Protocol says"}


class McpEndpoint(FrontPart):
    """The SDK is read when the first agent comes, beside the event loop: it takes a second or two. What is asked, is
    asked of the app that was posted to."""

    def __init__(self) -> None:
        self._opening: asyncio.Task[HttpSessions] | None = None
        self.endpoints = [
            Endpoint(
                method="POST",
                path="/mcp",
                handler=self._taken,
                name="mcp",
                what="The cameras as tools, resources and prompts of an agent: Model Context Protocol, streamable HTTP "
                "without sessions",
                replies={
                    200: Reply("the answer, whole or as server-sent events", {JSON: MESSAGE, SSE: MESSAGE}),
                    202: Reply("a notification was taken"),
                    400: Reply("no message of the protocol", NONE),
                    404: Reply("no method of the protocol", NONE),
                    406: Reply("the client must take JSON and server-sent events", NONE),
                },
                about=NO_CAMERA,  # its tools come through all doors once more, as whoever asks
                tag="mcp",
            )
        ]

    async def close(self) -> None:
        if self._opening is not None:
            await (await self._opening).close()

    async def _taken(self, request: Request) -> Response:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
            raise Invalid(f"/mcp takes JSON: send Content-Type: {JSON}", code="unsupported_media_type")
        if self._opening is None:
            self._opening = asyncio.create_task(_opened())
        return (await asyncio.shield(self._opening)).answer()


async def _opened() -> "HttpSessions":
    server = await asyncio.to_thread(_made)
    from askcam.features.mcp_server.over_http import HttpSessions

    sessions = HttpSessions(server)
    await sessions.open()
    return sessions


def _made() -> "MCPServer":
    from askcam.features.mcp_server.offered import make_server
    from askcam.features.mcp_server.over_http import asking_here

    return make_server(asking_here)
