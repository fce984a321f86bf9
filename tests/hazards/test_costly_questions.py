"""Questions that cost far more than they weigh, at a real server: others are answered, and SIGTERM ends it."""

import concurrent.futures
import json
import signal
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from support.bombs import BOMBS
from support.servers.askcam_server import LiveServer, live_server, wait_for_pairs
from websockets.sync.client import connect

CAMERA = "lobby"
ENDS_S = 60.0
TEXT = "x" * 30_000
VIEWER, ADMIN = "v" * 32, "a" * 32


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with live_server(cameras=[f"{CAMERA}=synthetic:7"]) as running:
        wait_for_pairs(running, CAMERA, 2)
        yield running


def chat(**more: Any) -> dict[str, Any]:
    return {"model": CAMERA, "messages": [{"role": "user", "content": "What do you see?"}], "max_tokens": 4, **more}


def schema(name: str) -> dict[str, Any]:
    return {"json_schema": {"name": "x", "schema": BOMBS[name]}, "type": "json_schema"}


def tool(name: str) -> dict[str, Any]:
    wanted = {"type": "object", "properties": {"x": BOMBS[name]}, "required": ["x"]}
    return {"type": "function", "function": {"name": "f", "parameters": wanted}}


def parts(num: int, text: str) -> dict[str, Any]:
    return chat(messages=[{"role": "user", "content": [{"type": "text", "text": text} for _ in range(num)]}])


BODIES: dict[str, tuple[str, Any, str | None]] = {
    "a form": ("chat/completions", chat(response_format=schema("allOf of anyOf")), "response_format"),
    "a large number": ("chat/completions", chat(response_format=schema("a large multipleOf")), "response_format"),
    "a tool": ("chat/completions", chat(tools=[tool("allOf of anyOf")], tool_choice="required"), "tools"),
    "a form of a response": (
        "responses",
        {"model": CAMERA, "input": "?", "text": {"format": {"type": "json_schema", "schema": BOMBS["by reference"]}}},
        "text.format",
    ),
    "many parts": ("chat/completions", parts(240, TEXT), "messages"),
    "many parts of a response": (
        "responses",
        {"model": CAMERA, "input": [{"role": "user", "content": [{"type": "input_text", "text": TEXT}] * 60}]},
        "input",
    ),
    "a text that does not fit the model": ("chat/completions", parts(1, TEXT), "messages"),
    "many messages": ("chat/completions", chat(messages=[{"role": "user", "content": ""}] * 100_000), None),
    "brackets": ("chat/completions", "[" * 8_000_000, None),
    "brackets of a response": ("responses", "[" * 60_000, None),
}  # fmt: skip


def post(server: LiveServer, path: str, body: Any, token: str = "") -> httpx.Response:
    content = body if isinstance(body, str) else json.dumps(body)
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    return httpx.post(f"{server.url}/v1/{path}", content=content, headers=headers, timeout=120)


@pytest.mark.parametrize("name", BODIES)
def test_what_costs_too_much_is_refused_by_its_name(server: LiveServer, name: str) -> None:
    path, body, param = BODIES[name]
    reply = post(server, path, body)
    assert reply.status_code == 400, reply.text
    assert reply.json()["error"]["param"] == param, reply.text
    if name == "a text that does not fit the model":
        assert reply.json()["error"]["code"] == "context_length_exceeded"


def test_who_may_call_tools_freely_is_answered_whatever_their_parameters_are(server: LiveServer) -> None:
    reply = post(server, "chat/completions", chat(tools=[tool("allOf of anyOf")]))
    assert reply.status_code == 200, reply.text


def test_a_realtime_session_goes_on_after_a_form_and_a_text_that_explode(server: LiveServer) -> None:
    with connect(f"{server.ws_url}/v1/realtime?model={CAMERA}", open_timeout=60) as socket:

        def say(**event: Any) -> None:
            socket.send(json.dumps(event))

        def until(kind: str) -> dict[str, Any]:
            while True:
                event: dict[str, Any] = json.loads(socket.recv(timeout=120))
                if event["type"] == kind:
                    return event

        bomb = {"type": "function", "name": "f", "parameters": tool("allOf of anyOf")["function"]["parameters"]}
        asked = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "What do you see?"}]}
        say(type="response.create", response={"input": [asked], "tools": [bomb], "tool_choice": "required"})
        assert until("error")["error"]["param"] == "response.tools"
        long = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": TEXT}]}
        say(type="response.create", response={"input": [long, long]})
        assert until("error")["error"]["param"] == "response.input"
        socket.send("[" * 1_000_000)
        assert until("error")["error"]["code"] == "too_many_values"
        say(type="response.create", response={"input": [asked], "max_output_tokens": 4})
        assert until("response.done")["response"]["status"] in ("completed", "incomplete")


def test_others_are_answered_meanwhile_and_the_server_ends_when_it_is_told_to() -> None:
    tokens = {"ASKCAM_TOKEN": VIEWER, "ASKCAM_ADMIN_TOKEN": ADMIN}
    with live_server(cameras=[f"{CAMERA}=synthetic:7"], env=tokens) as server:
        wait_for_pairs(server, CAMERA, 2, ADMIN)
        long = json.dumps(parts(240, TEXT))  # once: whoever asks beside it shares this process
        stop = time.monotonic() + 8

        def attack(number: int) -> None:
            names = ("allOf of anyOf", "a large multipleOf", "by reference", "anyOf in allOf in anyOf")
            while time.monotonic() < stop + ENDS_S:  # also while it ends
                number += 16
                bomb = {"description": str(number), **BOMBS[names[number % len(names)]]}
                form = {"type": "json_schema", "json_schema": {"name": "x", "schema": bomb}}
                body = long if number % 4 == 0 else chat(response_format=form)
                try:
                    post(server, "chat/completions", body, VIEWER)
                except httpx.HTTPError:
                    if server.process.poll() is not None:
                        return

        with concurrent.futures.ThreadPoolExecutor(16) as attackers:
            for number in range(16):
                attackers.submit(attack, number)
            answers = 0
            while time.monotonic() < stop:
                reply = post(server, "chat/completions", chat(), ADMIN)
                assert reply.status_code == 200, reply.text
                answers += 1
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(ENDS_S) == 0
        assert answers >= 1  # how soon, and how soon it ends, is for benchmarks/hostile.py to say
        assert sum(map(len, server.log)) < 100_000
