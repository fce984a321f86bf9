"""What an agent may attach without a tool's call: how a camera is, its picture, an event, a former answer."""

import json
from urllib.parse import quote

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ToolError

from askcam.features.mcp_server.told import Asking


def offer(server: MCPServer, asking: Asking) -> None:
    @server.resource("askcam://cameras/{name}", name="camera", title="Camera", mime_type="application/json")
    async def camera(name: str, context: Context) -> str:
        """How a camera is: its state, how old its newest picture is, what is wrong with it."""
        return await _json(f"/v1/cameras/{quote(name, safe='')}", context)

    @server.resource(
        "askcam://cameras/{name}/snapshot.jpg", name="snapshot", title="Newest picture", mime_type="image/jpeg"
    )
    async def snapshot(name: str, context: Context) -> bytes:
        """The newest picture of a camera."""
        return await _picture(f"/v1/cameras/{quote(name, safe='')}/snapshot.jpg", context)

    @server.resource("askcam://events/{event}", name="event", title="Event", mime_type="application/json")
    async def event(event: str, context: Context) -> str:
        """What a watch has told."""
        return await _json(f"/v1/events/{quote(event, safe='')}", context)

    @server.resource("askcam://answers/{answer}", name="answer", title="Answer", mime_type="application/json")
    async def answer(answer: str, context: Context) -> str:
        """A former answer, and what it saw."""
        return await _json(f"/v1/answers/{quote(answer, safe='')}", context)

    async def _json(path: str, context: Context) -> str:
        try:
            async with asking(context) as api:
                return json.dumps(await api.get(path), ensure_ascii=False)
        except ToolError as exc:
            raise ResourceError(str(exc)) from exc

    async def _picture(path: str, context: Context) -> bytes:
        try:
            async with asking(context) as api:
                return (await api.picture(path)).data
        except ToolError as exc:
            raise ResourceError(str(exc)) from exc
