"""/v1/tools: what the model may be offered here, by whom it is run, and whether that is there now."""

from starlette.requests import Request
from starlette.responses import Response

from askcam.client.protocol import ToolInfo, ToolList, ToolServerInfo
from askcam.server.access.shares import viewer_of
from askcam.server.core import Core
from askcam.server.tools.base import Tool
from askcam.server.wire.about import BY_HANDLER
from askcam.server.wire.bodies import json_response
from askcam.server.wire.endpoint import JSON, Endpoint, Reply


def endpoints(core: Core) -> list[Endpoint]:
    async def listed(request: Request) -> Response:
        names = core.cameras.names(viewer_of(request))
        uses = {name: {_key(tool) for tool in core.tools.allowed(core.cameras.use(name).tools)} for name in names}
        tools = [
            ToolInfo(
                name=tool.signature.name,
                server=tool.server,
                available=tool.available,
                description=tool.signature.description,
                parameters=dict(tool.signature.parameters),
                cameras=[name for name in names if _key(tool) in uses[name]],
            )
            for tool in core.tools.all()
        ]
        servers = [ToolServerInfo(each.name, each.state, each.reason) for each in core.mcp.all()]
        return json_response(ToolList(tools, servers))

    return [
        Endpoint(
            method="GET",
            path="/v1/tools",
            handler=listed,
            name="listTools",
            what="Server-side tools, and the MCP servers that run some",
            about=BY_HANDLER,
            replies={200: Reply("", {JSON: ToolList})},
        )
    ]


def _key(tool: Tool) -> tuple[str, str]:
    """Servers may have tools of the same name."""
    return tool.server, tool.signature.name
