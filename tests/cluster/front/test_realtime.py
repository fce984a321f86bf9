"""Realtime messages pass through to the session's shard and back; what ends on one side ends on the other as it did."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from typing import Any

import pytest
from support.fronts import front_before
from support.servers.fake_shard import FakeShard
from support.waiting import comes_true
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from askcam.cluster.front.serving import RunningFront
from askcam.cluster.ids import ShardKeys
from askcam.server.access.limits import Limits

KEYS = ShardKeys(["a", "b"])
Talk = Callable[[ServerConnection], Awaitable[None]]


class TalkingShard:
    """One that speaks websocket: each connection is given to `talk`."""

    def __init__(self, camera: str, talk: Talk) -> None:
        self.shard, self.talk = FakeShard([camera]), talk
        self.asked: list[Request] = []
        self.ends: list[int | None] = []  # close codes that it was told
        self.server: Server | None = None

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        if request.path.startswith("/v1/realtime"):
            self.asked.append(request)
            return None
        lists: dict[str, Any] = {
            "/readyz": {"status": "ready"},
            "/v1/session": {"role": "admin"},
            "/v1/cameras": {"data": [{"name": name} for name in self.shard.cameras]},
            "/v1/models": {"data": []},
        }
        told = connection.respond(HTTPStatus.OK, json.dumps(lists.get(request.path, {})))
        told.headers["connection"] = "close"
        return told

    async def _connected(self, connection: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            await self.talk(connection)
        await connection.wait_closed()
        self.ends.append(connection.close_code)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["TalkingShard"]:
        async with serve(self._connected, "127.0.0.1", 0, process_request=self._answer, compression=None) as server:
            self.server = server
            self.shard.url = f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
            yield self


async def echoes(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


@contextlib.asynccontextmanager
async def fronted(*shards: TalkingShard, **how: Any) -> AsyncIterator[RunningFront]:
    async with contextlib.AsyncExitStack() as stack:
        for shard in shards:
            await stack.enter_async_context(shard.running())
        yield await stack.enter_async_context(front_before(*(each.shard for each in shards), **how))


def link(front: RunningFront, query: str) -> Any:
    return connect(f"ws{front.url[4:]}/v1/realtime?{query}", compression=None, max_size=None, open_timeout=60)


@pytest.mark.parametrize("camera", ["lobby", "yard"])
async def test_messages_of_both_kinds_pass_both_ways_at_the_cameras_shard(camera: str) -> None:
    shards = TalkingShard("lobby", echoes), TalkingShard("yard", echoes)
    async with fronted(*shards) as front, link(front, f"model={camera}&x=%C3%A4") as client:
        for message in ('{"type": "x"}', b"\x00" * 8 + b"jpeg", "ä", b""):
            await client.send(message)
            assert await client.recv() == message
    assert [[each.path for each in shard.asked] for shard in shards] == [
        [f"/v1/realtime?model={camera}&x=%C3%A4"] if shard.shard.cameras == [camera] else [] for shard in shards
    ]


@pytest.mark.parametrize("code", [1000, 1001, 3000, 4404, 4999])
async def test_a_client_that_closes_closes_there(code: int) -> None:
    shard = TalkingShard("lobby", echoes)
    async with fronted(shard) as front:
        client = await link(front, "model=lobby")
        await client.close(code)
        await comes_true(lambda: shard.ends, "the end there")
    assert shard.ends == [code]


async def test_a_client_that_breaks_off_breaks_off_there_so_that_its_session_waits_for_it() -> None:
    shard = TalkingShard("lobby", echoes)
    async with fronted(shard) as front:
        client: ClientConnection = await link(front, "model=lobby")
        client.transport.abort()
        await comes_true(lambda: shard.ends, "the end there")
    assert shard.ends == [1006]


@pytest.mark.parametrize("code", [1000, 1009, 1011, 1013, 4404, 4410])
async def test_what_a_shard_closes_with_is_told(code: int) -> None:
    async def closes(connection: ServerConnection) -> None:
        await connection.send('{"type": "error"}')
        await connection.close(code, "why")

    async with fronted(TalkingShard("lobby", closes)) as front, link(front, "model=lobby") as client:
        assert await client.recv() == '{"type": "error"}'
        await client.wait_closed()
        assert (client.close_code, client.close_reason) == (code, "why")


async def test_a_shard_that_goes_away_is_told_by_an_error_and_a_code_that_says_to_come_again() -> None:
    async def dies(connection: ServerConnection) -> None:
        await connection.recv()
        connection.transport.abort()

    async with fronted(TalkingShard("lobby", dies)) as front, link(front, "model=lobby") as client:
        await client.send("x")
        told = json.loads(await client.recv())
        assert (told["type"], told["error"]["code"]) == ("error", "shard_failed")
        await client.wait_closed()
        assert client.close_code == 1013
        shard = front.core.directory.shards[0]
        await comes_true(lambda: shard.num_under_way == 0, "the end of it")


async def test_a_session_on_a_shard_that_is_found_to_be_down_ends() -> None:
    async with fronted(TalkingShard("lobby", echoes)) as front, link(front, "model=lobby") as client:
        await client.send("x")
        await client.recv()
        shard = front.core.directory.shards[0]
        shard.health.failed("as a test has it")
        shard.cut()
        told = json.loads(await client.recv())
        assert told["error"]["code"] == "shard_down"
        await client.wait_closed()
        assert client.close_code == 1013


@pytest.mark.parametrize(
    ("query", "code", "close"),
    [
        ("", "invalid_value", 4400),
        ("model=", "invalid_value", 4400),
        ("model=nowhere", "model_not_found", 4404),
        ("session=sess_unknown", "session_not_found", 4404),
    ],
)
async def test_what_names_no_shard_is_refused_as_on_a_server(query: str, code: str, close: int) -> None:
    async with fronted(TalkingShard("lobby", echoes)) as front, link(front, query) as client:
        assert json.loads(await client.recv())["error"]["code"] == code
        await client.wait_closed()
        assert client.close_code == close


async def test_whoever_comes_back_to_a_session_comes_back_to_its_shard() -> None:
    async def greets(connection: ServerConnection) -> None:
        await connection.send(json.dumps({"type": "session.created", "session": {"id": "sess_1"}}))
        await echoes(connection)

    shards = TalkingShard("lobby", echoes), TalkingShard("yard", greets)
    async with fronted(*shards) as front:
        async with link(front, "model=yard") as client:
            await client.recv()
        async with link(front, "session=sess_1&after=event_1") as client:
            await client.recv()
    assert [each.path for each in shards[1].asked] == [
        "/v1/realtime?model=yard",
        "/v1/realtime?session=sess_1&after=event_1",
    ]


async def test_pushed_cameras_go_where_the_fewest_are() -> None:
    shards = TalkingShard("lobby", echoes), TalkingShard("yard", echoes)
    async with fronted(*shards) as front, contextlib.AsyncExitStack() as stack:
        for number in range(4):
            client = await stack.enter_async_context(link(front, "model=push:desk"))
            await client.send(f"{number}")
            await client.recv()
    assert [len(shard.asked) for shard in shards] == [2, 2]


async def test_ids_of_events_are_the_fronts_both_ways() -> None:
    heard = list[Any]()
    event = {"id": 7, "at": "x", "frame_url": "/v1/events/7/frame.jpg"}
    telling: list[Any] = [
        {"type": "watch.event", "event": event},
        {"type": "watch.gone", "first_missed": 1, "last_missed": 6},
        {"type": "watch.event", "event": {"id": "no id"}},
        {"type": "response.output_text.delta", "delta": '"watch.event"'},
    ]

    async def tells(connection: ServerConnection) -> None:
        for each in telling:
            await connection.send(json.dumps(each))
        async for message in connection:
            heard.append(json.loads(message))

    mine, other = 7 << 20 | KEYS.key("a"), 7 << 20 | KEYS.key("b")
    async with fronted(TalkingShard("lobby", tells)) as front, link(front, "model=lobby") as client:
        told = [json.loads(await client.recv()) for _ in telling]
        assert told[0]["event"] == {"id": mine, "at": "x", "frame_url": f"/v1/events/{mine}/frame.jpg"}
        assert told[1] == telling[1] | {"first_missed": 1 << 20 | KEYS.key("a"), "last_missed": 6 << 20 | KEYS.key("a")}
        assert told[2:] == telling[2:], "what cannot be read is passed on as it is"
        for after in (mine, other, 0, None, "x"):
            body = {"type": "session.update", "session": {"askcam": {"events": ["watch.*"], "events_after": after}}}
            await client.send(json.dumps(body))
        refused = json.loads(await client.recv())
        assert refused["error"]["param"] == "session.askcam.events_after"
        await comes_true(lambda: len(heard) == 4, "the others")
    assert [each["session"]["askcam"]["events_after"] for each in heard] == [7, 0, None, "x"]


async def test_a_message_of_one_byte_too_many_ends_the_connection_here() -> None:
    shard, most = TalkingShard("lobby", echoes), 4096
    async with fronted(shard, limits=Limits(max_ws_message_bytes=most)) as front, link(front, "model=lobby") as client:
        await client.send("x" * most)
        assert len(await client.recv()) == most
        await client.send("x" * (most + 1))
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert client.close_code == 1009


async def test_connections_are_bounded() -> None:
    async with (
        fronted(TalkingShard("lobby", echoes), limits=Limits(max_sessions=1)) as front,
        link(front, "model=lobby") as first,
        link(front, "model=lobby") as second,
    ):
        await asyncio.wait_for(second.wait_closed(), 60)
        assert second.close_code == 1013
        await first.send("x")
        assert await first.recv() == "x"
