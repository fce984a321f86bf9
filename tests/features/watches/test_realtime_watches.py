"""Watches over a real server's websocket: made, changed, removed, and heard, over breaks and restarts."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.servers.askcam_server import LiveServer, live_server
from support.watch_events import add, open_store
from support.wire_talk import TIMEOUT_S, send, until
from websockets.asyncio.client import ClientConnection, connect

from askcam.demo.scene import make_scene

SEED = 3
SHOWN = make_scene(SEED).traveller.drawn.a
X = {"name": "x", "question": "?"}
CONFIG = f"""
[server]
token = "viewers-token"
admin_token = "admins-token"

[cameras.lobby]
uri = "synthetic:{SEED}"

[watching]
folder = "kept"
max_events = 600

[watches.door]
question = "Is there a dog? Answer yes or no."
cameras = ["lobby"]
every_s = 3600
"""


@dataclass(slots=True)
class Place:
    folder: Path
    server: LiveServer

    @asynccontextmanager
    async def session(self, role: str = "admins", model: str = "lobby") -> AsyncIterator[ClientConnection]:
        headers = {"Authorization": f"Bearer {role}-token"}
        url = f"{self.server.ws_url}/v1/realtime?model={model}"
        async with connect(url, additional_headers=headers, open_timeout=60) as websocket:
            await until(websocket, "session.created")
            yield websocket


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    (tmp_path / "askcam.toml").write_text(CONFIG)
    with live_server("--config", str(tmp_path / "askcam.toml")) as server:
        yield Place(tmp_path, server)


async def want(websocket: ClientConnection, **askcam: Any) -> None:
    await send(websocket, type="session.update", session={"askcam": {"events": ["watch.event"]} | askcam})
    await until(websocket, "session.updated")


async def test_a_watch_is_made_by_an_admin_tells_and_is_removed(place: Place) -> None:
    watch = {"name": "thing", "question": f"Is there {SHOWN}? Answer yes or no.", "every_s": 0.5, "for_s": 0}
    async with place.session() as admin, place.session("viewers") as viewer:
        await want(viewer)
        await send(admin, type="watch.create", watch=watch)
        made = (await until(admin, "watch.created"))["watch"]
        assert (made["name"], made["cameras"], made["origin"]) == ("thing", ["lobby"], "api")
        event = (await until(viewer, "watch.event"))["event"]
        assert (event["kind"], event["watch"], event["camera"], event["answer"]) == ("on", "thing", "lobby", "yes")
        await send(admin, type="watch.update", name="thing", watch={"on": 0.9})
        assert (await until(admin, "watch.updated"))["watch"]["on"] == 0.9
        await send(viewer, type="watch.list")
        listed = (await until(viewer, "watch.listed"))["watches"]
        assert [each["name"] for each in listed] == ["door", "thing"]
        for wish in (
            {"type": "watch.create", "watch": watch | {"name": "other"}},
            {"type": "watch.update", "name": "thing", "watch": {"on": 0.5}},
            {"type": "watch.delete", "name": "thing"},
        ):
            await send(viewer, **wish, event_id="mine")
            error = (await until(viewer, "error"))["error"]
            assert (error["code"], error["event_id"]) == ("insufficient_permissions", "mine")
        await send(admin, type="watch.delete", name="thing")
        assert (await until(admin, "watch.deleted"))["name"] == "thing"


@pytest.mark.parametrize(
    ("wish", "code", "param"),
    [
        ({"type": "watch.create", "watch": {"name": "door", "question": "?"}}, None, "name"),
        ({"type": "watch.create", "watch": {"name": "No Name", "question": "?"}}, "invalid_value", "name"),
        ({"type": "watch.create", "watch": X | {"cameras": ["cellar"]}}, "model_not_found", "watch.cameras"),
        ({"type": "watch.create", "watch": X | {"every_s": 0.01}}, "invalid_value", "watch.every_s"),
        ({"type": "watch.create", "watch": X | {"kind": "number", "on_when": ["> 20"]}},
         "cannot_be_scored", "watch.on_when"),
        ({"type": "watch.update", "name": "door", "watch": {"on": 0.9}}, "read_only", "name"),
        ({"type": "watch.update", "name": "none", "watch": {}}, "not_found", "name"),
        ({"type": "watch.delete", "name": "none"}, "not_found", "name"),
    ],
)  # fmt: skip
async def test_what_cannot_be_is_refused_as_over_http(shared: Place, wish: Any, code: str, param: str) -> None:
    async with shared.session() as websocket:
        await send(websocket, **wish, event_id="e1")
        error = (await until(websocket, "error"))["error"]
    assert (error["code"], error["param"], error["event_id"]) == (code, param, "e1"), error


async def test_a_session_about_no_camera_must_name_those_to_watch(shared: Place) -> None:
    async with shared.session(model="askcam") as websocket:
        await send(websocket, type="watch.create", watch={"name": "x", "question": "?"})
        error = (await until(websocket, "error"))["error"]
    assert error["param"] == "watch.cameras"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("shared")
    (folder / "askcam.toml").write_text(CONFIG)
    with live_server("--config", str(folder / "askcam.toml")) as server:
        yield Place(folder, server)


def keep(folder: Path, numbers: range) -> None:
    """Events that nobody was there to hear."""
    store = open_store(folder / "kept")
    for i in numbers:
        add(store, i, None)
    store.close()


async def heard(websocket: ClientConnection, last: int) -> list[int]:
    """The ids of events until that one."""
    found: list[int] = []
    async with asyncio.timeout(TIMEOUT_S):
        while not found or found[-1] != last:
            event = json.loads(await websocket.recv())
            if event["type"] == "watch.event":
                found.append(event["event"]["id"])
    return found


async def test_a_client_that_comes_after_a_restart_hears_what_it_missed_and_only_that(tmp_path: Path) -> None:
    (tmp_path / "askcam.toml").write_text(CONFIG)
    keep(tmp_path, range(300))
    with live_server("--config", str(tmp_path / "askcam.toml")) as server:
        place = Place(tmp_path, server)
        async with place.session("viewers") as websocket:
            await want(websocket, events_after=120)
            assert await heard(websocket, 300) == list(range(121, 301))
            await want(websocket, events_after=298)  # once more from there
            assert await heard(websocket, 300) == [299, 300]
            server.stop(signal.SIGKILL)
    keep(tmp_path, range(300, 310))
    with live_server("--config", str(tmp_path / "askcam.toml")) as server:
        place = Place(tmp_path, server)
        async with place.session("viewers") as websocket:
            await want(websocket, events_after=300)
            assert await heard(websocket, 310) == list(range(301, 311))
            server.stop()


async def test_events_that_are_not_kept_any_more_are_named(tmp_path: Path) -> None:
    (tmp_path / "askcam.toml").write_text(CONFIG.replace("max_events = 600", "max_events = 5"))
    keep(tmp_path, range(20))
    store = open_store(tmp_path / "kept")
    store._db.execute("DELETE FROM events WHERE id <= 15")
    store._db.commit()
    store.close()
    with live_server("--config", str(tmp_path / "askcam.toml")) as server:
        async with Place(tmp_path, server).session("viewers") as websocket:
            await send(websocket, type="session.update", session={"askcam": {"events": ["watch.*"], "events_after": 3}})
            gone = await until(websocket, "watch.gone")
            assert (gone["first_missed"], gone["last_missed"]) == (4, 15)
            assert await heard(websocket, 20) == list(range(16, 21))
