"""What shards say to a front, what they are told, and what is refused with its remedy."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from support.joining import ADMIN, TOKEN, VIEWER, VIEWER_THERE, Scene, joinable
from support.servers.fake_shard import FakeShard, Heard, running, tell
from support.waiting import comes_true

from askcam.cluster.front.joined import joining
from askcam.cluster.front.joined.events import KEPT
from askcam.cluster.members import CameraWish
from askcam.cluster.messages import MAX_REQUEST
from askcam.cluster.renewal import MAX_HOLDS
from askcam.server.access.rates import Rate

LOBBY = CameraWish("lobby", options='{"camera": {"uri": "rtsp://me:hunter22@cam/1"}, "origin": "api"}')


def renewal(number: int, heard: int = 0, **other: Any) -> dict[str, Any]:
    return {"shard": "a", "instance": "1", "number": number, "heard": heard, "holds": {}, **other}


async def granted(scene: Scene, **told: Any) -> dict[str, Any]:
    """The first orders with cameras of a shard that joins, and renews until it has them."""
    first = await scene.say("join", scene.tells(**told))
    assert first.status_code == 200, first.text
    number = 0
    while True:
        number += 1
        reply = (await scene.say("renew", renewal(number, number - 1))).json()
        if reply.get("hold"):
            return dict(reply)
        await asyncio.sleep(0.1)  # as often as is due


async def test_a_shard_joins_and_hears_what_it_is_to_open_until_it_holds_it(tmp_path: Path) -> None:
    async with joinable(tmp_path, LOBBY) as scene:
        told = await granted(scene)
        assert (told["hold"], told["silent_s"]) == ({"lobby": 1}, 3.0)
        assert told["options"]["lobby"]["camera"]["uri"] == "rtsp://me:hunter22@cam/1"
        again = (await scene.say("renew", renewal(100, 1, holds={"lobby": 1}))).json()
        assert "hold" not in again
        assert "options" not in again, "a camera's address travels once for each grant"


async def test_a_camera_is_asked_for_where_it_is_and_until_then_it_is_said_what_is_with_it(tmp_path: Path) -> None:
    async with joinable(tmp_path, LOBBY) as scene:
        body = {"model": "lobby", "messages": [{"role": "user", "content": "?"}]}
        nobody = await scene.asked("POST", "/v1/chat/completions", VIEWER, json=body)
        assert (nobody.status_code, nobody.json()["error"]["code"]) == (503, "camera_unplaced")
        assert int(nobody.headers["retry-after"]) > 0
        assert (await scene.client.get("/readyz")).json()["cameras_unplaced"] == ["lobby"]
        await granted(scene)
        await scene.say("renew", renewal(100, 1))
        opening = await scene.asked("POST", "/v1/chat/completions", VIEWER, json=body)
        assert (opening.status_code, opening.json()["error"]["code"]) == (503, "shard_down")
        assert "about to open" in opening.text
        await scene.say("renew", renewal(101, 2, holds={"lobby": 1}, closed={"lobby": "no such webcam"}))
        closed = await scene.asked("POST", "/v1/chat/completions", VIEWER, json=body)
        assert (closed.status_code, closed.json()["error"]["code"]) == (503, "camera_closed")
        assert "no such webcam" in closed.text
        await scene.say("renew", renewal(102, 3, holds={"lobby": 1}))
        await scene.asked("POST", "/v1/chat/completions", VIEWER, json=body)
        assert [each.path for each in scene.shard.heard] == ["/v1/chat/completions"]
        models = (await scene.asked("GET", "/v1/models", VIEWER)).json()["data"]
        assert "lobby" in [each["id"] for each in models]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        *(("GET", path, None) for path in ("/v1/cameras", "/v1/watches", "/v1/tools", "/v1/timeline", "/v1/events")),
        *(("GET", path, None) for path in ("/v1/deliveries", "/openapi.json", "/v1/answers/x", "/v1/events/5")),
        ("POST", "/v1/chat/completions", {"model": "askcam", "messages": [{"role": "user", "content": "?"}]}),
        ("POST", "/v1/chat/completions", {"model": "nobody", "messages": [{"role": "user", "content": "?"}]}),
        ("POST", "/v1/responses", {"model": "askcam", "input": "?"}),
        ("POST", "/v1/ask", {"question": "?"}),
        ("POST", "/v1/watches", {"name": "x", "question": "?"}),
        ("POST", "/v1/shards/balance", None),
        ("POST", "/v1/shards/a/drain", None),
    ],
)
async def test_a_front_that_nobody_has_joined_yet_says_so(
    tmp_path: Path, method: str, path: str, body: dict[str, Any] | None
) -> None:
    async with joinable(tmp_path) as scene:
        reply = await scene.asked(method, path, json=body)
        assert reply.status_code in (200, 404, 503), reply.text
        if reply.status_code == 503:
            assert reply.json()["error"]["code"] == "shard_down"
            assert "askcam serve --front" in reply.text


MASK = [[0.0, 0.0], [0.5, 0.0], [0.0, 0.5]]


async def test_masks_and_zones_of_a_camera_are_changed_in_the_table_and_its_shard_is_told_anew(tmp_path: Path) -> None:
    async with joinable(tmp_path, LOBBY) as scene:
        await granted(scene)
        view = scene.front.core.joined.table.view if scene.front.core.joined else None
        assert view is not None
        before = json.loads(view.wishes["lobby"].options)
        change = {"masks": [MASK], "zones": {"door": {"polygon": MASK}}}
        reply = await scene.asked("PUT", "/v1/cameras/lobby", json=change)
        assert reply.status_code == 200, reply.text
        assert reply.json()["masks"] == [MASK]
        after = json.loads(view.wishes["lobby"].options)
        assert after["camera"] == before["camera"] | change
        told = (await scene.say("renew", renewal(500))).json()
        assert json.dumps(MASK) in json.dumps(told), "its shard does not hear of it"
        for wrong, param in (({"masks": [MASK[:2]]}, "masks"), ({"zones": {"D": {"polygon": MASK}}}, "zones")):
            for method, path, more in (("PUT", "/lobby", {}), ("POST", "", {"name": "new", "uri": "rtsp://x/y"})):
                reply = await scene.asked(method, f"/v1/cameras{path}", json=wrong | more)
                assert (reply.status_code, reply.json()["error"]["param"]) == (400, param)
        assert json.loads(view.wishes["lobby"].options) == after
        assert (await scene.asked("PUT", "/v1/cameras/lobby", VIEWER, json={})).status_code == 403
        assert (await scene.asked("PUT", "/v1/cameras/nowhere", json={})).status_code == 404
        made = await scene.asked("POST", "/v1/cameras", json={"name": "new", "uri": "rtsp://x/y", "masks": [MASK]})
        assert made.status_code == 201
        assert json.loads(view.wishes["new"].options)["camera"]["masks"] == [MASK]


async def test_a_shard_that_leaves_or_listens_no_more_is_lost_at_once(tmp_path: Path) -> None:
    async with joinable(tmp_path, LOBBY) as scene:
        await granted(scene)
        assert (await scene.say("leave", {"shard": "a", "instance": "0"})).status_code == 204
        view = scene.front.core.joined.table.view if scene.front.core.joined else None
        assert view is not None
        assert view.shards["a"].state == "live", "that was another process"
        assert (await scene.say("leave", {"shard": "a", "instance": "1"})).status_code == 204
        assert view.shards["a"].state == "lost"
        told = await scene.asked("GET", "/v1/cameras/lobby", VIEWER)
        assert (told.status_code, told.json()["error"]["code"]) == (503, "camera_unplaced")
        assert (await scene.say("renew", renewal(500))).json()["rejoin"] is True


@pytest.mark.parametrize(
    ("other", "code", "told"),
    [
        ({"model": "large"}, "other_model", "--model demo"),
        ({"version": "9.0.0"}, "other_version", "install askcam"),
        ({"name": "a", "instance": "2", "url": "{other}"}, "name_taken", "a name of its own"),
        ({"name": "b"}, "url_taken", "[shard] url"),
        ({"name": "b", "url": "http://127.0.0.1:1"}, "shard_unreachable", "where the front reaches it"),
        ({"name": "b", "url": "http://me:hunter22@x"}, "invalid_value", "without name and password"),
        ({"name": "B b"}, "invalid_value", "cannot be a shard's name"),
        ({"name": "b", "capacity_cameras": 5000}, "invalid_value", "0 to 1024"),
        ({"name": "b", "labels": ["A"]}, "invalid_value", "cannot be a label"),
        ({"name": "b", "labels": ["a"] * 17}, "invalid_value", "labels"),
    ],
)
async def test_a_shard_that_does_not_fit_is_told_why_and_what_helps(
    tmp_path: Path, other: dict[str, Any], code: str, told: str
) -> None:
    async with joinable(tmp_path) as scene, joinable(tmp_path / "elsewhere") as another:
        assert (await scene.say("join", scene.tells())).status_code == 200
        said = {name: another.shard.url if value == "{other}" else value for name, value in other.items()}
        if "url" not in said and said.get("name") == "b" and code != "url_taken":
            said["url"] = another.shard.url
        if said.get("model") or said.get("version"):
            said |= {"name": "b", "url": another.shard.url}
        reply = await scene.say("join", scene.tells(**said))
        assert (reply.json()["error"]["code"], told in reply.text) == (code, True), reply.text
        assert reply.status_code in (400, 409)
        assert "hunter22" not in reply.text
        shards = (await scene.asked("GET", "/v1/shards", VIEWER)).json()["data"]
        assert [each["name"] for each in shards] == ["a"], "nothing is left of it"


@pytest.mark.parametrize("what", ["join", "renew", "leave"])
@pytest.mark.parametrize(
    ("token", "status", "code"),
    [
        (None, 401, "invalid_shard_token"),
        ("wrong-token", 401, "invalid_shard_token"),
        (VIEWER, 403, "not_a_shard"),
        (ADMIN, 403, "not_a_shard"),
    ],
)
async def test_only_who_has_the_shards_token_is_heard(
    tmp_path: Path, what: str, token: str | None, status: int, code: str
) -> None:
    async with joinable(tmp_path) as scene:
        reply = await scene.say(what, scene.tells(), token)
        assert (reply.status_code, reply.json()["error"]["code"]) == (status, code)
        assert "ASKCAM_SHARD_ADMIN_TOKEN" in reply.text
        assert TOKEN not in reply.text
        assert (await scene.asked("GET", "/v1/shards", TOKEN)).status_code == 401, "and it is good for nothing else"


async def test_who_tries_tokens_is_told_to_wait_and_a_right_one_passes(tmp_path: Path) -> None:
    async with joinable(tmp_path) as scene:
        statuses = [(await scene.say("renew", renewal(1), f"guess-{each:04}")).status_code for each in range(12)]
        assert statuses[-1] == 429
        assert (await scene.say("renew", renewal(1))).status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (renewal(1, holds={f"c{each}": each for each in range(MAX_HOLDS + 1)}), 400),
        (renewal(1, holds={"c" * 64: 1}), 400),
        (renewal(1, holds={"c": -1}), 400),
        (renewal(1, holds={"c": 2**60}), 400),
        (renewal(1, heard=1), 400),
        (renewal(1, closed={"c": "x" * 301}), 400),
        (renewal(1, holds={f"camera-{each}-{'x' * 40}": each for each in range(50_000)}), 413),
        ([1], 400),
        ({}, 400),
    ],
)
async def test_a_shard_that_says_too_much_is_stopped_before_it_costs_anything(
    tmp_path: Path, body: Any, status: int
) -> None:
    async with joinable(tmp_path) as scene:
        await scene.say("join", scene.tells())
        reply = await scene.say("renew", body)
        assert reply.status_code == status, reply.text
        assert (await scene.say("renew", renewal(2))).status_code == 200


async def test_a_million_cameras_are_refused_by_their_length(tmp_path: Path) -> None:
    async with joinable(tmp_path) as scene:
        text = json.dumps(renewal(1, holds={f"c{each}": each for each in range(MAX_REQUEST // 10)}))
        assert len(text) > MAX_REQUEST
        reply = await scene.client.post("/v1/shards/renew", content=text, headers={"authorization": f"Bearer {TOKEN}"})
        assert (reply.status_code, reply.json()["error"]["type"]) == (413, "invalid_request_error")


async def test_a_shard_that_claims_what_it_was_not_given_is_told_to_end_it(tmp_path: Path) -> None:
    async with joinable(tmp_path, LOBBY) as scene:
        await granted(scene)
        lies = {"lobby": 99, "other": 5}
        told = (await scene.say("renew", renewal(100, 1, holds=lies))).json()
        assert told["hold"] == {"lobby": 1}
        view = scene.front.core.joined.table.view if scene.front.core.joined else None
        assert view is not None
        assert view.owners["lobby"].epoch == 1
        assert "other" not in view.owners


async def test_new_names_without_end_are_bounded(tmp_path: Path) -> None:
    """Each is looked at, written down and asked each second: so they are counted."""
    async with joinable(tmp_path, max_shards=1) as scene:
        assert (await scene.say("join", scene.tells())).status_code == 200
        more = await scene.say("join", scene.tells(name="b"))
        assert more.status_code in (409, 429)
        assert (await scene.say("leave", {"shard": "a", "instance": "1"})).status_code == 204
        more = await scene.say("join", scene.tells(name="b"))
        assert (more.status_code, more.json()["error"]["code"]) == (429, "too_many_shards")
        assert (await scene.say("join", scene.tells(instance="2"))).status_code == 200, "its old name it may have"


async def test_renewing_in_a_loop_is_slowed_down_for_who_does_it_and_for_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining, "RENEWALS", 1e-6)
    monkeypatch.setattr(joining, "BURST", 3)
    async with joinable(tmp_path) as scene:
        assert (await scene.say("join", scene.tells())).status_code == 200
        made_up = [(await scene.say("renew", renewal(1, shard=f"x{each}"))).status_code for each in range(4)]
        assert made_up == [200, 200, 200, 429]
        own = [(await scene.say("renew", renewal(each))).status_code for each in range(1, 5)]
        assert own == [200, 200, 200, 429]


async def test_a_camera_that_nobody_wants_any_more_is_gone_at_once(tmp_path: Path) -> None:
    """Its shard has it for a moment longer."""
    async with joinable(tmp_path, LOBBY, shard=FakeShard(["lobby"])) as scene:
        await granted(scene)
        await scene.say("renew", renewal(100, 1, holds={"lobby": 1}))
        directory = scene.front.core.directory
        await comes_true(lambda: directory["a"].cameras, "what it tells")
        assert (await scene.asked("DELETE", "/v1/cameras/lobby")).status_code == 204
        gone = await scene.asked("GET", "/v1/cameras/lobby", VIEWER)
        assert (gone.status_code, gone.json()["error"]["code"]) == (404, "model_not_found")
        assert not directory.has("lobby")
        assert (await scene.asked("GET", "/v1/cameras", VIEWER)).json()["data"] == []


async def test_what_was_overtaken_on_the_way_says_nothing(tmp_path: Path) -> None:
    async with joinable(tmp_path, LOBBY) as scene:
        await granted(scene)
        await scene.say("renew", renewal(101, 1, holds={"lobby": 1}))
        await scene.say("renew", renewal(100, 1))
        assert scene.front.core.directory.owner_of("lobby").name == "a"


async def test_nothing_is_kept_of_shards_that_are_not_let_in(tmp_path: Path) -> None:
    async with joinable(tmp_path) as scene:
        for number in range(5):
            reply = await scene.say("join", scene.tells(name=f"x{number}", url="http://127.0.0.1:1"))
            assert reply.json()["error"]["code"] == "shard_unreachable"
        core = scene.front.core
        assert (core.directory.shards, [*core.directory.keys._keys], core.probing._tasks) == ((), [KEPT], {})
        assert core.joined is not None
        assert core.joined.table.view.shards == {}


async def test_a_shard_that_was_renamed_is_one(tmp_path: Path) -> None:
    """What it was called before is lost, at the same address."""
    async with joinable(tmp_path, shard=FakeShard(["door"])) as scene:
        await scene.say("join", scene.tells(name="c"))
        await scene.say("leave", {"shard": "c", "instance": "1"})
        assert (await scene.say("join", scene.tells(name="b"))).status_code == 200
        directory = scene.front.core.directory
        await comes_true(lambda: directory["b"].cameras, "its own camera")
        assert [shard.name for shard in directory.shards] == ["b"]
        assert directory.owner_of("door").name == "b"
    async with joinable(tmp_path) as scene:
        assert [shard.name for shard in scene.front.core.directory.shards] == ["b"], "after a restart, too"


async def test_joining_in_a_loop_is_slowed_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "JOINS", Rate(per_s=1e-6, burst=2))
    async with joinable(tmp_path) as scene:
        replies = [await scene.say("join", scene.tells()) for _ in range(3)]
        assert [reply.status_code for reply in replies] == [200, 200, 429]
        assert int(replies[-1].headers["retry-after"]) > 0


async def test_a_shard_of_the_file_and_one_that_joined_stand_side_by_side(tmp_path: Path) -> None:
    own = FakeShard(["door"])
    async with joinable(tmp_path, LOBBY, shard=own) as scene:
        await granted(scene)
        await scene.say("renew", renewal(100, 1, holds={"lobby": 1}))
        await comes_true(lambda: scene.front.core.directory.has("door"), "its own camera")
        told = (await scene.asked("GET", "/v1/shards")).json()["data"][0]
        assert (told["owns"], told["cameras"], told["room"], told["joined"]) == (["lobby"], ["door"], 8, "live")
        assert scene.front.core.directory.owner_of("door") is scene.front.core.directory.owner_of("lobby")


async def test_a_camera_of_the_table_is_its_owners_whoever_else_tells_of_it(tmp_path: Path) -> None:
    """A shard that was cut off still has it, and one of front.toml may have another of that name."""
    other = FakeShard(["lobby", "hall"], roles={VIEWER_THERE: "viewer", TOKEN: "admin"})
    async with running(other), joinable(tmp_path, LOBBY, shard=FakeShard(["lobby"]), beside=other) as scene:
        assert (await scene.say("join", scene.tells(name="of-file"))).json()["error"]["code"] == "name_taken"
        await granted(scene)
        await scene.say("renew", renewal(100, 1, holds={"lobby": 1}))
        directory = scene.front.core.directory
        await comes_true(lambda: directory.get("of-file") and directory["of-file"].cameras, "the other's cameras")
        await comes_true(lambda: directory["a"].cameras, "its own")
        assert directory.owner_of("lobby").name == "a"
        assert directory.owner_of("hall").name == "of-file"
        assert directory.ambiguous() == {}
        told = directory.rows_of_cameras({each: list(each.cameras.values()) for each in directory.shards})
        assert [[row["name"] for row in rows] for rows in told] == [["hall"], ["lobby"]]
        new = {"name": "yard", "uri": "rtsp://cam/2", "shard": "of-file"}
        other.answers["/v1/cameras"] = _added
        assert (await scene.asked("POST", "/v1/cameras", json=new)).status_code == 201
        assert "yard" not in directory.table.names(), "it is that server's own"


async def _added(request: Heard, writer: asyncio.StreamWriter) -> None:
    await tell(writer, 201 if request.method == "POST" else 200, {"data": [], "name": "yard"})


async def test_cameras_that_were_wanted_are_wanted_after_a_restart_with_their_options(tmp_path: Path) -> None:
    new = {"name": "yard", "uri": "rtsp://me:hunter22@cam/2", "fps": 1.0}
    async with joinable(tmp_path, LOBBY) as scene:
        assert (await scene.asked("POST", "/v1/cameras", json=new)).status_code == 201
    async with joinable(tmp_path) as scene:
        view = scene.front.core.joined.table.view if scene.front.core.joined else None
        assert view is not None
        assert set(view.wishes) == {"lobby", "yard"}
        assert json.loads(view.wishes["yard"].options)["camera"] == {"uri": new["uri"], "fps": 1.0}
        assert "hunter22" not in repr(view.wishes)
        assert (await scene.asked("DELETE", "/v1/cameras/yard")).status_code == 204
        assert set(view.wishes) == {"lobby"}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"name": "Yard", "uri": "rtsp://x"}, "name"),
        ({"name": "yard", "uri": " "}, "uri"),
        ({"name": "yard", "uri": "rtsp://x/" + "y" * 3000}, "uri"),
        ({"name": "yard", "uri": "rtsp://x", "fps": 0.0}, "fps"),
        ({"name": "yard", "uri": "rtsp://x", "fps": 61}, "fps"),
        ({"name": "yard", "uri": "rtsp://x", "only": "A B"}, "only"),
        ({"name": "yard", "uri": "rtsp://x", "apart": "A B"}, "apart"),
        ({"name": "yard", "uri": "rtsp://x", "only": "a", "shard": "a"}, "only"),
        ({"name": "yard", "uri": "rtsp://x", "shard": "nowhere"}, "shard"),
    ],
)
async def test_a_camera_that_cannot_be_wanted_names_the_field(tmp_path: Path, body: dict[str, Any], param: str) -> None:
    async with joinable(tmp_path) as scene:
        await scene.say("join", scene.tells())
        reply = await scene.asked("POST", "/v1/cameras", json=body)
        assert (reply.status_code, reply.json()["error"]["param"]) == (400, param), reply.text
