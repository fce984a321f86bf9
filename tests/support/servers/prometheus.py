"""A real Prometheus (Debian's) as a process, on a port that the system chose, its data in a folder of the test."""

import contextlib
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from support.parts import need

START_S = 60.0
LISTENING = re.compile(r'msg="Listening on" address=(\S+)')


def need_prometheus() -> None:
    found = shutil.which("prometheus") is not None and shutil.which("promtool") is not None
    need(found, "Prometheus is missing: apt install --no-install-recommends prometheus")


def promtool(*args: str, text: str | None = None) -> "subprocess.CompletedProcess[str]":
    """Debian's promtool; `text` is its standard input."""
    return subprocess.run(["promtool", *args], input=text, capture_output=True, text=True, timeout=60)


@dataclass(slots=True)
class Prometheus:
    http: httpx.Client

    def get(self, path: str, **params: Any) -> Any:
        """The `data` of a reply of its API."""
        reply = self.http.get(path, params=params)
        assert reply.status_code == 200, f"{params}: {reply.text}"
        return reply.json()["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series that an expression has now."""
        found: list[dict[str, Any]] = self.get("/api/v1/query", query=expression)["result"]
        return found


@contextlib.contextmanager
def prometheus(config: Path, data: Path) -> Iterator[Prometheus]:
    """Started with this configuration; ended with the block."""
    command = ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={data}"]
    process = subprocess.Popen(
        [*command, "--web.listen-address=127.0.0.1:0"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    said: list[str] = []
    address: list[str] = []
    listening = threading.Event()

    def follow(lines: Any) -> None:
        for line in lines:
            said.append(line)
            if found := LISTENING.search(line):
                address.append(found[1])
                listening.set()
        listening.set()  # it has ended

    reader = threading.Thread(target=follow, args=(process.stderr,), daemon=True)
    reader.start()
    try:
        assert listening.wait(START_S), "".join(said)
        assert address, "".join(said)
        with httpx.Client(base_url=f"http://{address[0]}", timeout=60) as http:
            yield Prometheus(http)
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(60)
        reader.join(60)
        process.stderr.close()
