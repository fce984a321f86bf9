"""Numbers, texts and the health of cameras, watched by a real server with the built-in model."""

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.servers.askcam_server import LiveServer, live_server
from support.servers.running import MJPEGServer
from support.shown import FILE, SCENE
from support.waiting import until

WAIT_S = 180.0

CONFIG = """
[cameras.gate]
uri = "{url}"
fps = 4.0

[watching]
folder = "kept"

[watches.scene]
question = "What do you see?"
cameras = ["gate"]
kind = "text"
every_s = 0.5
for_s = 2
severity = "info"
"""


@dataclass(slots=True)
class Stage:
    server: LiveServer
    thing: Path
    config: Path

    def http(self) -> httpx.Client:
        return httpx.Client(base_url=self.server.url, timeout=60)

    def events(self) -> list[dict[str, Any]]:
        """Oldest first."""
        with self.http() as http:
            found: list[dict[str, Any]] = http.get("/v1/events", params={"limit": 500}).json()["data"]
        return found[::-1]

    def now(self, watch: str = "scene") -> dict[str, Any]:
        with self.http() as http:
            found: dict[str, Any] = http.get(f"/v1/watches/{watch}").json()["now"][0]
        return found

    def await_event(self, kind: str, after: int) -> dict[str, Any]:
        return until(
            lambda: next((one for one in self.events() if one["id"] > after and one["kind"] == kind), None),
            f"an event {kind}",
            WAIT_S,
        )


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("kinds")
    config, thing = folder / "askcam.toml", folder / "shown"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FILE, str(thing))
        with MJPEGServer(SCENE) as camera:
            config.write_text(CONFIG.format(url=camera.url))
            with live_server("--config", str(config)) as server:
                yield Stage(server, thing, config)


def test_a_text_that_changed_is_told_with_what_it_said_before(stage: Stage) -> None:
    until(lambda: stage.now()["state"] == "settled", "its first text", WAIT_S)
    first = stage.now()["answer"]
    assert "fire engine" not in first
    assert [one for one in stage.events() if one["kind"] == "changed"] == []  # where it begins is no news
    stage.thing.touch()
    event = stage.await_event("changed", 0)
    assert (event["before_answer"], event["watch"], event["severity"]) == (first, "scene", "info")
    assert "fire engine" in event["answer"]
    assert (event["probability"], event["question"]) == (None, "What do you see?")
    assert event["window"]["end"] == event["frame_at"] <= event["at"]
    with stage.http() as http:
        assert http.get(event["frame_url"]).headers["content-type"] == "image/jpeg"
        text = http.get("/metrics").text
    assert 'askcam_watch_generations_total{outcome="answered"}' in text
    assert 'askcam_watch_state{camera="gate",state="settled",watch="scene"}' in text
    assert 'askcam_events_total{kind="changed",severity="info"} 1.0' in text


def test_a_change_while_the_server_was_killed_is_told_once_by_its_next_life(stage: Stage) -> None:
    told = [one["id"] for one in stage.events()]
    said = stage.now()["answer"]
    stage.server.stop(signal.SIGKILL)
    stage.thing.unlink()
    with live_server("--config", str(stage.config)) as server:
        again = Stage(server, stage.thing, stage.config)
        event = again.await_event("changed", told[-1])
        assert event["before_answer"] == said
        assert "fire engine" not in event["answer"]
        assert [one["id"] for one in again.events() if one["kind"] == "changed"][-2:] == [told[-1], event["id"]]
        server.stop(signal.SIGKILL)


def test_a_dark_camera_is_told_once_and_so_is_its_recovery_also_over_a_restart(stage: Stage) -> None:
    stage.thing.write_text("dark")
    with live_server("--config", str(stage.config)) as server:
        dark = Stage(server, stage.thing, stage.config)
        event = dark.await_event("camera_unwell", 0)
        assert (event["watch"], event["camera"], event["severity"]) == (None, "gate", "warning")
        assert "dark" in event["reason"]
        until(lambda: "dark" in str(dark.now()["trouble"]), "the watch to be blind", WAIT_S)
        server.stop(signal.SIGKILL)
    with live_server("--config", str(stage.config)) as server:
        again = Stage(server, stage.thing, stage.config)
        until(lambda: "dark" in str(again.now()["trouble"]), "the watch to be blind", WAIT_S)
        stage.thing.unlink()
        well = again.await_event("camera_well", event["id"])
        assert (well["severity"], well["reason"]) == ("info", None)
        kinds = [one["kind"] for one in again.events() if one["kind"].startswith("camera_")]
        assert kinds == ["camera_unwell", "camera_well"]


def test_numbers_are_refused_where_they_cannot_be_told_apart_and_other_answers_are_trouble(stage: Stage) -> None:
    body = {"name": "queue", "question": "How many things are there?", "cameras": ["gate"], "kind": "number"}
    with live_server("--config", str(stage.config)) as server:
        place = Stage(server, stage.thing, stage.config)
        with place.http() as http:
            for wrong, code, word in (
                ({"on_when": [">= 12"]}, "cannot_be_scored", "0 to 9"),
                ({"on_when": ["many"]}, "invalid_value", "'>= 5'"),
                ({}, "invalid_value", "comparisons"),
                ({"choices": ["1", "2"], "on_when": ["> 1"]}, "invalid_value", "choices"),
                ({"kind": "text", "on_when": ["> 1"]}, "invalid_value", "on_when"),
            ):
                error = http.post("/v1/watches", json=body | wrong)
                assert error.status_code == 400, error.text
                assert error.json()["error"]["code"] == code
                assert word in error.json()["error"]["message"]
            made = http.post("/v1/watches", json=body | {"on_when": [">= 5", "0"], "every_s": 0.5})
            assert made.status_code == 201, made.text
            until(lambda: "a number alone" in str(place.now("queue")["trouble"]), "its trouble", WAIT_S)
            assert place.now("queue")["state"] == "unknown"
