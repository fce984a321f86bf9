"""Two fronts over one table: one decides, both serve; who decides no more says so, and the other one goes on."""

import asyncio
import json
from collections.abc import Iterator

import pytest
from support.joining import ADMIN, TOKEN, VIEWER
from support.servers.fake_shard import Heard, tell
from support.servers.postgres import PASSWORD, Postgres, postgres
from support.two_fronts import OneFront, two_fronts
from support.waiting import comes_true

from askcam.cluster.front.joined.passing import MARK
from askcam.cluster.members import CameraWish
from askcam.server.errors import Refusal

LOBBY = CameraWish("lobby", options='{"camera": {"uri": "rtsp://me:hunter22@cam/1"}, "origin": "file"}')
QUESTION = {"model": "lobby", "messages": [{"role": "user", "content": "?"}]}


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as made:
        yield made


async def answers(request: Heard, writer: asyncio.StreamWriter) -> None:
    await tell(writer, 200, {"answered": True})


async def asked(front: OneFront) -> bool:
    reply = await front.asked("POST", "/v1/chat/completions", VIEWER, json=QUESTION)
    return reply.status_code == 200 and reply.json() == {"answered": True}


def epochs(front: OneFront) -> dict[str, int]:
    return {camera: owner.epoch for camera, owner in front.table.view.owners.items()}


async def test_both_answer_and_list_and_say_who_decides(server: Postgres) -> None:
    async with two_fronts(server.database(), LOBBY) as both:
        both.shard.answers["/v1/chat/completions"] = answers
        await both.placed("lobby")
        for front in both.fronts:
            assert await asked(front)
            listed = (await front.asked("GET", "/v1/cameras", VIEWER)).json()["data"]
            assert [each["name"] for each in listed] == ["lobby"]
            shards = (await front.asked("GET", "/v1/shards")).json()
            assert shards["leads"] is front.table.leads
            assert shards["leader"] == both.leader.url
            assert [(each["name"], each["owns"], each["joined"]) for each in shards["data"]] == [
                ("a", ["lobby"], "live")
            ]
            assert "leader" not in (await front.asked("GET", "/v1/shards", VIEWER)).json(), "where it is, is for admins"
            assert (await front.client.get("/readyz")).json()["leads"] is front.table.leads
            metrics = (await front.asked("GET", "/metrics")).text
            assert f"askcam_front_leads {float(front.table.leads)}" in metrics


@pytest.mark.parametrize("what", ["join", "renew", "leave"])
async def test_a_shard_is_told_by_the_standby_where_the_leader_is(server: Postgres, what: str) -> None:
    async with two_fronts(server.database()) as both:
        told = {"join": both.joins(), "leave": {"shard": "a", "instance": "1"}}
        renewal = {"shard": "a", "instance": "1", "number": 1, "heard": 0}
        reply = await both.standby.say(what, told.get(what, renewal))
        assert (reply.status_code, reply.json()["error"]["code"]) == (503, "not_leading")
        assert both.leader.url in reply.text
        assert int(reply.headers["retry-after"]) > 0
        assert not both.shard.heard, "it is not looked at in vain"


async def test_what_people_want_of_the_standby_the_leader_does_and_both_know_at_once(server: Postgres) -> None:
    async with two_fronts(server.database(), LOBBY) as both:
        await both.placed("lobby")
        standby, leader = both.standby, both.leader
        yard = {"name": "yard", "uri": "rtsp://me:hunter22@cam/2"}
        assert (await standby.asked("POST", "/v1/cameras", VIEWER, json=yard)).status_code == 403
        made = await standby.asked("POST", "/v1/cameras", json=yard)
        assert (made.status_code, made.json()["name"]) == (201, "yard")
        assert "hunter22" not in made.text
        assert "yard" in standby.table.view.wishes
        assert "yard" in leader.table.view.wishes
        assert (await leader.asked("POST", "/v1/cameras", json=yard)).status_code == 409
        assert (await standby.asked("POST", "/v1/cameras", json={"name": "x", "uri": " "})).status_code == 400
        assert (await standby.asked("DELETE", "/v1/cameras/yard")).status_code == 204
        assert "yard" not in standby.table.view.wishes
        assert (await standby.asked("POST", "/v1/shards/balance")).json()["moving"] == []
        assert (await standby.asked("POST", "/v1/shards/nobody/drain")).status_code == 404
        assert (await standby.asked("POST", "/v1/shards/a/drain")).status_code == 200
        assert standby.table.view.shards["a"].state == leader.table.view.shards["a"].state == "draining"


