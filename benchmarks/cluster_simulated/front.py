"""The front: the product's own rules and table, on disk, behind a network that is simulated."""

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from cluster_simulated.clock import Clock
from cluster_simulated.gaps import Gaps
from cluster_simulated.wires import Wires

from askcam.cluster.changes import Change, Granted, ShardChanged
from askcam.cluster.keeping import KeptOwners
from askcam.cluster.members import CameraWish, Shard, ShardState
from askcam.cluster.owners import Owners
from askcam.cluster.renewal import TICK_S, Orders, Renewal
from askcam.cluster.store import Delivery, Fate, Receipt
from askcam.cluster.table import SqliteTable

COMMIT_S = 0.05  # what arrives within it is committed together
States = Mapping[str, bool]  # of cameras: was something there, as their last event that counts has it
Answer = Callable[[Orders, States], None]


class FrontSimulated:
    """One process after the other, on one disk. What arrives while there is none is lost."""

    def __init__(self, clock: Clock, wires: Wires, gaps: Gaps, rng: random.Random, folder: Path) -> None:
        self._clock, self._wires, self._gaps, self._rng, self._folder = clock, wires, gaps, rng, folder
        self.runs = False
        self.messages: Counter[int] = Counter()  # by second
        self.kinds: Counter[str] = Counter()
        self.fates: Counter[Fate] = Counter()
        self.told: Counter[tuple[str, int]] = Counter()  # camera and number of the change: how often it counted
        self.had_to_move = self.moved = self.moved_at_will = self.restarts = 0
        self.renewing_s = self.longest_s = 0.0  # of computing: for all renewals, for any other single decision
        self.looks: Callable[[str], None] = lambda camera: None  # called with cameras whose owner has changed
        self._waiting: list[tuple[str, list[Delivery], Callable[[list[Receipt]], None]]] = []
        self._generation = 0

    def start(self) -> None:
        self._base_s = self._rng.uniform(0.0, 1e6)  # a machine's own count, another one each time
        self.table = SqliteTable(self._folder, max_events=10**9, max_fenced=10**9)
        self.table.db.execute("PRAGMA synchronous = OFF")  # nobody pulls the plug of this machine here
        self.kept = KeptOwners(self.table, self._now_s)
        self.runs = True
        self._generation += 1
        self._gaps.front_was_away()
        self._tick(self._generation)

    def stop(self) -> None:
        self.runs = False
        self._waiting.clear()  # not committed, so not acknowledged: it comes again
        self.table.close()
        self.restarts += 1

    @property
    def _now_s(self) -> float:
        return self._base_s + self._clock.now_s

    @property
    def owners(self) -> Owners:
        return self.kept.now(self._now_s)

    def _tick(self, generation: int) -> None:
        if self.runs and generation == self._generation:
            self.change(lambda owners, now_s: owners.tick(now_s))
            self._clock.after(TICK_S, self._tick, generation)

    def change(self, work: Callable[[Owners, float], list[Change]]) -> None:
        if self.runs:
            begun_s = time.thread_time()
            changes = self.kept.change(lambda owners: work(owners, self._now_s), self._now_s)
            if self._clock.now_s > 60.0:  # the first grants of all are made by then
                self.longest_s = max(self.longest_s, time.thread_time() - begun_s)
            self._seen(changes)

    def want(self, cameras: list[str], racks: int) -> None:
        wishes = [
            CameraWish(name, apart=f"hall{number // racks}" if number % 4 == 0 else "")
            for number, name in enumerate(cameras)
        ]
        self.change(lambda owners, now_s: owners.want(wishes, now_s))

    # What arrives

    def joins(self, shard: Shard, holds: Mapping[str, int], answer: Answer) -> None:
        if self._arrives("join"):
            now_s = self._now_s
            orders, changes = self.kept.order(lambda owners: owners.join(shard, holds, now_s), now_s)
            self._seen(changes)
            self._answer(shard.name, orders, holds, answer)

    def renews(self, renewal: Renewal, answer: Answer) -> None:
        if self._arrives("renewal"):
            now_s, begun_s = self._now_s, time.thread_time()
            orders, changes = self.kept.order(lambda owners: owners.renew(renewal, now_s), now_s)
            self.renewing_s += time.thread_time() - begun_s
            self._seen(changes)
            self._answer(renewal.shard, orders, renewal.holds, answer)

    def _answer(self, shard: str, orders: Orders, holds: Mapping[str, int], answer: Answer) -> None:
        states: dict[str, bool] = {}
        for camera, epoch in (orders.hold or {}).items():
            if holds.get(camera) != epoch:
                last = self.table.newest(camera)
                states[camera] = last is not None and json.loads(last.document)["there"]
        self._wires.down(shard, answer, orders, states)

    def delivers(self, shard: str, events: list[Delivery], answer: Callable[[list[Receipt]], None]) -> None:
        if self._arrives("events"):
            if not self._waiting:
                self._clock.after(COMMIT_S, self._commit, self._generation)
            self._waiting.append((shard, events, answer))

    def _commit(self, generation: int) -> None:
        if not self.runs or generation != self._generation:
            return
        waiting, self._waiting = self._waiting, []
        all_receipts = self.table.accept_all([(shard, events) for shard, events, _ in waiting])
        for (shard, events, answer), receipts in zip(waiting, all_receipts, strict=True):
            for event, receipt in zip(events, receipts, strict=True):
                self.fates[receipt.fate] += 1
                if receipt.fate is Fate.COMMITTED:
                    self.told[event.camera, json.loads(event.document)["number"]] += 1
            self._wires.down(shard, answer, receipts)

    def said_lost(self, name: str, instance: str) -> None:
        """Whoever started a shard, or could not connect, says that it is dead."""
        self.change(lambda owners, now_s: owners.lost(name, "it ended", now_s, instance))

    def _arrives(self, kind: str) -> bool:
        if self.runs:
            self.messages[int(self._clock.now_s)] += 1
            self.kinds[kind] += 1
        return self.runs

    def _seen(self, changes: list[Change]) -> None:
        owners = self.owners
        for change in changes:
            match change:
                case ShardChanged(shard) if shard.state is ShardState.LOST:
                    moved = [one for one in changes if isinstance(one, Granted) and one.taken_from == shard.name]
                    self.had_to_move += len(owners.held(shard.name)) + len(moved)
                case Granted(owner, taken_from) if taken_from:
                    held_by = owners.shard(taken_from)
                    if held_by is not None and held_by.state is ShardState.LOST:
                        self.moved += 1
                    else:
                        self.moved_at_will += 1
                    self._given(owner.camera)
                case Granted(owner):
                    self._given(owner.camera)

    def _given(self, camera: str) -> None:
        self.looks(camera)
        self._gaps.granted(camera)
