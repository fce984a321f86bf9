"""What several shards have, as one list; and what is changed through a front, where it belongs."""

import asyncio
import json
from typing import Any

import pytest
from support.fronts import fronted, taken_down
from support.servers.fake_shard import FakeShard, Heard, tell

from askcam.cluster.ids import ShardKeys

KEYS = ShardKeys(["a", "b"])


def front_id(shard: str, number: int) -> int:
    return number << 20 | KEYS.key(shard)


def listed(*rows: Any, **more: Any) -> dict[str, Any]:
    return {"object": "list", "data": list(rows), **more}


async def takes(request: Heard, writer: asyncio.StreamWriter) -> None:
    """Whatever is sent; tells what it was."""
    body = json.loads(request.body) if request.body else None
    await tell(writer, 201 if request.method == "POST" else 200, {"at": request.path, "got": body})


def watch(name: str, *cameras: str) -> dict[str, Any]:
    return {"name": name, "cameras": list(cameras), "now": [{"camera": each, "state": "off"} for each in cameras]}


async def test_what_several_shards_have_is_one_list() -> None:
    one = FakeShard(["lobby"], lists={"/v1/watches": listed(watch("fire", "lobby"), watch("door", "lobby"))})
    other = FakeShard(["yard"], lists={"/v1/watches": listed(watch("fire", "yard"))})
    for shard, name in ((one, "lobby"), (other, "yard")):
        tools = {"name": "clock", "server": "built-in", "available": True, "cameras": [name]}
        shard.lists["/v1/tools"] = listed(tools, servers=[{"name": name}])
    async with fronted(one, other) as (_, client):
        assert [each["name"] for each in (await client.get("/v1/cameras")).json()["data"]] == ["lobby", "yard"]
        assert [each["id"] for each in (await client.get("/v1/models")).json()["data"]] == ["askcam", "lobby", "yard"]
        assert (await client.get("/v1/models/yard")).json() == {"id": "yard"}
        unknown = await client.get("/v1/models/nowhere")
        assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "model_not_found")
        watches = (await client.get("/v1/watches")).json()["data"]
        assert [(each["name"], each["cameras"]) for each in watches] == [
            ("fire", ["lobby", "yard"]),
            ("door", ["lobby"]),
        ]
        tools = (await client.get("/v1/tools")).json()
        assert [each["cameras"] for each in tools["data"]] == [["lobby", "yard"]]
        assert [each["name"] for each in tools["servers"]] == ["lobby", "yard"]


async def test_a_list_that_one_shard_cannot_tell_is_that_of_the_others() -> None:
    one, other = FakeShard(["lobby"]), FakeShard(["yard"], lists={"/v1/watches": listed(watch("door", "yard"))})
    async with fronted(one, other) as (_, client):
        assert [each["name"] for each in (await client.get("/v1/watches")).json()["data"]] == ["door"]


async def test_what_all_refuse_is_refused_in_their_words() -> None:
    async def off(request: Heard, writer: asyncio.StreamWriter) -> None:
        await tell(writer, 404, {"error": {"message": "none is kept", "code": "timeline_off"}})

    async with fronted(FakeShard(["lobby"], answers={"": off}), FakeShard(["yard"], answers={"": off})) as (_, client):
        reply = await client.get("/v1/timeline")
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "timeline_off")


@pytest.mark.parametrize("told", [{"data": [5]}, {"data": None}, [], None, {"data": [{"id": "x"}]}])
async def test_a_list_that_is_none_is_the_fault_of_its_shard(told: Any) -> None:
    shard = FakeShard(["lobby"], lists={"/v1/events": told, "/v1/timeline": told})
    async with fronted(shard) as (_, client):
        for path in shard.lists:
            reply = await client.get(path)
            assert (reply.status_code, reply.json()["error"]["code"]) == (503, "shard_failed"), path
            assert "'a'" in reply.json()["error"]["message"]


