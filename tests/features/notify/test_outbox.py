"""Whatever fails and whoever is killed, and when: an event is delivered at least once, or is a dead letter."""

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from support.watch_events import add, open_store

from askcam.features.events.config import EventBounds
from askcam.features.events.store import EventStore
from askcam.features.events.tables import NAME as FILE
from askcam.features.notify.letter import Letter
from askcam.features.notify.outbox import Outbox
from askcam.features.notify.queue import DeliveryQueue
from askcam.features.notify.sender import DeliveryFailed, DeliveryTaken, Outcome
from askcam.features.notify.setting import NotifySetting
from askcam.features.notify.target import SteadyClock, Target

NAME = "house"
SETTING = NotifySetting(apprise=("json://127.0.0.1",), watches=("door",), give_up_s=7200.0)
KILLS = ("killed before", "killed after", "killed unwritten")  # ... it arrived, it arrived, it was written
WALL = 1_760_000_000.0


class Killed(BaseException):
    """The process ends here."""


class Direct:
    """The store without its thread."""

    def __init__(self, store: EventStore) -> None:
        self.store, self.killed, self.refusals = store, False, 0

    async def do(self, work: Callable[[EventStore], Any]) -> Any:
        if self.killed:
            raise Killed
        if self.refusals:
            self.refusals -= 1
            raise sqlite3.OperationalError("database is locked")
        return work(self.store)


class Scripted:
    """Notes what arrives, and answers what it is told to."""

    address = "scripted"

    def __init__(self) -> None:
        self.answer: Outcome | str = DeliveryTaken()
        self.kill: Callable[[], None] = lambda: None
        self.refuse: Callable[[], None] = lambda: None
        self.got: list[tuple[str, int]] = []

    async def send(self, letter: Letter) -> Outcome:
        assert letter.event is not None
        if self.answer == "killed before":
            raise Killed
        if self.answer in ("killed after", "killed unwritten", DeliveryTaken()):
            self.got.append((letter.name, letter.event.id))
        if self.answer == DeliveryFailed("written late"):
            self.refuse()
        if self.answer == "killed unwritten":
            self.kill()
            return DeliveryTaken()
        if isinstance(self.answer, str):
            raise Killed
        return self.answer

    def close(self) -> None: ...


class Life:
    """One target over a folder, on a clock that is turned by hand, through any number of lives."""

    def __init__(self, folder: Path, bounds: EventBounds | None = None) -> None:
        self.folder, self.bounds, self.sender = folder, bounds, Scripted()
        self.now, self.wall = 1000.0, WALL
        self.begin()

    def begin(self) -> None:
        self.store = open_store(self.folder, self.bounds)
        outbox = Outbox(self.store.db)
        origin = outbox.open()
        kept = outbox.target(NAME, "there", self.store.last_id(), self.now, self.wall)
        line = DeliveryQueue(
            kept.cursor, SETTING.give_up_s, Random(5), kept.disabled is not None, waiting=dict(kept.waiting)
        )
        self.sender.kill, self.sender.refuse = self.kill, self.refuse
        self.direct, clock = Direct(self.store), SteadyClock(lambda: self.now, lambda: self.wall)
        direct: Any = self.direct
        self.target = Target(NAME, SETTING, self.sender, line, kept, origin, direct, asyncio.Semaphore(1), clock)

    def kill(self) -> None:
        """What is written from now on is written no more."""
        self.direct.killed = True

    def refuse(self) -> None:
        """The next three times the database refuses."""
        self.direct.refusals = 3

    def die(self, after_s: float = 0.0, jump_s: float = 0.0) -> None:
        """And live again, after a while in which the clock may have jumped."""
        self.store.close()
        self.now, self.wall = 1000.0, self.wall + after_s + jump_s  # a steady clock begins anew
        self.begin()

    def turn(self) -> bool:
        """One try, if one is due."""

        async def one() -> bool:
            await self.target._look_ahead()
            number = self.target.line.next(self.now)
            if number is not None:
                await self.target._try(number)
            return number is not None

        return asyncio.run(one())

    def pass_time(self, seconds: float) -> None:
        self.now, self.wall = self.now + seconds, self.wall + seconds

    def run(self, seconds: float) -> None:
        """Try all that is due for so long."""
        end = self.now + seconds
        while self.now <= end:
            if not self.turn():
                at = self.target.line.wake_at(self.now)
                if at is None or at > end:
                    break
                self.pass_time(at - self.now)
        self.pass_time(max(0.0, end - self.now))

    @property
    def got(self) -> list[int]:
        return [event for _, event in self.sender.got]

    @property
    def dead(self) -> list[int]:
        return [each.event for each in Outbox(self.store.db).dead(NAME, None, 10_000)]


