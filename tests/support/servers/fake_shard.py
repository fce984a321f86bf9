"""A small shard on the test's own event loop: it tells a front what it is, and answers all else as a test has it."""

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Heard:
    """A request as it came."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path


Answer = Callable[[Heard, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class FakeShard:
    """`lists`: what its GETs tell, by path. `answers`: whole answers, by path; of no path, "": of all else. `roles`: by
    token, what it is good for; None: without a token everybody is admin."""

    cameras: list[str] = field(default_factory=list)
    lists: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    roles: Mapping[str, str] | None = None
    heard: list[Heard] = field(default_factory=list)  # but the front's own looks
    url: str = ""
    left: int = 0  # connections that were ended while it answered

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while (request := await _read(reader)) is not None:
                await self._answer(request, reader, writer)
                if writer.is_closing():
                    break
        writer.close()

    async def _answer(self, request: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        looked = self._look(request)
        if looked is not None:
            await tell(writer, *looked)
            return
        self.heard.append(request)
        if request.method == "GET" and request.path in self.lists:
            await tell(writer, 200, self.lists[request.path])
            return
        answering = asyncio.ensure_future(
            self.answers.get(request.path, self.answers.get("", nothing))(request, writer)
        )
        leaving = asyncio.ensure_future(reader.read(1))  # a front asks for nothing more before it is answered
        try:
            await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                answering.result()
            else:
                self.left += 1
                writer.close()
        finally:
            answering.cancel()
            leaving.cancel()
            await asyncio.gather(answering, leaving, return_exceptions=True)

    def _look(self, request: Heard) -> tuple[int, Any] | None:
        """What every server tells; None: it is something else."""
        role = "admin"
        if self.roles is not None:
            role = self.roles.get(request.headers.get("authorization", "").removeprefix("Bearer "), "")
        match request.method, request.path:
            case "GET", "/readyz" if "/readyz" not in self.answers:
                return 200, {"status": "ready"}
            case "GET", "/v1/session" if "/v1/session" not in self.answers:
                return 200, {"role": role or None, "token_required": self.roles is not None}
            case "GET", "/v1/cameras" if "/v1/cameras" not in self.answers:
                return 200, {"object": "list", "data": [{"name": name, "state": "live"} for name in self.cameras]}
            case "GET", "/v1/models" if "/v1/models" not in self.answers:
                return 200, {"object": "list", "data": [{"id": name} for name in ("askcam", *self.cameras)]}
        return None


@contextlib.asynccontextmanager
async def running(shard: FakeShard, port: int = 0, tls: ssl.SSLContext | None = None) -> AsyncIterator[FakeShard]:
    """It listens within the block, and breaks off all that is open at its end. `tls`: over https, so."""
    writers: dict[asyncio.StreamWriter, asyncio.Task[None]] = {}

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        writers[writer] = task
        try:
            await shard.serve(reader, writer)
        except asyncio.CancelledError:
            pass  # the test is over
        finally:
            del writers[writer]

    server = await asyncio.start_server(connected, "127.0.0.1", port, ssl=tls)
    shard.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield shard
    finally:
        server.close()
        tasks = list(writers.values())
        for writer, task in tuple(writers.items()):
            writer.transport.abort()
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def tell(writer: asyncio.StreamWriter, status: int, value: Any, headers: Mapping[str, str] | None = None) -> None:
    """A whole answer: JSON, or bytes as they are."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    given = {"content-type": "application/json", "content-length": str(len(body)), **(headers or {})}
    head = "".join(f"{name}: {text}\r\n" for name, text in given.items())
    writer.write(f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode() + body)
    await writer.drain()


async def begin(writer: asyncio.StreamWriter, kind: str) -> None:
    """The head of an answer that comes piece by piece."""
    writer.write(f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n".encode())
    await writer.drain()


async def say(writer: asyncio.StreamWriter, piece: bytes) -> None:
    """One piece; an empty one is the end."""
    writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
    await writer.drain()


async def nothing(request: Heard, writer: asyncio.StreamWriter) -> None:
    await tell(writer, 404, {"error": {"message": f"nothing is at {request.path}", "type": "invalid_request_error"}})


async def _read(reader: asyncio.StreamReader) -> Heard | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Heard(method, target, headers, body)
