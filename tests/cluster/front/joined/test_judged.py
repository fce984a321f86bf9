"""Events that shards have delivered are judged at the front, and what follows from that for a watch is told there."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.delivered import LOBBY, deliver, event, following, listed, owning
from support.joining import VIEWER, Scene, joinable
from support.judged import turned_on
from support.servers.fake_shard import FakeShard, Heard, tell
from support.waiting import comes_true

WATCH = {
    "name": "door", "origin": "file", "question": "Is the door open? Answer yes or no.", "cameras": ["lobby"],
    "kind": "yesno", "on": 0.7, "off": 0.4, "for_s": 2.0, "every_s": 2.0, "now": [], "judged": None,
}  # fmt: skip


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    shard = FakeShard(lists={"/v1/watches": {"object": "list", "data": []}})
    shard.answers["/v1/watches/check"] = checked
    async with owning(tmp_path, shard) as scene:
        holds = {"shard": "a", "instance": "1", "number": 1000, "heard": 999, "holds": scene.holds}
        assert (await scene.say("renew", holds)).status_code == 200
        made = {"name": "door", "question": WATCH["question"], "cameras": ["lobby"]}
        reply = await scene.asked("POST", "/v1/watches", json=made)
        assert (reply.status_code, reply.json().get("judged", 0)) == (201, None), reply.text
        yield scene


async def checked(request: Heard, writer: asyncio.StreamWriter) -> None:
    """As a server does that could have such a watch."""
    await tell(writer, 200, WATCH | json.loads(request.body))


async def judge(scene: Scene, number: int, verdict: str | None, **more: Any) -> dict[str, Any]:
    body = {"verdict": verdict, **more}
    reply = await scene.asked("POST", f"/v1/events/{number}/judge", VIEWER, json=body)
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


async def door(scene: Scene) -> Any:
    (row,) = (await scene.asked("GET", "/v1/watches", VIEWER)).json()["data"]
    assert (await scene.asked("GET", "/v1/watches/door", VIEWER)).json() == row
    return row["judged"]


async def told(scene: Scene, *probabilities: float) -> list[int]:
    """Events that were decided at these; their ids, in this order."""
    made = []
    for number, probability in enumerate(probabilities, 1):
        row = event(number, epoch=scene.holds["lobby"])
        row["event"] |= msgspec.to_builtins(turned_on(probability)) | {"id": number, "at": row["event"]["at"]}
        made.append(row)
    assert set(await deliver(scene, *made)) == {"committed"}
    return [each["id"] for each in reversed(await listed(scene, limit=100))]


async def test_what_is_judged_is_so_in_lists_and_for_who_follows(scene: Scene) -> None:
    first, second = await told(scene, 0.9, 0.9)
    async with following(scene, last=str(second)) as found:
        wrong = await judge(scene, first, "wrong", note="a cat")
        assert (wrong["id"], wrong["verdict"], wrong["note"]) == (first, "wrong", "a cat")
        assert wrong["judged_at"] > "2026"
        assert await judge(scene, first, "wrong", note="a cat") == wrong
        right = await judge(scene, first, "right")
        await comes_true(lambda: len([each for each in found if each.name == "judged"]) == 3, "all three")
        heard = [json.loads(each.data)["data"] for each in found if each.name == "judged"]
        assert heard[0] == [{name: wrong[name] for name in ("id", "verdict", "note", "judged_at")}]
        assert heard[2] == [{name: right[name] for name in ("id", "verdict", "note", "judged_at")}]
    assert [row["id"] for row in await listed(scene, verdict="right")] == [first]
    assert await listed(scene, verdict="wrong") == []
    assert (await judge(scene, first, None))["judged_at"] is None
    assert await listed(scene, verdict="right") == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"{}", b'{"verdict": 1}', b'{"verdict": "right", "x": 1}'])
async def test_what_is_no_judgement_is_refused(scene: Scene, body: bytes) -> None:
    (first,) = await told(scene, 0.9)
    reply = await scene.asked("POST", f"/v1/events/{first}/judge", VIEWER, content=body)
    assert reply.status_code == 400, reply.text
    assert (await listed(scene))[0]["verdict"] is None


async def test_what_is_no_watchs_and_what_is_not_kept_is_not_judged(scene: Scene) -> None:
    lost = event(1, epoch=scene.holds["lobby"], watch=None, kind="camera_lost")
    await deliver(scene, lost)
    (row,) = await listed(scene)
    reply = await scene.asked("POST", f"/v1/events/{row['id']}/judge", VIEWER, json={"verdict": "wrong"})
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "not_judged")
    for number in (10**6, 2**42 - 1, 2**62, 2**200):
        there = number << 20 | row["id"] & (2**20 - 1)
        reply = await scene.asked("POST", f"/v1/events/{there}/judge", VIEWER, json={"verdict": "wrong"})
        assert reply.status_code == 404, reply.text
    assert (await scene.asked("GET", "/v1/events", VIEWER, params={"verdict": "x"})).status_code == 400


async def test_a_watch_tells_its_false_alarms_and_a_threshold_that_would_have_helped(scene: Scene) -> None:
    right, wrong = [0.9 + i / 1000 for i in range(12)], [0.7 + i / 100 for i in range(7)] + [0.95, 0.96]
    numbers = await told(scene, *right, *wrong)
    assert await door(scene) is None
    for place, number in enumerate(numbers):
        await judge(scene, number, "right" if place < len(right) else "wrong")
    first = (await listed(scene, limit=100))[-1]["at"]
    proposed = {"on": 0.83, "wrong": 9, "wrong_kept_back": 7, "right": 12, "right_lost": 0, "lost_at_most": 0.221}
    assert await door(scene) == {"judged": 21, "wrong": 9, "since": first, "proposed": proposed}
    await judge(scene, numbers[-1], None)
    assert (await door(scene))["wrong"] == 8
    changed = (await scene.asked("PATCH", "/v1/watches/door", json={"on": 0.9})).json()
    assert (changed["on"], changed["judged"]["judged"]) == (0.9, 13), "as it is set now"
    assert changed["judged"] == await door(scene)


async def test_it_is_there_after_a_start_and_what_a_shard_tells_oddly_does_no_harm(
    scene: Scene, tmp_path: Path
) -> None:
    odd = event(2, epoch=scene.holds["lobby"])
    odd["event"] |= {"question": WATCH["question"], "probability": "high", "before": [{"at": "then", "probability": 1}]}
    (first,) = await told(scene, 0.9)
    await deliver(scene, odd)
    second = (await listed(scene))[0]["id"]
    await judge(scene, first, "right")
    await judge(scene, second, "wrong", note="odd")
    assert (await door(scene))["judged"] == 1
    assert scene.front.core.joined is not None
    await scene.front.core.joined.table.close()
    none = FakeShard(["own"], lists={"/v1/watches": {"object": "list", "data": []}})
    async with joinable(tmp_path, LOBBY, shard=none) as again:
        await comes_true(lambda: again.front.core.directory.up(), "the shard to be looked at")
        assert [row["note"] for row in await listed(again, verdict="wrong")] == ["odd"]
        assert (await door(again))["judged"] == 1