async def test_a_watch_that_is_made_at_the_standby_is_the_leaders_and_both_list_it(server: Postgres) -> None:
    async def checks(request: Heard, writer: asyncio.StreamWriter) -> None:
        await tell(writer, 200, {**json.loads(request.body), "origin": "api", "now": []})

    async with two_fronts(server.database(), LOBBY) as both:
        both.shard.answers["/v1/watches/check"] = checks
        both.shard.lists["/v1/watches"] = {"object": "list", "data": []}
        await both.placed("lobby")
        door = {"name": "door", "question": "?", "cameras": ["lobby"]}
        steps = (("POST", "", door, 201), ("PATCH", "/door", {"question": "!"}, 200), ("DELETE", "/door", None, 204))
        for method, below, body, status in steps:
            reply = await both.standby.asked(method, f"/v1/watches{below}", json=body)
            assert reply.status_code == status, reply.text
            for front in both.fronts:
                rows = (await front.asked("GET", "/v1/watches", VIEWER)).json()["data"]
                assert [row["question"] for row in rows] == ([] if body is None else [body["question"]])


async def test_a_standby_says_why_a_camera_has_no_place_and_which_shards_have_had_one(server: Postgres) -> None:
    async with two_fronts(server.database(), LOBBY, CameraWish("yard", "hall", options="{}")) as both:
        note = {"id": 1, "start": "2026-01-01T00:00:00Z", "frame_url": None}
        both.shard.lists["/v1/timeline"] = {"object": "list", "data": [note], "has_more": False}
        await both.placed("lobby")
        await both.leader.table.change(lambda owners, now_s: owners.tick(now_s))
        told = [(await front.asked("GET", "/v1/cameras", VIEWER)).json()["cameras_unplaced"] for front in both.fronts]
        assert told[0] == told[1]
        assert "called 'hall' or has that label" in told[0]["yard"]
        for front in both.fronts:
            noted = (await front.asked("GET", "/v1/timeline", VIEWER, params={"camera": "lobby"})).json()
            assert (len(noted["data"]), noted.get("shards_down")) == (1, None)
            assert (await front.asked("GET", "/v1/timeline", VIEWER, params={"camera": "yard"})).json()["data"] == []


async def test_nothing_is_passed_on_twice_nor_under_another_token(server: Postgres) -> None:
    async with two_fronts(server.database()) as both:
        standby = both.standby
        once = await standby.asked("POST", "/v1/shards/balance", headers={MARK: "1"})
        assert (once.status_code, once.json()["error"]["code"]) == (503, "not_leading")
        joined = standby.running.core.joined
        assert joined is not None
        joined.leader._token = "another"
        refused = await standby.asked("POST", "/v1/shards/balance")
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "not_leading")
        assert "same tokens" in refused.text
        joined.leader._token = ADMIN
        await both.leader.life.aclose()  # it is away, and the standby has not seen it yet
        gone = await standby.asked("POST", "/v1/shards/balance")
        assert gone.json().get("error", {}).get("code", "not_leading") == "not_leading"


async def test_a_leader_that_ends_hands_over_at_once_and_nothing_moves(server: Postgres) -> None:
    url = server.database()
    async with two_fronts(url, LOBBY) as both:
        both.shard.answers["/v1/chat/completions"] = answers
        await both.placed("lobby")
        other, before = both.standby, epochs(both.leader)
        joined = other.running.core.joined
        assert joined is not None
        joined.wanted._listed = [LOBBY, CameraWish("yard", options=LOBBY.options)]
        await both.leader.life.aclose()
        free = server.asked("SELECT until <= clock_timestamp() OR term = 2 FROM askcam.leader", url)
        assert free == [(True,)], "it was handed over, and is not waited for"
        await comes_true(lambda: other.table.leads, "the other to lead", 60.0)
        assert await asked(other)
        reply = await both.renewed(other)
        assert reply.status_code == 200
        assert not reply.json().get("rejoin"), "it is known there"
        assert epochs(other)["lobby"] == before["lobby"]
        await comes_true(lambda: "yard" in other.table.view.wishes, "what its own file says")


