"""What came about of a camera is looked for where it came about: at all shards that have had it, whether they are there
or not."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.fronts import taken_down
from support.joining import VIEWER, Scene, joinable
from support.servers.fake_shard import FakeShard, Heard, running, tell
from support.waiting import comes_true

from askcam.cluster import owners
from askcam.cluster.front.joined.owning import ClusterTable
from askcam.cluster.ids import joined, key_of
from askcam.cluster.members import CameraWish
from askcam.server.errors import Unavailable

LOBBY = CameraWish("lobby", options="{}")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new table waits for no other shards."""
    monkeypatch.setattr(owners, "GATHER_S", 0.0)


def keeping(name: str) -> FakeShard:
    """It has noted something, and kept an answer of its name."""

    async def told(request: Heard, writer: asyncio.StreamWriter) -> None:
        if request.path.startswith(f"/v1/answers/{name}"):
            await tell(writer, 200, {"id": name})
        else:
            await tell(writer, 404, {"error": {"message": "there is no such thing", "code": "not_found"}})

    row = {"id": 1, "start": f"2026-01-01T00:00:0{ord(name) % 10}Z", "frame_url": "/v1/timeline/1/frame.jpg"}
    lists = {"/v1/timeline": {"object": "list", "data": [row], "has_more": False}}
    lists["/v1/deliveries"] = {"object": "list", "data": [], "dead": [], "has_more": False}
    lists["/v1/events"] = {"object": "list", "data": [], "has_more": False}
    return FakeShard(lists=lists, answers={"": told})


@contextlib.asynccontextmanager
async def moved(folder: Path) -> AsyncIterator[tuple[Scene, FakeShard]]:
    """`lobby` was on a, and is on b; c has never had it."""
    async with contextlib.AsyncExitStack() as stack:
        scene = await stack.enter_async_context(joinable(folder, LOBBY, shard=keeping("a"), silent_s=60.0))
        others = {name: await stack.enter_async_context(running(keeping(name))) for name in ("b", "c")}
        for other in others.values():
            other.roles = scene.shard.roles
        room = {"a": 8, "b": 4, "c": 0}
        for name, num in room.items():
            url = (others.get(name) or scene.shard).url
            reply = await scene.say("join", scene.tells(name=name, url=url, capacity_cameras=num))
            assert reply.status_code == 200, reply.text
        assert table(scene).view.owners["lobby"].shard == "a"
        await lost(scene, "a")
        assert table(scene).view.owners["lobby"].shard == "b"
        yield scene, others["b"]


def table(scene: Scene) -> ClusterTable:
    assert scene.front.core.joined is not None
    return scene.front.core.joined.table


async def lost(scene: Scene, shard: str) -> None:
    await table(scene).change(lambda owners, now_s: owners.lost(shard, "said so", now_s))


