"""What clients that nobody here wrote do at the doors: a real server with a token and another origin's pages."""

import asyncio
import gzip
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.servers.askcam_server import LiveServer, live_server, wait_for_pairs
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from askcam.server.access.bodies import Bound
from askcam.server.access.inflating import inflate
from askcam.server.access.paths import hint
from askcam.server.access.request_ids import request_id
from askcam.server.errors import Refusal
from askcam.server.wire.refusals import on_wire

TOKEN = "open-sesame"
PAGE = "https://shop.example"
ASKED = {"model": "lobby", "messages": [{"role": "user", "content": "What do you see?"}], "max_tokens": 5}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    config = tmp_path_factory.mktemp("config") / "askcam.toml"
    config.write_text(f'[server]\nallowed_origins = ["{PAGE}"]\n[limits]\nmax_body_bytes = 100000\n')
    env = {"ASKCAM_TOKEN": TOKEN, "ASKCAM_ADMIN_TOKEN": "open-barley"}
    with live_server("--config", str(config), cameras=["lobby=synthetic:7"], env=env) as server:
        wait_for_pairs(server, "lobby", 2, token=TOKEN)
        yield server


@pytest.fixture
def http(server: LiveServer) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=server.url, timeout=60, headers=headers, follow_redirects=False) as client:
        yield client


# Names of requests.


@pytest.mark.parametrize(
    ("given", "want"),
    [
        (b"abc-123", b"abc-123"),
        (b"a b\tc\x00\x7f\xffd", b"abcd"),
        (b"x" * 10_000, b"x" * 128),
        (b"\r\nSet-Cookie: a=b", b"Set-Cookie:a=b"),
    ],
)
def test_a_client_s_request_id_is_told_back_as_far_as_it_is_one(given: bytes, want: bytes) -> None:
    assert request_id(given) == want


@pytest.mark.parametrize("given", [b"", b" ", b"\xff\xfe", b"<>"])
def test_what_is_none_gets_a_new_one(given: bytes) -> None:
    assert re.fullmatch(rb"req_[0-9a-f]{32}", request_id(given))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/models", 200),
        ("HEAD", "/v1/models", 200),
        ("GET", "/healthz", 200),
        ("GET", "/nowhere", 404),
        ("PUT", "/v1/models", 405),
        ("POST", "/v1/chat/completions", 400),
        ("OPTIONS", "/v1/models", 204),
    ],
)
def test_every_reply_has_an_id(http: httpx.Client, method: str, path: str, status: int) -> None:
    reply = http.request(method, path)
    assert reply.status_code == status
    assert reply.headers["x-request-id"].startswith("req_")
    assert http.request(method, path, headers={"X-Request-Id": "mine"}).headers["x-request-id"] == "mine"


def test_refusals_at_the_door_have_an_id_too(server: LiveServer) -> None:
    reply = httpx.get(f"{server.url}/v1/models", headers={"x-request-id": "mine"}, timeout=60)
    assert (reply.status_code, reply.headers["x-request-id"]) == (401, "mine")


# Paths.


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/v1/v1/chat/completions", "/v1 stands in it twice"),
        ("/v1/v1", "/v1 stands in it twice"),
        ("/chat/completions", "/v1/chat/completions is"),
        ("/models", "/v1/models is"),
        ("/responses", "/v1/responses is"),
        ("/openai/v1/models", "/v1/models is"),
        ("/v1/completions", "use /v1/chat/completions"),
        ("/v1/embeddings", "no embeddings"),
        ("/api/chat", "Ollama"),
        ("/v1/audio/transcriptions", "no audio"),
        ("/v1/nothing", "docs/protocol.md"),
    ],
)
def test_a_path_that_is_not_there_says_what_was_meant(http: httpx.Client, path: str, words: str) -> None:
    for method in ("GET", "POST"):
        reply = http.request(method, path)
        assert (reply.status_code, reply.json()["error"]["code"]) == (404, "not_found")
        assert words in reply.json()["error"]["message"]


@pytest.mark.parametrize("path", ["/v1/v1/realtime", "/realtime", "/v1/realtime/x"])
def test_a_websocket_that_is_not_there_says_so(server: LiveServer, path: str) -> None:
    async def try_it() -> InvalidStatus:
        with pytest.raises(InvalidStatus) as caught:
            async with connect(
                server.ws_url + path, additional_headers={"Authorization": f"Bearer {TOKEN}"}, open_timeout=60
            ):
                pass
        return caught.value

    refused = asyncio.run(try_it()).response
    assert refused.status_code == 404
    assert "/v1" in json.loads(refused.body)["error"]["message"]


def test_a_slash_at_the_end_means_the_same_and_redirects_nobody(http: httpx.Client, server: LiveServer) -> None:
    assert http.get("/v1/models/").json() == http.get("/v1/models").json()
    assert http.get("/v1/models/lobby//").json()["id"] == "lobby"
    assert http.post("/v1/chat/completions/", json=ASKED).status_code == 200
    assert http.get("/healthz/").status_code == 200
    assert http.get("/desk/").status_code == 200
    for path in ("/v1/models/", "/metrics/", "/metrics//", "/v1/cameras/"):  # no way around the door
        assert httpx.get(server.url + path, timeout=60).status_code == 401