async def test_a_leader_that_stands_still_is_replaced_and_decides_nothing_afterwards(server: Postgres) -> None:
    async with two_fronts(server.database(), LOBBY) as both:
        both.shard.answers["/v1/chat/completions"] = answers
        await both.placed("lobby")
        old, new, before = both.leader, both.standby, epochs(both.leader)
        await old.crash()
        async with asyncio.timeout(60):
            while not new.table.leads:
                assert await asked(new), "the other one answers all the time"
                assert not (old.table.leads and new.table.leads), "never both"
                await asyncio.sleep(0.05)
        refused = await both.renewed(old)
        assert refused.status_code == 503, "its lease has run out by its own clock: it promises nothing"
        old.table._lease._until_s = float("inf")  # whatever it believes
        with pytest.raises(Refusal) as caught:
            await old.table.change(lambda owners, now_s: owners.want([CameraWish("more")], now_s))
        assert caught.value.code == "not_leading"
        assert "more" not in old.table.view.wishes
        assert (await both.renewed(new)).status_code == 200
        await new.table.change(lambda owners, now_s: owners.want([CameraWish("later")], now_s))
        await old.table.refresh()
        assert old.table.leader_url == new.url
        assert not old.table.leads
        assert set(old.table.view.wishes) == {"lobby", "later"}, "it reads along"
        assert epochs(new)["lobby"] == before["lobby"]
        anew = CameraWish("lobby", options=LOBBY.options.replace("cam/1", "cam/2"))
        await new.table.change(lambda owners, now_s: owners.want([anew], now_s))
        for _ in range(2):
            await both.renewed(new)
        await old.table.refresh()
        assert epochs(old)["lobby"] > before["lobby"]
        assert await asked(old), "what shards had told it when it led is forgotten"


async def test_a_camera_that_moves_is_not_asked_for_where_it_is_not_open_yet(server: Postgres) -> None:
    """What shards say of their cameras only the leader hears; the other front sees what they list."""
    async with two_fronts(server.database(), LOBBY) as both:
        both.shard.answers["/v1/chat/completions"] = answers
        await both.placed("lobby")
        both.shard.cameras = []
        standby = both.standby
        await comes_true(lambda: not both.sees(standby, "lobby"), "it to be gone")
        reply = await standby.asked("POST", "/v1/chat/completions", VIEWER, json=QUESTION)
        assert (reply.status_code, reply.json()["error"]["code"]) == (503, "shard_down")
        assert "about to open" in reply.text


async def test_a_database_that_is_away_stops_decisions_and_no_answers_and_all_mends_by_itself(
    server: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    async with two_fronts(server.database(), LOBBY) as both:
        both.shard.answers["/v1/chat/completions"] = answers
        await both.placed("lobby")
        before, fronts = epochs(both.leader), list(both.fronts)
        leader = both.leader
        server.kill()
        try:
            for front in fronts:
                await comes_true(lambda front=front: front.table.trouble() is not None, "its trouble")  # type: ignore[misc]
            await comes_true(lambda: not leader.table.leads, "the end of its lease")
            for front in fronts:
                assert await asked(front)
                ready = await front.client.get("/readyz")
                assert ready.status_code == 200
                assert "PostgreSQL" not in ready.json()["table_failed"], "anybody may ask this"
                assert str(server.port) in (await front.asked("GET", "/v1/shards")).json()["table_failed"]
                assert str(server.port) not in (await front.asked("GET", "/v1/shards", VIEWER)).text
                assert [each["name"] for each in (await front.asked("GET", "/v1/cameras")).json()["data"]] == ["lobby"]
                refused = await both.renewed(front)
                assert refused.status_code == 503
                assert refused.json()["error"]["code"] in ("table_failed", "not_leading")
                wanted = await front.asked("POST", "/v1/cameras", json={"name": "x", "uri": "rtsp://x"})
                assert (wanted.status_code, PASSWORD in wanted.text) == (503, False)
        finally:
            server.begin()
        await comes_true(lambda: any(front.table.leads for front in fronts), "one of them to lead", 60.0)
        for front in fronts:
            await comes_true(lambda front=front: front.table.trouble() is None, "no trouble")  # type: ignore[misc]
            assert "table_failed" not in (await front.client.get("/readyz")).json()
        assert (await both.renewed(both.leader)).status_code == 200
        assert epochs(both.leader) == before
        assert list(both.leader.table.view.shards) == ["a"]
        assert both.leader.table.view.shards["a"].state == "live"
    assert PASSWORD not in caplog.text
    assert "hunter22" not in caplog.text
    lines = [line for line in caplog.text.splitlines() if "nothing is decided" in line]
    assert 0 < len(lines) < 12, "it is said, and not each second"


async def test_shards_and_cameras_that_come_and_go_are_seen_by_the_other(server: Postgres) -> None:
    async with two_fronts(server.database(), LOBBY) as both:
        await both.placed("lobby")
        leader, standby = both.leader, both.standby
        await leader.say("leave", {"shard": "a", "instance": "1"})
        await standby.table.refresh()
        assert standby.table.view.shards["a"].state == "lost"
        reply = await standby.asked("POST", "/v1/chat/completions", VIEWER, json=QUESTION)
        assert reply.status_code == 503
        assert (await leader.say("join", both.joins(instance="2"))).status_code == 200
        await standby.table.refresh()
        assert standby.table.view.shards["a"].instance == "2"
        assert TOKEN not in (await standby.asked("GET", "/v1/shards")).text