async def forgotten(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shard a is lost for so long that it is asked no more."""
    monkeypatch.setattr(owners, "FORGET_S", -1.0)
    await table(scene).change(lambda owners, now_s: owners.tick(now_s))
    await comes_true(lambda: scene.front.core.directory.get("a") is None, "a to be forgotten")


def of(shard: str, number: int = 1) -> int:
    return joined(key_of(shard), number)


async def notes(scene: Scene, **query: Any) -> tuple[list[int], list[str]]:
    """The ids of what is noted, and the shards that had no part in it."""
    reply = await scene.asked("GET", "/v1/timeline", VIEWER, params=query)
    assert reply.status_code == 200, reply.text
    return [row["id"] for row in reply.json()["data"]], reply.json().get("shards_down", [])


async def refusal(scene: Scene, path: str) -> tuple[int, str]:
    reply = await scene.asked("GET", path, VIEWER)
    assert reply.status_code in (404, 503), reply.text
    assert reply.status_code == 404 or int(reply.headers["retry-after"]) > 0
    return reply.status_code, reply.json()["error"]["code"]


async def test_notes_of_a_camera_are_those_of_all_shards_that_have_had_it_and_of_no_other(tmp_path: Path) -> None:
    async with moved(tmp_path) as (scene, other):
        assert await notes(scene, camera="lobby", query="a door") == ([of("b"), of("a")], [])
        asked = [each.target for shard in (scene.shard, other) for each in shard.heard]
        assert all("camera=lobby" in target and "query=a+door" in target for target in asked), asked
        assert (await notes(scene))[0] == [of("c"), of("b"), of("a")]
        assert (await notes(scene, camera="nobody's"))[0] == [of("c"), of("b"), of("a")], "who had it once keeps it"
        await scene.asked("GET", f"/v1/timeline/{of('a')}/frame.jpg", VIEWER)
        assert scene.shard.heard[-1].path == "/v1/timeline/1/frame.jpg"
        assert (await scene.asked("GET", "/v1/answers/a", VIEWER)).json() == {"id": "a"}


async def test_what_is_on_a_shard_that_is_down_is_not_told_to_be_nowhere(tmp_path: Path) -> None:
    async with moved(tmp_path) as (scene, other):
        await taken_down(scene.front, scene.shard)
        assert await notes(scene, camera="lobby") == ([of("b")], ["a"])
        assert await notes(scene) == ([of("c"), of("b")], ["a"])
        for path in (f"/v1/timeline/{of('a')}/frame.jpg", "/v1/answers/a", "/v1/answers/a/key.jpg", "/v1/answers/x"):
            assert await refusal(scene, path) == (503, "shard_down"), path
        assert (await scene.asked("GET", "/v1/answers/b/frames/0.jpg", VIEWER)).json() == {"id": "b"}
        await taken_down(scene.front, other)
        assert await refusal(scene, "/v1/timeline?camera=lobby") == (503, "shard_down"), "nobody is left to be asked"


async def test_one_that_is_down_may_keep_what_all_others_refuse(tmp_path: Path) -> None:
    async def off(request: Heard, writer: asyncio.StreamWriter) -> None:
        await tell(writer, 404, {"error": {"message": "none is kept", "code": "timeline_off"}})

    async with moved(tmp_path) as (scene, other):
        other.lists.pop("/v1/timeline")
        other.answers["/v1/timeline"] = off
        assert await notes(scene, camera="lobby") == ([of("a")], [])
        await taken_down(scene.front, scene.shard)
        assert await refusal(scene, "/v1/timeline?camera=lobby") == (503, "shard_down")


async def test_a_shard_that_is_forgotten_may_come_back_with_what_it_keeps_until_it_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with moved(tmp_path) as (scene, _):
        assert (await scene.asked("DELETE", "/v1/shards/b")).json()["error"]["code"] == "shard_there"
        await forgotten(scene, monkeypatch)
        single = (
            f"/v1/timeline/{of('a')}/frame.jpg", "/v1/answers/a", "/v1/answers/a/frames/0.jpg", f"/v1/events/{of('a')}",
            f"/v1/events/{of('a')}/frame.jpg",
        )  # fmt: skip
        for path in single:
            assert await refusal(scene, path) == (503, "shard_down"), path
        assert await notes(scene, camera="lobby") == ([of("b")], ["a"])
        assert (await notes(scene))[1] == ["a"]
        for path in ("/v1/deliveries", "/v1/events"):
            assert (await scene.asked("GET", path)).json()["shards_down"] == ["a"], path
        assert "shards_down" not in (await scene.asked("GET", "/v1/events?camera=lobby")).json(), "the front has these"
        assert (await scene.asked("GET", "/v1/shards")).json()["away"] == ["a"]
        assert (await refusal(scene, "/v1/responses/x"))[0] == 404, "those end with their process"
        assert (await scene.asked("DELETE", "/v1/shards/a", VIEWER)).status_code == 403
        assert (await scene.asked("DELETE", "/v1/shards/a")).status_code == 204
        for path in single:
            assert (await refusal(scene, path))[0] == 404, path
        assert await notes(scene, camera="lobby") == ([of("b")], [])
        assert (await scene.asked("DELETE", "/v1/shards/a")).status_code == 404


async def test_a_shard_that_comes_back_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with moved(tmp_path) as (scene, _):
        await forgotten(scene, monkeypatch)
        monkeypatch.setattr(owners, "FORGET_S", 600.0)
        assert (await scene.say("join", scene.tells(instance="2", capacity_cameras=0))).status_code == 200
        assert await notes(scene, camera="lobby") == ([of("b"), of("a")], [])
        assert (await scene.asked("GET", "/v1/answers/a", VIEWER)).json() == {"id": "a"}


async def test_while_the_table_cannot_be_read_all_are_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(work: object) -> None:
        raise Unavailable("its database is away", code="table_failed")

    async with moved(tmp_path) as (scene, _):
        monkeypatch.setattr(table(scene), "read", away)
        assert await notes(scene, camera="lobby") == ([of("c"), of("b"), of("a")], [])
