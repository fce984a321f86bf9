"""Talking to a server's realtime websocket as it is on the wire."""

import asyncio
import contextlib
import io
import json
from typing import Any

import numpy as np
from PIL import Image
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

TIMEOUT_S = 180.0  # for a talk of several answers, on a busy machine


def jpeg(width: int = 640, height: int = 480) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.full((height, width, 3), 120, np.uint8)).save(out, "JPEG")
    return out.getvalue()


async def until(websocket: ClientConnection, kind: str) -> dict[str, Any]:
    """The next event of a type."""
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            event: dict[str, Any] = json.loads(await websocket.recv())
            if event["type"] == kind:
                return event


async def send(websocket: ClientConnection, **event: Any) -> None:
    await websocket.send(json.dumps(event))


async def ask(websocket: ClientConnection, question: str = "What do you see?", **response: Any) -> None:
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": question}]}
    await send(websocket, type="response.create", response={"conversation": "none", "input": [item], **response})


async def close_code(websocket: ClientConnection) -> int | None:
    """With which code the server closes; reads what comes before."""
    async with asyncio.timeout(TIMEOUT_S):
        with contextlib.suppress(ConnectionClosed):
            while True:
                await websocket.recv()
    return websocket.close_code
