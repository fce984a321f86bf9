"""All MCP servers of askcam.toml, and their connections: each has one task."""

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from askcam.server.lifecycle import ServerPart
from askcam.server.tools.box import Toolbox
from askcam.server.tools.mcp_config import McpConfig

if TYPE_CHECKING:
    from askcam.server.tools.mcp_server import McpServer

log = logging.getLogger(__name__)


class McpServers(ServerPart):
    """Owned by the event loop."""

    def __init__(self, configs: Mapping[str, McpConfig], box: Toolbox) -> None:
        self._servers = _servers(configs, box) if configs else []
        self._tasks: list[asyncio.Task[None]] = []

    def all(self) -> "tuple[McpServer, ...]":
        return tuple(self._servers)

    async def open(self) -> None:
        """Returns at once; the tools come as their servers do."""
        self._tasks = [asyncio.create_task(server.run(), name=f"mcp {server.name}") for server in self._servers]

    async def close(self) -> None:
        """Processes that were started here end within some seconds."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        for found in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(found, Exception):
                log.error("an MCP server's task failed", exc_info=found)


def _servers(configs: Mapping[str, McpConfig], box: Toolbox) -> "list[McpServer]":
    """Reads the protocol's package, which takes half a second and 40 MB, only where there are any."""
    from askcam.server.tools.mcp_server import McpServer

    return [McpServer(name, config, box) for name, config in configs.items()]
