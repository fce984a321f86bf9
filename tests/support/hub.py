"""A hub on this machine: it speaks the hub's API over real HTTP, and breaks in the ways that hubs and mirrors do."""

import hashlib
import http.server
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LARGE = 50_000  # bytes; only such files stall
STALL_S = 60.0
COMMIT = "c0ffee" + "0" * 34
RESOLVED = re.compile(rf"/(?P<model>[^/]+/[^/]+)/resolve/(?:main|{COMMIT})/(?P<path>.+)")


class Hub:
    """What it holds, and how it breaks. `requested`: (path of the file, its Range header) of all GETs of files."""

    def __init__(self, models: dict[str, Path]) -> None:
        self.models = models
        self.requested: list[tuple[str, str | None]] = []
        self.breaks_after: int | None = None  # bytes of a large file, then the connection ends
        self.breaks = 0  # how many more times
        self.stalls_after: int | None = None  # bytes of a large file, until `go_on`
        self.go_on = threading.Event()
        self.takes_ranges = True
        self.gated: set[str] = set()
        self.spoiled: set[str] = set()  # files of which other bytes come
        self.sizes: dict[str, int] = {}  # what is said of a file, instead of the truth
        self.says_digests = True
        self.says: dict[str, str] = {}  # of the commit ("sha") or of every file ("digest"), instead of the truth
        self.endless = False  # more comes of a large file than there is
        self.address = ""

    def file(self, model: str, path: str) -> bytes | None:
        found = self.models.get(model)
        return None if found is None or not (found / path).is_file() else (found / path).read_bytes()

    def info(self, model: str) -> dict[str, Any] | None:
        if model not in self.models:
            return None
        siblings = [self._sibling(path) for path in sorted(self.models[model].iterdir()) if path.is_file()]
        return {
            "id": model,
            "modelId": model,
            "sha": self.says.get("sha", COMMIT),
            "siblings": siblings,
            "tags": [],
            "private": False,
        }

    def _sibling(self, path: Path) -> dict[str, Any]:
        data = path.read_bytes()
        size = self.sizes.get(path.name, len(data))
        if not self.says_digests:
            return {"rfilename": path.name}
        git = hashlib.sha1(f"blob {len(data)}\0".encode() + data).hexdigest()
        said: dict[str, Any] = {"rfilename": path.name, "size": size, "blobId": git}
        if path.suffix == ".safetensors":
            said["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": size, "pointerSize": 134}
        if "digest" in self.says:
            said["blobId"] = self.says["digest"]
            said |= {"lfs": {**said["lfs"], "sha256": self.says["digest"]}} if "lfs" in said else {}
        return said


@contextmanager
def serving_hub(models: dict[str, Path]) -> Iterator[Hub]:
    """It answers while the block runs."""
    hub = Hub(models)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.05))
    thread.start()
    hub.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join(60)


class _Handler(http.server.BaseHTTPRequestHandler):
    hub: Hub

    def do_HEAD(self) -> None:
        self._reply(200, b"")

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path.startswith("/api/models/"):
            info = self.hub.info("/".join(path.split("/")[3:5]))
            if info is None:
                self._reply(404, b"", {"X-Error-Code": "RepoNotFound"})
            else:
                self._reply(200, json.dumps(info).encode(), {"Content-Type": "application/json"})
        elif path.startswith("/cdn/"):
            self._file(*path.removeprefix("/cdn/").rsplit("/", 1))
        elif (found := RESOLVED.fullmatch(path)) is None or self.hub.file(found["model"], found["path"]) is None:
            self._reply(404, b"", {"X-Error-Code": "EntryNotFound"})
        elif found["model"] in self.hub.gated:
            self._reply(403, b"", {"X-Error-Code": "GatedRepo"})
        else:  # files lie elsewhere, as on the hub
            self._reply(302, b"", {"Location": f"{self.hub.address}/cdn/{found['model']}/{found['path']}"})

    def _file(self, model: str, name: str) -> None:
        data = self.hub.file(model, name) or b""
        wanted = self.headers.get("Range")
        self.hub.requested.append((name, wanted))
        if name in self.hub.spoiled:
            data = b"\0" * len(data)
        if self.hub.endless and name.endswith(".safetensors"):
            data += bytes(8 << 20)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.hub.takes_ranges else 0
        if start >= len(data) > 0:
            self._reply(416, b"", {"Content-Range": f"bytes */{len(data)}"})
            return
        head = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"} if start else {}
        self._reply(206 if start else 200, data[start:], head, cut=self._cut(name))

    def _cut(self, name: str) -> int | None:
        if self.hub.breaks_after is None or self.hub.breaks <= 0 or not name.endswith(".safetensors"):
            return None
        self.hub.breaks -= 1
        return self.hub.breaks_after

    def _reply(self, status: int, body: bytes, headers: dict[str, str] | None = None, cut: int | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        stall = self.hub.stalls_after if len(body) > LARGE else None
        self.wfile.write(body[:cut][:stall])
        if stall is not None:
            self.wfile.flush()
            self.hub.go_on.wait(STALL_S)
            self.wfile.write(body[:cut][stall:])
        if cut is not None:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Quiet."""
