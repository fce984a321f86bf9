"""Pictures and clips by address, through the doors of a real server that may fetch from one web server."""

import base64
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from PIL import Image
from support.odd_stills import encoded, many_scans
from support.servers.askcam_server import LiveServer, live_server
from support.servers.sites import Web, png
from support.waiting import until
from websockets.sync.client import connect

BLUE = (60, 90, 220)
QUESTION = "What color is the background?"


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    with Web() as web:
        web.page("/red.png", png())
        web.page("/blue.png", png(*BLUE))
        yield web


@pytest.fixture(scope="module")
def server(web: Web, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    config = tmp_path_factory.mktemp("config") / "askcam.toml"
    config.write_text(f'[fetch]\nallow = ["{web.url("/")}"]\nprivate = ["127.0.0.1"]\ntimeout_s = 60\n')
    with live_server("--config", str(config)) as server:
        yield server


def ask(server: LiveServer, *parts: dict[str, Any]) -> httpx.Response:
    content = [*parts, {"type": "text", "text": QUESTION}]
    body = {"model": "askcam", "messages": [{"role": "user", "content": content}]}
    return httpx.post(f"{server.url}/v1/chat/completions", json=body, timeout=60)


def picture(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


def said(reply: httpx.Response) -> str:
    assert reply.status_code == 200, reply.text
    return str(reply.json()["choices"][0]["message"]["content"])


def test_a_picture_named_by_address_is_what_the_model_is_asked_about(server: LiveServer, web: Web) -> None:
    assert said(ask(server, picture(web.url("/red.png")))) == "The background is red."
    assert said(ask(server, picture(web.url("/blue.png")))) == "The background is blue."


def test_a_bare_address_does_as_well(server: LiveServer, web: Web) -> None:
    bare = {"type": "image_url", "image_url": web.url("/blue.png")}
    assert said(ask(server, bare)) == "The background is blue."
    wrong = ask(server, {"type": "image_url", "image_url": "http://elsewhere.example/a.png"}).json()["error"]
    assert wrong["param"] == "messages[0].content[0].image_url"


def test_frames_as_vllm_takes_them_are_what_the_model_is_asked_about(server: LiveServer) -> None:
    jpeg = bytes(cv2.imencode(".jpg", np.full((120, 160, 3), BLUE[::-1], np.uint8))[1])
    frame = base64.b64encode(jpeg).decode()
    url = f"data:video/jpeg;base64,{','.join([frame] * 4)}"
    assert said(ask(server, {"type": "video_url", "video_url": {"url": url}})) == "The background is blue."
    assert said(ask(server, {"type": "video_url", "video_url": url})) == "The background is blue."


def test_a_picture_that_takes_too_long_to_decode_is_refused_at_once(server: LiveServer) -> None:
    data = many_scans(encoded(Image.new("RGB", (4000, 4000)), "JPEG", progressive=True), 2000)
    url = f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"
    reply = ask(server, picture(url))
    assert reply.status_code == 400
    assert "too many passes" in reply.json()["error"]["message"]


def test_a_clip_named_by_address_is_what_the_model_is_asked_about(server: LiveServer, web: Web, tmp_path: Path) -> None:
    path = tmp_path / "blue.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, (320, 240))
    for _ in range(20):
        writer.write(np.full((240, 320, 3), BLUE[::-1], np.uint8))
    writer.release()
    web.page("/blue.mp4", path.read_bytes(), "video/mp4")
    assert said(ask(server, {"type": "video_url", "video_url": {"url": web.url("/blue.mp4")}})) == (
        "The background is blue."
    )


def test_what_may_not_be_fetched_is_refused_by_its_place(server: LiveServer, web: Web) -> None:
    with Web() as other:
        reply = ask(server, picture(web.url("/red.png")), picture(other.url("/x.png")))
        assert other.asked == []
    error = reply.json()["error"]
    assert (reply.status_code, error["code"]) == (400, "unsupported_url")
    assert error["param"] == "messages[0].content[1].image_url.url"
    assert "[fetch]" in error["message"]
    assert "data URL" in error["message"]


def test_a_page_that_is_no_picture_is_refused_by_its_place(server: LiveServer, web: Web) -> None:
    web.page("/lie.png", b"<html>")
    error = ask(server, picture(web.url("/lie.png"))).json()["error"]
    assert (error["code"], error["param"]) == ("invalid_image", "messages[0].content[0].image_url.url")


def test_slow_servers_hold_nobody_else_up(server: LiveServer, web: Web) -> None:
    """More of them than the server has threads in its pool, and another question is answered all the same."""
    go_on = threading.Event()
    for i in range(7):
        web.pages[f"/slow{i}.png"] = lambda reply: (go_on.wait(55), reply.give(png(), "image/png", 200, {}))[-1]
    with ThreadPoolExecutor(7) as pool:
        waiting = [pool.submit(ask, server, picture(web.url(f"/slow{i}.png"))) for i in range(7)]
        until(lambda: sum("/slow" in path for path, _ in web.asked) == 7, "all to be asked")
        assert said(ask(server, picture(web.url("/red.png")))) == "The background is red."
        assert httpx.get(f"{server.url}/healthz", timeout=60).status_code == 200
        assert not any(one.done() for one in waiting)
        go_on.set()
        assert {said(one.result(60)) for one in waiting} == {"The background is red."}


def test_responses_name_pictures_by_address_too_and_keep_what_lay_there(server: LiveServer, web: Web) -> None:
    web.page("/gone.png", png())
    parts = [{"type": "input_image", "image_url": web.url("/gone.png")}, {"type": "input_text", "text": QUESTION}]

    def respond(**more: Any) -> dict[str, Any]:
        reply = httpx.post(f"{server.url}/v1/responses", json={"model": "askcam"} | more, timeout=60)
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    first = respond(input=[{"role": "user", "content": parts}])
    assert first["output"][0]["content"][0]["text"] == "The background is red."
    del web.pages["/gone.png"]
    second = respond(input=QUESTION, previous_response_id=first["id"])
    assert second["output"][0]["content"][0]["text"] == "The background is red."
    assert [path for path, _ in web.asked].count("/gone.png") == 1


def test_realtime_items_name_pictures_by_address_too(server: LiveServer, web: Web) -> None:
    with connect(f"{server.ws_url}/v1/realtime?model=askcam", open_timeout=60) as socket:

        def send(**event: Any) -> None:
            socket.send(json.dumps(event))

        def heard(kind: str) -> dict[str, Any]:
            while True:
                event: dict[str, Any] = json.loads(socket.recv(60))
                assert kind == "error" or event["type"] != "error", event
                if event["type"] == kind:
                    return event

        parts: list[dict[str, Any]] = [
            {"type": "input_image", "image_url": web.url("/red.png")},
            {"type": "input_text", "text": QUESTION},
        ]
        item = {"type": "message", "role": "user", "content": parts}
        send(type="conversation.item.create", item={**item, "id": "one"})
        send(type="response.create")
        assert heard("response.output_text.done")["text"] == "The background is red."
        send(type="conversation.item.retrieve", item_id="one")
        kept = heard("conversation.item.retrieved")["item"]["content"][0]["image_url"]
        assert kept.startswith("data:image/png;base64,")

        parts[0]["image_url"] = web.url("/blue.png")
        send(type="response.create", response={"conversation": "none", "input": [item]})
        assert heard("response.output_text.done")["text"] == "The background is blue."

        parts[0]["image_url"] = "https://elsewhere.example/x.png"
        send(type="conversation.item.create", item=item, event_id="mine")
        error = heard("error")["error"]
        assert (error["code"], error["param"]) == ("unsupported_url", "item.content[0].image_url")
        assert error["event_id"] == "mine"
