"""MCP servers as real processes, over stdio and over streamable HTTP: used, killed, and found again."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from support.servers.http_shop import SHOP, http_shop

from askcam.server.lifecycle import Lifecycle
from askcam.server.tools.base import Circumstance, Fault, Tool, ToolError
from askcam.server.tools.box import Toolbox
from askcam.server.tools.mcp_config import McpConfig
from askcam.server.tools.mcp_server import McpServer
from askcam.server.tools.mcp_servers import McpServers
from askcam.server.tools.mcp_transport import found

HERE = Circumstance(None, "ans_1")
WAIT_S = 60.0
SECRET = "hunter2hunter2"


class Shop:
    """A shop server and our connection to it."""

    def __init__(self, server: McpServer, box: Toolbox, restart: Callable[[], None] | None) -> None:
        self.server, self.box, self._restart = server, box, restart

    async def until(self, found: Callable[[], object], what: str) -> None:
        async with asyncio.timeout(WAIT_S):
            while not found():  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    def tool(self, name: str) -> Tool:
        return next(tool for tool in self.box.all() if tool.signature.name == name)

    async def call(self, name: str, **arguments: object) -> str:
        return await self.tool(name).call(arguments, HERE)

    async def refused(self, name: str, **arguments: object) -> ToolError:
        with pytest.raises(ToolError) as caught:
            await self.call(name, **arguments)
        return caught.value

    async def kill(self) -> None:
        os.kill(int(await self.call("pid")), signal.SIGKILL)

    def restart(self) -> None:
        """Where nobody else does."""
        if self._restart is not None:
            self._restart()


@pytest.fixture(params=["stdio", "http"])
async def shop(request: pytest.FixtureRequest) -> AsyncIterator[Shop]:
    box = Toolbox()
    with contextlib.ExitStack() as stack:
        if request.param == "stdio":
            config, restart = McpConfig(command=(sys.executable, str(SHOP)), env={"SHOP_KEY": SECRET}), None
        else:
            http = stack.enter_context(http_shop(SHOP_KEY=SECRET))
            config, restart = McpConfig(url=http.url, headers={"Authorization": f"Bearer {SECRET}"}), http.start
        server = McpServer("shop", config, box, backoff_s=(0.05,))
        task = asyncio.ensure_future(server.run())
        shop = Shop(server, box, restart)
        await shop.until(lambda: server.available, "the shop to be there")
        yield shop
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_server_s_tools_are_listed_and_called(shop: Shop) -> None:
    tool = shop.tool("lookup_product")
    assert (tool.server, tool.available) == ("shop", True)
    assert tool.signature.description == "Look up a product's price, stock and delivery time."
    assert tool.signature.parameters["properties"] == {"query": {"type": "string"}}
    assert json.loads(await shop.call("lookup_product", query="apple"))["price"] == "2.49"
    assert json.loads(await shop.call("stocks")) == {"apple": 12}


async def test_a_tool_s_own_error_is_a_failed_call_without_secrets(shop: Shop) -> None:
    error = await shop.refused("fail", secret=SECRET)
    assert error.fault is Fault.FAILED
    assert "the shop is closed" in str(error)
    assert SECRET not in str(error)


async def test_pictures_are_refused_with_words(shop: Shop) -> None:
    error = await shop.refused("picture")
    assert error.fault is Fault.FAILED
    assert "image" in str(error)
    assert "only text" in str(error)


async def test_a_server_killed_in_the_middle_of_a_call_is_unavailable_and_comes_back(shop: Shop) -> None:
    before = await shop.call("pid")
    hanging = asyncio.ensure_future(shop.refused("hang"))
    await asyncio.sleep(0)  # the call is on its way; wherever it is, its server dies
    await shop.kill()
    assert (await hanging).fault is Fault.UNAVAILABLE
    await shop.until(lambda: not shop.server.available, "the loss to be noticed")
    assert not shop.tool("lookup_product").available
    shop.restart()
    await shop.until(lambda: shop.server.available, "the shop to be back")
    assert json.loads(await shop.call("lookup_product", query="apple"))["price"] == "2.49"
    assert await shop.call("pid") != before


async def test_while_a_server_is_gone_its_calls_are_refused_at_once(shop: Shop) -> None:
    await shop.kill()
    error = await shop.refused("lookup_product", query="apple")
    assert error.fault is Fault.UNAVAILABLE
    assert "'shop'" in str(error)


async def test_a_call_that_is_cancelled_leaves_the_connection_whole(shop: Shop) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await shop.call("hang")
    assert json.loads(await shop.call("lookup_product", query="banana"))["price"] == "1.20"
    assert shop.server.available


async def test_tools_that_come_later_are_found(shop: Shop) -> None:
    assert "grown" not in {tool.signature.name for tool in shop.box.all()}
    await shop.call("grow")
    await shop.until(lambda: "grown" in {tool.signature.name for tool in shop.box.all()}, "the new tool")
    assert await shop.call("grown") == "new"


@pytest.mark.parametrize(
    "config",
    [
        McpConfig(command=("/nowhere/to/be/found", SECRET)),
        McpConfig(command=(sys.executable, "-c", "import sys; sys.exit(3)")),
        McpConfig(url="http://127.0.0.1:1/mcp?key=" + SECRET, headers={"X-Key": SECRET}),
    ],
    ids=["no such program", "ends at once", "nobody listens"],
)
async def test_a_server_that_cannot_be_had_is_said_and_tried_again(
    config: McpConfig, caplog: pytest.LogCaptureFixture
) -> None:
    box = Toolbox()
    server = McpServer("shop", config, box, backoff_s=(0.01,))
    task = asyncio.ensure_future(server.run())
    tries = 0
    async with asyncio.timeout(WAIT_S):
        while tries < 2:
            await asyncio.sleep(0.02)
            tries = sum("is unavailable" in record.message for record in caplog.records)
    assert server.reason
    assert "\n" not in server.reason
    assert SECRET not in caplog.text.replace(f"'{SECRET}'", "") or not config.url
    assert box.all() == ()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_all_connections_end_when_they_are_closed() -> None:
    box = Toolbox()
    before = asyncio.all_tasks()
    servers = McpServers({"shop": McpConfig(command=(sys.executable, str(SHOP)))}, box)
    async with Lifecycle({"mcp": servers}):
        (server,) = servers.all()
        async with asyncio.timeout(WAIT_S):
            while not server.available:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        number = int(await next(t for t in box.all() if t.signature.name == "pid").call({}, HERE))
    assert asyncio.all_tasks() == before
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"command": ("a",), "url": "http://x"},
        {"url": "ftp://x"},
        {"url": "http://x", "env": {"A": "b"}},
        {"command": ("a",), "headers": {"A": "b"}},
    ],
)
def test_what_no_server_can_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"command|url|headers"):
        McpConfig(**wrong)  # type: ignore[arg-type]


def test_what_may_be_a_secret_is_taken_out_of_every_text() -> None:
    config = McpConfig(url="https://me:passw0rd@x/mcp?key=abcdef", headers={"Authorization": "Bearer tok-12345"})
    told = config.redact("cannot reach https://me:passw0rd@x/mcp?key=abcdef with Bearer tok-12345, tok-12345")
    assert not any(secret in told for secret in ("passw0rd", "abcdef", "tok-12345"))
    assert "passw0rd" not in repr(config)


async def test_a_server_that_does_not_come_up_is_told_with_its_last_words(tmp_path: Path) -> None:
    script = tmp_path / "broken.py"
    script.write_text(f"import sys\nprint('starting', file=sys.stderr)\nimport no_such_{SECRET}\n")
    server = McpServer("shop", McpConfig(("python", str(script)), env={"KEY": SECRET}), Toolbox(), backoff_s=(60.0,))
    task = asyncio.ensure_future(server.run())
    async with asyncio.timeout(WAIT_S):
        while server.reason is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert server.state == "unavailable"
    assert "the last that it said: ModuleNotFoundError: No module named 'no_such_***'" in server.reason


@pytest.mark.parametrize("word", ["python", "python3"])
def test_python_is_the_interpreter_that_runs_us(word: str) -> None:
    assert found(word, {}, {"PATH": "/nowhere"})[0] == sys.executable


def test_programs_beside_our_interpreter_are_found_first(tmp_path: Path) -> None:
    beside = Path(sys.executable).with_name("pytest")
    command, env = found("pytest", {"KEY": "1"}, {"PATH": "/nowhere"})
    assert (command, env) == (str(beside), {"PATH": f"{beside.parent}{os.pathsep}/nowhere", "KEY": "1"})
    mine = tmp_path / "python"
    mine.write_text("#!/bin/sh\n")
    mine.chmod(0o755)
    assert found("python", {"PATH": str(tmp_path)}, {})[0] == str(mine)
    assert found("./python", {}, {})[0] == "./python"
    assert found("no-such-program", {}, {})[0] == "no-such-program"
