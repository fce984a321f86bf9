"""askcam as an MCP server, asked by the SDK's own client over HTTP, and over stdin and stdout."""

import asyncio
import base64
import contextlib
import os
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Any, Literal

import cv2
import httpx
import httpx2
import numpy as np
import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, ImageContent, TextContent
from support.ports import own_port
from support.servers.askcam_server import LiveServer, live_server, wait_for_pairs

from askcam.client.watches import WatchProposal
from askcam.features.watches.bodies import NewProposal

VIEWER, ADMIN = "mcp-viewer-token", "mcp-admin-token"
TOKENS = {"ASKCAM_TOKEN": VIEWER, "ASKCAM_ADMIN_TOKEN": ADMIN}
TOOLS = {
    "list_cameras", "ask_camera", "ask_cameras", "snapshot", "events", "event_picture", "search_timeline",
    "answer_evidence", "judge_event", "list_watches", "propose_watch", "confirm_watch",
}  # fmt: skip
WATCH = {"question": "Is there an apple?", "cameras": ["lobby"]}
WHAT = {"camera": "lobby", "question": "What do you see?"}
JSON = {"Content-Type": "application/json"}
Way = Literal["http", "http-2025", "stdio"]


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    gone = f"gone=rtsp://127.0.0.1:{own_port()}/nowhere"
    with live_server(cameras=["lobby=synthetic:7", gone], env=TOKENS) as server:
        wait_for_pairs(server, "lobby", 2, VIEWER)
        yield server


@contextlib.asynccontextmanager
async def agent(server: LiveServer, token: str = VIEWER, way: Way = "http") -> AsyncIterator[Client]:
    """The SDK's client, by one of the ways that agents connect."""
    if way == "stdio":
        command = ["-m", "askcam.app.cli", "mcp", "--url", server.url]
        parameters = StdioServerParameters(
            command=sys.executable, args=command, env={**os.environ, "ASKCAM_TOKEN": token}
        )
        async with Client(parameters) as client:
            yield client
        return
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(headers=headers, timeout=120) as http:
        door = streamable_http_client(f"{server.url}/mcp", http_client=http)
        async with Client(door, mode="legacy" if way == "http-2025" else "auto") as client:
            yield client


def by_admin(server: LiveServer) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=server.url, headers={"Authorization": f"Bearer {ADMIN}"}, timeout=60)


async def call(client: Client, tool: str, **arguments: Any) -> CallToolResult:
    result = await client.call_tool(tool, arguments)
    assert isinstance(result, CallToolResult)
    return result


async def said(client: Client, tool: str, **arguments: Any) -> tuple[str, Mapping[str, Any]]:
    """Its words and its JSON."""
    result = await call(client, tool, **arguments)
    assert not result.is_error, result.content
    assert result.structured_content is not None
    return text(result), result.structured_content


async def refused(client: Client, tool: str, **arguments: Any) -> str:
    result = await call(client, tool, **arguments)
    assert result.is_error, result.content
    return text(result)


def text(result: CallToolResult) -> str:
    return "".join(part.text for part in result.content if isinstance(part, TextContent))


def picture(result: CallToolResult) -> np.ndarray[Any, Any]:
    (image,) = (part for part in result.content if isinstance(part, ImageContent))
    assert image.mime_type == "image/jpeg"
    found = cv2.imdecode(np.frombuffer(base64.b64decode(image.data), np.uint8), cv2.IMREAD_COLOR)
    assert found is not None
    return found


@pytest.mark.parametrize("way", ["http", "http-2025", "stdio"])
async def test_an_agent_finds_a_camera_asks_it_and_sees_its_picture(server: LiveServer, way: Way) -> None:
    async with agent(server, way=way) as client:
        listed = await client.list_tools()
        assert {tool.name for tool in listed.tools} == TOOLS
        assert all(tool.description and tool.annotations for tool in listed.tools)
        told, data = await said(client, "list_cameras")
        assert {camera["name"]: camera["state"] == "live" for camera in data["cameras"]} == {
            "lobby": True,
            "gone": False,
        }
        assert re.search(r"^lobby: live, \d+\.\d s old", told, re.MULTILINE)
        told, data = await said(client, "ask_camera", question="What do you see?", camera="lobby")
        assert data["answer"] in told
        assert data["askcam"]["camera"] == "lobby"
        assert re.search(rf"\d+ frames until .*, \d+\.\d s old; answer {data['askcam']['answer_id']}", told)
        evidence = await call(client, "answer_evidence", answer=data["askcam"]["answer_id"])
        assert evidence.structured_content is not None
        assert evidence.structured_content["answer"] == data["answer"]
        assert picture(evidence).shape[2] == 3
        shot = await call(client, "snapshot", camera="lobby", width=320)
        assert picture(shot).shape[1] == 320
        assert re.search(r"lobby, \d+\.\d s old, taken at 20", text(shot))
        resources = await client.read_resource("askcam://cameras/lobby/snapshot.jpg")
        assert resources.contents[0].mime_type == "image/jpeg"
        prompt = await client.get_prompt("look", {"camera": "lobby"})
        assert "'lobby'" in str(prompt.messages[0].content)


