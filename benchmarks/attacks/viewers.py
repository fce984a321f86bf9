"""A viewer who takes what there is for all: live pictures, event streams, websockets, logins, questions."""

import asyncio
import contextlib
import json

import websockets
from attacks.questions import JSON
from attacks.target import CAMERA, Target, chat, forever, user


async def _unread(target: Target, path: str, width: int, accept: str = "*/*") -> None:
    request = (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {target.token}\r\nAccept: {accept}\r\n\r\n"
    ).encode()

    async def act(_: int) -> None:
        _reader, writer = await asyncio.wait_for(target.connect(), 10)
        with contextlib.closing(writer):
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            writer.write(request)
            await asyncio.sleep(600)

    await forever(width, act)


async def unread_pictures(target: Target) -> None:
    """Forty live pictures of which nobody reads a byte."""
    await _unread(target, f"/v1/cameras/{CAMERA}/live.mjpeg?fps=30", 40)


async def unread_events(target: Target) -> None:
    """A hundred event streams likewise."""
    await _unread(target, "/v1/events", 100, "text/event-stream")


async def sockets(target: Target) -> None:
    """A hundred realtime connections that say nothing."""

    async def act(_: int) -> None:
        with contextlib.suppress(websockets.WebSocketException):
            async with websockets.connect(
                f"{target.ws_url}/v1/realtime?model={CAMERA}", additional_headers=target.headers
            ) as socket:
                await socket.wait_closed()

    await forever(100, act, pause_s=0.5)


async def talk(target: Target) -> None:
    """Nine connections that never stop: megabytes of nothing, thousands of small events, broken pictures, pings."""
    large = json.dumps({"type": "nonsense", "padding": "x" * 3_900_000})
    small = [json.dumps({"type": "askcam.clock", "client_us": number}) for number in range(2000)]
    broken = json.dumps({"type": "input_image_buffer.append", "image": "A" * 3_900_000})

    async def act(number: int) -> None:
        with contextlib.suppress(websockets.WebSocketException):
            async with websockets.connect(
                f"{target.ws_url}/v1/realtime?model={CAMERA}", additional_headers=target.headers
            ) as socket:
                hearing = asyncio.create_task(_hear(socket))
                try:
                    while True:
                        for message in ([large], small, [broken])[number % 3]:
                            await socket.send(message)
                        if number % 9 == 8:
                            for _ in range(5000):
                                await socket.ping(b"")
                finally:
                    hearing.cancel()

    await forever(9, act)


async def _hear(socket: websockets.ClientConnection) -> None:
    async for _ in socket:
        pass


async def reads(target: Target) -> None:
    """Forty lanes of snapshots, lists and searches, without a pause."""
    paths = (
        f"/v1/cameras/{CAMERA}/snapshot.jpg",
        "/v1/cameras",
        "/openapi.json",
        "/metrics",
        "/v1/events?limit=500",
        "/v1/models",
        "/",
    )
    async with target.client() as client:
        await forever(40, lambda number: client.get(paths[number % len(paths)]), pause_s=0.0)


async def logins(target: Target) -> None:
    """Thousands of logins with one token."""
    async with target.client() as client:

        async def act(_: int) -> None:
            client.cookies.clear()
            await client.post("/v1/session", json={"token": target.token})

        await forever(8, act, pause_s=0.01)


async def questions(target: Target) -> None:
    """Sixty questions at once, again and again, each from another address as the client says it."""
    body = chat(user("What do you see?"), max_completion_tokens=200)
    async with target.client() as client:
        await forever(
            60,
            lambda number: client.post(
                "/v1/chat/completions",
                content=body,
                headers={**JSON, "X-Forwarded-For": f"10.1.{number % 250}.{number // 250 % 250}"},
            ),
        )
