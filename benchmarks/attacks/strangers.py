"""Who has no token: connections that say nothing, say it slowly, or say nonsense."""

import asyncio
import contextlib
import random

from attacks.target import Target, forever, pour

HEADS = (
    b"",
    b"GET / HT",
    b"GET / HTTP/1.1\r\nHost: x\r\n",
    b"POST /v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900\r\nContent-Type: application/json\r\n\r\n{",
)


async def idle(target: Target) -> None:
    """Eleven hundred connections that are silent, or stop in the middle of a request's head; new ones for lost ones."""

    async def act(number: int) -> None:
        reader, writer = await asyncio.wait_for(target.connect(), 10)
        with contextlib.closing(writer):
            writer.write(HEADS[number % len(HEADS)])
            await reader.read()  # until the server has enough of it

    await forever(1100, act, pause_s=0.2)


async def slow_bodies(target: Target) -> None:
    """Sixty logins whose bodies of 8 MiB come in drops."""
    head = b"POST /v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: 8388608\r\nContent-Type: application/json\r\n\r\n"

    await forever(60, lambda _: pour(target, head, b"x" * 65536, 8000, pause_s=0.1))


async def nonsense(target: Target) -> None:
    """Bytes that are no HTTP, broken upgrades, huge heads, resets."""
    chance = random.Random(0)
    shapes = (
        lambda: chance.randbytes(2000),
        lambda: b"GET / HTTP/1.1\r\n" + b"A: " + b"x" * 100_000 + b"\r\n\r\n",
        lambda: (
            b"GET /v1/realtime HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: !!\r\nSec-WebSocket-Version: 9\r\n\r\n" + chance.randbytes(50)
        ),
        lambda: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + chance.randbytes(300),
        lambda: b"POST /v1/chat/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        lambda: b"GET /\xff\xfe HTTP/9.9\r\n\r\n",
    )

    async def act(number: int) -> None:
        reader, writer = await asyncio.wait_for(target.connect(), 10)
        with contextlib.closing(writer):
            writer.write(shapes[number % len(shapes)]())
            await asyncio.wait_for(reader.read(200), 2)
            writer.transport.abort()

    await forever(20, act)


async def wrong_tokens(target: Target) -> None:
    """Guessing: the right token of somebody at the same address must go on being good."""

    async def act(number: int) -> None:
        reader, writer = await asyncio.wait_for(target.connect(), 10)
        with contextlib.closing(writer):
            said = f"X-Forwarded-For: 10.0.{number % 250}.{number // 250 % 250}\r\n" if number % 2 else ""
            writer.write(
                f"GET /v1/cameras HTTP/1.1\r\nHost: 127.0.0.1\r\n{said}"
                f"Authorization: Bearer guess{number}\r\nConnection: close\r\n\r\n".encode()
            )
            await asyncio.wait_for(reader.read(), 10)

    await forever(10, act)
