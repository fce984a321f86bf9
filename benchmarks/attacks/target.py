"""Whom an attack is aimed at, and what all attacks need: a viewer's requests, and raw connections of a stranger."""

import asyncio
import contextlib
import json
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

CAMERA = "lobby"


@dataclass(frozen=True, slots=True)
class Target:
    """A server on this machine. `token` is a viewer's; a stranger doesn't use it."""

    url: str
    token: str

    def __post_init__(self) -> None:
        assert urlsplit(self.url).hostname in ("127.0.0.1", "localhost", "::1"), "attacks go to this machine only"

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def ws_url(self) -> str:
        return "ws" + self.url.removeprefix("http")

    def client(self, timeout_s: float = 600.0) -> httpx.AsyncClient:
        """A viewer's, of as many connections as it likes."""
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        return httpx.AsyncClient(base_url=self.url, headers=self.headers, timeout=timeout_s, limits=limits)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A raw connection. Raises OSError."""
        parts = urlsplit(self.url)
        context = None
        if parts.scheme == "https":
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return await asyncio.open_connection(parts.hostname, parts.port, ssl=context)


Attack = Callable[[Target], Coroutine[Any, Any, None]]


async def forever(width: int, act: Callable[[int], Awaitable[object]], pause_s: float = 0.05) -> None:
    """`act(number)` again and again, `width` at once, until cancelled. What the server refuses is tried again."""

    async def lane(number: int) -> None:
        while True:
            with contextlib.suppress(OSError, EOFError, httpx.HTTPError, asyncio.TimeoutError):
                await act(number)
            number += width
            await asyncio.sleep(pause_s)

    async with asyncio.TaskGroup() as lanes:
        for number in range(width):
            lanes.create_task(lane(number))


async def pour(target: Target, head: bytes, piece: bytes, times: int, pause_s: float = 0.0) -> None:
    """A raw connection that sends `head`, and `piece` so many times, as fast as it is taken."""
    _reader, writer = await asyncio.wait_for(target.connect(), 10)
    with contextlib.closing(writer):
        writer.write(head)
        for _ in range(times):
            writer.write(piece)
            await asyncio.wait_for(writer.drain(), 30)
            await asyncio.sleep(pause_s)


def chat(messages: list[dict[str, Any]], model: str = CAMERA, **more: Any) -> bytes:
    """The body of a chat completion."""
    return json.dumps({"model": model, "messages": messages, "max_tokens": 8, **more}).encode()


def user(content: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": content}]
