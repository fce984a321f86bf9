"""Cameras of a front in a server: opened as they are described, and what the server refuses of one is kept as words."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from askcam.cluster.shard import holding
from askcam.cluster.shard.holding import HeldCameras
from askcam.server.config_errors import ConfigError
from askcam.server.errors import Conflict, Invalid
from askcam.server.feature import ReadCamera
from askcam.server.running import Running
from askcam.stream.status import CameraConfig


class Opened:
    """As much of Cameras as is used: two names are taken."""

    def __init__(self) -> None:
        self.there: dict[str, str] = {"own": "synthetic:9"}

    def add(self, name: str, uri: str, config: Any, use: Any) -> None:
        if name in self.there:
            raise Conflict(f"there is a camera {name!r} already", "name")
        self.there[name] = uri

    async def remove(self, name: str) -> None:
        del self.there[name]

    def __contains__(self, name: str) -> bool:
        return name in self.there


class Hearing(Running):
    """A feature that is told of cameras, and refuses what is called so."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []

    async def camera_came(self, camera: str, said: Mapping[str, Any]) -> None:
        self.told.append((camera, said))
        if "refused" in said["watches"]:
            raise Invalid("[watches.refused]: it asks nothing")

    async def camera_goes_on(self, camera: str, said: Mapping[str, Any]) -> None:
        await self.camera_came(f"still {camera}", said)

    async def camera_left(self, camera: str) -> None:
        self.told.append((camera, None))


def read(name: str, table: Mapping[str, Any]) -> ReadCamera:
    if "uri" not in table:
        raise ConfigError(f"front.toml: cameras.{name}.uri: a camera needs its source")
    return ReadCamera(table["uri"], CameraConfig(), SimpleNamespace())  # type: ignore[arg-type]


def stage() -> tuple[HeldCameras, Opened, Hearing]:
    cameras, feature = Opened(), Hearing()
    core = SimpleNamespace(cameras=cameras, features={"hearing": feature})
    return HeldCameras(core, read), cameras, feature  # type: ignore[arg-type]


def told(uri: str, **watches: Any) -> dict[str, Any]:
    return {"camera": {"uri": uri}, "watches": watches}


async def test_a_camera_is_opened_with_its_watches_and_described_anew_opened_anew() -> None:
    held, cameras, feature = stage()
    await held.begin("lobby", told("synthetic:1", door={"question": "?"}))
    await held.begin("lobby", told("synthetic:2"))
    assert cameras.there["lobby"] == "synthetic:2"
    none = {"epoch": None, "before": {}}
    door = {"watches": {"door": {"question": "?"}}, **none}
    assert feature.told == [("lobby", door), ("lobby", None), ("lobby", {"watches": {}, **none})]
    await held.end("lobby")
    await held.end("lobby")
    assert "lobby" not in cameras
    assert feature.told[-1] == ("lobby", None)


@pytest.mark.parametrize(
    ("again", "goes_on"),
    [
        (told("synthetic:1", more={}), True),
        (told("synthetic:1", more={}) | {"epoch": 9}, True),
        (told("synthetic:2", more={}), False),
        (told("synthetic:1", more={}) | {"before": {"yours": False}}, False),
        (told("synthetic:1", more={}) | {"before": None}, False),
    ],
    ids=["other watches", "another epoch", "another source", "another shard had it meanwhile", "nobody knows"],
)
async def test_a_camera_of_which_only_its_watches_change_is_not_opened_anew(
    again: dict[str, Any], goes_on: bool
) -> None:
    held, cameras, feature = stage()
    await held.begin("lobby", told("synthetic:1") | {"before": {"yours": True}})
    opened = cameras.there["lobby"] = str(cameras.there["lobby"]) + " as it was"
    await held.begin("lobby", {"before": {"yours": True}} | again)
    assert (cameras.there["lobby"] == opened) is goes_on
    assert [name for name, _ in feature.told][1:] == (["still lobby"] if goes_on else ["lobby", "lobby"])
    assert "more" in str(feature.told[-1])
    held.trouble["lobby"] = "what could not be done before"
    await held.begin("lobby", told("synthetic:1", refused={}) | {"before": {"yours": True}})
    assert "it asks nothing" in held.trouble["lobby"]
    await held.begin("lobby", told("synthetic:1") | {"before": {"yours": True}})
    assert held.trouble == {}


@pytest.mark.parametrize(
    ("name", "what", "words"),
    [("own", told("synthetic:1"), "already"), ("lobby", {"camera": {}}, "needs its source"), ("lobby", {}, "needs")],
)
async def test_what_cannot_be_opened_is_told_and_harms_nobody(name: str, what: dict[str, Any], words: str) -> None:
    held, cameras, _ = stage()
    await held.begin(name, what)
    assert words in held.closed[name]
    assert cameras.there["own"] == "synthetic:9"
    await held.end(name)
    assert held.closed == {}
    assert cameras.there == {"own": "synthetic:9"}, "the server's own stays"


async def test_a_camera_that_could_not_be_opened_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    held, cameras, _ = stage()
    await held.begin("own", told("synthetic:1"))
    await held.try_again()
    assert held.closed, "not at once"
    del cameras.there["own"]
    monkeypatch.setattr(holding, "AGAIN_S", -1.0)
    await held.try_again()
    assert (held.closed, cameras.there["own"]) == ({}, "synthetic:1")


async def test_a_watch_that_is_refused_leaves_its_camera_open() -> None:
    held, cameras, _ = stage()
    await held.begin("lobby", told("synthetic:1", refused={}))
    assert "lobby" in cameras
    assert "it asks nothing" in held.trouble["lobby"]
    assert held.closed == {}


@pytest.mark.parametrize(
    ("uri", "once"),
    [
        ("webcam:0", True),
        ("WEBCAM:1?fps=30", True),
        (" /dev/video0", True),
        ("file:/dev/video0", True),
        ("rtsp://cam/1", False),
        ("http://cam/1", False),
        ("synthetic:1", False),
        ("/films/door.mp4", False),
    ],
)
async def test_which_cameras_only_one_may_have_open(uri: str, once: bool) -> None:
    held, _, _ = stage()
    await held.begin("lobby", told(uri))
    assert held.only_once() == ({"lobby"} if once else set())
