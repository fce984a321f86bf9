"""How an MCP server is reached: a process that is started here, or an address. Both tell when the connection ended."""

import logging
import os
import shutil
import sys
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import httpx2
from mcp.client._transport import TransportStreams as Streams
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.message import SessionMessage

from askcam.server.tools.mcp_config import McpConfig

log = logging.getLogger(__name__)

CONNECT_S = 10.0
LAST_WORDS_S = 1.0  # for what a process that has ended left in the pipe
INTERPRETERS = ("python", "python3")
MAX_LINE = 500  # characters of a line that a server says on stderr


class Stderr:
    """What a process says on its stderr: logged a line at a time, and the last line kept. Its own thread writes it."""

    def __init__(self) -> None:
        self.last = ""  # without secrets; empty: it has said nothing

    def read(self, name: str, config: McpConfig, reader: int) -> None:
        """Until nobody holds the pipe's other end."""
        with os.fdopen(reader, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                said = config.redact(line.rstrip()[:MAX_LINE])
                self.last = said.strip() or self.last
                log.info("MCP server %s: %s", name, said)


@asynccontextmanager
async def connected(name: str, config: McpConfig, gone: anyio.Event, stderr: Stderr) -> AsyncIterator[Streams]:
    """The two streams of a connection; `gone` is set when the server has ended it. Raises OSError and httpx2 errors."""
    if config.command:
        async with _process(name, config, stderr) as streams, _watched(streams, gone) as watched:
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
async def _process(name: str, config: McpConfig, stderr: Stderr) -> AsyncIterator[Streams]:
    command, env = found(config.command[0], config.env, os.environ)
    reader, writer = os.pipe()
    thread = threading.Thread(target=stderr.read, args=(name, config, reader), name=f"askcam-mcp-{name}", daemon=True)
    try:
        with os.fdopen(writer, "w") as errors:
            thread.start()  # ends when the process and we have closed the other end
            server = StdioServerParameters(command=command, args=list(config.command[1:]), env=env, cwd=config.cwd)
            async with stdio_client(server, errors) as streams:
                yield streams
    finally:
        with anyio.move_on_after(LAST_WORDS_S, shield=True):  # a grandchild may hold the pipe open
            await anyio.to_thread.run_sync(thread.join, LAST_WORDS_S)


def found(command: str, env: Mapping[str, str], ours: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The program that `command` names, and what its environment is given. `python` is the interpreter that runs us,
    and programs of its virtual environment are found first, as if that were activated: a server's packages are then
    where ours are. A PATH in `env` is searched as it is."""
    beside = Path(sys.executable).parent
    path = env.get("PATH") or os.pathsep.join([str(beside), ours.get("PATH", os.defpath)])
    if command in INTERPRETERS and "PATH" not in env:
        return sys.executable, {"PATH": path, **env}
    return (command if os.path.dirname(command) else shutil.which(command, path=path) or command), {"PATH": path, **env}


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
