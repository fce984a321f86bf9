"""askcam watch calibrate judged: takes the events that people have judged as labels, with the frames that are kept."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import httpx
import pytest
from msgspec.structs import replace
from support.program import askcam
from support.servers.askcam_server import LiveServer, live_server
from support.watch_events import WALL, event, open_store

from askcam.client.watches import EventFrame, WatchEvent
from askcam.demo.objects import drawn_objects
from askcam.demo.scene import make_scene
from askcam.demo.synthetic import SyntheticScene
from askcam.features.calibration.judged_events import was_so
from askcam.features.calibration.moments import EPOCH
from askcam.features.events.pictures import Shown
from askcam.server.wire.moments import rfc3339

APPLE = "Is there an apple? Answer yes or no."
CONFIG = f"""
[cameras.lobby]
uri = "synthetic:3"

[watching]
folder = "kept"

[watches.apple]
question = "{APPLE}"
cameras = ["lobby"]
enabled = false
"""


@pytest.mark.parametrize(
    ("kind", "verdict", "so"),
    [("on", "right", True), ("on", "wrong", False), ("off", "right", False), ("off", "wrong", True)],
)
def test_what_was_so_is_what_was_told_unless_that_was_wrong(kind: Any, verdict: Any, so: bool) -> None:
    assert was_so(replace(event(kind), verdict=verdict)) is so


def drawn(seed: int, **other: Any) -> tuple[WatchEvent, Shown]:
    """Told of what that synthetic camera shows, with the frames that were seen."""
    scene, times = SyntheticScene(seed), [EPOCH + i / 2 for i in range(4)]
    frames = tuple(cv2.imencode(".jpg", scene.at(at)[:, :, ::-1])[1].tobytes() for at in times)
    told = replace(event(watch="apple"), question=APPLE, frames=[EventFrame(rfc3339(at)) for at in times])
    return replace(told, **other), Shown(frames[-1], frames)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """With four events of apples, and four of other things; two that say nothing about it; one without frames."""
    folder = tmp_path_factory.mktemp("judged-events")
    store = open_store(folder / "kept")
    apple = next(each for each in drawn_objects() if each.en == "apple")
    there: dict[bool, list[int]] = {True: [], False: []}
    for seed in range(20_000):
        found = there[make_scene(seed).traveller.drawn == apple]
        if len(found) < 4:
            found.append(seed)
        if all(len(each) == 4 for each in there.values()):
            break
    for i, seed in enumerate(there[True] + there[False]):
        store.add(*with_time(drawn(seed), i))
    store.add(*with_time(drawn(there[True][0], question="Is there a cup? Answer yes or no."), 8))
    store.add(replace(event(watch="apple"), question=APPLE), WALL + 9, None)
    store.close()
    (folder / "askcam.toml").write_text(CONFIG)
    with live_server("--config", str(folder / "askcam.toml")) as server:
        yield server


def with_time(told: tuple[WatchEvent, Shown], number: int) -> tuple[WatchEvent, float, Shown]:
    return told[0], WALL + number, told[1]


def calibrate(server: LiveServer, *args: str) -> Any:
    return askcam("watch", "calibrate", *args, "--url", server.url)


def test_it_says_what_is_missing(server: LiveServer, tmp_path: Path) -> None:
    for args, said in (
        (["judged:"], "--watch NAME"),
        (["judged:", "--watch", "apple", "--labels", str(tmp_path / "x.csv")], "leave --labels out"),
        (["judged:", "--watch", "apple"], "no event of the watch 'apple' is judged"),
        (["judged:", "--watch", "nobody"], "nobody"),
    ):
        done = calibrate(server, *args)
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        assert said in done.stderr


def test_judged_events_are_samples_each_a_piece_of_its_own(server: LiveServer) -> None:
    for number in range(1, 11):
        body = {"verdict": "right" if number <= 4 else "wrong"}
        httpx.post(f"{server.url}/v1/events/{number}/judge", json=body, timeout=60).raise_for_status()
    done = calibrate(server, "judged:", "--watch", "apple", "--json", "--save")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["samples"], found["positives"], found["source"]) == (8, 4, "8 judged events")
    assert found["auc"] > 0.9
    kept = httpx.get(f"{server.url}/v1/watches/apple/calibration", timeout=60).json()
    assert kept["samples"] == 8
    httpx.post(f"{server.url}/v1/events/1/judge", json={"verdict": "wrong"}, timeout=60).raise_for_status()
    other = json.loads(calibrate(server, "judged:", "--watch", "apple", "--json").stdout)
    assert other["positives"] == 3
    assert other["auc"] < found["auc"]