async def test_notes_of_all_are_one_timeline_page_by_page() -> None:
    shards = []
    for starts in ((1, 4, 6), (2, 3, 7)):
        rows = [
            {
                "id": number,
                "start": f"2026-01-01T00:00:0{start}Z",
                "event_id": None,
                "frame_url": f"/v1/timeline/{number}/frame.jpg",
            }
            for number, start in enumerate(starts, 1)
        ][::-1]

        async def told(request: Heard, writer: asyncio.StreamWriter, rows: list[dict[str, Any]] = rows) -> None:
            query = dict(each.split("=") for each in request.target.partition("?")[2].split("&"))
            before, limit = int(query.get("before", 99)), int(query["limit"])
            found = [row for row in rows if row["id"] < before]
            await tell(writer, 200, listed(*found[:limit], has_more=len(found) > limit))

        shards.append(FakeShard(["lobby"] if not shards else ["yard"], answers={"/v1/timeline": told, "": takes}))
    async with fronted(*shards) as (_, client):
        for by in ("next", "id"):
            found, query = list[dict[str, Any]](), {"limit": 2}
            while True:
                page = (await client.get("/v1/timeline", params=query)).raise_for_status().json()
                found += page["data"]
                if not page["has_more"]:
                    break
                query["before"] = page["next"] if by == "next" else page["data"][-1]["id"]
            assert [each["start"][-2] for each in found] == ["7", "6", "4", "3", "2", "1"]
        await client.get(found[0]["frame_url"])
        assert shards[1].heard[-1].path == "/v1/timeline/3/frame.jpg"
        only = (await client.get("/v1/timeline", params={"camera": "lobby"})).json()["data"]
        assert {each["id"] & (2**20 - 1) for each in only} == {KEYS.key("a")}
        had = (await client.get("/v1/timeline", params={"camera": "gone"})).json()["data"]
        assert {each["id"] & (2**20 - 1) for each in had} == {KEYS.key("a"), KEYS.key("b")}, "who had it keeps it"


async def test_a_camera_goes_where_the_fewest_are_or_where_it_is_wanted() -> None:
    one, other = FakeShard(["lobby", "gate"], answers={"": takes}), FakeShard(["yard"], answers={"": takes})
    async with fronted(one, other) as (_, client):
        new = {"name": "new", "uri": "rtsp://x/y", "fps": 2.0}
        assert (await client.post("/v1/cameras", json=new)).json()["got"] == new
        assert [each.method for each in other.heard] == ["POST"]
        assert (await client.post("/v1/cameras", json=new | {"name": "n2", "shard": "a"})).json()["got"]["name"] == "n2"
        for body, status in (
            (new | {"name": "lobby"}, 409),
            (new | {"name": "n3", "shard": "nowhere"}, 400),
            ({"name": "x"}, 400),
            (new | {"other": 1}, 400),
        ):
            assert (await client.post("/v1/cameras", json=body)).status_code == status, body
        assert len(one.heard) == len(other.heard) == 1
        masked = {"masks": [[[0.0, 0.0], [0.5, 0.0], [0.0, 0.5]]]}
        hidden = await client.post("/v1/cameras", json=new | {"name": "n4"} | masked)
        assert hidden.json()["got"]["masks"] == masked["masks"]
        assert (await client.put("/v1/cameras/lobby", json=masked)).json()["got"] == masked
        assert one.heard[-1].method == "PUT"


async def test_a_watch_goes_to_the_shard_of_its_cameras() -> None:
    one, other = FakeShard(["lobby"], answers={"": takes}), FakeShard(["yard"], answers={"": takes})
    one.lists["/v1/watches/there"] = watch("there", "lobby")
    async with fronted(one, other) as (_, client):
        body = {"name": "door", "question": "?", "cameras": ["yard"]}
        one.answers["/v1/watches/door"] = other.answers["/v1/watches/door"] = _missing
        assert (await client.post("/v1/watches", json=body)).json()["got"] == body
        assert [each.path for each in other.heard if each.method == "POST"] == ["/v1/watches"]
        for wrong, status, code in (
            (body | {"cameras": ["lobby", "yard"]}, 400, "several_shards"),
            (body | {"cameras": ["nowhere"]}, 404, "model_not_found"),
            (body | {"name": "there"}, 409, None),
        ):
            reply = await client.post("/v1/watches", json=wrong)
            assert (reply.status_code, reply.json()["error"]["code"]) == (status, code)


async def _missing(request: Heard, writer: asyncio.StreamWriter) -> None:
    await tell(writer, 404, {"error": {"message": "no such watch"}})


