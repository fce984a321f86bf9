"""All MCP servers of askcam.toml. As a context it keeps their connections: each has one task, which dies with it."""

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from askcam.server.tools.box import Toolbox
from askcam.server.tools.mcp_config import McpConfig
from askcam.server.tools.mcp_server import McpServer


class McpServers:
    """Owned by the event loop. Entering returns at once; the tools come as their servers do."""

    def __init__(self, configs: Mapping[str, McpConfig], box: Toolbox) -> None:
        self._servers = [McpServer(name, config, box) for name, config in configs.items()]
        self._group = asyncio.TaskGroup()
        self._tasks: list[asyncio.Task[None]] = []

    def all(self) -> tuple[McpServer, ...]:
        return tuple(self._servers)

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        self._tasks = [self._group.create_task(server.run(), name=f"mcp {server.name}") for server in self._servers]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Processes that were started here end within some seconds."""
        for task in self._tasks:
            task.cancel()
        await self._group.__aexit__(kind, error, trace)
