"""A webhook's receiver on loopback, in a thread of the test's own process: it notes every request, and answers what the
test wants. It can be away, and come back on the same port."""

import contextlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from support.ports import own_port


@dataclass(frozen=True, slots=True)
class Got:
    """One request. Header names are lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    status: int  # that it was answered with

    @property
    def name(self) -> str:
        return self.headers["webhook-id"]

    @property
    def said(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def event(self) -> int:
        return int(self.said["data"]["id"])


Answer = tuple[int, Mapping[str, str]]


class Receiver:
    """Answers 200 unless `answer` says otherwise: called with each request's body, it gives status and headers."""

    def __init__(self) -> None:
        self.got: list[Got] = []
        self.answer: Callable[[bytes], Answer] = lambda _: (200, {})
        self.slow = threading.Event()  # while it is set nothing is answered
        self.begun = 0  # requests that have come, answered or not
        self.port = own_port()
        self._server: _Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks/secret-path"

    def status(self, status: int, **headers: str) -> None:
        """From now on this is answered; header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answer = lambda _: (status, named)

    @property
    def taken(self) -> list[int]:
        """Ids of events that were answered with 2xx, in the order in which they came."""
        return [one.event for one in list(self.got) if 200 <= one.status < 300]

    def start(self) -> None:
        assert self._server is None, "already started"
        self._server = _Server(("127.0.0.1", self.port), self)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Nobody listens any more."""
        server, self._server = self._server, None
        self.slow.clear()
        if server is not None:
            server.shutdown()
            server.server_close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], receiver: Receiver) -> None:
        self.receiver = receiver
        super().__init__(address, _Request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are what is tested."""


class _Request(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        receiver = self.server.receiver
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:  # whoever sent it was killed meanwhile
            return
        receiver.begun += 1
        while receiver.slow.is_set():
            time.sleep(0.01)
        if self.gone():
            return
        status, headers = receiver.answer(body)
        known = {name.lower(): value for name, value in self.headers.items()}
        receiver.got.append(Got(self.path, known, body, status))
        self.send_response(status)
        for name, value in {"Content-Length": "0", **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def gone(self) -> bool:
        """Whether who asked has hung up; over TLS that cannot be seen without reading."""
        if isinstance(self.connection, ssl.SSLSocket):
            return False
        with contextlib.suppress(BlockingIOError):
            return not self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        return False

    def log_message(self, *_: object) -> None: ...
