"""A realtime session's websocket, before a small server of websockets: what ends it, and what it comes back after."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.server import ServerConnection, serve

from askcam.client.address import Address
from askcam.client.errors import ConnectionLost
from askcam.client.line import PINGS_UNANSWERED, LinePlace, SessionLine


class Closing:
    """Begins each session with its first event, and closes each connection with `code`."""

    def __init__(self, code: int) -> None:
        self.code, self.num_connections = code, 0

    async def __call__(self, websocket: ServerConnection) -> None:
        self.num_connections += 1
        kind = "session.created" if self.num_connections == 1 else "session.resumed"
        await websocket.send(json.dumps({"type": kind, "event_id": "event_1", "session": {"id": "sess_1"}}))
        await websocket.close(self.code, "that was it")


@asynccontextmanager
async def opened(closing: Closing) -> AsyncIterator[SessionLine]:
    async with serve(closing, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        address = Address.parse(f"http://127.0.0.1:{port}")
        yield await SessionLine.open(LinePlace(address, "lobby", None, None, timeout_s=20, resume_s=20))


@pytest.mark.parametrize("code", [1000, 1001, 1008, 1013, 4000])
async def test_a_goodbye_ends_the_session_and_nobody_comes_back(code: int) -> None:
    closing = Closing(code)
    async with opened(closing) as line:
        with pytest.raises(ConnectionLost, match="has ended"):
            await anext(line.events())
    assert closing.num_connections == 1


async def test_who_seemed_dead_to_the_server_comes_back() -> None:
    closing = Closing(PINGS_UNANSWERED)
    async with opened(closing) as line:
        async for event in line.events():
            assert event["type"] == "session.resumed"
            break
    assert closing.num_connections == 2
