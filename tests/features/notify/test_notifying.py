"""All of it over the real store, its thread, and real receivers on loopback."""

import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from standardwebhooks import Webhook as Verifier
from support.servers.receiver import Receiver
from support.waiting import comes_true
from support.watch_events import WALL, add, event

from askcam.features.events.config import EventBounds
from askcam.features.events.store import EventStore
from askcam.features.events.subscribers import Readers
from askcam.features.events.tables import NAME as FILE
from askcam.features.events.thread import EventThread
from askcam.features.notify import target
from askcam.features.notify.metrics import NotifyGauges
from askcam.features.notify.service import Notifying
from askcam.features.notify.setting import NotifySetting
from askcam.features.watches.store import TABLES
from askcam.server.errors import Refusal
from askcam.server.wire.refusals import on_wire

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass(slots=True)
class Core:
    keeping: EventThread
    readers: Readers
    notifying: Notifying
    registry: CollectorRegistry

    async def happen(self, count: int = 1, **more: Any) -> list[int]:
        """So many events; returns their ids."""
        told = []
        for _ in range(count):
            found = await self.keeping.do(lambda store: add(store, store.last_id(), **more))
            self.readers.tell(found)
            told.append(found.id)
        return told

    async def standing(self, name: str = "house") -> dict[str, Any]:
        listed = await self.notifying.list(name, None, 50)
        return {field: getattr(listed.data[0], field) for field in listed.data[0].__struct_fields__}

    @property
    def metrics(self) -> str:
        return generate_latest(self.registry).decode()


@contextlib.asynccontextmanager
async def opened(folder: Path, bounds: EventBounds | None = None, **settings: NotifySetting) -> AsyncIterator[Core]:
    keeping, readers, registry = EventThread(folder, bounds or EventBounds()), Readers(), CollectorRegistry()
    keeping.tables.append(TABLES)
    await keeping.begin()
    notifying = Notifying(keeping, readers, settings)
    registry.register(NotifyGauges(notifying))
    await notifying.open()
    try:
        yield Core(keeping, readers, notifying, registry)
    finally:
        await notifying.close()
        await keeping.close()


def to(receiver: Receiver, **more: Any) -> NotifySetting:
    return NotifySetting(webhook=receiver.url, secret=SECRET, **more)


async def test_events_arrive_in_order_signed_and_each_once(tmp_path: Path) -> None:
    with Receiver() as receiver:
        async with opened(tmp_path, house=to(receiver, picture=True)) as house:
            told = await house.happen(20)
            await comes_true(lambda: len(receiver.got) >= 20, "all of them")
            await comes_true(lambda: not house.notifying._targets["house"].pending, "the note of it")
            assert receiver.taken == told
            assert (await house.standing())["state"] == "ok"
            assert 'askcam_deliveries_total{outcome="delivered",target="house"} 20.0' in house.metrics
            assert 'askcam_deliveries_pending{target="house"} 0.0' in house.metrics
    for got in receiver.got:
        said = Verifier(SECRET).verify(got.body, dict(got.headers))
        assert said["picture"]["base64"] == "anBlZw=="
        assert said["data"]["frame_url"] == f"/v1/events/{got.event}/frame.jpg"
    assert len({got.name for got in receiver.got}) == 20


async def test_a_target_is_woken_by_each_event_and_looks_at_once(tmp_path: Path) -> None:
    with Receiver() as receiver:
        async with opened(tmp_path, house=to(receiver)) as house:
            new = house.notifying._targets["house"]._new
            await comes_true(lambda: not new.is_set(), "its first look")
            house.readers.tell(event())
            assert new.is_set()


async def test_each_target_gets_what_it_wants_and_a_new_one_begins_now(tmp_path: Path) -> None:
    with Receiver() as first, Receiver() as second:
        async with opened(tmp_path, first=to(first, watches=("door",))) as house:
            await house.happen(2)
            await house.happen(2, watch="shelf")
            await comes_true(lambda: len(first.got) == 2, "the door's")
        async with opened(tmp_path, first=to(first), second=to(second, kinds=("off",))) as house:
            assert await house.happen(2) == [5, 6]
            await comes_true(lambda: len(first.got) == 4 and second.got, "those of both")
            await comes_true(lambda: not house.notifying._targets["second"].pending, "nothing to wait")
        assert first.taken == [1, 2, 5, 6]  # not 3 and 4: they were not for it then
        assert second.taken == [6]


async def test_a_receiver_that_fails_and_comes_back_misses_nothing(tmp_path: Path) -> None:
    with Receiver() as receiver:
        receiver.status(500)
        async with opened(tmp_path, house=to(receiver)) as house:
            told = await house.happen(5)
            await comes_true(lambda: len(receiver.got) >= 2, "two tries")
            assert {got.event for got in receiver.got} == {1}
            assert len({got.name for got in receiver.got}) == 1
            standing = await house.standing()
            assert (standing["state"], standing["pending"], standing["last_error"]) == (
                "failing",
                5,
                "it answers 500 Internal Server Error",
            )
            assert 'askcam_deliveries_pending{target="house"} 5.0' in house.metrics
            receiver.stop()
            told += await house.happen(3)
            receiver.status(200)
            receiver.start()
            await comes_true(lambda: len(receiver.taken) >= 8, "all of them")
            assert receiver.taken == told