def test_methods_are_told_in_openai_s_shape(http: httpx.Client) -> None:
    reply = http.request("DELETE", "/v1/chat/completions")
    assert (reply.status_code, reply.headers["allow"]) == (405, "POST")
    error = reply.json()["error"]
    assert (error["type"], error["code"]) == ("invalid_request_error", "method_not_allowed")
    reply = http.options("/v1/cameras/lobby")
    assert (reply.status_code, reply.content, reply.headers["allow"]) == (204, b"", "DELETE, GET, HEAD, PUT")


@pytest.mark.parametrize("path", ["/v1/cameras/lobby/live.mjpeg", "/v1/events"])
def test_a_head_of_a_stream_ends(http: httpx.Client, path: str) -> None:
    for _ in range(40):  # more than there are places
        reply = http.head(path, headers={"Accept": "text/event-stream"}, timeout=60)
        assert (reply.status_code, reply.content) == (200, b"")


def test_hints_name_only_what_is_there() -> None:
    assert "docs" in hint("/x/y", lambda path: False)
    assert "/v1/x is" in hint("/x", lambda path: path == "/v1/x")


# Compressed bodies.


def squeezed(data: bytes, encoding: str) -> bytes:
    if encoding == "raw":
        made = zlib.compressobj(wbits=-15)
        return made.compress(data) + made.flush()
    return zlib.compress(data) if encoding == "deflate" else gzip.compress(data)


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "raw", "GZIP", "identity"])
def test_compressed_bodies_are_read(http: httpx.Client, encoding: str) -> None:
    body = json.dumps(ASKED).encode()
    sent = body if encoding == "identity" else squeezed(body, encoding.lower())
    told = "deflate" if encoding == "raw" else encoding
    headers = {"Content-Type": "application/json", "Content-Encoding": told}
    reply = http.post("/v1/chat/completions", content=sent, headers=headers)
    assert reply.status_code == 200, reply.text


@pytest.mark.parametrize("encoding", ["zstd", "br", "gzip, gzip", "compress", "aws-chunked"])
def test_other_compressions_are_refused_by_name(http: httpx.Client, encoding: str) -> None:
    reply = http.post("/v1/responses", content=b"x", headers={"Content-Encoding": encoding})
    assert (reply.status_code, reply.json()["error"]["code"]) == (415, "unsupported_encoding")
    assert encoding in reply.json()["error"]["message"]
    assert reply.headers["accept-encoding"] == "gzip, deflate"


def test_a_body_that_explodes_is_refused(http: httpx.Client) -> None:
    for data in (gzip.compress(bytes(100_001)), gzip.compress(bytes(80_000_000)), gzip.compress(bytes(60_000)) * 2):
        assert len(data) < 100_000
        reply = http.post("/v1/chat/completions", content=data, headers={"Content-Encoding": "gzip"})
        assert (reply.status_code, reply.json()["error"]["code"]) == (413, "request_too_large")


@pytest.mark.parametrize(("size", "status"), [(4096, 401), (4097, 413), (80_000, 413)])
@pytest.mark.parametrize("squeezes", [True, False])
def test_a_stranger_s_login_has_few_bytes_compressed_and_inflated(
    http: httpx.Client, size: int, status: int, squeezes: bool
) -> None:
    """A stored gzip is a little longer than what it holds: its own bytes count, too."""
    frame = b'{"token": ""}'
    body = b'{"token": "' + b"x" * (size - len(frame)) + b'"}'
    data = gzip.compress(body, compresslevel=9 if squeezes else 0)
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip", "Authorization": ""}
    with httpx.Client(base_url=http.base_url, timeout=60) as stranger:
        reply = stranger.post("/v1/session", content=data, headers=headers)
    assert reply.status_code == (status if len(data) <= 4096 else 413), reply.text


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_what_comes_out_is_bounded_to_the_byte(encoding: str) -> None:
    data = bytes(5000)
    assert inflate(squeezed(data, encoding), encoding, Bound(5000)) == data
    with pytest.raises(Refusal) as caught:
        inflate(squeezed(data, encoding), encoding, Bound(4999))
    assert on_wire(caught.value).status == 413


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", gzip.compress(b"x" * 999)[:-9], gzip.compress(b"x") + b"more", gzip.compress(b"x") * 65],
    ids=["empty", "plain", "cut", "more", "members"],
)
def test_what_is_not_whole_is_refused(data: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        inflate(data, "gzip", Bound(5000))
    assert (on_wire(caught.value).status, caught.value.code) == (400, "invalid_body")


def test_members_are_read_one_behind_the_other() -> None:
    assert inflate(gzip.compress(b"a") + gzip.compress(b"b") + bytes(20), "gzip", Bound(10)) == b"ab"


# Pages of other origins.


def preflight(server: LiveServer, origin: str, path: str = "/v1/chat/completions") -> httpx.Response:
    wanted = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Private-Network": "true"}
    asked = {"Access-Control-Request-Headers": "authorization, content-type, x-stainless-lang"}
    return httpx.options(server.url + path, headers={"Origin": origin} | wanted | asked, timeout=60)


def test_an_allowed_page_may_ask_and_read(server: LiveServer, http: httpx.Client) -> None:
    reply = preflight(server, PAGE)
    assert reply.status_code == 200
    assert reply.headers["access-control-allow-origin"] == PAGE
    assert "x-stainless-lang" in reply.headers["access-control-allow-headers"]
    assert "POST" in reply.headers["access-control-allow-methods"]
    assert reply.headers["access-control-allow-private-network"] == "true"
    assert "access-control-allow-credentials" not in reply.headers
    for path, status in (("/v1/models", 200), ("/v1/nowhere", 404), ("/v1/answers/x", 404)):
        told = http.get(path, headers={"Origin": PAGE})
        assert (told.status_code, told.headers["access-control-allow-origin"]) == (status, PAGE)
        assert "X-Request-Id" in told.headers["access-control-expose-headers"]
    refused = httpx.get(server.url + "/v1/models", headers={"Origin": PAGE}, timeout=60)  # without a token, and told so
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, PAGE)
    streamed = http.post("/v1/chat/completions", json=ASKED | {"stream": True}, headers={"Origin": PAGE})
    assert (streamed.status_code, streamed.headers["access-control-allow-origin"]) == (200, PAGE)


