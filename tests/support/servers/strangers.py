"""Clients that behave badly, over raw sockets: bounded in count and time, to this machine only."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx


def place(url: str) -> tuple[str, int]:
    """Host and port of a server's URL."""
    parts = urlsplit(url)
    assert parts.hostname in ("127.0.0.1", "localhost")
    return "127.0.0.1", parts.port or 80


def connected(url: str, source: str = "127.0.0.1", receive_bytes: int | None = None) -> socket.socket:
    """A socket to the server from `source`, any 127.x.x.x. A small receive buffer makes one who does not read felt."""
    sock = socket.socket()
    if receive_bytes is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    sock.bind((source, 0))
    sock.settimeout(60)
    sock.connect(place(url))
    return sock


@contextlib.contextmanager
def many(
    url: str, num: int, say: bytes | Callable[[int], bytes] = b"", source: str = "127.0.0.1", receive_bytes: int = 4096
) -> Iterator[list[socket.socket]]:
    """So many connections that say something and then nothing more, and never read. Refused ones are left out."""
    socks: list[socket.socket] = []
    try:
        for index in range(num):
            try:
                sock = connected(url, source, receive_bytes)
                sock.sendall(say(index) if callable(say) else say)
            except OSError:
                continue
            socks.append(sock)
        yield socks
    finally:
        for sock in socks:
            sock.close()


def gone(sock: socket.socket, within_s: float) -> bool:
    """Whether the server ends the connection; what it sends before that is read and dropped."""
    deadline = time.monotonic() + within_s
    while (left := deadline - time.monotonic()) > 0:
        sock.settimeout(left)
        try:
            if not sock.recv(65536):
                return True
        except TimeoutError:
            return False
        except OSError:
            return True
    return False


def get(path: str, token: str | None = None, more: str = "") -> bytes:
    """A request that wants to be answered."""
    bearer = f"Authorization: Bearer {token}\r\n" if token else ""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{bearer}{more}\r\n".encode()


@dataclass(slots=True)
class Asked:
    """What an honest client has met with."""

    asked: int = 0
    answered: int = 0
    first_s: list[float] = field(default_factory=list)  # to the first token
    errors: list[str] = field(default_factory=list)

    def quantile(self, share: float) -> float:
        return sorted(self.first_s)[min(len(self.first_s) - 1, int(len(self.first_s) * share))]


class Honest:
    """Asks once a second, each time over a new connection, as long as the block runs."""

    def __init__(self, url: str, camera: str, token: str | None, every_s: float = 1.0) -> None:
        self._url, self._camera, self._token, self._every_s = url, camera, token, every_s
        self.seen = Asked()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Asked:
        self._thread.start()
        return self.seen

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join(60)

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stop.is_set():
            self._ask()
            due = max(time.monotonic(), due + self._every_s)
            self._stop.wait(due - time.monotonic())

    def _ask(self) -> None:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        messages: Sequence[dict[str, str]] = [{"role": "user", "content": "What do you see?"}]
        body = {"model": self._camera, "messages": messages, "max_tokens": 8, "stream": True}
        began = time.monotonic()
        self.seen.asked += 1
        try:
            with (
                httpx.Client(base_url=self._url, headers=headers, timeout=60) as client,
                client.stream("POST", "/v1/chat/completions", json=body) as reply,
            ):
                if reply.status_code != 200:
                    self.seen.errors.append(reply.read().decode()[:200])
                    return
                for line in reply.iter_lines():
                    if '"content":"' in line and '"content":""' not in line:
                        self.seen.first_s.append(time.monotonic() - began)
                        self.seen.answered += 1
                        break
        except httpx.HTTPError as exc:
            self.seen.errors.append(repr(exc))
