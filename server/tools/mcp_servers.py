"""All MCP servers of askcam.toml. As a context it keeps their connections: each has one task, which dies with it."""

import asyncio
import logging
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from askcam.server.tools.box import Toolbox
from askcam.server.tools.mcp_config import McpConfig
from askcam.server.tools.mcp_server import McpServer

log = logging.getLogger(__name__)


class McpServers:
    """Owned by the event loop. Entering returns at once; the tools come as their servers do."""

    def __init__(self, configs: Mapping[str, McpConfig], box: Toolbox) -> None:
        self._servers = [McpServer(name, config, box) for name, config in configs.items()]
        self._tasks: list[asyncio.Task[None]] = []

    def all(self) -> tuple[McpServer, ...]:
        return tuple(self._servers)

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(server.run(), name=f"mcp {server.name}") for server in self._servers]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Processes that were started here end within some seconds. What ends the block goes on as it is."""
        for task in self._tasks:
            task.cancel()
        for found in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(found, Exception):
                log.error("an MCP server's task failed", exc_info=found)
