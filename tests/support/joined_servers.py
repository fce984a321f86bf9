"""Real servers that join a real front and are given its cameras, as processes; and what came about of these."""

import contextlib
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from support.front_tokens import FRONT, SHARD
from support.servers.askcam_server import LiveServer, front_server, live_server

OF_SHARDS = "[timeline]\nenabled = true\nmax_notes_per_hour = 1\n"  # one of each camera, as long as a test lasts
WHAT: Any = [{"role": "user", "content": "What do you see?"}]
CONFIG = """
[front]
probe_s = 0.3
silent_s = 20
[cluster]
folder = "table"
silent_s = 20
[cameras.c1]
uri = "synthetic:1"
fps = 1
[cameras.c2]
uri = "synthetic:2"
fps = 1
[cameras.c3]
uri = "synthetic:3"
fps = 1
[watches.anything]
question = "Is anything moving? Answer yes or no."
cameras = ["c1", "c2"]
on = 0.000001
off = 0
every_s = 1
for_s = 0
"""  # so that it is on at once, and never off again


@dataclass
class Kept:
    """What came about of c1 on shard b, before it went to a."""

    note: dict[str, Any]
    answer: str


@dataclass
class Cluster:
    """A front whose address stays, and the shards before which it stands."""

    folder: Path
    port: int
    stack: contextlib.ExitStack
    front: LiveServer | None = None
    shards: dict[str, LiveServer] = field(default_factory=dict)
    kept: Kept | None = None

    def begin_front(self) -> None:
        config = self.folder / "front.toml"
        if not config.exists():
            config.write_text(CONFIG)
        told = front_server({}, "--config", str(config), "--port", str(self.port), env=FRONT)
        self.front = self.stack.enter_context(told)

    def begin_shard(self, name: str) -> LiveServer:
        config = self.folder / "shard.toml"
        config.write_text(OF_SHARDS)
        flags = ("--config", str(config), "--front", f"http://127.0.0.1:{self.port}", "--shard-name", name)
        self.shards[name] = self.stack.enter_context(live_server(*flags, env=SHARD))
        return self.shards[name]

    def client(self, who: str = "front-viewer") -> httpx.Client:
        headers = {"authorization": f"Bearer {who}"}
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", headers=headers, timeout=120)

    def owned(self) -> dict[str, list[str]]:
        """By shard, what it has been given and says that it has."""
        with self.client() as http:
            told = http.get("/v1/shards").json()["data"]
        return {each["name"]: each["owns"] for each in told if each.get("joined") in ("live", "draining")}

    def state(self, shard: str) -> dict[str, Any]:
        with self.client() as http:
            (found,) = (each for each in http.get("/v1/shards").json()["data"] if each["name"] == shard)
        return dict(found)

    def events(self, watch: str = "anything") -> list[dict[str, Any]]:
        """Of a watch, newest first."""
        with self.client() as http:
            return list(http.get("/v1/events", params={"watch": watch}).raise_for_status().json()["data"])

    def notes(self, camera: str) -> tuple[list[dict[str, Any]], list[str]]:
        """What was noted of a camera, and the shards that had no part in it."""
        with self.client() as http:
            told = http.get("/v1/timeline", params={"camera": camera, "level": "note"}).raise_for_status().json()
        return [note for note in told["data"] if note["event_id"] is None], told.get("shards_down", [])

    def alarms(self) -> list[str]:
        return sorted(f"{each['kind']} {each['camera']}" for each in self.events())

    def epochs(self) -> dict[str, int]:
        """By camera, as the table on disk has them."""
        return dict(self.rows("SELECT camera, epoch FROM owners"))

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Of the table on disk."""
        with contextlib.closing(sqlite3.connect(f"file:{self.folder}/table/cluster.sqlite?mode=ro", uri=True)) as db:
            return db.execute(query, values).fetchall()

    def logs(self) -> list[str]:
        servers = [*self.shards.values(), *([] if self.front is None else [self.front])]
        return [line for server in servers for line in server.log]

    def answer_id(self, camera: str) -> str | None:
        """Of an answer about it; None: there is none just now."""
        with self.client() as http:
            reply = http.post("/v1/chat/completions", json={"model": camera, "messages": WHAT, "max_tokens": 4})
        assert reply.status_code in (200, 429, 503), reply.text
        return str(reply.json()["askcam"]["answer_id"]) if reply.status_code == 200 else None

    def answered(self, *cameras: str) -> bool:
        """Whether all of them answer through the front."""
        with self.client() as http:
            replies = [
                http.post("/v1/chat/completions", json={"model": camera, "messages": WHAT, "max_tokens": 4})
                for camera in cameras
            ]
        assert {reply.status_code for reply in replies} <= {200, 429, 503}, [reply.text for reply in replies]
        return all(reply.status_code == 200 for reply in replies)