async def test_several_cameras_answer_for_themselves_and_one_that_is_away_is_named(server: LiveServer) -> None:
    async with agent(server) as client:
        told, data = await said(client, "ask_cameras", question="What do you see?")
    answers = {each["camera"]: each["problem"] for each in data["askcam"]["answers"]}
    assert (answers["lobby"], bool(answers["gone"])) == (None, True)
    assert "(gone: no answer: " in told


async def test_what_is_too_old_is_refused_and_never_told_as_now(server: LiveServer) -> None:
    async with agent(server) as client:
        assert "stale_camera" in await refused(
            client, "ask_camera", question="What?", camera="lobby", max_age_ms=0.001, max_wait_ms=0
        )
        assert "at most 0.001 ms was asked for" in await refused(client, "snapshot", camera="lobby", max_age_ms=0.001)
        away = await refused(client, "ask_camera", question="What?", camera="gone", max_wait_ms=0)
        assert "gone" in away
        assert "(" in away  # its code stands there, too
        assert "no camera" in await refused(client, "snapshot", camera="nobody")


async def test_a_viewer_proposes_a_watch_and_only_an_admin_confirms_it(server: LiveServer) -> None:
    async with agent(server) as viewer, agent(server, ADMIN) as admin:
        told, made = await said(viewer, "propose_watch", **WATCH, for_s=1.5, severity="info")
        assert f"askcam watch confirm {made['id']}" in told
        assert (made["by_viewer"], made["for_s"], made["question"]) == (
            True,
            1.5,
            f"{WATCH['question']} Answer yes or no.",
        )
        assert (await said(viewer, "list_watches"))[1] == {"watches": []}
        assert "permission" in await refused(viewer, "confirm_watch", proposal=made["id"])
        told, watch = await said(admin, "confirm_watch", proposal=made["id"])
        assert (watch["name"], watch["cameras"]) == (made["name"], ["lobby"])
        assert "watching now: apple" in told
        assert "nothing is proposed as" in await refused(admin, "confirm_watch", proposal=made["id"])

        async def read() -> bool:
            _, data = await said(viewer, "list_watches")
            return bool(data["watches"][0]["now"][0]["read_at"])

        await become(read)
        assert "events" in (await said(viewer, "events", watch=watch["name"]))[1]
    async with by_admin(server) as http:
        (await http.delete(f"/v1/watches/{watch['name']}")).raise_for_status()


async def test_nothing_is_proposed_that_whoever_confirms_is_not_shown(server: LiveServer) -> None:
    shown = set(NewProposal.__struct_fields__)
    assert shown <= set(WatchProposal.__struct_fields__)
    async with by_admin(server) as http:
        for field, value in (("kind", "text"), ("on", 0), ("off", 0), ("quiet", ["00:00-23:59"]), ("enabled", False)):
            reply = await http.post("/v1/watches/proposals", json=WATCH | {field: value})
            assert reply.status_code == 400
            assert f"unknown field `{field}`" in reply.json()["error"]["message"]
        assert (await http.get("/v1/watches/proposals")).json()["data"] == []


async def test_a_viewer_who_proposes_without_end_takes_no_other_s_place(server: LiveServer) -> None:
    async with agent(server) as viewer, agent(server, ADMIN) as admin:
        made = [await call(viewer, "propose_watch", **WATCH) for _ in range(6)]
        assert [each.is_error for each in made] == [False] * 4 + [True] * 2
        assert "too_many_proposals" in text(made[-1])
        assert not (await call(admin, "propose_watch", **WATCH)).is_error
        for each in made[:4]:
            assert each.structured_content is not None
    async with by_admin(server) as http:
        waiting = (await http.get("/v1/watches/proposals")).json()["data"]
        assert [each["by_viewer"] for each in waiting] == [True] * 4 + [False]
        for each in waiting:
            (await http.delete(f"/v1/watches/proposals/{each['id']}")).raise_for_status()


