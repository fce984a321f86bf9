"""A product desk out of pushed frames: read, looked up, told to its own client, and gone with it."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from cv2 import imencode
from support.servers.askcam_server import LiveServer
from support.servers.askcam_server import live_server as start_server
from support.servers.desk_scene import APPLE_CODE, apple
from support.wire_talk import TIMEOUT_S, ask, close_code, until
from websockets.asyncio.client import ClientConnection, connect

GOODS = f"name;barcode;price;currency\nGala apple;{APPLE_CODE};2,49;EUR\n"
CONFIG = '[catalogue]\nfile = "goods.csv"\n[limits]\nmax_pushed_desks = 1\n'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "goods.csv").write_text(GOODS)
    (folder / "askcam.toml").write_text(CONFIG)
    with start_server("--config", str(folder / "askcam.toml")) as one:
        yield one


def held_up(moment: float) -> bytes:
    """A frame of someone who holds an apple before their camera, as it is pushed."""
    _, jpeg = imencode(".jpg", apple(moment)[:, :, ::-1])
    return (0).to_bytes(8, "big") + jpeg.tobytes()


async def pushing(websocket: ClientConnection) -> None:
    """Push five frames a second until cancelled."""
    frames = [held_up(number / 5) for number in range(10)]
    while True:
        for frame in frames:
            await websocket.send(frame)
            await asyncio.sleep(0.2)


async def test_what_is_pushed_is_read_looked_up_and_answered_from(server: LiveServer) -> None:
    async with (
        httpx.AsyncClient(base_url=server.url, timeout=60) as http,
        connect(f"{server.ws_url}/v1/realtime?model=push:desk", open_timeout=60) as websocket,
        asyncio.timeout(TIMEOUT_S),
    ):
        name = (await until(websocket, "session.created"))["session"]["askcam"]["camera"]
        work = asyncio.create_task(pushing(websocket))
        facts: list[dict[str, object]] = []
        while len(facts) < 2:
            told = (await http.get(f"/v1/cameras/{name}/desk")).json()
            facts = told["facts"]
            await asyncio.sleep(0.1)
        assert told["catalogue"] is True
        assert [fact["source"] for fact in facts] == ["read", "looked_up"]
        assert facts[1]["values"] == {
            "name": "Gala apple", "price": "2.49", "currency": "EUR", "barcode": APPLE_CODE
        }  # fmt: skip
        await ask(websocket, "How much is this?")
        response = (await until(websocket, "response.done"))["response"]
        assert "2.49 EUR" in json.dumps(response["output"])
        assert [tool["name"] for tool in response["askcam"]["tools"]] == ["lookup_product"]
        listed = (await http.get("/v1/cameras")).json()["data"]
        assert name not in [camera["name"] for camera in listed], "a private camera is listed"
        assert (await http.get(f"/v1/cameras/{name}")).json()["desk"] is True
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work
        await websocket.close()
        while (await http.get(f"/v1/cameras/{name}/desk")).status_code != 404:
            pass


async def test_one_desk_too_many_is_refused_for_now(server: LiveServer) -> None:
    url = f"{server.ws_url}/v1/realtime?model=push:desk"
    async with (
        connect(url, open_timeout=60) as first,
        connect(url, open_timeout=60) as second,
        asyncio.timeout(TIMEOUT_S),
    ):
        await until(first, "session.created")
        error = (await until(second, "error"))["error"]
        assert error["code"] == "busy"
        assert "product desks are taken (1)" in error["message"]
        assert await close_code(second) == 1013
        async with connect(f"{server.ws_url}/v1/realtime?model=push:", open_timeout=60) as plain:
            await until(plain, "session.created")
    async with asyncio.timeout(TIMEOUT_S):
        while True:  # its place is free again
            async with connect(url, open_timeout=60) as third:
                if json.loads(await third.recv())["type"] == "session.created":
                    return


async def test_a_plain_pushed_camera_is_no_desk_and_is_told_how_to_be_one(server: LiveServer) -> None:
    async with (
        httpx.AsyncClient(base_url=server.url, timeout=60) as http,
        connect(f"{server.ws_url}/v1/realtime?model=push:", open_timeout=60) as websocket,
    ):
        name = (await until(websocket, "session.created"))["session"]["askcam"]["camera"]
        reply = await http.get(f"/v1/cameras/{name}/desk")
        assert reply.status_code == 404
        assert reply.json()["error"]["code"] == "no_desk"
        assert "?model=push:desk" in reply.json()["error"]["message"]
        assert (await http.get(f"/v1/cameras/{name}")).json()["desk"] is False


async def test_a_server_may_read_no_codes_from_pushed_cameras(tmp_path: Path) -> None:
    (tmp_path / "askcam.toml").write_text("[limits]\nmax_pushed_desks = 0\n")
    with start_server("--config", str(tmp_path / "askcam.toml")) as server:
        async with connect(f"{server.ws_url}/v1/realtime?model=push:desk", open_timeout=60) as websocket:
            assert (await until(websocket, "error"))["error"]["code"] == "no_pushed_desks"