async def test_what_is_asked_of_one_watch_goes_to_whoever_has_it() -> None:
    one, other = (FakeShard([camera], answers={"": _missing}) for camera in ("lobby", "yard"))
    for shard, camera in ((one, "lobby"), (other, "yard")):
        shard.lists["/v1/watches/fire"] = watch("fire", camera)
        shard.lists["/v1/watches/fire/readings"] = listed({"camera": camera, "readings": []})
    other.lists["/v1/watches/door"] = watch("door", "yard")
    other.answers["/v1/watches/door"] = other.answers["/v1/watches/door/calibration"] = takes
    async with fronted(one, other) as (_, client):
        assert (await client.get("/v1/watches/fire")).json()["cameras"] == ["lobby", "yard"]
        readings = (await client.get("/v1/watches/fire/readings?since=x")).json()["data"]
        assert [each["camera"] for each in readings] == ["lobby", "yard"]
        assert one.heard[-1].target.endswith("/readings?since=x")
        for method, path in (("PATCH", "/v1/watches/fire"), ("DELETE", "/v1/watches/fire")):
            reply = await client.request(method, path, json={})
            assert (reply.status_code, reply.json()["error"]["code"]) == (409, "watch_ambiguous")
            assert "a, b" in reply.json()["error"]["message"]
        assert (await client.patch("/v1/watches/door", json={"every_s": 2})).json()["got"] == {"every_s": 2}
        assert (await client.put("/v1/watches/door/calibration", json={})).status_code == 200
        assert (await client.get("/v1/watches/nowhere")).status_code == 404


async def test_a_proposal_is_found_where_it_was_made() -> None:
    one, other = FakeShard(["lobby"], answers={"": _missing}), FakeShard(["yard"], answers={"": takes})
    other.lists["/v1/watches/proposals/p1"] = {"id": "p1"}
    async with fronted(one, other) as (_, client):
        assert (await client.get("/v1/watches/proposals/p1")).json() == {"id": "p1"}
        assert (await client.post("/v1/watches/proposals/p1/confirm")).status_code == 201
        assert (await client.delete("/v1/watches/proposals/p1")).status_code == 200
    assert [each.method for each in other.heard if each.method != "GET"] == ["POST", "DELETE"]


async def test_a_dead_letter_is_tried_again_by_whoever_holds_it_and_a_target_by_all_that_have_it() -> None:
    async def told(request: Heard, writer: asyncio.StreamWriter) -> None:
        value: Any = listed(
            {"name": "phone"}, dead=[{"id": 3, "event": 7, "at": "x", "target": "phone"}], has_more=False
        )
        match request.method, request.path:
            case "GET", _:
                await tell(writer, 200, value)
            case _, "/v1/notify/phone/test":
                await tell(writer, 200, {"target": "phone", "delivered": True, "error": None, "took_ms": 5.0})
            case _:
                await tell(writer, 202, {"target": "phone", "retried": 2, "at": request.path})

    shards = FakeShard(["lobby"], answers={"": told}), FakeShard(["yard"], answers={"": told})
    async with fronted(*shards) as (_, client):
        found = (await client.get("/v1/deliveries")).json()
        assert {(each["id"], each["event"]) for each in found["dead"]} == {
            (front_id(shard, 3), front_id(shard, 7)) for shard in ("a", "b")
        }
        assert [each["shard"] for each in found["data"]] == ["a", "b"]
        reply = await client.post(f"/v1/deliveries/{front_id('b', 3)}/retry")
        assert (reply.status_code, reply.json()["at"]) == (202, "/v1/deliveries/3/retry")
        assert [each.method for each in shards[0].heard] == ["GET"]
        both = await client.post("/v1/deliveries/retry", json={"target": "phone"})
        assert (both.status_code, both.json()["retried"]) == (202, 4)
        assert (await client.post("/v1/notify/phone/test")).json()["delivered"] is True


async def test_answers_are_found_on_the_shard_that_gave_them_and_one_that_is_down_may_have_them() -> None:
    one, other = FakeShard(["lobby"], answers={"": _missing}), FakeShard(["yard"], answers={"": _missing})
    other.lists["/v1/answers/x1"] = {"id": "x1"}
    async with fronted(one, other) as (front, client):
        assert (await client.get("/v1/answers/x1")).json() == {"id": "x1"}
        other.answers["/v1/answers/x1/frames/0.jpg"] = takes
        assert (await client.get("/v1/answers/x1/frames/0.jpg")).json()["at"] == "/v1/answers/x1/frames/0.jpg"
        assert (await client.get("/v1/answers/nowhere")).status_code == 404
        await taken_down(front, one)
        reply = await client.get("/v1/answers/nowhere2")
        assert (reply.status_code, reply.json()["error"]["code"]) == (503, "shard_down")