async def test_what_was_owed_is_delivered_in_the_next_life(tmp_path: Path) -> None:
    with Receiver() as receiver:
        receiver.status(503, Retry_After="2")
        async with opened(tmp_path, house=to(receiver)) as house:
            told = await house.happen(4)
            await comes_true(lambda: receiver.got, "a try")
        name = receiver.got[0].name
        receiver.got.clear()
        receiver.status(200)
        async with opened(tmp_path, house=to(receiver)) as house:
            told += await house.happen(1)
            await comes_true(lambda: len(receiver.got) >= 5, "all of them")
        assert receiver.taken == told
        assert receiver.got[0].name == name


async def test_a_slow_receiver_holds_up_no_other_target_nor_the_end(tmp_path: Path) -> None:
    with Receiver() as slow, Receiver() as quick:
        slow.slow.set()
        async with opened(tmp_path, slow=to(slow, timeout_s=30.0), quick=to(quick)) as house:
            await house.happen(10)
            await comes_true(lambda: len(quick.got) == 10, "the quick one's")
            assert slow.got == []
        slow.got.clear()
        slow.slow.clear()
        async with opened(tmp_path, slow=to(slow), quick=to(quick)):
            await comes_true(lambda: set(slow.taken) == set(range(1, 11)), "the slow one's")
        assert len(quick.got) == 10


