"""Requests go to the shard of their camera as they are, and what it says comes back as it comes; what is odd on either
side is told, once."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from support.fronts import front_before, fronted
from support.servers.fake_shard import Answer, FakeShard, Heard, begin, running, say, tell
from support.waiting import comes_true

from askcam.cluster.front.config import FrontSettings
from askcam.server.access.limits import Limits
from askcam.server.server_config import ServerConfig

CHAT = "/v1/chat/completions"


def asks(model: str, **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": "what?"}], **more}


def says(text: str) -> Answer:
    async def answer(request: Heard, writer: asyncio.StreamWriter) -> None:
        await tell(writer, 200, {"said": text, "path": request.target})

    return answer


def two() -> tuple[FakeShard, FakeShard]:
    return FakeShard(["lobby"], answers={"": says("a")}), FakeShard(["yard"], answers={"": says("b")})


@pytest.mark.parametrize(("camera", "shard"), [("lobby", "a"), ("yard", "b")])
async def test_each_camera_is_asked_on_its_own_shard(camera: str, shard: str) -> None:
    async with fronted(*two()) as (_, client):
        for path in ("", "/snapshot.jpg?width=64", "/live.mjpeg", "/desk"):
            reply = await client.get(f"/v1/cameras/{camera}{path}")
            assert reply.json() == {"said": shard, "path": f"/v1/cameras/{camera}{path}"}
        for path in (CHAT, "/v1/responses"):
            assert (await client.post(path, json=asks(camera))).json()["said"] == shard
        reply = await client.post("/v1/ask", json={"question": "what?", "cameras": [camera]})
        assert reply.json()["said"] == shard


def with_model(camera: str, model: str, said: str) -> FakeShard:
    """A shard with a model of its own name beside the usual one."""
    shard = FakeShard([camera], answers={"": says(said)})

    async def listed(request: Heard, writer: asyncio.StreamWriter) -> None:
        about = dict.fromkeys(("askcam", model), "model") | dict.fromkeys(shard.cameras, "camera")
        rows = [{"id": name, "askcam": {"kind": kind}} for name, kind in about.items()]
        await tell(writer, 200, {"object": "list", "data": rows})

    shard.answers["/v1/models"] = listed
    return shard


async def test_every_name_that_the_front_lists_can_be_asked() -> None:
    one, other = with_model("lobby", "small", "a"), with_model("large", "tiny", "b")
    third, fourth = with_model("yard", "large", "c"), with_model("gate", "large", "d")
    async with fronted(one, other, third, fourth) as (front, client):
        listed = [row["id"] for row in (await client.get("/v1/models")).json()["data"]]
        assert set(listed) == {"askcam", "small", "tiny", "large", "lobby", "yard", "gate"}
        for path in (CHAT, "/v1/responses"):
            said = {name: (await client.post(path, json=asks(name))).json()["said"] for name in listed}
            assert said.pop("askcam") in "abcd"
            want = {"small": "a", "lobby": "a", "tiny": "b", "large": "b", "yard": "c", "gate": "d"}
            assert said == want  # a camera goes before a model
        other.cameras.remove("large")
        await comes_true(lambda: not front.core.directory.has("large"), "the camera to be missed")
        shards = front.core.directory.shards
        for busy, free in ((shards[2], "d"), (shards[3], "c")):
            async with busy.within():
                assert (await client.post(CHAT, json=asks("large"))).json()["said"] == free


async def test_a_request_goes_on_as_it_came_and_without_what_was_for_the_front() -> None:
    shard = FakeShard(["lobby"], answers={"": says("a")})
    async with fronted(shard) as (_, client):
        body = json.dumps(asks("lobby", askcam={"max_age_ms": 5}, unknown=[1])).encode()
        headers = {
            "content-type": "application/json",
            "authorization": "Bearer mine",
            "cookie": "askcam_session=secret",
            "x-forwarded-for": "6.6.6.6",
            "x-request-id": "mine-1",
            "x-evil": "1",
            "te": "trailers",
        }
        reply = await client.post(f"{CHAT}?x=1", content=body, headers=headers)
    (heard,) = shard.heard
    assert (heard.method, heard.target, heard.body) == ("POST", f"{CHAT}?x=1", body)
    assert heard.headers["x-forwarded-for"] == "127.0.0.1", "who asks the front, not who says so"
    assert heard.headers["x-request-id"] == reply.headers["x-request-id"] == "mine-1"
    assert heard.headers["host"] == shard.url.removeprefix("http://")
    assert not {"authorization", "cookie", "x-evil", "te"} & heard.headers.keys()


async def test_headers_of_a_connection_stay_on_it() -> None:
    async def answer(request: Heard, writer: asyncio.StreamWriter) -> None:
        told = {"x-askcam-age-ms": "5", "set-cookie": "a=b", "server": "x", "connection": "x-private", "x-private": "1"}
        await tell(writer, 200, {}, told)

    async with fronted(FakeShard(["lobby"], answers={"": answer})) as (_, client):
        reply = await client.get("/v1/cameras/lobby/snapshot.jpg")
    assert reply.headers["x-askcam-age-ms"] == "5"
    assert not {"set-cookie", "server", "x-private"} & reply.headers.keys()
    assert len(reply.headers.get_list("date")) == 1


async def test_a_stream_comes_through_word_by_word() -> None:
    said = asyncio.Event()

    async def answer(request: Heard, writer: asyncio.StreamWriter) -> None:
        await begin(writer, "text/event-stream")
        await say(writer, b'data: {"n": 1}\n\n')
        await said.wait()  # nothing more before the first has arrived
        await say(writer, b'data: {"n": 2}\n\ndata: [DONE]\n\n')
        await say(writer, b"")

    async with (
        fronted(FakeShard(["lobby"], answers={"": answer})) as (_, client),
        client.stream("POST", CHAT, json=asks("lobby", stream=True)) as reply,
    ):
        pieces = reply.aiter_raw()
        assert await anext(pieces) == b'data: {"n": 1}\n\n'
        said.set()
        assert b"".join([piece async for piece in pieces]) == b'data: {"n": 2}\n\ndata: [DONE]\n\n'


@pytest.mark.parametrize("words", [0, 1])
async def test_a_client_that_leaves_ends_the_shards_work(words: int) -> None:
    asked = asyncio.Event()

    async def answer(request: Heard, writer: asyncio.StreamWriter) -> None:
        if words:
            await begin(writer, "text/event-stream")
            await say(writer, b"data: 1\n\n")
        asked.set()
        await asyncio.Event().wait()

    shard = FakeShard(["lobby"], answers={"": answer})
    async with fronted(shard) as (front, client):

        async def ask() -> None:
            async with client.stream("POST", CHAT, json=asks("lobby", stream=True)) as reply:
                async for _ in reply.aiter_raw():
                    pass

        asking = asyncio.create_task(ask())
        await asked.wait()
        asking.cancel()
        await asyncio.wait([asking])
        await comes_true(lambda: shard.left == 1, "the end of the shard's work")
        await comes_true(lambda: front.core.directory.shards[0].num_under_way == 0, "the end of it")


async def never(request: Heard, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


def raw(data: bytes) -> Answer:
    async def answer(request: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        writer.close()

    return answer


def redirects(status: int) -> Answer:
    async def answer(request: Heard, writer: asyncio.StreamWriter) -> None:
        await tell(writer, status, {}, {"location": "http://169.254.169.254/"})

    return answer


def refuses(status: int) -> Answer:
    async def answer(request: Heard, writer: asyncio.StreamWriter) -> None:
        await tell(writer, status, {"error": {"message": "no", "type": "x"}}, {"www-authenticate": "Bearer"})

    return answer


ODD: dict[str, Answer] = {
    "no words": raw(b""),
    "no HTTP": raw(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "half a head": raw(b"HTTP/1.1 200 OK\r\ncontent-"),
    "a head without end": raw(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 40_000),
    "a status that is none": raw(b"HTTP/1.1 999999 X\r\n\r\n"),
    "two lengths": raw(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"),
    "switching protocols": raw(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
    "a redirect": redirects(302),
    "a redirect that keeps the method": redirects(307),
    "another's token": refuses(401),
    "a proxy's": refuses(407),
}


@pytest.mark.parametrize("odd", ODD)
async def test_a_shard_that_says_what_no_server_says_is_told_of_and_nothing_it_says_is_passed_on(odd: str) -> None:
    shard = FakeShard(["lobby"], answers={"": ODD[odd]})
    async with fronted(shard, FakeShard(["yard"], answers={"": says("b")})) as (_, client):
        reply = await client.post(CHAT, json=asks("lobby"))
        assert (reply.status_code, reply.json()["error"]["code"]) == (503, "shard_failed"), reply.text
        assert "'a'" in reply.json()["error"]["message"]
        assert reply.headers["retry-after"] == "2"
        assert not {"location", "www-authenticate"} & reply.headers.keys()
        assert (await client.post(CHAT, json=asks("yard"))).json()["said"] == "b"


@pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 422, 429, 500, 503, 507])
async def test_what_a_shard_refuses_is_its_own_to_say(status: int) -> None:
    async def answer(request: Heard, writer: asyncio.StreamWriter) -> None:
        await tell(writer, status, {"error": {"message": "no", "code": "x"}}, {"retry-after": "7"})

    async with fronted(FakeShard(["lobby"], answers={"": answer})) as (_, client):
        reply = await client.post(CHAT, json=asks("lobby"))
    assert (reply.status_code, reply.json()["error"]["code"], reply.headers["retry-after"]) == (status, "x", "7")


async def breaks_off(client: httpx.AsyncClient, end: Callable[[], Awaitable[None]]) -> bytes:
    """What comes of a stream that is ended by `end` after its first words."""
    got = b""
    async with client.stream("POST", CHAT, json=asks("lobby", stream=True)) as reply:
        assert reply.status_code == 200
        async for piece in reply.aiter_raw():
            got += piece
            if got.count(b"\n\n") == 1:
                await end()
    return got


async def test_a_stream_of_events_that_breaks_off_ends_with_one_error_that_can_be_read() -> None:
    cut = asyncio.Event()

    async def answer(request: Heard, writer: asyncio.StreamWriter) -> None:
        await begin(writer, "text/event-stream")
        await say(writer, b'data: {"n": 1}\n\ndata: {"half')
        await cut.wait()
        writer.transport.abort()

    async def end() -> None:
        cut.set()

    async with fronted(FakeShard(["lobby"], answers={"": answer})) as (_, client):
        first, second, rest = (await breaks_off(client, end)).split(b"\n\n")
    assert first == b'data: {"n": 1}'
    assert json.loads(second.removeprefix(b"data: "))["error"]["code"] == "shard_failed"
    assert rest == b""


@pytest.mark.parametrize("kind", ["application/json", "image/jpeg", "multipart/x-mixed-replace; boundary=x"])
async def test_a_part_of_anything_else_is_never_taken_for_the_whole(kind: str) -> None:
    async def answer(request: Heard, writer: asyncio.StreamWriter) -> None:
        await begin(writer, kind)
        await say(writer, b"{}")
        writer.transport.abort()

    async with fronted(FakeShard(["lobby"], answers={"": answer})) as (_, client):
        with pytest.raises(httpx.HTTPError):
            await client.get("/v1/cameras/lobby/snapshot.jpg")
        assert (await client.get("/healthz")).status_code == 200


async def test_one_shard_that_hangs_is_down_after_a_while_and_harms_no_other() -> None:
    """Its connections stay open, as of a process that is stopped."""
    hung, hangs = asyncio.Event(), FakeShard(["lobby"], answers={"": never})
    looked = hangs._look

    def look(request: Heard) -> Any:
        return None if hung.is_set() else looked(request)

    hangs._look = look  # type: ignore[method-assign]
    settings = FrontSettings(probe_s=0.05, silent_s=1.0, connect_s=5.0)
    async with fronted(hangs, FakeShard(["yard"], answers={"": says("b")}), settings=settings) as (front, client):
        asking = asyncio.create_task(client.post(CHAT, json=asks("lobby")))
        await comes_true(lambda: any(each.path == CHAT for each in hangs.heard), "the question")
        hung.set()
        reply = await asking
        assert (reply.status_code, reply.json()["error"]["code"]) == (503, "shard_down"), reply.text
        assert "said nothing for 1 s" in reply.json()["error"]["message"]
        assert (await client.post(CHAT, json=asks("yard"))).json()["said"] == "b"
        assert (await client.get("/readyz")).json()["shards_down"] == ["a"]
        hung.clear()
        hangs.answers[""] = says("a")
        await comes_true(lambda: front.core.directory.shards[0].up, "its return")
        assert (await client.post(CHAT, json=asks("lobby"))).json()["said"] == "a"


async def test_a_shard_that_is_gone_keeps_its_cameras_and_comes_back_by_itself() -> None:
    gone, other = FakeShard(["lobby"], answers={"": says("a")}), FakeShard(["yard"], answers={"": says("b")})
    async with running(other), contextlib.AsyncExitStack() as around:
        async with running(gone):
            front = await around.enter_async_context(front_before(gone, other))
        shard = front.core.directory.shards[0]
        client = await around.enter_async_context(httpx.AsyncClient(base_url=front.url, timeout=60, trust_env=False))
        await comes_true(lambda: not shard.up, "its end")
        for path in ("/v1/cameras/lobby", "/v1/cameras/lobby/snapshot.jpg", "/v1/cameras/lobby/live.mjpeg"):
            reply = await client.get(path)
            assert (reply.status_code, reply.json()["error"]["code"]) == (503, "shard_down")
            assert reply.headers["retry-after"] == "2"
        assert (await client.post(CHAT, json=asks("lobby"))).json()["error"]["code"] == "shard_down"
        assert (await client.get("/v1/cameras/nowhere")).status_code == 404
        listed = (await client.get("/v1/cameras")).json()
        assert [each["name"] for each in listed["data"]] == ["yard"]
        assert listed["shards_down"] == ["a"]
        metrics = (await client.get("/metrics")).text
        assert 'askcam_front_shard_up{shard="a"} 0.0' in metrics
        assert 'askcam_front_shard_up{shard="b"} 1.0' in metrics
        async with running(gone, int(gone.url.rpartition(":")[2])):
            await comes_true(lambda: shard.up, "its return")
            assert (await client.get("/v1/cameras/lobby")).json()["said"] == "a"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/cameras/nope", 404),
        ("/v1/cameras/lo%2Fbby", 404),
        ("/v1/cameras/..%2F..%2Fmetrics", 404),
        ("/v1/cameras/lobby%00", 404),
        ("/v1/cameras/%F0%9F%90%B6", 404),
        ("/v1/cameras/lobby%0d%0aX:1/snapshot.jpg", 404),
        ("/v1/cameras/LOBBY", 404),
        ("/v1/cameras/%25", 404),
        ("/v1/cameras/push-%2e%2e", 404),
        ("/v1/answers/..%2Fcameras", 404),
        ("/v1/answers/%2e%2e", 404),
        ("/v1/v1/models", 404),
        ("/v1/events/99999999999999999999999999", 404),
        ("/v1/events/1", 404),
        ("/v1/events?before=f1.1-zz", 400),
        ("/v1/events?before=x", 400),
        ("/v1/events?limit=0", 400),
        ("/v1/timeline?before=7", 400),
        ("/v1/nothing", 404),
        ("/v1/cameras/lobby/", 200),
    ],
)
async def test_odd_addresses_reach_no_shard_as_anything_else(path: str, status: int) -> None:
    shard = FakeShard(["lobby"])
    shard.lists["/v1/cameras/lobby"] = {"name": "lobby"}
    async with fronted(shard) as (_, client):
        reply = await client.get(path)
        assert reply.status_code == status, reply.text
        if status != 200:
            assert reply.json()["error"]["message"]
    for heard in shard.heard:
        assert "\r" not in heard.target
        assert heard.path.startswith(("/v1/cameras/", "/v1/answers/", "/v1/events", "/v1/timeline"))


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"{", b"\xff\xfe", b'{"model": 5}', b'{"model": null}', b'{"messages": []}', b"[" * 5000],
)
async def test_a_body_that_names_no_camera_is_the_shards_to_refuse(body: bytes) -> None:
    shard = FakeShard(["lobby"], answers={"": refuses(400)})
    async with fronted(shard) as (_, client):
        assert (await client.post(CHAT, content=body)).status_code == 400
        assert (await client.post("/v1/responses", content=body)).status_code == 400
    assert [heard.body for heard in shard.heard] == [body, body]


async def test_a_body_of_one_byte_too_many_is_refused_before_it_reaches_a_shard() -> None:
    shard = FakeShard(["lobby"], answers={"": says("a")})
    most = 4096
    async with fronted(shard, limits=Limits(max_body_bytes=most)) as (_, client):
        body = json.dumps(asks("lobby")).encode()
        assert (await client.post(CHAT, content=body.ljust(most))).status_code == 200
        reply = await client.post(CHAT, content=body.ljust(most + 1))
    assert (reply.status_code, reply.json()["error"]["code"]) == (413, "request_too_large")
    assert len(shard.heard) == 1


async def test_a_client_that_reads_slowly_makes_its_shard_wait_and_costs_no_memory() -> None:
    num_sent = 0

    async def answer(request: Heard, writer: asyncio.StreamWriter) -> None:
        nonlocal num_sent
        await begin(writer, "multipart/x-mixed-replace; boundary=x")
        while True:
            await say(writer, b"x" * 65_536)
            num_sent += 65_536

    async with (
        fronted(FakeShard(["lobby"], answers={"": answer})) as (_, client),
        client.stream("GET", "/v1/cameras/lobby/live.mjpeg") as reply,
    ):
        await anext(reply.aiter_raw())
        before = -1
        while before != num_sent:  # until nothing moves any more
            before = num_sent
            for _ in range(40):
                await asyncio.sleep(0.005)
        assert num_sent < 64 << 20


async def test_questions_are_counted_per_client_as_on_a_server() -> None:
    shard = FakeShard(["lobby"], answers={"": says("a")})
    async with fronted(shard, limits=Limits(questions_per_s=0.001, questions_burst=2)) as (_, client):
        statuses = [(await client.post(CHAT, json=asks("lobby"))).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert len(shard.heard) == 2


async def test_a_camera_on_two_shards_is_said_with_both_and_the_remedy() -> None:
    async with fronted(FakeShard(["lobby"]), FakeShard(["lobby", "yard"], answers={"": says("b")})) as (_, client):
        for reply in (await client.get("/v1/cameras/lobby"), await client.post(CHAT, json=asks("lobby"))):
            error = reply.json()["error"]
            assert (reply.status_code, error["code"]) == (409, "camera_ambiguous")
            assert "a, b" in error["message"]
            assert "rename" in error["message"]
        assert (await client.post(CHAT, json=asks("yard"))).json()["said"] == "b"
        assert (await client.get("/readyz")).json()["cameras_on_several_shards"] == {"lobby": ["a", "b"]}


async def test_a_shard_of_another_version_is_passed_on_with_whatever_it_knows_more() -> None:
    shard = FakeShard(["lobby"], answers={"/v1/cameras": says("")})
    shard.lists["/v1/cameras"] = {"data": [{"name": "lobby", "state": "x", "new": {"a": 1}}], "more": True}
    async with fronted(shard) as (_, client):
        assert (await client.get("/v1/cameras")).json()["data"] == [{"name": "lobby", "state": "x", "new": {"a": 1}}]


GARBAGE = [b"", b"<html>", b"[]", b'{"data": 5}', b'{"data": [1]}', b'{"data": [{"name": "../x"}]}', b'{"data": [{}]}']


@pytest.mark.parametrize("told", GARBAGE)
async def test_a_shard_whose_lists_are_none_is_down_and_says_why(told: bytes) -> None:
    async def answer(request: Heard, writer: asyncio.StreamWriter) -> None:
        await tell(writer, 200, told)

    async with fronted(FakeShard(answers={"/v1/cameras": answer})) as (front, client):
        shard = front.core.directory.shards[0]
        assert not shard.up
        assert "does not answer as an askcam server" in shard.health.why
        assert (await client.get("/readyz")).status_code == 503


async def test_a_front_with_a_token_asks_for_it_and_gives_it_to_nobody() -> None:
    shard = FakeShard(["lobby"], answers={"": says("a")}, roles={"shard-viewer": "viewer"})
    server = ServerConfig(port=0, token="front-viewer")
    async with fronted(shard, server=server, tokens={"token": "shard-viewer"}) as (_, client):
        assert (await client.get("/v1/cameras/lobby")).status_code == 401
        headers = {"authorization": "Bearer front-viewer"}
        assert (await client.get("/v1/cameras/lobby", headers=headers)).status_code == 200
    assert [heard.headers["authorization"] for heard in shard.heard] == ["Bearer shard-viewer"]
