"""A small web server with pictures, in a thread of the test's own process, that can misbehave in many ways."""

import io
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

import numpy as np
from PIL import Image


def png(red: int = 215, green: int = 30, blue: int = 45) -> bytes:
    """One colour, 320x240."""
    out = io.BytesIO()
    Image.fromarray(np.full((240, 320, 3), (red, green, blue), np.uint8)).save(out, "PNG")
    return out.getvalue()


class Web:
    """Answers what `pages` says, by path; `asked` has each request's path and Host header. 127.0.0.1 by default."""

    def __init__(self, host: str = "127.0.0.1", tls: tuple[Path, Path] | None = None) -> None:
        self.pages: dict[str, Callable[[Reply], None]] = {}
        self.asked: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.closing = threading.Event()  # for replies that go on for ever
        self._server = _Server((host, 0), self)
        self._tls = tls is not None
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    def page(self, path: str, data: bytes, kind: str = "image/png", status: int = 200, **headers: str) -> None:
        """At `path` lies this; header names are written with underscores."""
        self.pages[path] = lambda reply: reply.give(data, kind, status, headers)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()


class Reply(BaseHTTPRequestHandler):
    """One request on its way to an answer."""

    server: "_Server"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        web = self.server.web
        web.asked.append((self.path, self.headers["Host"]))
        web.headers.append(dict(self.headers.items()))
        found = web.pages.get(self.path.partition("?")[0])
        if found is None:
            self.give(b"not here", "text/plain", 404, {})
        else:
            found(self)

    def give(self, data: bytes, kind: str, status: int, headers: dict[str, str]) -> None:
        self.begin(kind, status, {"Content_Length": str(len(data))} | headers)
        self.wfile.write(data)

    def begin(self, kind: str, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """Only the head; what comes then goes into `wfile`, and the connection's end is its end."""
        self.close_connection = True
        self.send_response(status)
        if kind:
            self.send_header("Content-Type", kind)
        for name, value in (headers or {}).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], web: Web) -> None:
        self.web = web
        super().__init__(address, Reply)

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up, or speak no TLS, are what is tested."""
