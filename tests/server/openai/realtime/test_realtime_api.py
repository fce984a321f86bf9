"""The websocket itself, on a real server: what is no event, frames, slow and vanishing clients."""

import asyncio
import base64
import contextlib
import json
import socket
from typing import Any

import httpx
import pytest
from support.servers.askcam_server import LiveServer, live_server
from support.wire_talk import TIMEOUT_S, ask, close_code, jpeg, send, until
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus


async def all_can_be_pushed(server: LiveServer) -> None:
    """Wait until none of the eight places for pushed cameras is held any more."""
    async with asyncio.timeout(TIMEOUT_S):
        free = 0
        while free < 8:
            sockets = [await connect(f"{server.ws_url}/v1/realtime?model=push:", open_timeout=60) for _ in range(8)]
            first = [json.loads(await websocket.recv())["type"] for websocket in sockets]
            await asyncio.gather(*(websocket.close() for websocket in sockets))
            free = first.count("session.created")


async def cameras(server: LiveServer) -> list[str]:
    async with httpx.AsyncClient(timeout=60) as client:
        listed = (await client.get(f"{server.url}/v1/cameras")).json()
    return [camera["name"] for camera in listed["data"]]


async def test_malformed_messages_are_told_and_the_connection_lives(live_server: LiveServer) -> None:
    async with connect(f"{live_server.ws_url}/v1/realtime?model=lobby", open_timeout=60) as websocket:
        for message in ("{", "[1, 2]", json.dumps({"type": "do.something", "event_id": "e1"}), b"frame", "x" * 100_000):
            await websocket.send(message)
            error = (await until(websocket, "error"))["error"]
            assert error["type"] == "invalid_request_error"
        await ask(websocket)
        assert (await until(websocket, "response.done"))["response"]["status"] == "completed"


async def test_a_message_too_large_closes_the_connection_with_1009(live_server: LiveServer) -> None:
    """And whoever is still in the middle of sending it hears that, not a reset."""
    websocket = await connect(f"{live_server.ws_url}/v1/realtime?model=lobby", open_timeout=60)
    with contextlib.suppress(ConnectionClosed):
        await websocket.send("x" * (5 << 20))
    assert await close_code(websocket) == 1009
    await websocket.wait_closed()  # by itself: close() would abort a transport that is gone


async def test_a_question_of_a_megabyte_is_refused_in_a_line(live_server: LiveServer) -> None:
    async with connect(f"{live_server.ws_url}/v1/realtime?model=lobby", open_timeout=60) as websocket:
        await ask(websocket, "why " * 250_000)
        error = (await until(websocket, "error"))["error"]
        assert error["param"] == "response.input[0].content[0].text"
        assert len(error["message"]) < 300


@pytest.mark.parametrize("query", ["", "?model=", "?model=attic"])
async def test_a_connection_about_no_camera_is_told_so_and_closed(live_server: LiveServer, query: str) -> None:
    async with connect(f"{live_server.ws_url}/v1/realtime{query}", open_timeout=60) as websocket:
        error = (await until(websocket, "error"))["error"]
        assert "lobby" in error["message"]
        assert await close_code(websocket) == (4404 if "attic" in query else 4400)


async def test_a_page_of_another_origin_gets_no_connection(live_server: LiveServer) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(
            f"{live_server.ws_url}/v1/realtime?model=lobby",
            additional_headers={"Origin": "https://evil.test"},
            open_timeout=60,
        )
    assert refused.value.response.status_code == 403


async def test_a_stale_answer_is_refused_and_the_next_one_given(live_server: LiveServer) -> None:
    async with connect(f"{live_server.ws_url}/v1/realtime?model=lobby", open_timeout=60) as websocket:
        await ask(websocket, askcam={"max_age_ms": 0.001})
        error = (await until(websocket, "error"))["error"]
        assert (error["type"], error["code"]) == ("server_error", "stale_camera")
        response = (await until(websocket, "response.done"))["response"]
        assert (response["status"], response["status_details"]["error"]["code"]) == ("failed", "stale_camera")
        await ask(websocket, askcam={"max_age_ms": 20_000})
        response = (await until(websocket, "response.done"))["response"]
        assert response["status"] == "completed"
        assert response["askcam"]["frame_age_ms"] <= 20_000


