"""How much of the event loop an address may cost, and a transport whose reading is held back."""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from askcam.server.connections import effort
from askcam.server.connections.effort import FREE_MS, SHARE, Effort, Part, Reins


def test_who_costs_more_than_its_share_waits_and_others_do_not() -> None:
    now = 0.0
    spending = Effort(lambda: now)
    assert spending.spent("a", SHARE.burst / 2000) == 0.0
    wait_s = spending.spent("a", 1.0)
    assert wait_s == pytest.approx((1000.0 - SHARE.burst / 2) / SHARE.per_s, abs=0.01)
    assert spending.spent("b", SHARE.burst / 2000) == 0.0
    now += wait_s
    assert spending.spent("a", 0.0) == 0.0


def test_who_keeps_to_its_part_is_not_held_for_what_others_at_its_address_spend() -> None:
    now = 0.0
    spending = Effort(lambda: now)
    greedy, modest = (Part(spending, "a", lambda: 2) for _ in range(2))
    held = greedy.spent(2.0)
    assert held > 10.0
    assert modest.spent(FREE_MS / 1000) == 0.0
    assert modest.spent(0.005) == pytest.approx(5.0 / (SHARE.per_s / 2)), "what it spends itself it waits for"
    now += 1.0
    for _ in range(1000):
        now += 0.02
        assert modest.spent(0.02 * 0.9 * SHARE.per_s / 2000) == 0.0


def test_all_parts_together_are_the_addresss_own() -> None:
    now = 0.0
    spending = Effort(lambda: now)
    parts = [Part(spending, "a", lambda: 10) for _ in range(10)]
    until, spent = [0.0] * 10, 0.0
    while now < 100.0:
        for number, part in enumerate(parts):
            if until[number] <= now:
                until[number] = now + part.spent(0.03)
                spent += 30.0
        now += 0.01
    assert spent <= SHARE.burst + 100.0 * SHARE.per_s + 10 * (30.0 + FREE_MS)


class Reading(asyncio.Transport):
    """A transport of which only reading counts."""

    def __init__(self) -> None:
        super().__init__()
        self.reads, self.closing, self.ended = True, False, False

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True

    def is_closing(self) -> bool:
        return self.closing

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.ended = True

    def close(self) -> None:
        self.closing = True

    def abort(self) -> None:
        self.closing = True


@pytest.mark.parametrize("protocol_pauses", [False, True])
async def test_what_is_held_is_not_read_whatever_the_protocol_wishes(protocol_pauses: bool) -> None:
    below = Reading()
    reins = Reins(below)
    reins.hold(0.05)
    reins.hold(600.0)  # held already
    assert reins.held
    reins.resume_reading()
    assert not below.reads
    if protocol_pauses:
        reins.pause_reading()
    async with asyncio.timeout(60):
        while reins.held:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert below.reads is not protocol_pauses
    reins.resume_reading()
    assert below.reads


async def test_one_that_closes_is_not_held() -> None:
    below = Reading()
    below.closing = True
    reins = Reins(below)
    reins.hold(600.0)
    assert not reins.held
    assert below.reads


async def test_what_is_held_waits_longer_while_others_have_spent_more() -> None:
    below, left = Reading(), [0.01, 0.01, 0.0]
    reins = Reins(below)
    reins.hold(0.01, lambda: left.pop(0))
    async with asyncio.timeout(60):
        while not below.reads:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    assert left == []
    assert not reins.held


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[float, Callable[[], None]]]]:
    """What the event loop was told to do later: in how many seconds, and what. The test does it."""
    later: list[tuple[float, Callable[[], None]]] = []

    def call_later(delay_s: float, call: Callable[..., None], *args: object) -> None:
        later.append((delay_s, partial(call, *args)))

    monkeypatch.setattr(effort.asyncio, "get_running_loop", lambda: SimpleNamespace(call_later=call_later))
    yield later
    monkeypatch.undo()


def draining() -> tuple[Reading, Reins]:
    """Told its last, while its client still sends."""
    below = Reading()
    reins = Reins(below)
    reins.pause_reading()
    reins.draining = True
    reins.close()
    return below, reins


def test_one_that_drains_says_its_last_and_takes_what_still_comes_until_it_is_quiet(looks: Any) -> None:
    below, reins = draining()
    assert (below.ended, below.reads, below.closing) == (True, True, False)
    for _ in range(10):
        reins.came(1)
        delay_s, look = looks.pop()
        look()
        assert not below.closing, "its client still sends"
        assert delay_s == effort.QUIET_S
    _, look = looks.pop()
    look()
    assert below.closing
    assert looks == []


def test_whoever_never_stops_sending_is_drained_for_a_while_only(looks: Any) -> None:
    below, reins = draining()
    taken_s = 0.0
    while not below.closing:
        reins.came(1)
        delay_s, look = looks.pop()
        look()
        taken_s += delay_s
    assert taken_s == pytest.approx(effort.DRAINED_S, abs=2 * effort.QUIET_S)


async def test_one_that_need_not_drain_is_closed_at_once() -> None:
    below = Reading()
    Reins(below).close()
    assert (below.ended, below.closing) == (False, True)


async def test_no_more_is_drained_than_a_message_may_have() -> None:
    below = Reading()
    reins = Reins(below)
    reins.draining = True
    reins.close()
    reins.came(effort.DRAINED_BYTES)
    assert not below.closing
    reins.came(1)
    assert below.closing