class Deliveries(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="askcam-test-"))
        self.life = Life(self.folder)
        self.wanted: list[int] = []

    @rule(ours=st.booleans())
    def an_event_happens(self, ours: bool) -> None:
        event = add(self.life.store, self.life.store.last_id(), jpeg=None, watch="door" if ours else "shelf")
        if ours:
            self.wanted.append(event.id)

    @rule(answer=st.sampled_from([DeliveryTaken(), DeliveryFailed("500"), DeliveryFailed("429", 90.0), *KILLS]))
    def a_try(self, answer: Outcome | str) -> None:
        self.life.sender.answer = answer
        try:
            self.life.turn()
        except Killed:
            self.life.die()

    @rule()
    def the_target_wants_nothing_any_more(self) -> None:
        self.life.sender.answer = DeliveryFailed("410", gone=True)
        self.life.turn()

    @precondition(lambda self: self.life.target.disabled)
    @rule()
    def it_wants_events_again(self) -> None:
        self.life.sender.answer = DeliveryTaken()
        tried = Letter("x", "", None)

        async def send(letter: Letter) -> Outcome:
            return DeliveryTaken()

        real, self.life.sender.send = self.life.sender.send, send  # type: ignore[method-assign]
        asyncio.run(self.life.target.test(tried))
        self.life.sender.send = real  # type: ignore[method-assign]

    @rule(seconds=st.sampled_from([0.5, 3.0, 30.0, 90.0, 700.0, 5000.0]))
    def time_passes(self, seconds: float) -> None:
        self.life.pass_time(seconds)

    @rule(after_s=st.sampled_from([0.0, 10.0, 1e6]), jump_s=st.sampled_from([0.0, 1e9, -1e9]))
    def another_life(self, after_s: float, jump_s: float) -> None:
        self.life.die(after_s, jump_s)

    @invariant()
    def nothing_is_lost(self) -> None:
        select = "SELECT event FROM notify_deliveries"
        known = {event for (event,) in self.life.store.db.execute(select)} | set(self.life.got)
        (cursor,) = self.life.store.db.execute("SELECT cursor FROM notify_targets").fetchone()
        assert [event for event in self.wanted if event <= cursor and event not in known] == []
        assert set(self.life.got) <= set(self.wanted)

    @invariant()
    def no_event_has_two_names(self) -> None:
        named = dict(self.life.sender.got)
        assert len(set(named.values())) == len(named)
        assert len({event: name for name, event in named.items()}) == len(set(self.life.got))

    @invariant()
    def nothing_waits_for_longer_than_stated(self) -> None:
        line, now = self.life.target.line, self.life.now
        at = line.wake_at(now)
        if at is not None:
            assert at - now <= 3600 + 60

    def teardown(self) -> None:
        if hasattr(self, "life"):
            if self.life.target.disabled:
                self.it_wants_events_again()
            self.life.sender.answer = DeliveryTaken()
            self.life.run(8 * 3600)
            assert set(self.life.got) | set(self.life.dead) == set(self.wanted)
            assert self.life.target.pending == 0
            self.life.store.close()
            shutil.rmtree(self.folder)


