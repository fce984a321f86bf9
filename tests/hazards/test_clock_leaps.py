"""A real server whose wall clock leaps, as at a wrong battery, a wrong time server, or their correction: nothing is
invented, nothing is lost, and it goes on."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.servers.askcam_server import LiveServer, live_server
from support.waiting import until

from askcam.demo.scene import make_scene

DAY_S = 86_400
WAIT_S = 180.0
THING = make_scene(3).traveller.drawn.a

# Runs before anything else in the server's process: whatever asks for the time of day is told another one.
LEAPING = """
import pathlib, time
real, steady, file = time.time, time.monotonic, pathlib.Path({file!r})
ahead, looked = 0.0, -1.0
def leaping():
    global ahead, looked
    if steady() - looked > 0.05:
        ahead, looked = float(file.read_text() or ahead), steady()
    return real() + ahead
time.time = leaping
"""

CONFIG = f"""
[cameras.hall]
uri = "synthetic:3"

[evidence]
enabled = true
folder = "evidence"
max_days = 30

[watching]
folder = "watches"

[watches.thing]
question = "Is there {THING}? Answer yes or no."
cameras = ["hall"]
every_s = 0.5
for_s = 2
"""


@dataclass(slots=True)
class Stage:
    server: LiveServer
    http: httpx.Client
    clock: Path

    def leap(self, to_s: float) -> None:
        """So far ahead of the true time from now on."""
        fresh = self.clock.with_suffix(".new")
        fresh.write_text(str(to_s))
        fresh.replace(self.clock)

    def now(self) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get("/v1/watches/thing").json()["now"][0]
        return found

    def ask(self) -> str:
        asked = {"model": "hall", "messages": [{"role": "user", "content": "What do you see?"}], "max_tokens": 4}
        reply = self.http.post("/v1/chat/completions", json=asked)
        assert reply.status_code == 200, reply.text
        return str(reply.json()["askcam"]["answer_id"])

    def reads_at(self, ahead_s: float) -> bool:
        """Whether the watch has read a picture since the clock was set there."""
        at = self.now()["read_at"]
        return at is not None and abs(stamp(at) - datetime.now(UTC).timestamp() - ahead_s) < DAY_S / 2

    def metric(self, name: str) -> float:
        lines = self.http.get("/metrics").text.splitlines()
        return float(next(line for line in lines if line.startswith(name)).rsplit(" ", 1)[1])


def stamp(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    clock = tmp_path / "ahead"
    clock.write_text("0")
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "sitecustomize.py").write_text(LEAPING.format(file=str(clock)))
    (tmp_path / "askcam.toml").write_text(CONFIG)
    path = os.pathsep.join(filter(None, (str(tmp_path / "first"), os.environ.get("PYTHONPATH"))))
    with (
        live_server("--config", str(tmp_path / "askcam.toml"), env={"PYTHONPATH": path}) as server,
        httpx.Client(base_url=server.url, timeout=60) as http,
    ):
        yield Stage(server, http, clock)


def test_watches_evidence_and_cameras_outlive_leaps_to_and_fro(stage: Stage) -> None:
    until(lambda: stage.now()["state"] == "on", "the watch to turn on", WAIT_S)
    first = stage.ask()
    until(lambda: stage.metric("askcam_evidence_answers") == 1, "its evidence", WAIT_S)
    kept = [first]
    for ahead_s in (40 * DAY_S, -2 * DAY_S, 0):
        stage.leap(ahead_s)
        until(lambda ahead_s=ahead_s: stage.reads_at(ahead_s), f"a reading {ahead_s} s ahead", WAIT_S)
        scored = stage.metric('askcam_watch_scorings_total{outcome="scored"}')
        until(
            lambda scored=scored: stage.metric('askcam_watch_scorings_total{outcome="scored"}') > scored + 6,
            "more readings",
            WAIT_S,
        )
        assert stage.now()["state"] == "on"
        kept.append(stage.ask())
        until(lambda: stage.metric("askcam_evidence_answers") == len(kept), "all evidence to be there", WAIT_S)
    events = stage.http.get("/v1/events").json()["data"]
    assert [(event["id"], event["kind"]) for event in events] == [(1, "on")]  # none was invented
    assert all(stage.http.get(f"/v1/answers/{name}").status_code == 200 for name in kept)
    assert stage.metric('askcam_camera_reconnects_total{camera="hall"}') == 0
    assert any("the clock has leapt ahead" in line for line in stage.server.log)
