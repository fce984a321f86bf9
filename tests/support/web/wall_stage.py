"""What the wall's tests look at: cameras of several kinds, one with something that comes and goes, and watches."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import httpx
import pytest
from playwright.sync_api import Locator, Page
from support.servers.askcam_server import LiveServer, live_server
from support.servers.running import GStreamerRTSP, MiniRTSP, MJPEGServer
from support.shown import FILE, QUESTION, SCENE
from support.waiting import until
from support.watch_events import add, open_store

from askcam.demo.synthetic import SyntheticScene

WAIT_S = 180.0  # the window must fill and change, on a machine that others use
SEEDED = 6
SLOW = ("--fps", "5", "--gop", "5")  # drawing and encoding more costs as much as the server that is tested
CONFIG = """
[cameras.gate]
uri = "{gate}"
fps = 4.0
timeline = true

[cameras.lobby]
uri = "synthetic:7"
fps = 1.0

[cameras.yard]
uri = "{yard}"
fps = 1.0

[cameras.cellar]
uri = "{nobody}"

[watching]
folder = "kept"

[clips]
folder = "clips"
before_s = 1.0
after_s = 1.5

[watches.engine]
question = "{question}"
cameras = ["gate"]
every_s = 0.5
for_s = 0.5
severity = "critical"
only_when_healthy = false  # on a busy machine its pictures may come so slowly that they count as frozen

[watches.moving]
question = "Is anything moving? Answer yes or no."
cameras = ["lobby"]
severity = "info"
"""


@dataclass(slots=True)
class Wall:
    """A server with its cameras, and what is before `gate`."""

    server: LiveServer
    gate: MJPEGServer
    yard: Any
    thing: Path
    config: Path
    client: httpx.Client

    def show(self, shown: bool) -> None:
        self.thing.touch() if shown else self.thing.unlink(missing_ok=True)

    def get(self, path: str, **params: Any) -> Any:
        return self.client.get(f"{self.server.url}{path}", params=params).json()

    def events(self, **params: Any) -> list[dict[str, Any]]:
        """Newest first."""
        found: list[dict[str, Any]] = self.get("/v1/events", limit=500, **params)["data"]
        return found

    def seeded(self, number: int) -> int:
        """The id of the oldest event but `number` - 1, of those that were seeded: a front has other numbers than the
        server behind it."""
        return [int(each["id"]) for each in reversed(self.events(watch="door"))][number - 1]

    def acknowledge(self, ids: list[int], acknowledged: bool) -> None:
        """As somebody at another screen does."""
        body = {"ids": ids, "acknowledged": acknowledged}
        self.client.post(f"{self.server.url}/v1/events/acknowledge", json=body).raise_for_status()

    def turn(self, shown: bool) -> dict[str, Any]:
        """Have the watch `engine` turn; the event."""
        self.show(shown)
        kind = "on" if shown else "off"
        until(lambda: self.get("/v1/watches/engine")["now"][0]["state"] == kind, f"engine {kind}", WAIT_S, every_s=0.1)
        return self.events(watch="engine")[0]


def seed_events(folder: Path) -> None:
    """Those of an earlier life: SEEDED of them, of the watch `door`, which is no more."""
    store = open_store(folder)
    for i in range(SEEDED):
        _, jpeg = cv2.imencode(".jpg", SyntheticScene(i).at(1.0)[:, :, ::-1])
        add(store, i, jpeg=jpeg.tobytes())
    store.close()


@contextmanager
def wall(folder: Path, rtsp: type[GStreamerRTSP] | type[MiniRTSP] = MiniRTSP) -> Iterator[Wall]:
    config, thing = folder / "askcam.toml", folder / "shown"
    seed_events(folder / "kept")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FILE, str(thing))
        with MJPEGServer("clock:320x240") as nobody:
            pass  # its port refuses from now on
        with MJPEGServer(SCENE, "--fps", "5") as gate, rtsp("source:synthetic:5", *SLOW) as yard:
            config.write_text(CONFIG.format(gate=gate.url, yard=yard.url, nobody=nobody.url, question=QUESTION))
            # One client for all, since each httpx.get() reads the world's certificates; servers go, and connections do.
            limits = httpx.Limits(max_keepalive_connections=0)
            with live_server("--config", str(config)) as server, httpx.Client(timeout=60, limits=limits) as client:
                yield Wall(server, gate, yard, thing, config, client)


def tile(page: Page, name: str) -> Locator:
    return page.locator(f'.tile[data-camera="{name}"]')


def event(page: Page, number: int) -> Locator:
    return page.locator(f'.event[data-id="{number}"]')
