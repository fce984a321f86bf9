"""A server that speaks no TLS where https:// was said, and one that is not there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from askcam.engine.errors import ModelUnreachable
from askcam.engine.remote.place import ServerPlace
from askcam.engine.remote.transport import Transport


@asynccontextmanager
async def plain_server() -> AsyncIterator[int]:
    """Answers whatever comes as an HTTP server answers nonsense; the port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def refused(url: str) -> str:
    transport = Transport(ServerPlace.of(url), None, 10.0, 1)
    try:
        with pytest.raises(ModelUnreachable) as told:
            await transport.get("/models")
    finally:
        await transport.close()
    return str(told.value)


async def test_a_server_without_tls_is_asked_about_http() -> None:
    async with plain_server() as port:
        said = await refused(f"https://127.0.0.1:{port}/v1")
    assert "--model-url, or url under [model]" in said
    assert "speaks no TLS" in said


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_where_nothing_listens_no_protocol_is_guessed(scheme: str) -> None:
    async with plain_server() as port:
        pass
    said = await refused(f"{scheme}://127.0.0.1:{port}/v1")
    assert "nothing answers" in said
    assert "TLS" not in said