async def test_one_that_is_gone_gets_nothing_more_until_a_test_succeeds(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Receiver() as receiver:
        receiver.status(410)
        async with opened(tmp_path, house=to(receiver)) as house:
            await house.happen(1)
            await comes_true(lambda: house.notifying._targets["house"].disabled, "it to be disabled")
            line = house.notifying._targets["house"].line
            assert (line.next(1e12), line.wake_at(1e12)) == (None, None)  # however long one waits
            await house.happen(3)
            tried = await house.notifying.test("house")
            assert (tried.delivered, tried.error) == (False, "it answers 410 Gone: it wants nothing any more")
            assert (await house.standing())["state"] == "disabled"
            assert [got.said["type"] for got in receiver.got] == ["event.on", "test"]
        assert "the target 'house' gets no more events" in caplog.text
        receiver.got.clear()
        receiver.status(200)
        async with opened(tmp_path, house=to(receiver)) as house:  # it is remembered
            assert (await house.standing())["state"] == "disabled"
            assert 'askcam_deliveries_disabled{target="house"} 1.0' in house.metrics
            assert (await house.notifying.test("house")).delivered
            await comes_true(lambda: len(receiver.got) == 5, "what it missed")
            assert sorted(got.event for got in receiver.got if got.said["type"] != "test") == [1, 2, 3, 4]


async def test_dead_letters_are_listed_and_sent_again_one_or_all(tmp_path: Path) -> None:
    with Receiver() as receiver:
        receiver.status(500)
        async with opened(tmp_path, house=to(receiver, give_up_s=60.0)) as house:
            line = house.notifying._targets["house"].line
            line.give_up_s = 0.0  # each is given up at its first failure
            await house.happen(3)
            await comes_true(lambda: house.notifying._targets["house"].num_dead == 3, "three dead letters")
            listed = await house.notifying.list(None, None, 2)
            assert [(each.target, each.event) for each in listed.dead] == [("house", 3), ("house", 2)]
            assert listed.has_more
            (first,) = (await house.notifying.list("house", listed.dead[-1].id, 2)).dead
            assert (first.event, first.attempts) == (1, 1)
            assert first.error == "it answers 500 Internal Server Error"
            line.give_up_s = 86_400.0
            receiver.got.clear()
            receiver.status(200)
            assert (await house.notifying.retry(first.id)).retried == 1
            await comes_true(lambda: receiver.taken == [1], "the first one")
            assert (await house.notifying.retry_all("house")).retried == 2
            await comes_true(lambda: receiver.taken == [1, 2, 3], "the others")
            assert (await house.standing())["dead"] == 0
            for call in (house.notifying.retry(first.id), house.notifying.retry_all("nobody")):
                with pytest.raises(Refusal) as caught:
                    await call
                assert on_wire(caught.value).status == 404


async def test_a_dead_letter_whose_event_is_gone_cannot_be_sent(tmp_path: Path) -> None:
    with Receiver() as receiver:
        receiver.status(500)
        async with opened(tmp_path, EventBounds(max_events=2), house=to(receiver)) as house:
            target = house.notifying._targets["house"]
            target.line.give_up_s = 0.0
            await house.happen(1)
            await comes_true(lambda: target.num_dead == 1, "a dead letter")
            receiver.status(200)
            await house.happen(3)
            (dead,) = (await house.notifying.list(None, None, 9)).dead
            with pytest.raises(Refusal, match="event 1 is no longer kept"):
                await house.notifying.retry(dead.id)


def full(store: EventStore) -> None:
    """SQLite now says what it says of a full disk, whatever is to be written of a delivery."""
    (pages,) = store.db.execute("PRAGMA page_count").fetchone()
    store.db.execute(f"PRAGMA max_page_count = {pages}")
    store.db.execute(
        "CREATE TEMP TRIGGER full BEFORE UPDATE ON main.notify_targets BEGIN "
        "INSERT INTO watches VALUES ('filler', zeroblob(100000)); END"
    )


def roomy(store: EventStore) -> None:
    store.db.execute("DROP TRIGGER full")
    store.db.execute("PRAGMA max_page_count = 1000000")


@pytest.mark.parametrize("trouble", ["locked", "full"])
async def test_while_the_database_refuses_nothing_is_lost_and_nothing_goes_twice(
    tmp_path: Path, trouble: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("askcam.server.storage.database.BUSY_S", 0.05)
    monkeypatch.setattr("askcam.features.notify.target.AGAIN_S", 0.1)
    with Receiver() as receiver:
        async with opened(tmp_path, house=to(receiver)) as house:
            told = await house.happen(3)
            await comes_true(lambda: len(receiver.got) == 3, "the first ones")
            await comes_true(lambda: house.notifying._targets["house"].line.done == 3, "the note of it")
            receiver.slow.set()
            told += await house.happen(1)
            other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
            if trouble == "locked":
                other.execute("BEGIN IMMEDIATE")
            else:
                await house.keeping.do(full)
            receiver.slow.clear()
            await comes_true(lambda: "cannot be kept now" in caplog.text, "the trouble to be said")
            assert ("is locked" if trouble == "locked" else "is full") in caplog.text
            assert [got.event for got in receiver.got] == [1, 2, 3, 4]
            if trouble == "locked":
                other.execute("COMMIT")
            else:
                await house.keeping.do(roomy)
            other.close()
            told += await house.happen(2)
            await comes_true(lambda: len(receiver.got) >= 6, "the others")
            assert receiver.taken == told


async def test_events_of_cameras_are_delivered_too_and_an_unforeseen_fault_is_one_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Receiver() as receiver:
        async with opened(tmp_path, house=to(receiver, cameras=("lobby",))) as house:
            target = house.notifying._targets["house"]
            send = target.sender.send

            async def broken(letter: Any) -> Any:
                monkeypatch.setattr(target.sender, "send", send)
                raise ZeroDivisionError

            monkeypatch.setattr(target.sender, "send", broken)
            lost = event("camera_lost", watch=None)
            await house.keeping.do(lambda store: store.add(lost, WALL, None))
            house.readers.tell(lost)
            await comes_true(lambda: receiver.taken == [1], "the camera's")
            assert receiver.got[0].said["type"] == "event.camera_lost"
            assert target.counts["failed"] == 1
            assert target.last_error == "it failed here, with ZeroDivisionError; the server's log has the cause"


async def test_no_targets_cost_nothing_and_say_so(tmp_path: Path) -> None:
    keeping = EventThread(tmp_path / "none", EventBounds())
    notifying = Notifying(keeping, Readers(), {})
    await notifying.open()
    assert (await notifying.list(None, None, 5)).data == []
    with pytest.raises(Refusal, match=r"there is none: write \[notify.NAME\]"):
        await notifying.test("house")
    await notifying.close()
    await keeping.close()
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240


async def test_what_a_front_has_not_judged_waits_and_what_does_not_count_there_is_sent_to_nobody(
    tmp_path: Path,
) -> None:
    with Receiver() as receiver:
        async with opened(tmp_path, house=to(receiver)) as core:

            async def happen(epoch: int | None) -> int:
                found = await core.keeping.do(lambda store: store.add(event(), time.time(), None, epoch=epoch))
                core.readers.tell(found)
                return found.id

            async def judged(*fenced: int) -> None:
                await core.keeping.do(lambda store: store.settled(store.owed(10), fenced))
                core.readers.judged()

            first, second, own, third = await happen(3), await happen(3), await happen(None), await happen(3)
            await comes_true(lambda: core.notifying._targets["house"]._unjudged, "it to wait")
            assert receiver.got == []
            await judged(second)
            await comes_true(lambda: len(receiver.got) == 3, "what counts")
            assert receiver.taken == [first, own, third]
            fenced = [line for line in core.metrics.splitlines() if 'outcome="fenced"' in line]
            assert [line.rpartition(" ")[2] for line in fenced] == ["1.0"]


async def test_a_front_that_says_nothing_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("askcam.features.events.judged.JUDGED_S", 0.3)
    monkeypatch.setattr(target, "AGAIN_S", 0.05)
    with Receiver() as receiver:
        async with opened(tmp_path, house=to(receiver)) as core:
            found = await core.keeping.do(lambda store: store.add(event(), time.time(), None, epoch=3))
            core.readers.tell(found)
            await comes_true(lambda: len(receiver.got) == 1, "the event all the same")
