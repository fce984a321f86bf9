"""How an MCP server is reached: a process that is started here, or an address. Both tell when the connection ended."""

import logging
import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import httpx2
from mcp.client._transport import TransportStreams as Streams
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.message import SessionMessage

from askcam.server.tools.mcp_config import McpConfig

log = logging.getLogger(__name__)

CONNECT_S = 10.0
MAX_LINE = 500  # characters of a line that a server says on stderr


@asynccontextmanager
async def connected(name: str, config: McpConfig, gone: anyio.Event) -> AsyncIterator[Streams]:
    """The two streams of a connection; `gone` is set when the server has ended it. Raises OSError and httpx2 errors."""
    if config.command:
        async with _process(name, config) as streams, _watched(streams, gone) as watched:
            yield watched
    else:
        assert config.url is not None
        # Long reads are streams that stay open; a call has its own time limit.
        timeout = httpx2.Timeout(CONNECT_S, read=300.0)
        async with (
            httpx2.AsyncClient(headers=dict(config.headers), timeout=timeout, trust_env=False) as http,
            streamable_http_client(config.url, http_client=http) as streams,
            _watched(streams, gone) as watched,
        ):
            yield watched


@asynccontextmanager
async def _process(name: str, config: McpConfig) -> AsyncIterator[Streams]:
    command, *args = config.command
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as errors:
        thread = threading.Thread(target=_log, args=(name, config, reader), name=f"askcam-mcp-{name}", daemon=True)
        thread.start()  # ends when the process and we have closed the other end
        server = StdioServerParameters(command=command, args=args, env=dict(config.env), cwd=config.cwd)
        async with stdio_client(server, errors) as streams:
            yield streams


def _log(name: str, config: McpConfig, reader: int) -> None:
    """What the server says on its stderr, a line at a time."""
    with os.fdopen(reader, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            log.info("MCP server %s: %s", name, config.redact(line.rstrip()[:MAX_LINE]))


@asynccontextmanager
async def _watched(streams: Streams, gone: anyio.Event) -> AsyncIterator[Streams]:
    """The same streams, with `gone` set at the end of what is received."""
    source, sink = streams
    send, receive = anyio.create_memory_object_stream[SessionMessage | Exception](0)

    async def pump() -> None:
        try:
            async with send:
                async for message in source:
                    await send.send(message)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            pass
        finally:
            gone.set()

    async with anyio.create_task_group() as group:
        group.start_soon(pump)
        try:
            yield receive, sink
        finally:
            group.cancel_scope.cancel()
