"""The MCP server of examples/tools as a real process, over both of its transports."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from askcam.server.lifecycle import Lifecycle
from askcam.server.tools.base import Circumstance
from askcam.server.tools.box import Toolbox
from askcam.server.tools.mcp_config import McpConfig
from askcam.server.tools.mcp_servers import McpServers

PROGRAM = Path(__file__).parents[2] / "examples" / "tools" / "desk_info.py"


@pytest.fixture(params=["stdio", "http"])
async def box(request: pytest.FixtureRequest) -> AsyncIterator[Toolbox]:
    command, process = (sys.executable, str(PROGRAM)), None
    config = McpConfig(command=command)
    if request.param == "http":
        process = subprocess.Popen([*command, "--http", "--port", "0"], stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220
        assert process.stdout is not None
        config = McpConfig(url=json.loads(process.stdout.readline())["url"])
    try:
        box = Toolbox()
        servers = McpServers({"info": config}, box)
        async with Lifecycle({"mcp": servers}), asyncio.timeout(60):
            while not servers.all()[0].available:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            yield box
    finally:
        if process is not None:
            process.kill()
            process.wait(60)
            assert process.stdout is not None
            process.stdout.close()


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("flight_status", {"flight": "ba 117"}, {"flight": "BA117", "status": "delayed", "expected": "15:35"}),
        ("weather", {"city": "上海"}, {"sky": "haze", "celsius": "16"}),
        ("track_parcel", {"number": "PK1002"}, {"status": "out for delivery", "place": "Berlin"}),
        ("track_parcel", {"number": "PK9999"}, {"error": "not found", "number": "PK9999"}),
    ],
)
async def test_its_tools_answer_from_its_tables(
    box: Toolbox, tool: str, arguments: dict[str, str], told: dict[str, str]
) -> None:
    (found,) = [each for each in box.all() if each.signature.name == tool]
    assert found.signature.description
    said = json.loads(await found.call(arguments, Circumstance(None, "ans_1")))
    assert told.items() <= said.items()
