"""Watches that are made at a front, of cameras that are given to shards: they are the front's, and go where their
cameras go."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.delivered import event
from support.joining import VIEWER, Scene, joinable
from support.servers.fake_shard import FakeShard, Heard, tell
from support.waiting import comes_true

from askcam.cluster import owners
from askcam.cluster.members import MAX_OPTIONS, CameraWish

LOBBY, HALL = (CameraWish(name, options='{"camera": {"uri": "x:1"}, "origin": "file"}') for name in ("lobby", "hall"))
LISTED = json.dumps({"camera": {"uri": "x:1"}, "watches": {"listed": {"question": "?"}}, "origin": "file"})
DOOR = {"name": "door", "question": "Is it open?", "cameras": ["lobby"]}
USUAL = {"kind": "yesno", "choices": [], "on_when": [], "on": 0.7, "enabled": True}


async def checks(request: Heard, writer: asyncio.StreamWriter) -> None:
    """As a server does whose watches have a question and `on`."""
    body = json.loads(request.body)
    if body.keys() - {"name", "question", "cameras"} - USUAL.keys() or not isinstance(body.get("on", 0.5), float):
        told = {"message": "Object contains unknown field", "type": "invalid_request_error", "code": "invalid_value"}
        await tell(writer, 400, {"error": told})
    else:
        await tell(writer, 200, {**USUAL, **body, "origin": "api", "now": [], "object": "askcam.watch"})


@pytest.fixture
async def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    """A shard has joined, and holds all."""
    monkeypatch.setattr(owners, "GATHER_S", 0.0)
    async with begun(tmp_path, LOBBY, HALL, CameraWish("yard", options=LISTED)) as made:
        yield made


def begun(folder: Path, *wishes: CameraWish) -> Any:
    shard = FakeShard(["own"], lists={"/v1/watches": {"object": "list", "data": []}})
    shard.answers["/v1/watches/check"] = checks
    return joinable(folder, *wishes, shard=shard, silent_s=60.0)


@pytest.fixture(autouse=True)
async def holding(scene: Scene) -> None:
    assert (await scene.say("join", scene.tells())).status_code == 200
    await renewed(scene)
    await comes_true(lambda: scene.front.core.directory.has("own"), "the shard's own camera")


async def renewed(scene: Scene) -> dict[str, Any]:
    """The shard renews twice: it is told what is new, and holds it then. What it was told of each camera."""
    options: dict[str, Any] = {}
    for _ in range(2):
        scene.number = getattr(scene, "number", 0) + 1  # type: ignore[attr-defined]
        number = scene.number  # type: ignore[attr-defined]
        body = {"shard": "a", "instance": "1", "number": number, "heard": number - 1, "holds": scene.holds}
        told = (await scene.say("renew", body)).json()
        scene.holds = told.get("hold") or scene.holds
        options |= told.get("options", {})
    return options


async def made(scene: Scene, status: int = 201, **other: Any) -> dict[str, Any]:
    reply = await scene.asked("POST", "/v1/watches", json={**DOOR, **other})
    assert reply.status_code == status, reply.text
    return dict(reply.json())


async def listed(scene: Scene) -> dict[str, Any]:
    return {each["name"]: each for each in (await scene.asked("GET", "/v1/watches", VIEWER)).json()["data"]}


async def test_one_that_is_made_is_there_at_once_and_its_shard_hears_of_it_with_its_camera(scene: Scene) -> None:
    told = await made(scene)
    assert (told["origin"], told["cameras"], told["on"], told["kind"]) == ("api", ["lobby"], 0.7, "yesno")
    assert told["now"][0]["trouble"] == "its shard is about to hear of it"
    assert (await listed(scene))["door"] == told
    assert (await scene.asked("GET", "/v1/watches/door", VIEWER)).json() == told
    assert (await scene.asked("GET", "/v1/watches/door/readings", VIEWER)).json()["data"] == []
    before = dict(scene.holds)
    options = await renewed(scene)
    assert options.keys() == {"lobby"}, "no other camera is told anew"
    assert options["lobby"]["watches"]["door"]["question"] == "Is it open?"
    assert "cameras" not in options["lobby"]["watches"]["door"]
    assert options["lobby"]["before"]["yours"] is True
    assert scene.holds["lobby"] > before["lobby"]


async def test_a_question_to_its_camera_is_answered_while_its_shard_has_not_heard_of_it(scene: Scene) -> None:
    async def answers(request: Heard, writer: asyncio.StreamWriter) -> None:
        await tell(writer, 200, {"answered": True})

    scene.shard.answers["/v1/chat/completions"] = answers
    body = {"model": "lobby", "messages": [{"role": "user", "content": "?"}]}
    await made(scene)
    assert (await scene.asked("POST", "/v1/chat/completions", VIEWER, json=body)).status_code == 200
    await renewed(scene)
    assert (await scene.asked("POST", "/v1/chat/completions", VIEWER, json=body)).status_code == 200


async def test_what_a_shard_tells_of_it_is_how_it_stands(scene: Scene) -> None:
    await made(scene, cameras=["lobby", "hall"])
    row = {**DOOR, "origin": "file", "on": 0.1, "now": [{"camera": "lobby", "state": "on"}]}
    scene.shard.lists["/v1/watches"] = {"object": "list", "data": [row]}
    told = (await listed(scene))["door"]
    assert (told["origin"], told["on"], told["cameras"]) == ("api", 0.7, ["lobby", "hall"])
    assert [each["state"] for each in told["now"]] == ["on", "unknown"]


async def test_one_that_is_changed_goes_on_unless_it_asks_something_else(scene: Scene) -> None:
    await made(scene)
    first = (await renewed(scene))["lobby"]["before"]["begun"]["door"]
    for change, goes_on in (({"on": 0.9}, True), ({"question": "Is it shut?"}, False), ({"kind": "text"}, False)):
        reply = await scene.asked("PATCH", "/v1/watches/door", json=change)
        assert reply.status_code == 200, reply.text
        assert {name: reply.json()[name] for name in change} == change
        told = (await renewed(scene))["lobby"]
        assert {name: told["watches"]["door"][name] for name in change} == change
        now = told["before"]["begun"]["door"]
        assert (now == first) is goes_on
        first = now
    reply = await scene.asked("PATCH", "/v1/watches/door", json={"cameras": ["hall"]})
    assert reply.json()["cameras"] == ["hall"]
    options = await renewed(scene)
    assert {camera: list(said["watches"]) for camera, said in options.items()} == {"lobby": [], "hall": ["door"]}


async def test_one_that_is_removed_is_gone_at_once_and_one_of_its_name_is_another(scene: Scene) -> None:
    await made(scene)
    epoch = (await renewed(scene))["lobby"] and scene.holds["lobby"]
    on = event(1, epoch=epoch, watch="door")
    told = {"shard": "a", "instance": "1", "events": [on]}
    assert (await scene.say("events", told)).json()["receipts"][0]["fate"] == "committed"
    brought = {**DOOR, "origin": "file", "now": []}
    scene.shard.lists |= {"/v1/watches": {"object": "list", "data": [brought]}, "/v1/watches/door": brought}
    assert (await scene.asked("DELETE", "/v1/watches/door", VIEWER)).status_code == 403
    assert (await scene.asked("DELETE", "/v1/watches/door")).status_code == 204
    assert "door" not in await listed(scene), "though its shard has not heard of it yet"
    assert (await scene.asked("GET", "/v1/watches/door", VIEWER)).status_code == 404
    await made(scene)
    past = (await renewed(scene))["lobby"]["before"]
    assert past["events"] == [], "what the first one told is not told of the second"
    assert past["begun"]["door"] >= epoch
    later = event(2, epoch=scene.holds["lobby"], watch="door")
    await scene.say("events", {"shard": "a", "instance": "1", "events": [later]})
    await scene.asked("PATCH", "/v1/watches/door", json={"on": 0.9})
    assert [each["kind"] for each in (await renewed(scene))["lobby"]["before"]["events"]] == ["on"]


async def test_a_front_that_is_started_again_has_them_and_its_file_goes_before(
    scene: Scene, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await made(scene)
    await made(scene, name="other", cameras=["lobby", "hall"])
    await scene.front.core.joined.table.close()  # type: ignore[union-attr]
    file = json.dumps({"camera": {"uri": "x:1"}, "watches": {"door": {"question": "!"}}, "origin": "file"})
    async with begun(tmp_path, CameraWish("lobby", options=file)) as again:
        await comes_true(lambda: again.front.core.directory.up(), "the shard to be looked at")
        found = await listed(again)
        assert list(found) == ["other"], "hall is not wanted any more, and door is in the file"
        assert found["other"]["cameras"] == ["lobby", "hall"]
        assert [each["state"] for each in found["other"]["now"]] == ["unknown"] * 2
        assert "no camera" in found["other"]["now"][1]["trouble"]
        assert "'door'" in caplog.text
        assert (await again.asked("POST", "/v1/watches", json=DOOR)).status_code == 409


@pytest.mark.parametrize(
    ("method", "body", "status", "told"),
    [
        ("POST", {**DOOR, "name": "listed"}, 409, "already"),
        ("POST", {**DOOR, "onn": 1}, 400, "unknown field"),
        ("POST", {**DOOR, "cameras": ["lobby", "own"]}, 400, "make two watches"),
        ("POST", {**DOOR, "cameras": ["lobby", "nobody"]}, 404, "nobody"),
        ("POST", {**DOOR, "cameras": ["lobby"] * 65}, 400, "1 to 64"),
        ("PATCH", {"on": "high"}, 400, "unknown field"),
        ("PATCH", {"name": "other"}, 400, "keeps its name"),
        ("PATCH", [], 400, "object"),
        ("PATCH", {"cameras": []}, 400, "1 to 64"),
        ("PATCH", {"cameras": "lobby"}, 400, "1 to 64"),
        ("PATCH", {"cameras": ["own"]}, 404, "own"),
        ("PATCH", {"cameras": ["lobby", "nobody"]}, 404, "nobody"),
    ],
)
async def test_what_cannot_be_watched_is_refused_and_nothing_changes(
    scene: Scene, method: str, body: Any, status: int, told: str
) -> None:
    await made(scene, name="mine")
    before = await listed(scene)
    path = "/v1/watches" if method == "POST" else "/v1/watches/mine"
    reply = await scene.asked(method, path, json=body)
    assert (reply.status_code, told in reply.text) == (status, True), reply.text
    assert await listed(scene) == before
    assert (await scene.asked("POST", "/v1/watches", json={**DOOR, "name": "mine"})).status_code == 409


async def test_of_one_camera_so_many_are_kept_as_can_be_told(scene: Scene) -> None:
    long = "x" * 1000
    for number in range(MAX_OPTIONS // 1100 + 2):
        reply = await scene.asked("POST", "/v1/watches", json={**DOOR, "name": f"w{number}", "question": long})
        if reply.status_code != 201:
            break
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "too_many_watches")
    assert number > 10
    await made(scene, cameras=["hall"], question=long)


async def test_one_of_a_servers_own_camera_stays_there(scene: Scene) -> None:
    async def takes(request: Heard, writer: asyncio.StreamWriter) -> None:
        await tell(writer, 201, {"made": "there"})

    scene.shard.answers["/v1/watches"] = takes
    assert await made(scene, cameras=["own"]) == {"made": "there"}


async def test_a_proposal_of_the_fronts_camera_is_made_at_the_front(scene: Scene) -> None:
    async def goes(request: Heard, writer: asyncio.StreamWriter) -> None:
        await tell(writer, 204 if request.method == "DELETE" else 404, b"")

    said = {"id": "p1", "action": "create", "every_s": None, "for_s": None, "severity": None, **DOOR}
    scene.shard.lists["/v1/watches/proposals/p1"] = said
    scene.shard.answers["/v1/watches/proposals/p1"] = goes
    reply = await scene.asked("POST", "/v1/watches/proposals/p1/confirm")
    assert (reply.status_code, reply.json()["name"]) == (201, "door"), reply.text
    assert ("DELETE", "/v1/watches/proposals/p1") in [(each.method, each.path) for each in scene.shard.heard]
    assert "door" in (await renewed(scene))["lobby"]["watches"]
