"""/v1/tools: what the model may be offered here, by whom it is run, and whether that is there now."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from askcam.client.protocol import ToolInfo, ToolList, ToolServerInfo
from askcam.server.api.wire import json_response
from askcam.server.house import House
from askcam.server.tools.base import Tool


def routes(house: House) -> list[BaseRoute]:
    async def listed(request: Request) -> Response:
        names = house.cameras.names()
        uses = {name: {_key(tool) for tool in house.tools.allowed(house.cameras.use(name).tools)} for name in names}
        tools = [
            ToolInfo(
                name=tool.signature.name,
                server=tool.server,
                available=tool.available,
                description=tool.signature.description,
                parameters=dict(tool.signature.parameters),
                cameras=[name for name in names if _key(tool) in uses[name]],
            )
            for tool in house.tools.all()
        ]
        servers = [ToolServerInfo(each.name, each.state, each.reason) for each in house.mcp.all()]
        return json_response(ToolList(tools, servers))

    return [Route("/v1/tools", listed)]


def _key(tool: Tool) -> tuple[str, str]:
    """Servers may have tools of the same name."""
    return tool.server, tool.signature.name
