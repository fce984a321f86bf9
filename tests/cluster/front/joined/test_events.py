"""Events that shards deliver to a front: which of them count, and how they are listed, followed and acknowledged there,
whether their shard is there or not."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.delivered import AT, deliver, event, following, kinds, listed, owning, tells_no_events
from support.joining import VIEWER, Scene
from support.servers.fake_shard import FakeShard, Heard, tell
from support.waiting import comes_true

from askcam.cluster.front.joined import events as kept
from askcam.cluster.messages import MAX_REQUEST
from askcam.cluster.store import MAX_DELIVERIES, MAX_DOCUMENT, EventFilter
from askcam.server.errors import NotFound


async def test_what_is_delivered_is_listed_with_ids_of_the_front_and_found_by_what_it_is(tmp_path: Path) -> None:
    async with owning(tmp_path) as scene:
        mine = {"epoch": scene.holds["lobby"]}
        also = {"epoch": scene.holds["hall"], "camera": "hall", "watch": None, "kind": "camera_lost"}
        assert (
            await deliver(scene, event(1, **mine), event(2, severity="info", **mine), event(3, **also))
            == ["committed"] * 3
        )
        rows = await listed(scene)
        assert [row["at"][17:19] for row in rows] == ["03", "02", "01"]
        assert len({row["id"] for row in rows}) == 3
        assert rows[0]["frame_url"] == f"/v1/events/{rows[0]['id']}/frame.jpg"
        assert rows[0]["frames"][0]["url"] == f"/v1/events/{rows[0]['id']}/frames/0.jpg"
        for query, expected in (
            ({"camera": "lobby"}, ["02", "01"]), ({"watch": "door"}, ["02", "01"]), ({"severity": "info"}, ["02"]),
            ({"since": "2026-01-01T00:00:02Z"}, ["03", "02"]), ({"acknowledged": "true"}, []), ({"limit": 1}, ["03"]),
            ({"before": rows[0]["id"]}, ["02", "01"]),
        ):  # fmt: skip
            assert [row["at"][17:19] for row in await listed(scene, **query)] == expected, query
        one = await scene.asked("GET", f"/v1/events/{rows[1]['id']}", VIEWER)
        assert one.json() == rows[1]
        page = (await scene.asked("GET", "/v1/events", VIEWER, params={"limit": 2})).json()
        assert page["has_more"] is True
        assert [row["id"] for row in await listed(scene, before=page["next"])] == [rows[2]["id"]]


@pytest.mark.parametrize(
    "query", [{"since": "yesterday"}, {"severity": "bad"}, {"acknowledged": "no"}, {"watch": "a\0"}]
)
async def test_what_cannot_be_asked_is_refused_whether_shards_are_there_or_not(
    tmp_path: Path, query: dict[str, str]
) -> None:
    async with owning(tmp_path) as scene:
        reply = await scene.asked("GET", "/v1/events", VIEWER, params=query)
        assert (reply.status_code, reply.json()["error"]["param"]) == (400, *query)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b"null", b"{}", b'{"acknowledged": 1}', b'{"x": true}'])
async def test_who_says_something_else_than_whether_an_event_was_seen_is_told_so(tmp_path: Path, body: bytes) -> None:
    async with owning(tmp_path) as scene:
        await deliver(scene, event(1, epoch=scene.holds["lobby"]))
        (row,) = await listed(scene)
        for path in (f"/v1/events/{row['id']}/acknowledge", "/v1/events/acknowledge"):
            reply = await scene.asked("POST", path, VIEWER, content=body)
            assert reply.status_code == 400, reply.text
        assert (await listed(scene))[0]["acknowledged_at"] is None


@pytest.mark.parametrize("number", [10**6, 2**42 - 1, 2**43, 2**62, 2**200])
async def test_an_id_that_no_event_has_is_not_found_however_large(tmp_path: Path, number: int) -> None:
    async with owning(tmp_path) as scene:
        await deliver(scene, event(1, epoch=scene.holds["lobby"]))
        (row,) = await listed(scene)
        told = number << 20 | row["id"] & (2**20 - 1)
        for method, rest in (("GET", ""), ("GET", "/frame.jpg"), ("POST", "/acknowledge")):
            body = {"json": {"acknowledged": True}} if method == "POST" else {}
            reply = await scene.asked(method, f"/v1/events/{told}{rest}", VIEWER, **body)
            assert reply.status_code == 404, reply.text
        several = {"ids": [told, row["id"]], "acknowledged": True}
        if told < 2**63:  # what JSON has of larger numbers is no whole number
            seen = await scene.asked("POST", "/v1/events/acknowledge", VIEWER, json=several)
            assert [each["id"] for each in seen.json()["data"]] == [row["id"]]


async def test_only_the_owner_is_believed_and_each_event_once(tmp_path: Path) -> None:
    async with owning(tmp_path) as scene:
        epoch = scene.holds["lobby"]
        first = event(1, epoch=epoch)
        told = [first, first, event(2, epoch=99), event(3, camera="nobody's"), {**event(1, epoch=epoch), "kind": "off"}]
        assert await deliver(scene, *told) == ["committed", "again", "fenced", "fenced", "again"]
        assert await deliver(scene, event(1, camera="hall", epoch=scene.holds["hall"])) == ["reused"]
        assert len(await listed(scene)) == 1


async def test_what_was_read_since_is_added_and_never_taken_away(tmp_path: Path) -> None:
    async with owning(tmp_path) as scene:
        epoch, since = scene.holds["lobby"], [{"at": "2026-01-01T00:00:02Z", "probability": 0.25}]
        await deliver(scene, event(1, epoch=epoch))
        later = {name: value for name, value in event(1, epoch=epoch).items() if name != "event"}
        assert await deliver(scene, {**later, "after": since}, {**later, "id": "db-9"}) == ["again", "unknown"]
        await deliver(scene, event(1, epoch=epoch))
        assert [row["after"] for row in await listed(scene)] == [since]


async def test_another_process_or_one_that_has_not_joined_is_to_join_first(tmp_path: Path) -> None:
    async with owning(tmp_path) as scene:
        for said in ({"shard": "a", "instance": "2"}, {"shard": "b", "instance": "1"}):
            reply = await scene.say("events", {**said, "events": [event(1)]})
            assert (reply.status_code, reply.json()["error"]["code"]) == (409, "not_joined")
        for token in (None, VIEWER, "wrong"):
            reply = await scene.say("events", {"shard": "a", "instance": "1", "events": []}, token)
            assert reply.status_code in (401, 403)
        assert await listed(scene) == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"events": [event(1) for _ in range(MAX_DELIVERIES + 1)]}, 400),
        ({"events": [{**event(1), "id": ""}]}, 400),
        ({"events": [{**event(1), "event": {"text": "x" * MAX_DOCUMENT}}]}, 400),
        ({"events": [{**event(1), "at": "now"}]}, 400),
        ({"events": [{**event(1), "epoch": -1}]}, 400),
        ({"events": "all"}, 400),
        ({"events": [{**event(1), "event": []}]}, 400),
        ({"events": [{**event(1), "event": "x"}]}, 400),
        ({"events": [{**event(1), "event": {"kind": "on"}}]}, 400),
        ({"events": [{**event(1), "event": {"at": 7}}]}, 400),
        ({"events": [{**event(1), "event": {"at": "x", "frames": 1}}]}, 400),
        ({"events": [{**event(1), "event": {"at": "x", "frames": [1]}}]}, 400),
        ({"events": [{**event(1), "after": 7}]}, 400),
        ({"events": [{**event(1), "after": ["x"]}]}, 400),
        ({"events": [{**event(1), "event": {"text": "x" * MAX_REQUEST}}]}, 413),
    ],
    ids=[
        "many",
        "no id",
        "a large one",
        "no time",
        "no epoch",
        "no list",
        "a list for an event",
        "a text for an event",
        "an event without its time",
        "a number for its time",
        "a number for its frames",
        "a number for a frame",
        "a number for readings",
        "a text for a reading",
        "a large body",
    ],
)
async def test_more_than_is_taken_is_refused_whole(tmp_path: Path, body: dict[str, Any], status: int) -> None:
    async with owning(tmp_path) as scene:
        reply = await scene.say("events", {"shard": "a", "instance": "1", **body})
        assert reply.status_code == status, reply.text
        assert await listed(scene) == []


async def test_events_of_a_shard_that_is_gone_are_there_but_for_their_pictures(tmp_path: Path) -> None:
    shard = FakeShard()
    seen = event(1)["event"]

    async def shown(request: Heard, writer: asyncio.StreamWriter) -> None:
        await tell(writer, 200, b"jpeg" if request.path.endswith(".jpg") else seen)

    shard.answers[""] = shown
    async with owning(tmp_path, shard) as scene:
        epoch = scene.holds["lobby"]
        await deliver(scene, event(1, epoch=epoch), event(2, epoch=epoch))
        second, first = await listed(scene)
        assert (await scene.asked("GET", first["frame_url"], VIEWER)).content == b"jpeg"
        other = await scene.asked("GET", second["frame_url"], VIEWER)
        assert other.status_code == 404, "that number is another event's there by now"
        await scene.say("leave", {"shard": "a", "instance": "1"})
        known = scene.front.core.directory["a"]
        await comes_true(lambda: not known.up or scene.front.core.joined, "the end")
        assert [row["id"] for row in await listed(scene)] == [second["id"], first["id"]]
        assert (await scene.asked("GET", f"/v1/events/{first['id']}", VIEWER)).json()["id"] == first["id"]


async def test_of_shards_only_their_own_cameras_events_are_asked_for(tmp_path: Path) -> None:
    shard = FakeShard()
    own = {"id": 5, "kind": "on", "at": "2026-01-01T00:00:09Z", "camera": "own", "acknowledged_at": None}
    shard.lists["/v1/events"] = {"object": "list", "data": [own], "has_more": False}
    async with owning(tmp_path, shard) as scene:
        await deliver(scene, event(1, epoch=scene.holds["lobby"]))
        assert [row["camera"] for row in await listed(scene)] == ["own", "lobby"]
        asked = [request.target for request in shard.heard if request.path == "/v1/events"]
        assert asked
        assert all("own=true" in target for target in asked)


@contextlib.asynccontextmanager
async def streaming(folder: Path) -> AsyncIterator[Scene]:
    shard = FakeShard()
    tells_no_events(shard)
    async with owning(folder, shard) as scene:
        yield scene


async def test_who_follows_hears_what_is_committed_in_order_and_once(tmp_path: Path) -> None:
    async with streaming(tmp_path) as scene:
        epoch = scene.holds["lobby"]
        await deliver(scene, event(1, epoch=epoch))
        async with following(scene) as found, following(scene, query="?watch=other") as others:
            await deliver(scene, event(2, epoch=epoch), event(3, epoch=epoch, kind="off"))
            await deliver(scene, event(3, epoch=epoch, kind="off"), event(4, epoch=epoch), event(5, epoch=77))
            await comes_true(lambda: len(kinds(found)) == 3, "all")
            assert kinds(found) == ["on 02", "off 03", "on 04"]
            assert kinds(others) == []
        last = next(each.id for each in found if each.name == "off")
        rows = {row["id"]: row for row in await listed(scene)}
        assert json.loads(found[-1].data)["id"] in rows
        await deliver(scene, event(6, epoch=epoch))
        async with following(scene, last=last) as again:
            await comes_true(lambda: len(kinds(again)) == 2, "what was missed")
            assert kinds(again) == ["on 04", "on 06"]
        numbered = next(number for number, row in rows.items() if row["at"][17:19] == "02")
        async with following(scene, last=str(numbered)) as by_number:
            await comes_true(lambda: len(kinds(by_number)) == 3, "what came after that event")


async def test_what_is_acknowledged_is_so_in_lists_and_for_who_follows(tmp_path: Path) -> None:
    async with streaming(tmp_path) as scene:
        epoch = scene.holds["lobby"]
        await deliver(scene, event(1, epoch=epoch), event(2, epoch=epoch))
        second, first = await listed(scene)
        async with following(scene) as found:
            body: dict[str, Any] = {"acknowledged": True}
            one = await scene.asked("POST", f"/v1/events/{first['id']}/acknowledge", VIEWER, json=body)
            seen = one.json()["acknowledged_at"]
            assert seen
            body["ids"] = [first["id"], second["id"], 77, 2**62]
            both = (await scene.asked("POST", "/v1/events/acknowledge", VIEWER, json=body)).json()["data"]
            assert {row["id"] for row in both} == {first["id"], second["id"]}
            assert next(row for row in both if row["id"] == first["id"])["acknowledged_at"] == seen
            await comes_true(lambda: len([each for each in found if each.name == "acknowledged"]) == 2, "both")
            told = [json.loads(each.data)["data"] for each in found if each.name == "acknowledged"]
            assert told[0] == [{"id": first["id"], "acknowledged_at": seen}]
        assert await listed(scene, acknowledged="false") == []
        body = {"acknowledged": False}
        back = await scene.asked("POST", f"/v1/events/{first['id']}/acknowledge", VIEWER, json=body)
        assert back.json()["acknowledged_at"] is None
        assert [row["id"] for row in await listed(scene, acknowledged="false")] == [first["id"]]


async def test_events_that_are_kept_no_longer_are_named_to_who_resumes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("askcam.cluster.table.MAX_EVENTS", 3)
    async with streaming(tmp_path) as scene:
        table = scene.front.core.joined
        assert table is not None
        await table.table.write(lambda store: setattr(store, "_max_events", 3))
        epoch = scene.holds["lobby"]
        await deliver(scene, event(1, epoch=epoch))
        async with following(scene) as found:
            pass
        last = found[0].id
        await deliver(scene, *(event(number, epoch=epoch) for number in range(2, 9)))
        async with following(scene, last=last) as again:
            await comes_true(lambda: len(kinds(again)) == 3, "the rest")
            gone = [json.loads(each.data) for each in again if each.name == "gone"]
            assert len(gone) == 1
            assert gone[0]["last_missed"] > gone[0]["first_missed"] > 0


async def test_a_shard_delivers_one_request_at_a_time_and_no_faster_than_it_may(tmp_path: Path) -> None:
    async with owning(tmp_path) as scene:
        bodies = [{"shard": "a", "instance": "1", "events": [event(i, epoch=scene.holds["lobby"])]} for i in range(150)]
        replies = await asyncio.gather(*(scene.say("events", body) for body in bodies))
        assert {reply.status_code for reply in replies} <= {200, 429}
        refused = [reply for reply in replies if reply.status_code == 429]
        assert refused
        assert all(int(reply.headers["retry-after"]) >= 1 for reply in refused)
        assert len(await listed(scene, limit=500)) == 150 - len(refused)


async def test_what_the_disk_refuses_is_not_acknowledged(tmp_path: Path) -> None:
    async with owning(tmp_path) as scene:
        assert scene.front.core.joined is not None
        table, epoch = scene.front.core.joined.table, scene.holds["lobby"]
        await table.write(lambda store: store.db.execute("PRAGMA query_only = 1"))  # type: ignore[attr-defined]
        body = {"shard": "a", "instance": "1", "events": [event(1, epoch=epoch)]}
        assert (await scene.say("events", body)).status_code == 500
        await table.write(lambda store: store.db.execute("PRAGMA query_only = 0"))  # type: ignore[attr-defined]
        assert await deliver(scene, event(1, epoch=epoch)) == ["committed"]


async def test_one_who_is_too_slow_for_what_is_said_of_earlier_events_is_to_begin_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "REVIEWS", 0)
    async with streaming(tmp_path) as scene:
        await deliver(scene, event(1, epoch=scene.holds["lobby"]))
        (row,) = await listed(scene)
        async with following(scene) as found:
            await scene.asked("POST", f"/v1/events/{row['id']}/acknowledge", VIEWER, json={"acknowledged": True})
            await comes_true(lambda: any(each.name == "resume" for each in found), "the end")


async def test_the_next_owner_is_told_how_it_stood(tmp_path: Path) -> None:
    async with owning(tmp_path) as scene:
        epoch = scene.holds["lobby"]
        told = [event(1, epoch=epoch), event(2, epoch=epoch, kind="off"), event(3, epoch=epoch, watch="say")]
        await deliver(scene, *told, event(4, camera="hall", epoch=scene.holds["hall"], watch=None, kind="camera_lost"))
        again = await scene.say("join", scene.tells(instance="2"))  # a new process of the same name
        number = 0
        options: dict[str, Any] = again.json().get("options", {})
        async with asyncio.timeout(60):
            while len(options) < 2:
                number += 1
                body = {"shard": "a", "instance": "2", "number": number, "heard": number - 1, "holds": {}}
                options |= (await scene.say("renew", body)).json().get("options", {})
                await asyncio.sleep(0.05)
        before = options["lobby"]["before"]
        assert before["yours"] is True
        assert [(each["watch"], each["kind"], each["at"]) for each in before["events"]] == [
            ("door", "on", AT + 1), ("door", "off", AT + 2), ("say", "on", AT + 3),
        ]  # fmt: skip
        assert before["events"][0]["question"] == "Is it open?"
        assert [each["kind"] for each in options["hall"]["before"]["events"]] == ["camera_lost"]
        assert scene.front.core.joined is not None
        found = await scene.front.core.joined.table.write(lambda store: store.found(EventFilter(), 10))
        assert len(found) == 4


async def test_an_event_of_a_list_is_known_by_what_its_shard_calls_it(tmp_path: Path) -> None:
    """So that a realtime session, which is on the shard, goes on after it."""
    async with owning(tmp_path) as scene:
        await deliver(scene, event(7, epoch=scene.holds["lobby"]), event(8, epoch=scene.holds["lobby"]))
        assert scene.front.core.joined is not None
        kept = scene.front.core.joined.events
        numbers = [scene.front.core.directory.of_event(row["id"])[1] for row in await listed(scene)]
        assert [await kept.number_on("a", number) for number in numbers] == [8, 7]
        assert [await kept.number_on("b", number) for number in numbers] == [None, None]
        with pytest.raises(NotFound):
            await kept.number_on("a", 99)
