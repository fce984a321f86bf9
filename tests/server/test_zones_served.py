"""Zones of a real server's camera, by every way of asking, on both backends: seen, told, kept and given again."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import httpx
import httpx2
import numpy as np
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult
from openai import OpenAI
from support.program import askcam
from support.servers.askcam_server import LiveServer, live_server, wait_for_pairs
from support.waiting import until
from websockets.asyncio.client import connect as websocket

from askcam.client.client import connect

WAIT_S = 180.0
CONFIG = """
[model]
backend = "{backend}"

[cameras.lobby]
uri = "synthetic:7"

[cameras.lobby.zones.left]
polygon = [[0.0, 0.2], [0.5, 0.2], [0.5, 0.9], [0.0, 0.9]]

[cameras.lobby.zones.right]
polygon = [[0.6, 0.3], [0.9, 0.3], [0.75, 0.8]]

[cameras.yard]
uri = "synthetic:3"

[evidence]
enabled = true
folder = "evidence"

[watching]
folder = "watching"

[watches.left]
question = "Is there a fire engine? Answer yes or no."
cameras = ["lobby"]
zone = "left"
every_s = 0.5

[watches.whole]
question = "Is there a fire engine? Answer yes or no."
cameras = ["lobby"]
every_s = 0.5
"""
QUESTION = "What do you see?"
TURNS = [{"role": "user", "content": QUESTION}]


@pytest.fixture(scope="module", params=["live", "portable"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def evidence(backend: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where it is kept."""
    return tmp_path_factory.mktemp("zones") / "evidence"


@pytest.fixture(scope="module")
def server(backend: str, evidence: Path) -> Iterator[LiveServer]:
    config = evidence.with_name("askcam.toml")
    config.write_text(CONFIG.format(backend=backend))
    with live_server("--config", str(config)) as server:
        for camera in ("lobby", "yard"):
            wait_for_pairs(server, camera, 2)
        yield server


def chat(server: LiveServer, camera: str = "lobby", **wishes: Any) -> httpx.Response:
    body = {"model": camera, "messages": TURNS, "askcam": wishes, "temperature": 0}
    return httpx.post(f"{server.url}/v1/chat/completions", json=body, timeout=WAIT_S)


def picture(server: LiveServer, path: str) -> np.ndarray[Any, Any]:
    url = server.url + path
    until(lambda: httpx.get(url, timeout=60).status_code == 200, path, WAIT_S)
    found = cv2.imdecode(np.frombuffer(httpx.get(url, timeout=60).content, np.uint8), cv2.IMREAD_COLOR)
    assert found is not None
    return found


def test_an_answer_sees_its_zone_alone_and_says_where_that_is(server: LiveServer) -> None:
    saw = chat(server, zone="right").json()["askcam"]
    assert (saw["camera"], saw["zone"]["name"]) == ("lobby", "right")
    left, top, right, bottom = saw["zone"]["rectangle"]
    assert left <= 0.6 < 0.9 <= right
    assert top <= 0.3 < 0.8 <= bottom
    assert right - left < 0.7
    newest = saw["window"]["frames"] - 1
    seen = picture(server, f"/v1/answers/{saw['answer_id']}/frames/{newest}.jpg")
    whole = picture(server, f"/v1/answers/{saw['answer_id']}/key.jpg")
    height, width = whole.shape[:2]
    part = whole[round(top * height) : round(bottom * height), round(left * width) : round(right * width)]
    fitted = cv2.resize(part, seen.shape[1::-1], interpolation=cv2.INTER_AREA)
    near = np.abs(fitted.astype(int) - seen.astype(int)).mean()
    far = np.abs(cv2.resize(whole, seen.shape[1::-1]).astype(int) - seen.astype(int)).mean()
    assert near < far / 3, "the frames are not what the rectangle says"
    whole_saw = chat(server).json()["askcam"]
    assert whole_saw["zone"] is None


def test_the_second_question_about_a_zone_sees_its_last_seconds_like_the_first(server: LiveServer) -> None:
    """Its window fills from the start, as the camera's own does."""
    first, second = (chat(server, zone="left").json() for _ in range(2))
    for reply in (first, second):
        assert reply["askcam"]["window"]["pairs"] >= 2
        assert reply["choices"][0]["message"]["content"]


def test_an_unknown_zone_is_refused_with_those_that_there_are(server: LiveServer) -> None:
    for camera, told in (("lobby", "its zones: left, right"), ("yard", "[cameras.yard.zones.NAME] makes one")):
        reply = chat(server, camera, zone="rihgt")
        error = reply.json()["error"]
        assert (reply.status_code, error["code"], error["param"]) == (404, "zone_not_found", "askcam.zone")
        assert told in error["message"]
    reply = chat(server, "askcam", zone="left")
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, "askcam.zone")
    assert chat(server, zone=7).status_code == 400


