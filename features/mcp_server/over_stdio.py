"""MCP over stdin and stdout: a process beside the agent, that asks a server somewhere."""

import contextlib
from collections.abc import AsyncIterator

import anyio
import httpx2
from mcp.server.mcpserver import Context

from askcam.client.http import Http
from askcam.features.mcp_server.asked_server import Api
from askcam.features.mcp_server.offered import make_server


def serve(server: Http) -> None:
    """Until stdin ends. The server need not be there yet: each tool says so until it is."""
    anyio.run(_serve, server)


async def _serve(server: Http) -> None:
    headers = {"Authorization": f"Bearer {server.token}"} if server.token else {}
    async with httpx2.AsyncClient(
        base_url=server.address.http,
        headers=headers,
        verify=True if server.ssl is None else server.ssl,
        trust_env=not server.address.local,  # no proxy leads to this machine
    ) as http:

        @contextlib.asynccontextmanager
        async def asking(context: Context) -> AsyncIterator[Api]:
            yield Api(http)

        await make_server(asking).run_stdio_async()
