"""Who makes way for another connection, and when it is ended: with real sockets on a real event loop."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from askcam.server.access.proxies import TrustedProxies
from askcam.server.connections import accepting
from askcam.server.connections.accepting import Accepting
from askcam.server.connections.book import Book
from askcam.server.connections.told import Told


async def app(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("nobody asks anything here")


class Clients:
    """Connections that say nothing, in the order in which they came."""

    def __init__(self, address: Any, book: Book, accepting: Accepting) -> None:
        self._address, self.book, self.accepting = address, book, accepting
        self.socks: list[socket.socket] = []

    async def come(self, count: int = 1) -> None:
        """So many more, one after the other; each is taken when this returns."""
        loop = asyncio.get_running_loop()
        for _ in range(count):
            sock = socket.socket()
            sock.setblocking(False)
            await loop.sock_connect(sock, self._address)
            self.socks.append(sock)
            local = sock.getsockname()
            await until(lambda local=local: any(_remote(line) == local for line in self.accepting._lines.values()))

    def open(self) -> list[int]:
        """Which of them are, by number."""
        return [number for number, sock in enumerate(self.socks) if _open(sock)]


def _remote(line: Any) -> Any:
    return None if line.transport is None else line.transport.get_extra_info("peername")


def _open(sock: socket.socket) -> bool:
    try:
        return sock.recv(1, socket.MSG_PEEK) != b""
    except BlockingIOError:
        return True
    except ConnectionError:
        return False


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def serving(most: int, per_address: int) -> AsyncIterator[Clients]:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    config = Config(app, log_config=None)
    config.load()
    book = Book(most, per_address)
    taking = Accepting(listener, book, Told(), TrustedProxies([]), config, ServerState(), dict)
    taking.begin()
    clients = Clients(listener.getsockname(), book, taking)
    try:
        yield clients
    finally:
        await taking.end()
        await taking.close()
        for sock in clients.socks:
            sock.close()


async def test_who_makes_way_is_ended_a_while_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accepting, "PARKED_S", 600.0)
    async with serving(most=10, per_address=3) as clients:
        await clients.come(5)
        assert len(clients.book) == 3, "two of them count no more"
        assert clients.open() == [0, 1, 2, 3, 4]
        monkeypatch.setattr(accepting, "PARKED_S", 0.05)
        await clients.come()
        await until(lambda: clients.open() == [0, 1, 3, 4, 5])


async def test_no_more_are_open_than_may_be_with_those_that_make_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accepting, "PARKED_S", 600.0)
    async with serving(most=4, per_address=2) as clients:
        await clients.come(9)
        await until(lambda: clients.open() == [5, 6, 7, 8])


async def test_when_descriptors_are_out_who_made_way_goes_first_and_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accepting, "PARKED_S", 600.0)
    async with serving(most=10, per_address=3) as clients:
        await clients.come(4)
        assert clients.open() == [0, 1, 2, 3]
        assert clients.accepting._make_room()
        await until(lambda: clients.open() == [1, 2, 3])
        assert clients.accepting._make_room(), "one that shows nothing goes then"
        await until(lambda: clients.open() == [2, 3])
        for _ in range(2):
            assert clients.accepting._make_room()
        await until(lambda: clients.open() == [])
        assert not clients.accepting._make_room()


async def test_one_comes_in_though_descriptors_were_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accepting, "PARKED_S", 600.0)
    async with serving(most=10, per_address=10) as clients:
        await clients.come(2)
        loop = asyncio.get_running_loop()
        accept, out = loop.sock_accept, [errno.EMFILE, errno.ENFILE]

        async def failing(listener: socket.socket) -> Any:
            if out:
                raise OSError(out.pop(), "Too many open files")
            return await accept(listener)

        monkeypatch.setattr(loop, "sock_accept", failing)
        await clients.come()  # what waits for a connection just now gets it
        await clients.come()
        await until(lambda: clients.open() == [2, 3])
