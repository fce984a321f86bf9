"""Events over two fronts: delivered to the one that leads, and found, followed and acknowledged at either."""

from collections.abc import Iterator
from typing import Any

import pytest
from support.delivered import event, following, kinds, listed, tells_no_events
from support.joining import VIEWER
from support.servers.postgres import Postgres, postgres
from support.two_fronts import OneFront, TwoFronts, two_fronts
from support.waiting import comes_true

from askcam.cluster.members import CameraWish

LOBBY = CameraWish("lobby", options="{}")


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as made:
        yield made


async def delivered(both: TwoFronts, front: OneFront, *numbers: int) -> Any:
    events = [event(number, epoch=both.holds["lobby"]) for number in numbers]
    return await front.say("events", {"shard": "a", "instance": "1", "events": events})


async def test_what_the_leader_has_is_listed_followed_and_acknowledged_at_either(server: Postgres) -> None:
    async with two_fronts(server.database(), LOBBY) as both:
        tells_no_events(both.shard)
        await both.placed("lobby")
        leader, standby = both.leader, both.standby
        refused = await delivered(both, standby, 1)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "not_leading")
        stranger = await standby.say("events", {"shard": "x", "instance": "1", "events": []})
        assert stranger.json()["error"]["code"] == "not_leading", "so that it is told to the leader, who may know it"
        async with following(standby) as there, following(leader) as here:
            told = await delivered(both, leader, 1, 2)
            assert [each["fate"] for each in told.json()["receipts"]] == ["committed", "committed"], told.text
            await comes_true(lambda: kinds(there) == kinds(here) == ["on 01", "on 02"], "both at either")
            rows = await listed(standby)
            assert rows == await listed(leader)
            body = {"acknowledged": True}
            seen = await standby.asked("POST", f"/v1/events/{rows[0]['id']}/acknowledge", VIEWER, json=body)
            assert seen.status_code == 200, seen.text
            assert (await listed(leader))[0]["acknowledged_at"] == seen.json()["acknowledged_at"]
            all_seen = {"ids": [row["id"] for row in rows], "acknowledged": True}
            assert (await standby.asked("POST", "/v1/events/acknowledge", VIEWER, json=all_seen)).status_code == 200
            assert await listed(standby, acknowledged="false") == []


async def test_the_next_leader_goes_on_with_the_events_of_the_last_one(server: Postgres) -> None:
    async with two_fronts(server.database(), LOBBY) as both:
        tells_no_events(both.shard)
        await both.placed("lobby")
        first, second = both.leader, both.standby
        assert (await delivered(both, first, 1)).status_code == 200
        await first.crash()
        await comes_true(lambda: second.table.leads, "the other one to lead")
        again = await delivered(both, second, 1, 2)
        assert [each["fate"] for each in again.json()["receipts"]] == ["again", "committed"], again.text
        late = await delivered(both, first, 3)
        assert late.status_code == 503
        assert [row["at"][17:19] for row in await listed(second)] == ["02", "01"]
