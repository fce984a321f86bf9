"""A real MCP server in answers of the real server: asked, called, answered with the fact; killed, called again."""

import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.products import data_url, product
from support.servers.askcam_server import live_server
from support.servers.http_shop import SHOP, HttpShop, http_shop
from support.waiting import until

HANG = {"type": "function", "function": {"name": "hang"}}
PICTURE = {"type": "image_url", "image_url": {"url": data_url(product("banana"))}}
PID = {"type": "function", "function": {"name": "pid"}}


class Desk:
    """The server's chat completions about one attached picture."""

    def __init__(self, http: httpx.Client, shop: HttpShop | None) -> None:
        self.http, self.shop = http, shop

    def ask(self, question: str, *tools: str, **more: Any) -> dict[str, Any]:
        content = [PICTURE, {"type": "text", "text": question}]
        body = {"model": "askcam", "messages": [{"role": "user", "content": content}], "temperature": 0} | more
        reply = self.http.post("/v1/chat/completions", json=body | {"askcam": {"tools": tools}})
        assert reply.status_code == 200, reply.text
        found: dict[str, Any] = reply.json()
        return found

    def available(self) -> bool:
        tools = self.http.get("/v1/tools").json()["data"]
        return any(
            tool["name"] == "lookup_product" and tool["server"] == "shop" and tool["available"] for tool in tools
        )


@pytest.fixture(scope="module", params=["stdio", "http"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with contextlib.ExitStack() as stack:
        shop = stack.enter_context(http_shop()) if request.param == "http" else None
        how = f"command = {json.dumps([sys.executable, str(SHOP)])}" if shop is None else f'url = "{shop.url}"'
        config = tmp_path_factory.mktemp("desk") / "askcam.toml"
        config.write_text(f'[tools]\nallow = ["shop.*"]\ntimeout_s = 60\n\n[tools.mcp.shop]\n{how}\n')
        server = stack.enter_context(live_server("--config", str(config)))
        http = stack.enter_context(httpx.Client(base_url=server.url, timeout=120))
        desk = Desk(http, shop)
        until(desk.available, "the shop to be there")
        yield desk


@pytest.mark.parametrize(
    ("question", "answer"),
    [("How much is this?", "The banana costs 1.20 EUR."), ("这个多少钱？", "香蕉的价格是1.20 EUR。")],
)
def test_the_answer_holds_what_the_tool_has_said(desk: Desk, question: str, answer: str) -> None:
    body = desk.ask(question, "lookup_product")
    assert body["choices"][0]["message"]["content"] == answer
    (tool,) = body["askcam"]["tools"]
    assert (tool["server"], tool["name"], json.loads(tool["arguments"])) == (
        "shop",
        "lookup_product",
        {"query": "banana"},
    )
    assert json.loads(tool["output"])["price"] == "1.20"
    marks = [answer[mark["start"] : mark["end"]] for mark in body["askcam"]["marks"]]
    assert "1.20" in marks


def test_a_server_killed_in_the_middle_is_a_typed_error_and_the_next_question_works(desk: Desk) -> None:
    pid = int(desk.ask("Look this up.", "pid", tool_choice=PID)["askcam"]["tools"][0]["output"])
    with desk.http.stream(
        "POST",
        "/v1/chat/completions",
        json={
            "model": "askcam",
            "messages": [{"role": "user", "content": [PICTURE, {"type": "text", "text": "Look this up."}]}],
            "tool_choice": HANG,
            "stream": True,
            "askcam": {"tools": ["hang"]},
        },
    ) as reply:
        lines = reply.iter_lines()
        called = next(event for event in events(lines) if event.get("askcam_event", {}).get("type") == "tool.called")
        assert called["askcam_event"]["name"] == "hang"
        os.kill(pid, signal.SIGKILL)
        rest = list(events(lines))
    (tool,) = next(event["askcam"] for event in rest if "askcam" in event)["tools"]
    assert tool["output"] is None
    assert tool["error"]["code"] == "tool_unavailable"
    if desk.shop is not None:
        desk.shop.start()
    until(desk.available, "the shop to be back")
    assert desk.ask("How much is this?", "lookup_product")["choices"][0]["message"]["content"].endswith("1.20 EUR.")


def events(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """The chunks of a stream."""
    for line in lines:
        if line.startswith("data: ") and line != "data: [DONE]":
            yield json.loads(line.removeprefix("data: "))


def test_where_its_server_is_gone_a_tool_is_not_offered(tmp_path: Path) -> None:
    config = tmp_path / "askcam.toml"
    config.write_text('[tools]\nallow = ["*"]\n\n[tools.mcp.shop]\ncommand = ["/nowhere/to/be/found"]\n')
    with live_server("--config", str(config)) as server, httpx.Client(base_url=server.url, timeout=120) as http:
        desk = Desk(http, None)
        assert not desk.available()
        content = [PICTURE, {"type": "text", "text": "Hello"}]
        body = {"model": "askcam", "messages": [{"role": "user", "content": content}]}
        refused = http.post("/v1/chat/completions", json=body | {"askcam": {"tools": ["lookup_product"]}})
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, "askcam.tools")
        assert http.post("/v1/chat/completions", json=body).status_code == 200
