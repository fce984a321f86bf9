"""Connections are taken from the listening socket, opened (with TLS, if there is a certificate), and looked after."""

import asyncio
import contextlib
import errno
import logging
import socket
import ssl
import time
from collections.abc import Callable

from uvicorn.config import Config
from uvicorn.server import ServerState

from askcam.server.access.origins import client_key
from askcam.server.access.proxies import TrustedProxies
from askcam.server.connections.book import Book, Peer
from askcam.server.connections.effort import Effort
from askcam.server.connections.pace import HANDSHAKE_S
from askcam.server.connections.protocol import GuardedHttp, TcpLine
from askcam.server.connections.told import Told

EVERY_S = 1.0  # how often all connections are looked at
PARKED_S = 5.0  # what makes way is ended so much later, while there is room: whoever opens thousands waits for it
TLS_GOODBYE_S = 2.0
NO_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
FULL = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"

log = logging.getLogger(__name__)


class Accepting:
    """Owned by the event loop. uvicorn itself accepts nothing: asyncio's servers tell nobody of a connection before its
    handshake is done, and write a traceback a second once descriptors are out."""

    def __init__(
        self,
        listener: socket.socket,
        book: Book,
        told: Told,
        proxies: TrustedProxies,
        config: Config,
        state: ServerState,
        app_state: Callable[[], dict[str, object]],
    ) -> None:
        self._listener, self._book, self._told, self._proxies = listener, book, told, proxies
        self._config, self._state, self._app_state = config, state, app_state
        self._lines: dict[Peer, TcpLine] = {}
        self._effort = Effort()
        self._parked: dict[TcpLine, asyncio.TimerHandle] = {}  # the oldest first
        self._opening: set[asyncio.Task[None]] = set()
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self) -> None:
        self._tasks = [asyncio.create_task(self._accept()), asyncio.create_task(self._look_after())]

    async def end(self) -> None:
        """No more connections are taken; those that are open stay, and are still looked after."""
        self._tasks[0].cancel()
        await asyncio.gather(self._tasks[0], return_exceptions=True)
        self._listener.close()
        for task in self._opening:
            task.cancel()

    async def close(self) -> None:
        """End all connections that are left, at once."""
        for line in list(self._lines.values()):
            line.abort("ended")
        for task in (*self._tasks, *self._opening):
            task.cancel()
        await asyncio.gather(*self._tasks, *self._opening, return_exceptions=True)

    def abort_all(self) -> None:
        for line in list(self._lines.values()):
            line.abort("ended")

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                sock, name = await loop.sock_accept(self._listener)
            except OSError as exc:
                if exc.errno in NO_ROOM:
                    self._told.once("descriptors", f"a connection could not be taken: {exc.strerror}")
                    await asyncio.sleep(0.02 if self._make_room() else 0.5)
                elif self._listener.fileno() < 0:
                    return
                continue  # it was broken off before it was taken
            self._take(sock, str(name[0]) if isinstance(name, tuple) else "")
            await asyncio.sleep(0)  # or nothing else would run while connections wait in the kernel

    def _take(self, sock: socket.socket, host: str) -> None:
        peer = Peer(client_key(host), time.monotonic(), lambda: None, proxy=host in self._proxies)
        line = TcpLine(peer, self._book, self._told, self._effort)
        if not self._book.enter(peer):
            self._told.once("full", f"no room for a connection of {peer.address}: all that are open are at work")
            with contextlib.suppress(OSError):
                if self._config.ssl is None:
                    sock.send(FULL)
            sock.close()
            return
        task = asyncio.create_task(self._open(sock, line))
        self._lines[peer] = line
        self._opening.add(task)

        def opened(task: "asyncio.Task[None]") -> None:
            self._opening.discard(task)
            if not line.begun:  # ended before its first step: nobody else knows of the socket
                self._book.leave(peer)
                sock.close()

        task.add_done_callback(opened)

        def end() -> None:
            self._told.once("shed", "connections that show nothing make way for others: many are open")
            if line.transport is None:
                task.cancel()
            else:
                self._park(line)

        peer.end = end
        while self._parked and len(self._parked) + len(self._book) > self._book.most:
            self._unpark(next(iter(self._parked)))

    def _make_room(self) -> bool:
        """End one connection now, since descriptors are out; False: all are at work."""
        if not self._parked and not self._book.make_room():
            return False
        if self._parked:  # or what made way had not begun, and is closed already
            self._unpark(next(iter(self._parked)))
        return True

    def _park(self, line: TcpLine) -> None:
        """It is read no further, and ended a little later; at once where there is no room for it."""
        assert line.transport is not None
        line.transport.hold(2 * PARKED_S)
        self._parked[line] = asyncio.get_running_loop().call_later(PARKED_S, self._unpark, line)

    def _unpark(self, line: TcpLine) -> None:
        self._parked.pop(line).cancel()
        line.abort("shed")

    async def _open(self, sock: socket.socket, line: TcpLine) -> None:
        loop, tls, line.begun = asyncio.get_running_loop(), self._config.ssl, True

        def protocol() -> GuardedHttp:
            return GuardedHttp(self._config, self._state, dict(self._app_state()), line)

        try:
            if tls is None:
                await loop.connect_accepted_socket(protocol, sock)
            else:
                await loop.connect_accepted_socket(
                    protocol, sock, ssl=tls, ssl_handshake_timeout=HANDSHAKE_S, ssl_shutdown_timeout=TLS_GOODBYE_S
                )
        except (OSError, ssl.SSLError, TimeoutError) as exc:
            reason = getattr(exc, "reason", None) or type(exc).__name__
            self._told.once("handshake", f"a TLS handshake failed ({reason})")
            self._book.leave(line.peer)  # asyncio closes the socket
        except BaseException:
            self._book.leave(line.peer)
            raise

    async def _look_after(self) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            now = time.monotonic()
            for peer, line in list(self._lines.items()):
                if line.transport is None and not peer.gone:
                    continue
                line.look(now)
                if peer.gone and (line.transport is None or line.protocol is None or _over(line)):
                    del self._lines[peer]


def _over(line: TcpLine) -> bool:
    sock = None if line.transport is None else line.transport.get_extra_info("socket")
    return sock is None or sock.fileno() < 0