@pytest.mark.parametrize("origin", ["https://evil.example", "http://shop.example", "https://shop.example.evil", "null"])
def test_no_other_page_is_let_in(server: LiveServer, http: httpx.Client, origin: str) -> None:
    assert preflight(server, origin).status_code == 400
    for reply in (http.get("/v1/models", headers={"Origin": origin}), preflight(server, origin)):
        assert "access-control-allow-origin" not in reply.headers
    assert http.post("/v1/chat/completions", json=ASKED, headers={"Origin": origin}).status_code == 403


# Websockets of browsers.


@pytest.mark.parametrize(
    ("offered", "want"),
    [
        (["realtime"], "realtime"),
        (["openai-beta.realtime-v1", "realtime"], "realtime"),
        (["openai-organization.org-1", "openai-project.p-1", "openai-beta.realtime-v1"], "openai-beta.realtime-v1"),
        (["something.else"], None),
    ],
)
def test_a_subprotocol_is_selected_and_a_key_in_one_lets_in(
    server: LiveServer, offered: list[str], want: str | None
) -> None:
    async def talk() -> tuple[str | None, dict[str, Any]]:
        protocols: Any = [*offered, f"openai-insecure-api-key.{TOKEN}"]
        async with connect(
            f"{server.ws_url}/v1/realtime?model=lobby", subprotocols=protocols, origin=None, open_timeout=60
        ) as line:
            return line.subprotocol, json.loads(await line.recv())

    selected, first = asyncio.run(talk())
    assert (selected, first["type"]) == (want, "session.created")


@pytest.mark.parametrize("protocols", [["realtime"], ["realtime", "openai-insecure-api-key.wrong"]])
def test_without_the_right_key_nobody_is_let_in(server: LiveServer, protocols: Any) -> None:
    async def talk() -> int:
        with pytest.raises(InvalidStatus) as caught:
            async with connect(f"{server.ws_url}/v1/realtime?model=lobby", subprotocols=protocols, open_timeout=60):
                pass
        return caught.value.response.status_code

    assert asyncio.run(talk()) == 401


def test_the_key_is_never_logged(server: LiveServer) -> None:
    assert not [line for line in server.log if TOKEN in line]


# What can be asked, before it can be.


def test_cameras_are_listed_while_the_model_loads(tmp_path: Path) -> None:
    with live_server(cameras=["lobby=synthetic:7", "desk=synthetic:8"], until="listening") as early:
        seen: set[tuple[Any, ...]] = set()
        while True:
            listed = httpx.get(f"{early.url}/v1/models", timeout=60).json()["data"]
            assert [one["id"] for one in listed] == ["askcam", "lobby", "desk", "all"]
            one = httpx.get(f"{early.url}/v1/models/desk", timeout=60).json()
            assert one["askcam"]["kind"] == "camera"
            seen.add((listed[0]["askcam"]["ready"], isinstance(listed[1]["max_model_len"], int)))
            if listed[0]["askcam"]["ready"]:
                break
    assert (True, True) in seen
    assert all(ready == known for ready, known in seen)


def test_a_name_with_slashes_is_an_unknown_model(http: httpx.Client) -> None:
    reply = http.get("/v1/models/Qwen/Qwen2-VL-2B-Instruct")
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "model_not_found")
