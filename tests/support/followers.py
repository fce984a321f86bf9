"""Who hears of events in a benchmark: one on the stream, who resumes, and one behind a webhook. Both can be away."""

import contextlib
import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

AGAIN_S = 0.3  # between two attempts to connect
SILENCE_S = 30.0  # a comment comes every 15 s


class Follower:
    """Reads the stream of events in a thread of its own, and comes again with Last-Event-ID. A context manager.

    `url` may change: the server is then asked there. `heard` counts each id, `events` has what was told.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.events: dict[int, dict[str, Any]] = {}
        self.heard: Counter[int] = Counter()
        self.gone = 0  # times that the server said that what was missed is not kept
        self.connections = 0
        self._last = 0
        self._there, self._over = threading.Event(), threading.Event()
        self._there.set()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._reply: httpx.Response | None = None

    def away(self) -> None:
        """Hang up, and stay away until back()."""
        self._there.clear()
        reply = self._reply
        if reply is not None:
            with contextlib.suppress(Exception):  # it may be closed in this moment
                reply.close()

    def back(self) -> None:
        self._there.set()

    def __enter__(self) -> "Follower":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.away()
        self._there.set()
        self._thread.join(SILENCE_S + 5)

    def _run(self) -> None:
        while not self._over.is_set():
            self._there.wait()
            with contextlib.suppress(httpx.HTTPError, httpx.StreamError, OSError, RuntimeError, AttributeError):
                self._follow()
            self._over.wait(AGAIN_S)

    def _follow(self) -> None:
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(self._last)}
        timeout = httpx.Timeout(SILENCE_S)
        with httpx.stream("GET", self.url + "/v1/events", headers=headers, timeout=timeout, trust_env=False) as reply:
            if reply.status_code != 200:
                return
            self._reply = reply
            self.connections += 1
            name = ""
            for line in reply.iter_lines():
                if self._over.is_set() or not self._there.is_set():
                    return
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    self._take(name, json.loads(line.removeprefix("data: ")))

    def _take(self, name: str, said: dict[str, Any]) -> None:
        if name == "gone":
            self.gone += 1
        elif name not in ("resume", "acknowledged", "judged"):
            self.heard[said["id"]] += 1
            self.events[said["id"]] = said
            self._last = said["id"]


class Receiver:
    """A webhook's other end, on a port that the machine hands out. While it is away it answers 503. A context manager.

    `ids` counts the deliveries of each event, `names` the idempotency keys that each event came under.
    """

    def __init__(self) -> None:
        self.ids: Counter[int] = Counter()
        self.names: dict[int, set[str]] = {}
        self.refused = 0
        self._there = threading.Event()
        self._there.set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status = outer._take(self.headers.get("webhook-id", ""), body)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: it would be a line per event."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/events"

    def away(self) -> None:
        self._there.clear()

    def back(self) -> None:
        self._there.set()

    def __enter__(self) -> "Receiver":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(60)

    def _take(self, name: str, body: dict[str, Any]) -> int:
        if not self._there.is_set():
            self.refused += 1
            return 503
        with self._lock:
            number = int(body.get("data", body)["id"])
            self.ids[number] += 1
            self.names.setdefault(number, set()).add(name)
        return 200

    def await_all(self, wanted: set[int], timeout_s: float) -> set[int]:
        """Wait until each of them has come; returns those that have not."""
        deadline = time.monotonic() + timeout_s
        while (missing := wanted - self.ids.keys()) and time.monotonic() < deadline:
            time.sleep(0.2)
        return missing
