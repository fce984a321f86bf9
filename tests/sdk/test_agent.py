"""An agent of a framework, by the lines of docs/recipes.md: it looks by MCP, and says how old that is. Framework, MCP
client and server are real; a plan stands in for the large model that would choose the tools."""

import functools
import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import SEED
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText
from support.parts import need
from support.servers.askcam_server import LiveServer, wait_for_pairs
from support.servers.askcam_server import live_server as start_server

PAGE = (Path(__file__).parents[2] / "docs/recipes.md").read_text()
TOKEN = "agent-token"
# The SDKs that the frameworks bring leave connections open.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    need(importlib.util.find_spec("agents") is not None, "agents is missing: run `make sdks`")
    with start_server(cameras=[f"door=synthetic:{SEED}"], env={"ASKCAM_TOKEN": TOKEN}) as server:
        wait_for_pairs(server, "door", 2, TOKEN)
        yield server


def said(item: Any) -> str:
    """What a tool has told."""
    output = item["output"]
    return output if isinstance(output, str) else " ".join(part.get("text", "") for part in output)


class Plan:
    """List the cameras; ask the one that the question names; tell what it told."""

    def __init__(self) -> None:
        self.offered: set[str] = set()

    async def get_response(self, **asked: Any) -> Any:
        from agents import ModelResponse, Usage

        items, tools = asked["input"], asked["tools"]
        self.offered = {tool.name for tool in tools}
        told = [] if isinstance(items, str) else [said(item) for item in items if "output" in item]
        question = items if isinstance(items, str) else items[0]["content"]
        match told:
            case []:
                output = self._calls("list_cameras", {})
            case [cameras]:
                camera = next(name for name in re.findall(r"\w+", question) if name in cameras and name != "is")
                output = self._calls("ask_camera", {"camera": camera, "question": question, "max_age_ms": 10_000})
            case [*_, last]:
                text = ResponseOutputText(text=last, type="output_text", annotations=[])
                output = ResponseOutputMessage(
                    id="msg", content=[text], role="assistant", status="completed", type="message"
                )
        return ModelResponse(output=[output], usage=Usage(), response_id=None)

    def _calls(self, tool: str, arguments: dict[str, Any]) -> ResponseFunctionToolCall:
        assert tool in self.offered
        return ResponseFunctionToolCall(
            call_id=f"call_{tool}", name=tool, arguments=json.dumps(arguments), type="function_call"
        )


def test_an_agent_looks_and_says_how_old_that_is(
    server: LiveServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import agents
    from agents.models.interface import Model

    plan = type("Planned", (Plan, Model), {"stream_response": None})()
    monkeypatch.setattr(agents, "Agent", functools.partial(agents.Agent, model=plan))
    monkeypatch.setenv("ASKCAM_TOKEN", TOKEN)
    agents.set_tracing_disabled(True)
    (lines,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert "http://askcam:8400/mcp" in lines
    exec(compile(lines.replace("http://askcam:8400", server.url), "recipes.md", "exec"), {"__name__": "recipe"})
    told = capsys.readouterr().out
    assert re.search(r"\d+(\.\d+)? \w+ old", told), told
    assert plan.offered >= {"list_cameras", "ask_camera", "snapshot", "search_timeline"}
