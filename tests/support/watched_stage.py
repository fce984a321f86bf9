"""A real server with one watch, before whose camera something comes and goes; and who follows its events."""

import json
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from support.servers.askcam_server import LiveServer
from support.servers.running import MJPEGServer
from support.waiting import until

WAIT_S = 180.0  # a window of four seconds must fill and change, on a busy machine

CONFIG = """
[server]
token = "viewers-token"
admin_token = "admins-token"

[cameras.gate]
uri = "{url}"
fps = 4.0

[watching]
folder = "kept"

[watches.engine]
question = "{question}"
cameras = ["gate"]
every_s = 0.5
for_s = 0.5
severity = "critical"
"""


@dataclass(slots=True)
class Stage:
    """A server, its camera, and what is before it."""

    server: LiveServer
    camera: MJPEGServer
    thing: Path
    config: Path

    def http(self, role: str = "admins") -> httpx.Client:
        headers = {"Authorization": f"Bearer {role}-token"}
        return httpx.Client(base_url=self.server.url, headers=headers, timeout=60)

    def events(self, **params: Any) -> list[dict[str, Any]]:
        """Oldest first."""
        with self.http("viewers") as http:
            reply = http.get("/v1/events", params=params | {"limit": 500})
        assert reply.status_code == 200, reply.text
        found: list[dict[str, Any]] = reply.json()["data"]
        return found[::-1]

    def show(self, shown: bool) -> None:
        self.thing.touch() if shown else self.thing.unlink(missing_ok=True)

    def await_state(self, state: str, watch: str = "engine") -> None:
        with self.http("viewers") as http:
            until(
                lambda: http.get(f"/v1/watches/{watch}").json()["now"][0]["state"] == state, f"{watch} {state}", WAIT_S
            )


@dataclass(slots=True)
class Listener:
    """Follows the stream of events in a thread of its own until `count` came, or the stream ends."""

    server: LiveServer
    headers: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    heard: list[dict[str, Any]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def listen(self, count: int, timeout_s: float = WAIT_S) -> "threading.Thread":
        began = threading.Event()

        def follow() -> None:
            headers = {"Accept": "text/event-stream", "Authorization": "Bearer viewers-token"} | self.headers
            where, timeout = self.server.url + "/v1/events", httpx.Timeout(timeout_s)
            with httpx.stream("GET", where, headers=headers, params=self.params, timeout=timeout) as reply:
                assert reply.headers["content-type"].startswith("text/event-stream")
                for line in reply.iter_lines():
                    began.set()  # the first line comes once it is subscribed
                    if line.startswith("event: "):
                        self.names.append(line.removeprefix("event: "))
                    elif line.startswith("data: "):
                        self.heard.append(json.loads(line.removeprefix("data: ")))
                        if len(self.heard) >= count:
                            return

        thread = threading.Thread(target=follow, daemon=True)
        thread.start()
        assert began.wait(60)
        return thread
