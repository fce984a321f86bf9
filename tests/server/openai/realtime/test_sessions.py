"""Sessions that wait for their clients to come back."""

import asyncio

import pytest

from askcam.server.errors import Refusal
from askcam.server.sessions import Sessions
from askcam.server.wire.refusals import on_wire


class Guest:
    """A session that does nothing but end when it is told to."""

    def __init__(self, name: str, owner: str = "viewer", *, pushes: bool = False, client: str = "one") -> None:
        self.id, self.owner, self.pushes, self.client = name, owner, pushes, client
        self.ended = False
        self._over = asyncio.Event()

    async def run(self) -> None:
        await self._over.wait()
        self.ended = True

    def over(self) -> None:
        self._over.set()


async def ended(sessions: Sessions, guest: Guest) -> None:
    async with asyncio.timeout(60):
        await asyncio.wait([sessions._tasks[guest.id]])
    assert guest.ended


async def test_a_parked_session_is_found_by_its_owner() -> None:
    sessions, guest = Sessions(), Guest("s1")
    sessions.add(guest)
    sessions.park(guest)
    assert sessions.num_parked == 1
    assert sessions.find("s1", "viewer") is guest
    sessions.unpark(guest)
    assert sessions.num_parked == 0
    await sessions.close()
    assert guest.ended


async def test_a_foreign_session_is_refused_in_the_words_of_an_unknown_one() -> None:
    sessions, guest = Sessions(), Guest("s1", "admin")
    sessions.add(guest)
    told = []
    for name in ("s1", "s2"):
        with pytest.raises(Refusal) as refused:
            sessions.find(name, "viewer")
        assert (on_wire(refused.value).status, refused.value.code) == (404, "session_not_found")
        told.append(refused.value.message.replace(name, "NAME"))
    assert told[0] == told[1]
    await sessions.close()


async def test_whoever_is_away_too_long_is_gone() -> None:
    sessions, guest = Sessions(parked_s=0.01), Guest("s1")
    sessions.add(guest)
    sessions.park(guest)
    await ended(sessions, guest)
    with pytest.raises(Refusal):
        sessions.find("s1", "viewer")
    assert sessions.num_parked == 0


async def test_a_session_that_came_back_in_time_stays() -> None:
    sessions, guest, other = Sessions(parked_s=0.02), Guest("s1"), Guest("s2")
    for each in (guest, other):
        sessions.add(each)
        sessions.park(each)
    sessions.unpark(guest)
    await ended(sessions, other)
    assert sessions.find("s1", "viewer") is guest
    await sessions.close()


async def test_of_too_many_that_are_away_the_one_goes_whose_client_has_most() -> None:
    sessions = Sessions(max_parked=3)
    other, *mine = guests = [Guest("s0", client="other"), *(Guest(f"s{i}") for i in range(1, 4))]
    for guest in guests:
        sessions.add(guest)
        sessions.park(guest)
    await ended(sessions, mine[0])
    assert [guest.ended for guest in (other, *mine)] == [False, True, False, False]
    await sessions.close()


async def test_the_one_away_longest_goes_when_there_are_too_many() -> None:
    counts: list[int] = []
    sessions = Sessions(max_parked=2, count=counts.append)
    guests = [Guest(f"s{i}") for i in range(3)]
    for guest in guests:
        sessions.add(guest)
        sessions.park(guest)
    await ended(sessions, guests[0])
    assert not guests[1].ended
    assert max(counts) == 3
    assert counts[-1] == sessions.num_parked == 2
    await sessions.close()
    assert sessions.num_parked == 0


async def test_a_camera_whose_pusher_is_away_makes_way() -> None:
    sessions = Sessions()
    plain, pushing, here = Guest("s1"), Guest("s2", pushes=True), Guest("s3", pushes=True)
    for guest in (plain, pushing, here):
        sessions.add(guest)
    for guest in (plain, pushing):
        sessions.park(guest)
    assert await sessions.make_way()
    assert (plain.ended, pushing.ended, here.ended) == (False, True, False)
    assert not await sessions.make_way()
    await sessions.close()
