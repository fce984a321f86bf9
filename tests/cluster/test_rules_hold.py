"""Whatever happens to shards, networks, clocks and the front, in whatever order: what must hold holds."""

import contextlib
import tempfile
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from support.cluster_world import ClusterWorld, Process, a_shard
from support.servers.postgres import Postgres, postgres

from askcam.cluster.changes import Change, Granted, Unwanted
from askcam.cluster.leading import Database, NotLeading
from askcam.cluster.members import CameraWish, ShardState, WatchWish
from askcam.cluster.owners import FORGET_S
from askcam.cluster.postgres import PostgresTable
from askcam.cluster.table import SqliteTable, SqlTable
from askcam.server.errors import Conflict, NotFound

SHARDS = ("a", "b", "c", "d")
CAMERAS = tuple(f"cam{number}" for number in range(8))
LABELS = {"a": ("gpu", "rack=r1"), "b": ("rack=r1",), "c": ("gpu", "rack=r2"), "d": ()}

shards = st.sampled_from(SHARDS)
then_s = st.sampled_from((0, 2, 11, 17, 24))  # seconds that go by
cameras = st.lists(st.sampled_from(CAMERAS), min_size=1, max_size=5, unique=True)


class Rules(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.world = ClusterWorld(self.opened)

    def opened(self) -> SqlTable:
        return SqliteTable(Path(self.folder.name))

    @initialize(capacity=st.integers(2, 4), wanted=st.integers(3, 8))
    def all_is_well(self, capacity: int, wanted: int) -> None:
        self.processes_start(list(SHARDS), capacity)
        self.world.want(*CAMERAS[:wanted])
        self.world.second(6)

    def teardown(self) -> None:
        try:
            self.world.come_to_rest()
        finally:
            self.world.close()
            self.folder.cleanup()

    def process(self, name: str) -> Process | None:
        return self.world.processes.get(name)

    @rule(names=st.lists(shards, min_size=1, max_size=4, unique=True), capacity=st.integers(0, 4))
    def processes_start(self, names: list[str], capacity: int) -> None:
        for name in names:
            self.world.start(a_shard(name, capacity, *LABELS[name]))

    @rule(names=cameras, only=st.sampled_from(("", "", "gpu", "b", "nowhere")), apart=st.sampled_from(("", "hall")))
    def cameras_are_wanted(self, names: list[str], only: str, apart: str) -> None:
        wishes = [CameraWish(name, only, apart) for name in names]
        self.world.do(lambda owners, now_s: owners.want(wishes, now_s))

    @rule(names=cameras)
    def cameras_are_unwanted(self, names: list[str]) -> None:
        self.world.do(lambda owners, now_s: owners.unwant(names, now_s))

    @rule(name=st.sampled_from(("door", "say")), names=cameras, anew=st.booleans())
    def a_watch_is_made_or_changed(self, name: str, names: list[str], anew: bool) -> None:
        before = {watch.name: watch for watch in self.world.owners.kept().watches}.get(name)
        epochs = {owner.camera: owner.epoch for owner in self.world.owners.kept().owners}
        wish = WatchWish(name, tuple(names), "{}")
        changes = self.world.do(lambda owners, now_s: owners.watch(wish, now_s, anew=anew))
        self._heard_of({*names, *(before.cameras if before else ())}, changes)
        (watch,) = self.world.owners.watches_of(names[0])[:1] if name == "door" else [None]
        if watch is not None:
            begun = max(epochs.values(), default=0) if before is None or anew else before.begun
            assert watch.begun >= begun

    @rule(name=st.sampled_from(("door", "say")))
    def a_watch_is_removed(self, name: str) -> None:
        before = {watch.name: watch for watch in self.world.owners.kept().watches}.get(name)
        changes = self.world.do(lambda owners, now_s: owners.unwatch(name, now_s))
        self._heard_of(before.cameras if before else (), changes)

    def _heard_of(self, names: Collection[str], changes: Sequence[Change]) -> None:
        """Whoever has one of these hears of it, and nothing else comes of it: each stays where it is."""
        granted = {change.owner.camera: change for change in changes if isinstance(change, Granted)}
        assert granted.keys() <= set(names)
        assert all(change.taken_from == change.owner.shard for change in granted.values())
        kept = self.world.owners.kept()
        shards = {shard.name: shard.state for shard in kept.shards}
        for owner in kept.owners:
            if owner.camera in names and shards[owner.shard] is not ShardState.LOST:
                moves = self.world.owners.going_to(owner.camera) is not None
                assert moves or owner.camera in granted, "whoever has it does not hear of it"

    @rule(seconds=then_s)
    def time_passes(self, seconds: int) -> None:
        self.world.second(seconds)

    @rule(leap_s=st.sampled_from((-1e6, -3.0, 6.0, 3600.0)))
    def the_fronts_clock_leaps(self, leap_s: float) -> None:
        self.world.leap_s += leap_s

    @rule(name=shards, noticed=st.booleans())
    def a_process_dies(self, name: str, noticed: bool) -> None:
        process = self.world.processes.pop(name, None)
        if process is not None and noticed:
            instance = process.shard.instance
            self.world.do(lambda owners, now_s: owners.lost(name, "it ended", now_s, instance))

    @rule(name=shards)
    def a_process_is_said_to_be_dead_and_is_not(self, name: str) -> None:
        process = self.process(name)
        if process is not None:
            process.told_lost = True
            self.world.do(lambda owners, now_s: owners.lost(name, "connection refused", now_s))

    @rule(name=shards, stopped=st.booleans(), seconds=then_s)
    def a_process_stands_still_or_goes_on(self, name: str, stopped: bool, seconds: int) -> None:
        process = self.process(name)
        if process is not None:
            process.told_lost = process.told_lost or process.stopped  # it wakes with a lease that it could not look at
            process.stopped = stopped
        self.world.second(seconds)

    @rule(names=st.sets(shards, min_size=1, max_size=2), hears=st.booleans(), heard=st.booleans(), seconds=then_s)
    def a_network_changes(self, names: set[str], hears: bool, heard: bool, seconds: int) -> None:
        for name in names:
            process = self.process(name)
            if process is not None:
                self.world.happens(process)
                process.hears, process.heard = hears, heard
        self.world.second(seconds)

    @rule(name=shards)
    def a_shard_drains(self, name: str) -> None:
        with contextlib.suppress(NotFound, Conflict):  # it isn't there, or is lost
            self.world.do(lambda owners, now_s: owners.drain(name, now_s))

    @rule(name=shards, later=st.booleans())
    def a_shard_does_not_come_back(self, name: str, later: bool) -> None:
        if later:
            self.world.second(int(FORGET_S) + 2)  # who is lost by then, and owns nothing, is forgotten
        with contextlib.suppress(NotFound, Conflict):  # it never was, or is there
            self.world.do(lambda owners, now_s: owners.remove(name, now_s))

    @rule()
    def shards_are_balanced(self) -> None:
        self.world.do(lambda owners, now_s: owners.rebalance(now_s))

    @rule()
    def the_front_is_started_anew(self) -> None:
        self.world.restart_front()

    @rule(keep=st.booleans())
    def something_happens_and_is_told_late(self, keep: bool) -> None:
        """What happened before is told now, what happens now some time."""
        for process in [*self.world.processes.values(), *self.world.cut_off]:
            if process.heard:
                self.world.deliver(process, keep)
            self.world.happens(process)

    @precondition(lambda self: self.world.processes)
    @rule(data=st.data())
    def a_shard_has_room_for_fewer_or_more(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.world.processes)))
        process = self.world.processes[name]
        process.shard = a_shard(name, data.draw(st.integers(0, 4)), *LABELS[name], instance=process.shard.instance)
        self.world.join(process)

    @invariant()
    def what_must_hold_holds(self) -> None:
        self.world.check()