def test_every_way_of_asking_takes_a_zone(server: LiveServer) -> None:
    wish: dict[str, Any] = {"askcam": {"zone": "left"}}
    with OpenAI(base_url=f"{server.url}/v1", api_key="-", max_retries=0) as sdk:
        answer: Any = sdk.chat.completions.create(model="lobby", messages=TURNS, extra_body=wish)  # type: ignore[arg-type]
        response: Any = sdk.responses.create(model="lobby", input=QUESTION, extra_body=wish)
    assert answer.askcam["zone"]["name"] == response.askcam["zone"]["name"] == "left"
    body = {"question": QUESTION, "cameras": ["lobby", "yard"], "zone": "left"}
    for question in (QUESTION, "Which camera shows a sign?"):
        reply = httpx.post(f"{server.url}/v1/ask", json={**body, "question": question}, timeout=WAIT_S).json()
        there, not_there = reply["askcam"]["answers"]
        assert (there["camera"], there["askcam"]["zone"]["name"]) == ("lobby", "left")
        assert (not_there["camera"], not_there["problem"]["code"]) == ("yard", "zone_not_found")


async def test_a_session_keeps_its_zone_until_a_response_says_otherwise(server: LiveServer) -> None:
    async with websocket(f"{server.ws_url}/v1/realtime?model=lobby", open_timeout=60) as socket:

        async def heard(kind: str) -> dict[str, Any]:
            while True:
                event: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), WAIT_S))
                assert event["type"] != "error", event
                if event["type"] == kind:
                    return event

        await heard("session.created")
        await socket.send(json.dumps({"type": "session.update", "session": {"askcam": {"zone": "left"}}}))
        assert (await heard("session.updated"))["session"]["askcam"]["zone"] == "left"
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": QUESTION}]}
        for wishes, zone in (
            ({}, "left"),
            ({"askcam": {"zone": "right"}}, "right"),
            ({"askcam": {"zone": None}}, None),
        ):
            await socket.send(json.dumps({"type": "response.create", "response": {"input": [item], **wishes}}))
            saw = (await heard("response.done"))["response"]["askcam"]
            assert (saw["zone"] or {}).get("name") == zone


async def test_an_agent_and_a_program_ask_about_a_zone(server: LiveServer) -> None:
    async with connect(server.url) as client:
        done = await client.ask(QUESTION, camera="lobby", zone="left")
        assert done.saw.zone is not None
        assert done.saw.zone.name == "left"
    async with httpx2.AsyncClient(timeout=120) as http:
        door = streamable_http_client(f"{server.url}/mcp", http_client=http)
        async with Client(door) as agent:
            told = await agent.call_tool("list_cameras", {})
            assert "zones: left, right" in str(told.content)
            for tool, camera in (("ask_camera", {"camera": "lobby"}), ("ask_cameras", {"cameras": ["lobby"]})):
                result = await agent.call_tool(tool, {"question": QUESTION, "zone": "left", **camera})
                assert isinstance(result, CallToolResult)
                assert '"left"' in json.dumps(result.structured_content), result.content


def test_a_watch_of_a_zone_reads_it_beside_one_of_the_whole(server: LiveServer) -> None:
    def read(name: str) -> Any:
        now = httpx.get(f"{server.url}/v1/watches/{name}", timeout=60).json()
        assert now["zone"] == ("left" if name == "left" else None)
        return now["now"][0]["read_at"]

    for name in ("left", "whole"):
        first = until(lambda name=name: read(name), f"a reading of {name}", WAIT_S)
        until(lambda name=name, first=first: read(name) != first, f"a later one of {name}", WAIT_S)
    body = {"name": "gone", "question": "Is there anything?", "cameras": ["lobby"], "zone": "nowhere"}
    reply = httpx.post(f"{server.url}/v1/watches", json=body, timeout=60)
    assert (reply.status_code, reply.json()["error"]["param"]) == (404, "zone")


def test_an_answer_about_a_zone_is_given_again_from_what_was_kept(server: LiveServer, evidence: Path) -> None:
    saw = chat(server, zone="right").json()["askcam"]
    picture(server, f"/v1/answers/{saw['answer_id']}/key.jpg")
    done = askcam("replay", "--json", saw["answer_id"], "--data", str(evidence))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[0])["same"] is True