HOSTILE = [
    "../../../../metrics",
    "..",
    "lobby/../../metrics",
    "%2e%2e/metrics",
    "lobby?x=1",
    "\u0000",
    "a" * 10_000,
    "",
    "\n",
]


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_names_lead_nowhere(server: LiveServer, name: str) -> None:
    async with agent(server) as client:
        for tool, arguments in (
            ("snapshot", {"camera": name}),
            ("ask_camera", {"camera": name, "question": "What?"}),
            ("answer_evidence", {"answer": name}),
            ("propose_watch", {"question": "Is it?", "cameras": [name]}),
            ("confirm_watch", {"proposal": name}),
        ):
            told = await refused(client, tool, **arguments)
            assert "askcam_" not in told  # no metrics
            assert "Traceback" not in told
        with pytest.raises(MCPError):
            await client.read_resource(f"askcam://cameras/{name.strip() or 'x'}/snapshot.jpg")


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("ask_camera", {"camera": "lobby", "question": "?", "max_tokens": 10**9}),
        ("ask_camera", {"camera": "lobby", "question": "x" * 5000}),
        ("ask_camera", {"camera": ["lobby"], "question": "?"}),
        ("snapshot", {"camera": "lobby", "width": 10**9}),
        ("snapshot", {"camera": "lobby", "max_age_ms": -1}),
        ("events", {"limit": 10**6}),
        ("events", {"before": 2**80}),
        ("events", {"since": "in a while"}),
        ("search_timeline", {"query": "x" * 5000}),
        ("event_picture", {"event": 2**70}),
        ("no_such_tool", {}),
    ],
)
async def test_arguments_that_are_none_are_said_to_be(server: LiveServer, tool: str, arguments: dict[str, Any]) -> None:
    async with agent(server) as client:
        assert await refused(client, tool, **arguments)


def test_without_a_token_nobody_comes_in_and_a_page_elsewhere_does_not_either(server: LiveServer) -> None:
    hello = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    accepts = {"Accept": "application/json, text/event-stream"}
    with httpx.Client(base_url=server.url, headers=accepts, timeout=60) as http:
        assert http.post("/mcp", json=hello).status_code == 401
        assert http.post("/mcp", json=hello, headers={"Authorization": "Bearer wrong"}).status_code == 401
        token = {"Authorization": f"Bearer {VIEWER}"}
        assert http.post("/mcp", json=hello, headers=token).status_code == 200
        foreign = http.post("/mcp", json=hello, headers=token | {"Origin": "https://evil.example"})
        assert (foreign.status_code, foreign.json()["error"]["type"]) == (403, "permission_error")
        plain = http.post("/mcp", content=b"{}", headers=token)
        assert (plain.status_code, plain.json()["error"]["code"]) == (400, "unsupported_media_type")
        call = {**hello, "method": "tools/call", "params": {"name": "list_cameras", "arguments": {}}}
        odd = http.post("/mcp", json=call, headers=token | {"Host": "[no:address"})
        assert "lobby: live" in odd.text  # whatever it was called
        assert http.get("/mcp", headers=token).status_code == 405  # nobody is let wait for what never comes
        assert http.post("/mcp", content=b"{", headers=token | JSON).status_code == 400
        assert http.post("/mcp", content=b"[" * 100_000, headers=token | JSON).status_code == 400


async def test_agents_that_leave_wait_for_nothing_more(server: LiveServer) -> None:
    """Each has a minute to wait for a camera that does not come, and they are all that one client may wait for."""
    body = {"camera": "gone", "question": "What?", "max_wait_ms": 60_000}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "ask_camera", "arguments": body}}
    headers = {"Authorization": f"Bearer {VIEWER}", "Accept": "application/json, text/event-stream"}
    limits = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(headers=headers, limits=limits, timeout=60) as http:

        async def posted() -> None:
            while "try again" in (await http.post(f"{server.url}/mcp", json=message)).text:  # noqa: ASYNC110
                await asyncio.sleep(0.5)  # others were asking

        waiting = [asyncio.create_task(posted()) for _ in range(16)]
        other = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "ask_camera", "arguments": WHAT}}

        async def refused() -> bool:
            return "questions are open already" in (await http.post(f"{server.url}/mcp", json=other)).text

        await become(refused)
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

        async def heard() -> bool:
            return "frames until" in (await http.post(f"{server.url}/mcp", json=other)).text

        await become(heard)


async def become(so: Callable[[], Awaitable[bool]]) -> None:
    """Waits for less than those do who do not leave; not so often that it would be for asking too fast."""
    async with asyncio.timeout(45):
        while not await so():  # noqa: ASYNC110
            await asyncio.sleep(1)


def test_nothing_of_that_was_a_failure_of_the_server(server: LiveServer) -> None:
    assert not [line for line in server.log if "Traceback" in line or VIEWER in line or ADMIN in line]


def test_it_can_be_switched_off(tmp_path: Any) -> None:
    (tmp_path / "askcam.toml").write_text("[mcp]\nenabled = false\n")
    with live_server("--config", str(tmp_path / "askcam.toml"), until="listening") as server:
        assert httpx.post(f"{server.url}/mcp", json={}, timeout=60).status_code == 404
        assert "/mcp" not in httpx.get(f"{server.url}/openapi.json", timeout=60).json()["paths"]
