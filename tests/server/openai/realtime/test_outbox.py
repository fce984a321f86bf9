"""What waits for a realtime client, and what is kept to be sent again."""

import asyncio

import pytest

from askcam.server.errors import Refusal
from askcam.server.openai.realtime.outbox import SocketOutbox


def outbox(**bounds: float) -> tuple[SocketOutbox, list[float]]:
    now = [0.0]
    return SocketOutbox(10, clock=lambda: now[0], **bounds), now  # type: ignore[arg-type]


async def take(box: SocketOutbox, number: int) -> list[str]:
    return [await box.get() for _ in range(number)]


async def test_events_come_in_order_and_wait_for_a_reader() -> None:
    box, _ = outbox()
    waiting = asyncio.create_task(box.get())
    await asyncio.sleep(0)
    assert not waiting.done()
    box.put("e1", "one")
    box.put("e2", "two")
    assert await waiting == "one"
    assert await box.get() == "two"


async def test_whoever_puts_waits_when_too_much_waits() -> None:
    box, _ = outbox()
    box.put("e1", "0123456789")
    assert box.full
    room = asyncio.create_task(box.room())
    await asyncio.sleep(0)
    assert not room.done()
    await box.get()
    await room
    assert not box.full


async def test_what_was_missed_is_sent_again_once_and_in_order() -> None:
    box, _ = outbox()
    for name in "abcd":
        box.put(name, name.upper())
    assert await take(box, 3) == ["A", "B", "C"]
    assert box.missed("a") == 3
    box.rewind("a", "resumed")
    assert await take(box, 3) == ["B", "C", "D"]
    box.rewind("d", "resumed")
    box.put("e", "E")
    assert await take(box, 1) == ["E"]


async def test_a_client_that_has_nothing_yet_gets_all_from_the_first() -> None:
    box, _ = outbox()
    box.put("a", "A")
    await box.get()
    box.rewind(None, "resumed")
    assert await take(box, 1) == ["A"]


async def test_a_client_may_come_back_twice_from_the_same_place() -> None:
    box, _ = outbox()
    for name in "abc":
        box.put(name, name.upper())
    await take(box, 3)
    for after in ("a", "a", "resumed"):  # the id of session.resumed stands for the place that it told of
        box.rewind(after, "resumed")
        assert await take(box, 2) == ["B", "C"]


async def test_what_is_acknowledged_is_forgotten() -> None:
    box, _ = outbox()
    for name in "abc":
        box.put(name, name.upper())
    await take(box, 3)
    box.rewind("b", "resumed")
    with pytest.raises(Refusal, match="not kept any more") as gap:
        box.missed("a")
    assert (gap.value.code, gap.value.param) == ("resume_gap", "after")


@pytest.mark.parametrize("bounds", [{"max_kept": 5}, {"max_events": 5}])
async def test_the_oldest_of_what_was_sent_goes_beyond_the_bounds(bounds: dict[str, int]) -> None:
    box, _ = outbox(**bounds)
    for name in "abcdefgh":
        box.put(name, name.upper())
    await take(box, 8)
    assert box.missed("c") == 5  # the newest one that is gone: nothing behind it is
    for after in ("b", None, "never sent"):
        with pytest.raises(Refusal) as gap:
            box.missed(after)
        assert gap.value.code == "resume_gap"


async def test_what_was_sent_long_ago_goes_too_but_not_what_waits() -> None:
    box, now = outbox(keep_s=60)
    box.put("a", "A")
    box.put("b", "B")
    await box.get()
    now[0] = 61.0
    await box.get()
    assert box.missed("a") == 1
    with pytest.raises(Refusal):
        box.missed(None)