async def test_camera_states_are_told_to_those_who_asked(live_server: LiveServer) -> None:
    async with connect(f"{live_server.ws_url}/v1/realtime?model=lobby", open_timeout=60) as websocket:
        await send(websocket, type="session.update", session={"askcam": {"events": ["camera.state"]}})
        event = await until(websocket, "camera.state")
        assert (event["camera"], event["state"]) == ("lobby", "live")


async def test_a_pushed_camera_answers_about_its_frames_and_goes_with_its_connection(live_server: LiveServer) -> None:
    async with connect(f"{live_server.ws_url}/v1/realtime?model=push:", open_timeout=60) as websocket:
        created = await until(websocket, "session.created")
        name = created["session"]["askcam"]["camera"]
        await send(websocket, type="session.update", session={"askcam": {"events": ["camera.state"]}})
        await ask(websocket)
        assert (await until(websocket, "error"))["error"]["code"] == "camera_unavailable"  # nothing was pushed yet
        frame = jpeg()
        await websocket.send((0).to_bytes(8, "big") + frame)
        while (await until(websocket, "camera.state"))["state"] != "live":
            pass
        response: dict[str, Any] = {"status": "failed"}
        async with asyncio.timeout(TIMEOUT_S):
            while response["status"] == "failed":  # on a busy machine the frame may be too old by then
                await send(websocket, type="input_image_buffer.append", image=base64.b64encode(frame).decode())
                await ask(websocket)
                response = (await until(websocket, "response.done"))["response"]
        assert response["status"] == "completed"
        assert (response["askcam"]["camera"], response["askcam"]["age_basis"]) == (name, "arrival")
        assert name not in await cameras(live_server)  # private
        async with httpx.AsyncClient(timeout=60) as client:
            assert (await client.get(f"{live_server.url}/v1/cameras/{name}")).json()["private"] is True
    async with httpx.AsyncClient(timeout=60) as client, asyncio.timeout(TIMEOUT_S):
        while (await client.get(f"{live_server.url}/v1/cameras/{name}")).status_code != 404:
            pass


@pytest.mark.parametrize(
    ("frame", "words"),
    [(b"\x89PNG not a jpeg", "JPEG"), (jpeg(7000, 6000), "megapixels"), (b"", "8 bytes")],
    ids=["no-jpeg", "42-megapixels", "empty"],
)
async def test_a_frame_that_is_none_is_told_and_the_connection_lives(
    live_server: LiveServer, frame: bytes, words: str
) -> None:
    async with connect(f"{live_server.ws_url}/v1/realtime?model=push:", open_timeout=60) as websocket:
        await websocket.send((0).to_bytes(8, "big") + frame)
        error = (await until(websocket, "error"))["error"]
        assert error["type"] == "invalid_request_error"
        assert words in error["message"]
        await send(websocket, type="askcam.clock", client_us=5)
        assert (await until(websocket, "askcam.clock"))["client_us"] == 5


async def test_two_connections_never_share_a_pushed_camera(live_server: LiveServer) -> None:
    url = f"{live_server.ws_url}/v1/realtime?model=push:"
    async with connect(url, open_timeout=60) as one, connect(url, open_timeout=60) as two:
        names = [(await until(ws, "session.created"))["session"]["askcam"]["camera"] for ws in (one, two)]
    assert names[0] != names[1]


