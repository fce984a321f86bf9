"""One MCP server of askcam.toml: a connection that is made again and again, and its tools in the toolbox."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Literal

import anyio
import httpx2
import mcp_types as wire
from mcp.client import Client
from mcp.client.subscriptions import ListenNotSupportedError
from mcp.shared.exceptions import MCPError

from askcam.server.tools.base import Circumstance, Fault, ToolError
from askcam.server.tools.box import Toolbox
from askcam.server.tools.mcp_config import McpConfig
from askcam.server.tools.mcp_tool import McpTool, said
from askcam.server.tools.mcp_transport import Stderr, connected
from askcam.stream.secrets import KNOWN

log = logging.getLogger(__name__)

BACKOFF_S = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)  # before it is tried again; the last for ever
HANDSHAKE_S = 20.0  # a process may have to be installed first
LOOK_S = 30.0  # between looks at whether an idle server is still there
MAX_TOOLS = 128  # of one server; more are left out
MAX_PAGES = 20
LOST = frozenset({wire.CONNECTION_CLOSED})  # codes of MCPError that mean: there is nobody
State = Literal["connecting", "connected", "unavailable"]


class McpServer:
    """Owned by the event loop; run() is the one task that opens and closes its connection. Calls come from any task of
    the loop and end with ToolError when the connection does."""

    def __init__(self, name: str, config: McpConfig, box: Toolbox, backoff_s: tuple[float, ...] = BACKOFF_S) -> None:
        self.name, self._config, self._box, self._backoff_s = name, config, box, backoff_s
        self.state: State = "connecting"
        self.reason: str | None = None  # why it is unavailable, without secrets
        self._client: Client | None = None
        self._gone = anyio.Event()  # of the present connection
        self._stderr = Stderr()  # of the present connection's process
        self._changed = asyncio.Event()  # the server's list of tools
        self._left_out: set[str] = set()  # tools that cannot be offered, and were logged

    @property
    def available(self) -> bool:
        return self.state == "connected" and not self._gone.is_set()

    async def run(self) -> None:
        """Keep the connection, until cancelled."""
        tries = 0
        while True:
            began = asyncio.get_running_loop().time()
            self.state = "connecting"
            try:
                async with self._connection() as client:
                    await self._serve(client)
                why = "it has ended the connection"
            except Exception as exc:
                why = plain(exc)
            if self._stderr.last:
                why = f"{why}; the last that it said: {self._stderr.last}"
            self.state, self.reason, self._client = "unavailable", KNOWN.hide(self._config.redact(why)), None
            lived_s = asyncio.get_running_loop().time() - began
            tries = 0 if lived_s > LOOK_S else tries
            log.warning("MCP server %s is unavailable: %s", self.name, self.reason)
            await asyncio.sleep(self._backoff_s[min(tries, len(self._backoff_s) - 1)])
            tries += 1

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Client]:
        self._gone = gone = anyio.Event()
        self._stderr = Stderr()
        self._changed.clear()
        client = Client(
            connected(self.name, self._config, gone, self._stderr),
            message_handler=self._heard,
            read_timeout_seconds=HANDSHAKE_S,
            cache=None,  # listings are held here
        )
        async with AsyncExitStack() as stack:
            async with asyncio.timeout(HANDSHAKE_S):
                await stack.enter_async_context(client)
            listening = await stack.enter_async_context(anyio.create_task_group())
            listening.start_soon(self._listen, client)
            try:
                yield client
            finally:
                self._client, self.state = None, "unavailable"  # why is told once its process has had its last words
                gone.set()
                listening.cancel_scope.cancel()

    async def _serve(self, client: Client) -> None:
        """Hold the tools in the box until the connection is gone. Raises what a listing fails with."""
        await self._list(client)
        self._client, self.state, self.reason = client, "connected", None
        log.info("MCP server %s is connected", self.name)
        while not self._gone.is_set():
            self._changed.clear()
            waits = {asyncio.ensure_future(self._gone.wait()), asyncio.ensure_future(self._changed.wait())}
            try:
                await asyncio.wait(waits, timeout=LOOK_S, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()
                await asyncio.gather(*waits, return_exceptions=True)
            if not self._gone.is_set():
                await self._list(client)

    async def _list(self, client: Client) -> None:
        """Put the server's tools into the box, in the place of those that it had."""
        found: list[wire.Tool] = []
        cursor: str | None = None
        for _ in range(MAX_PAGES):
            page = await client.list_tools(cursor=cursor)
            found += page.tools
            cursor = page.next_cursor
            if cursor is None or len(found) >= MAX_TOOLS:
                break
        self._box.remove(self.name)
        for tool in found[:MAX_TOOLS]:
            try:
                self._box.add(McpTool(self, tool))
            except ValueError as exc:
                if tool.name not in self._left_out:  # once is enough: lists come again and again
                    log.warning("a tool of MCP server %s is left out: %s", self.name, exc)
                self._left_out.add(tool.name)

    async def _heard(self, message: object) -> None:
        if isinstance(message, wire.ToolListChangedNotification):
            self._changed.set()

    async def _listen(self, client: Client) -> None:
        """Servers of the newer protocol tell of changes only to those who listen."""
        try:
            async with client.listen(tools_list_changed=True) as events:
                async for _ in events:
                    self._changed.set()
        except (ListenNotSupportedError, MCPError, TimeoutError):
            return  # an older one, or one whose tools don't change; _serve looks now and then
        except Exception as exc:
            log.debug("MCP server %s tells of no changes: %s", self.name, self._config.redact(plain(exc)))

    async def call(self, tool: str, arguments: Mapping[str, Any], circumstance: Circumstance) -> str:
        """Raises ToolError: UNAVAILABLE when the server is gone or goes meanwhile, FAILED for what it says itself."""
        client, gone = self._client, self._gone
        if client is None:
            raise self._unavailable()
        calling = asyncio.ensure_future(client.call_tool(tool, dict(arguments)))
        ending = asyncio.ensure_future(gone.wait())
        try:
            await asyncio.wait({calling, ending}, return_when=asyncio.FIRST_COMPLETED)
            if not calling.done():
                raise self._unavailable()
            return self._config.redact(said(tool, calling.result()))
        except ToolError as exc:
            raise ToolError(exc.fault, self._config.redact(str(exc))) from exc
        except MCPError as exc:
            if exc.code in LOST:
                gone.set()
                raise self._unavailable() from exc
            if exc.code == wire.REQUEST_TIMEOUT:
                raise ToolError(Fault.TIMEOUT, f"{tool} did not answer in time") from exc
            raise ToolError(Fault.FAILED, f"{tool}: {self._config.redact(str(exc))[:500]}") from exc
        except (OSError, httpx2.HTTPError, anyio.BrokenResourceError, anyio.ClosedResourceError) as exc:
            gone.set()
            raise self._unavailable() from exc
        except (ValueError, RuntimeError) as exc:  # an answer that is none, by the protocol or the tool's own schema
            raise ToolError(Fault.FAILED, f"{tool}: {self._config.redact(plain(exc))}") from exc
        finally:
            for task in (calling, ending):
                task.cancel()
            await asyncio.gather(calling, ending, return_exceptions=True)

    def _unavailable(self) -> ToolError:
        return ToolError(Fault.UNAVAILABLE, f"the MCP server {self.name!r} is not there now; it is being tried again")


def plain(exc: BaseException) -> str:
    """What went wrong, in one line; of a group, the first cause."""
    while isinstance(exc, BaseExceptionGroup):
        exc = exc.exceptions[0]
    if isinstance(exc, TimeoutError):
        return f"no answer within {HANDSHAKE_S:g} s"
    if isinstance(exc, FileNotFoundError):
        return f"there is no program {exc.filename!r}" if exc.filename else "its program is not there"
    text = " ".join(str(exc).split())
    return text[:300] or type(exc).__name__