Rules.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.reuse, Phase.generate),  # to shorten a failing run takes minutes; each step is told anyhow
)
TestRules = Rules.TestCase


class SharedRules(Rules):
    """The same over PostgreSQL: who is started takes over from a front that stood still, and wakes now and then."""

    server: Postgres
    url: str

    def __init__(self) -> None:
        self.stale: PostgresTable | None = None
        self.num_fronts = 0
        self.server.asked("DROP SCHEMA IF EXISTS askcam CASCADE", self.url)
        super().__init__()

    def opened(self) -> SqlTable:
        if self.stale is not None:
            self.stale.close()
        self.stale = self._leads_now()
        return self._leads_now()

    def _leads_now(self) -> PostgresTable:
        self.num_fronts += 1
        table = PostgresTable(Database(self.url))
        assert table.lead(f"front{self.num_fronts}", "", lasts_s=0.0).ours
        return table

    @rule(camera=st.sampled_from(CAMERAS))
    def a_front_that_stood_still_wakes(self, camera: str) -> None:
        assert self.stale is not None
        with pytest.raises(NotLeading):
            self.stale.apply([Unwanted(camera)])
        for process in self.world.processes.values():
            with pytest.raises(NotLeading):
                self.stale.accept(process.shard.name, process.outbox)
        assert self.stale.read() == self.world.table.read()

    def teardown(self) -> None:
        super().teardown()
        if self.stale is not None:
            self.stale.close()


@pytest.fixture(scope="module")
def database() -> Iterator[None]:
    with postgres() as server:
        SharedRules.server, SharedRules.url = server, server.database()
        yield


SharedRules.TestCase.settings = settings(Rules.TestCase.settings, max_examples=8)
TestSharedRules = pytest.mark.usefixtures("database")(SharedRules.TestCase)