TestDeliveries = Deliveries.TestCase
TestDeliveries.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def test_what_came_of_a_try_is_on_the_disk_before_anything_else_is_tried(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("askcam.features.notify.target.AGAIN_S", 0.0)
    life = Life(tmp_path)
    add(life.store, 0, jpeg=None)
    life.sender.answer = DeliveryFailed("written late")
    assert life.turn()
    assert life.direct.refusals == 0
    assert life.store.db.execute("SELECT event, error FROM notify_deliveries").fetchall() == [(1, "written late")]
    life.store.close()


def test_a_webhook_that_answers_500_for_an_hour_loses_nothing(tmp_path: Path) -> None:
    """Simulated: an event every 20 seconds for three hours, the second of them dark."""
    life = Life(tmp_path)
    for minute in range(180):
        life.sender.answer = DeliveryFailed("it answers 500") if 60 <= minute < 120 else DeliveryTaken()
        for _ in range(3):
            add(life.store, life.store.last_id(), jpeg=None)
            life.run(20)
    life.run(660)
    assert sorted(life.got) == list(range(1, 541))
    assert life.dead == []
    assert life.got[:180] == list(range(1, 181))
    assert life.got[-150:] == list(range(391, 541))  # long over: in order again
    assert 40 < life.target.counts["failed"] < 400
    life.store.close()


def test_two_days_without_a_receiver_leave_dead_letters_that_can_be_sent_again(tmp_path: Path) -> None:
    life = Life(tmp_path)
    life.sender.answer = DeliveryFailed("it cannot be reached")
    for i in range(10):
        add(life.store, i, jpeg=None)
    life.run(2 * SETTING.give_up_s + 3600)
    assert sorted(life.dead) == list(range(1, 11))
    assert life.target.num_dead == 10
    life.die()
    assert life.target.num_dead == 10
    outbox = Outbox(life.store.db)
    life.target.revive(outbox.revive(NAME, None, 60.0, life.now, life.wall))
    life.die()  # they wait on the disk, not in memory
    life.sender.answer = DeliveryTaken()
    life.run(60)
    assert sorted(life.got) == list(range(1, 11))
    assert life.dead == []
    life.store.close()


def test_events_that_were_removed_before_they_were_delivered_are_counted_and_said(tmp_path: Path, caplog: Any) -> None:
    life = Life(tmp_path, EventBounds(max_events=4))
    life.sender.answer = DeliveryFailed("500")
    add(life.store, 0, jpeg=None)
    life.run(1)
    for i in range(1, 10):
        add(life.store, i, jpeg=None)
    life.sender.answer = DeliveryTaken()
    life.run(700)
    assert life.got == [7, 8, 9, 10]
    assert life.target.counts["expired"] == 6
    assert "events were removed before 'house' took them: mend it, or raise max_events" in caplog.text
    life.store.close()


def test_dead_letters_are_bounded_and_those_that_go_are_counted(tmp_path: Path, monkeypatch: Any, caplog: Any) -> None:
    monkeypatch.setattr("askcam.features.notify.outbox.MAX_DEAD", 3)
    life = Life(tmp_path)
    life.sender.answer = DeliveryFailed("500")
    for i in range(5):
        add(life.store, i, jpeg=None)
    life.run(2 * SETTING.give_up_s + 3600)
    assert len(life.dead) == life.target.num_dead == 3
    assert life.target.counts["dropped"] == 2
    assert "dead letters of 'house' are removed" in caplog.text
    life.store.close()


def test_events_of_a_new_database_are_not_taken_for_those_of_a_broken_one(tmp_path: Path) -> None:
    """Their ids begin at 1 again, and a receiver that has seen event 1 must take this one, too."""
    life = Life(tmp_path)
    add(life.store, 0, jpeg=None)
    life.run(1)
    life.store.close()
    (tmp_path / FILE).write_bytes(b"hello" * 1000)
    life.begin()
    add(life.store, 0, jpeg=None)
    life.run(1)
    (first, one), (second, other) = life.sender.got
    assert one == other == 1
    assert first != second
    life.store.close()


def test_a_new_target_begins_now_and_one_that_leads_elsewhere_is_enabled(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    for i in range(5):
        add(store, i)
    outbox = Outbox(store.db)
    outbox.open()
    assert outbox.target("a", "there", store.last_id(), 0.0, WALL).cursor == 5
    add(store, 5)
    assert outbox.target("a", "there", store.last_id(), 0.0, WALL).cursor == 5
    outbox.disable("a", "410")
    assert outbox.target("a", "there", 6, 0.0, WALL).disabled == "410"
    assert outbox.target("a", "elsewhere", 6, 0.0, WALL).disabled is None
    assert outbox.open() == outbox.open()
    store.close()
