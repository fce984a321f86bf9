"""askcam watch as a user runs it, with a real server at the other end."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.program import askcam, refused
from support.servers.askcam_server import LiveServer, live_server
from support.waiting import until
from support.watch_events import add, open_store

CONFIG = """
[server]
token = "viewers-token"
admin_token = "admins-token"

[cameras.lobby]
uri = "synthetic:1"

[watching]
folder = "kept"

[watches.door]
question = "Is there a dog? Answer yes or no."
cameras = ["lobby"]
every_s = 3600
"""
VIEWER = {"ASKCAM_TOKEN": "viewers-token"}
ADMIN = VIEWER | {"ASKCAM_ADMIN_TOKEN": "admins-token"}


@dataclass(slots=True)
class Place:
    folder: Path
    server: LiveServer

    def watch(self, *args: str, env: dict[str, str] = ADMIN) -> "subprocess.CompletedProcess[str]":
        return askcam("watch", *args, "--url", self.server.url, env=env)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("watch")
    (folder / "askcam.toml").write_text(CONFIG)
    keep(folder, range(3))
    with live_server("--config", str(folder / "askcam.toml")) as server:
        yield Place(folder, server)


def keep(folder: Path, numbers: range) -> None:
    """Events that nobody was there to hear."""
    store = open_store(folder / "kept")
    for i in numbers:
        add(store, i)
    store.close()


def lines(done: "subprocess.CompletedProcess[str]") -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_watches_are_made_listed_changed_and_removed(place: Place) -> None:
    made = place.watch("add", "cat", "Is there a cat? Answer yes or no.", "--camera", "lobby", "--for-s", "5",
                       "--severity", "info", "--quiet", "22:00-06:00", "--json")  # fmt: skip
    [told] = lines(made)
    assert (told["name"], told["cameras"], told["for_s"], told["severity"]) == ("cat", ["lobby"], 5, "info")
    assert told["quiet"] == ["22:00-06:00"]
    listed = {one["name"]: one for one in lines(place.watch("list", "--json", env=VIEWER))}
    assert listed.keys() == {"cat", "door"}
    table = place.watch("list").stdout
    assert "Is there a cat?" in table
    assert "lobby" in table
    [changed] = lines(place.watch("change", "cat", "--on", "0.9", "--disable", "--json"))
    assert (changed["on"], changed["enabled"], changed["for_s"]) == (0.9, False, 5)
    assert "cat" in place.watch("remove", "cat").stdout
    assert [one["name"] for one in lines(place.watch("list", "--json"))] == ["door"]


def test_what_the_server_refuses_is_one_line_and_exit_code_2(place: Place) -> None:
    for args, env, word in (
        (("remove", "nobody"), ADMIN, "'nobody'"),
        (("remove", "a?c"), ADMIN, "a?c"),
        (("remove", "door"), ADMIN, "askcam.toml"),
        (("remove", "door"), VIEWER, "ASKCAM_ADMIN_TOKEN"),
        (("add", "x", "?", "--camera", "cellar"), ADMIN, "'cellar'"),
        (("change", "door"), ADMIN, "--for-s"),
        (("list",), {}, "token"),
        (("events", "--since", "yesterday"), ADMIN, "yesterday"),
        (("events", "--follow", "--since", "yesterday"), ADMIN, "yesterday"),
    ):
        done = place.watch(*args, env={"ASKCAM_TOKEN": "", "ASKCAM_ADMIN_TOKEN": ""} | env)
        assert done.returncode == 2, (args, done.stdout, done.stderr)
        assert word in done.stderr, (args, done.stderr)
        assert "Traceback" not in done.stderr
    assert "no-such.pem" in refused("watch", "list", "--url", place.server.url, "--ca", "no-such.pem")


def test_events_are_told_oldest_first_for_people_and_for_programs(place: Place) -> None:
    known = lines(place.watch("events", "--json", env=VIEWER))
    assert [one["kind"] for one in known] == ["on", "off", "on"]
    assert [one["id"] for one in known] == [1, 2, 3]
    assert lines(place.watch("events", "--limit", "1", "--json")) == known[-1:]
    assert lines(place.watch("events", "--watch", "nobody", "--json")) == []
    said = place.watch("events").stdout.splitlines()
    assert said[0] == "2025-10-09 08:53:20Z  lobby  door on   0.90"


def test_following_goes_on_over_a_restart_of_the_server_and_misses_nothing(tmp_path: Path) -> None:
    config = tmp_path / "askcam.toml"
    config.write_text(CONFIG)
    keep(tmp_path, range(2))
    with live_server("--config", str(config), until="listening") as server:
        command = ["watch", "events", "--follow", "--watch", "door", "--json", "--url", server.url]
        follower = subprocess.Popen(
            [sys.executable, "-m", "askcam.app.cli", *command, "--since", "2020-01-01T00:00:00Z"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**_environment(), **VIEWER},
        )
        heard: list[dict[str, Any]] = []
        warned: list[str] = []
        threads = [
            threading.Thread(target=lambda: heard.extend(map(_event, follower.stdout or ())), daemon=True),
            threading.Thread(target=lambda: warned.extend(follower.stderr or ()), daemon=True),
        ]
        try:
            for thread in threads:
                thread.start()
            until(lambda: [one["id"] for one in heard] == [1, 2], "those that are past")
            server.stop()
            until(lambda: warned, "that the server is away")
            keep(tmp_path, range(2, 5))
            port = server.url.rsplit(":", 1)[1]
            with live_server("--config", str(config), "--port", port, until="listening"):
                until(lambda: len(heard) >= 5, "those that were missed")
                until(lambda: len(warned) >= 2, "that it is back")
        finally:
            follower.kill()
            follower.wait(60)
            for thread in threads:
                thread.join(60)
            for pipe in (follower.stdout, follower.stderr):
                if pipe is not None:
                    pipe.close()
    assert [one["id"] for one in heard] == [1, 2, 3, 4, 5]
    assert "it is waited for" in warned[0]
    assert "it is back" in warned[1]


def _event(line: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(line)
    return found


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONUNBUFFERED": "1"}
