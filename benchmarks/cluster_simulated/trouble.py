"""What goes wrong, when, by a seed."""

import random
from collections import Counter
from collections.abc import Callable

from cluster_simulated.clock import Clock
from cluster_simulated.front import FrontSimulated
from cluster_simulated.gaps import Gaps
from cluster_simulated.shards import ShardSimulated
from cluster_simulated.wires import Wires

STARTER = "a process killed, its starter says so"
SILENT = "a process killed, nobody says so"
STILL = "a process stands still"
WRONG = "a shard wrongly said to be dead"
RACK = "a rack lost"
CUT = "a rack cut off"
CUT_UP = "a rack that is not heard"
CUT_DOWN = "a rack that does not hear"
FRONT = "the front started anew"
DRAIN = "a shard drained"
PER_HOUR = {
    STARTER: 60, SILENT: 20, STILL: 20, WRONG: 10, RACK: 4, CUT: 4, CUT_UP: 3, CUT_DOWN: 3, FRONT: 4, DRAIN: 10,
}  # fmt: skip


class Trouble:
    def __init__(
        self, clock: Clock, wires: Wires, front: FrontSimulated, gaps: Gaps, racks: list[list[ShardSimulated]],
        rng: random.Random,
    ) -> None:  # fmt: skip
        self._clock, self._wires, self._front, self._gaps = clock, wires, front, gaps
        self._racks, self._rng = racks, rng
        self._shards = [shard for rack in racks for shard in rack]
        self.why: dict[str, str] = {}  # by shard: what befell it last
        self.times: Counter[str] = Counter()

    def plan(self, begin_s: float, end_s: float) -> None:
        """Each kind at its rate, and once at least."""
        does: dict[str, Callable[[], None]] = {
            STARTER: self._killed, SILENT: self._killed_silently, STILL: self._stands_still, WRONG: self._wrongly_dead,
            RACK: self._rack_lost, CUT: lambda: self._cut(CUT, True, True),
            CUT_UP: lambda: self._cut(CUT_UP, True, False),
            CUT_DOWN: lambda: self._cut(CUT_DOWN, False, True), FRONT: self._front_restarts, DRAIN: self._drained,
        }  # fmt: skip
        for kind, per_hour in PER_HOUR.items():
            for _ in range(max(1, round(per_hour * (end_s - begin_s) / 3600))):
                self.times[kind] += 1
                self._clock.at(self._rng.uniform(begin_s, end_s), does[kind])

    def heal(self) -> None:
        """Everything is whole again."""
        self._wires.up_cut.clear()
        self._wires.down_cut.clear()
        for shard in self._shards:
            shard.start()
            shard.go_on()
        if not self._front.runs:
            self._front.start()

    def _some(self) -> ShardSimulated:
        return self._rng.choice(self._shards)

    def _kill(self, shard: ShardSimulated, why: str, away_s: tuple[float, float]) -> None:
        self.why[shard.name] = why
        shard.end()
        self._clock.after(self._rng.uniform(*away_s), shard.start)

    def _killed(self) -> None:
        shard = self._some()
        self._kill(shard, STARTER, (10.0, 30.0))
        seen_s = self._rng.uniform(0.1, 0.5)
        self._clock.after(seen_s, self._front.said_lost, shard.name, str(shard.instance))

    def _killed_silently(self) -> None:
        self._kill(self._some(), SILENT, (20.0, 120.0))

    def _stands_still(self) -> None:
        shard = self._some()
        self.why[shard.name] = STILL
        shard.stop()
        self._clock.after(self._rng.uniform(10.0, 60.0), shard.go_on)

    def _wrongly_dead(self) -> None:
        shard = self._some()
        self.why[shard.name] = WRONG
        self._front.said_lost(shard.name, str(shard.instance))

    def _rack_lost(self) -> None:
        for shard in self._rng.choice(self._racks):
            self._kill(shard, RACK, (120.0, 300.0))

    def _cut(self, why: str, up: bool, down: bool) -> None:
        rack = self._rng.choice(self._racks)
        for shard in rack:
            self.why[shard.name] = why
            self._wires.up_cut[shard.name] += up
            self._wires.down_cut[shard.name] += down
            if up:
                for camera in shard.watched:
                    self._gaps.begin(camera, self._clock.now_s, why)
        self._clock.after(self._rng.uniform(5.0, 60.0), self._whole, rack, up, down)

    def _whole(self, rack: list[ShardSimulated], up: bool, down: bool) -> None:
        for shard in rack:
            self._wires.up_cut[shard.name] = max(0, self._wires.up_cut[shard.name] - up)
            self._wires.down_cut[shard.name] = max(0, self._wires.down_cut[shard.name] - down)
            if shard.stopped or self._wires.up_cut[shard.name]:
                continue
            for camera, epoch in shard.watched.items():
                owner = self._front.owners.owner_of(camera)
                if owner is not None and (owner.shard, owner.epoch) == (shard.name, epoch):
                    self._gaps.never(camera)

    def _front_restarts(self) -> None:
        if self._front.runs:
            self._front.stop()
            self._clock.after(self._rng.uniform(5.0, 20.0), self._front_is_back)

    def _front_is_back(self) -> None:
        if not self._front.runs:
            self._front.start()

    def _drained(self) -> None:
        """For an update: its cameras go, its process is started anew."""
        shard = self._some()
        owners = self._front.owners
        there = owners.shard(shard.name)
        if not self._front.runs or there is None or there.lost_why:
            return
        self.why[shard.name] = DRAIN
        self._front.change(lambda owners, now_s: owners.drain(shard.name, now_s))
        self._clock.after(60.0, self._updated, shard, shard.instance)

    def _updated(self, shard: ShardSimulated, instance: int) -> None:
        if shard.runs and shard.instance == instance:
            self._kill(shard, DRAIN, (5.0, 10.0))