async def test_a_client_that_vanishes_leaves_nothing_behind(live_server: LiveServer) -> None:
    """Its sockets are cut in the middle of answers; the server goes on answering others."""
    for _ in range(5):
        websocket = await connect(f"{live_server.ws_url}/v1/realtime?model=push:", open_timeout=60)
        await websocket.send((0).to_bytes(8, "big") + jpeg())
        for _ in range(3):
            await ask(websocket)
        websocket.transport.abort()
        await websocket.wait_closed()
    await all_can_be_pushed(live_server)
    async with connect(f"{live_server.ws_url}/v1/realtime?model=lobby", open_timeout=60) as other:
        await ask(other)
        assert (await until(other, "response.done"))["response"]["status"] == "completed"


async def test_a_ninth_pushed_camera_is_refused_for_now(live_server: LiveServer) -> None:
    url = f"{live_server.ws_url}/v1/realtime?model=push:"
    sockets: list[ClientConnection] = []
    try:
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                websocket = await connect(url, open_timeout=60)
                sockets.append(websocket)
                event = json.loads(await websocket.recv())
                if event["type"] == "error":
                    break
        assert len(sockets) <= 9
        assert event["error"]["code"] == "busy"
        assert await close_code(websocket) == 1013
    finally:
        await asyncio.gather(*(websocket.close() for websocket in sockets))
    await all_can_be_pushed(live_server)


async def test_a_client_that_does_not_read_stops_being_heard_but_not_the_others(live_server: LiveServer) -> None:
    """Events are held back for it up to a bound, then its own messages wait: the server's memory does not grow."""
    deaf = socket.create_connection(("127.0.0.1", int(live_server.url.rpartition(":")[2])))
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    key = base64.b64encode(b"0123456789abcdef").decode()
    deaf.sendall(
        f"GET /v1/realtime?model=lobby HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    payload = json.dumps({"type": "nothing.known", "event_id": "e" * 500}).encode()
    masked = b"\x81\xfe" + len(payload).to_bytes(2, "big") + bytes(4) + payload  # a mask of zeros
    deaf.settimeout(1.0)
    sent = 0
    try:
        with contextlib.suppress(TimeoutError, ConnectionError):  # who reads nothing for 20 s is let go
            while sent < 256 << 20:
                deaf.sendall(masked * 100)  # all of it, or what follows would be no message
                sent += len(masked) * 100
        assert sent < 256 << 20
        async with connect(f"{live_server.ws_url}/v1/realtime?model=lobby", open_timeout=60) as other:
            await ask(other)
            assert (await until(other, "response.done"))["response"]["status"] == "completed"
    finally:
        deaf.close()


async def test_a_token_is_wanted_where_there_is_one() -> None:
    with live_server(env={"ASKCAM_TOKEN": "open-sesame"}, until="listening") as server:
        url = f"{server.ws_url}/v1/realtime?model=askcam"
        with pytest.raises(InvalidStatus) as refused:
            await connect(url, open_timeout=60)
        assert refused.value.response.status_code == 401
        assert json.loads(refused.value.response.body or b"")["error"]["type"] == "authentication_error"
        async with connect(
            url, additional_headers={"Authorization": "Bearer open-sesame"}, open_timeout=60
        ) as websocket:
            event = json.loads(await websocket.recv())
            assert event["type"] == "session.created" or event["error"]["code"] == "model_loading"


async def test_what_a_stopped_answer_saw_can_be_looked_at(live_server: LiveServer) -> None:
    async with connect(f"{live_server.ws_url}/v1/realtime?model=lobby", open_timeout=60) as websocket:
        await ask(websocket, "Summarize what happened.")
        await until(websocket, "response.output_text.delta")
        await send(websocket, type="response.cancel")
        response = (await until(websocket, "response.done"))["response"]
    saw = response["askcam"]  # there in any case: the answer may have been over before it was stopped
    assert saw["camera"] == "lobby"
    async with httpx.AsyncClient(base_url=live_server.url, timeout=TIMEOUT_S) as http:
        record = (await http.get(f"/v1/answers/{saw['answer_id']}")).json()
    assert record["reason"] == {"cancelled": "cancelled", "completed": "stop"}[response["status"]]
    assert len(record["frames"]) == saw["window"]["frames"]
