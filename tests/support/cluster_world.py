"""A front and its shards without sockets: the product's own rules and table on disk, a network that loses what it is
told to, one clock that is moved by hand. What must always hold is looked at after each step, by other means than those
by which the rules reach it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from askcam.cluster.changes import Change, Granted, KeptTable, Revoked, ShardChanged, ShardRemoved, Unwanted
from askcam.cluster.keeping import KeptOwners
from askcam.cluster.members import CameraWish, Shard, ShardState
from askcam.cluster.owners import Owners
from askcam.cluster.renewal import SILENT_S, Lease, Orders, Steps
from askcam.cluster.store import Delivery, Fate, Receipt
from askcam.cluster.table import SqlTable
from askcam.server.errors import Refusal


def a_shard(name: str, capacity: int = 2, *labels: str, instance: str = "1", url: str = "") -> Shard:
    return Shard(name, url or f"http://{name}:8400", labels, capacity, instance=instance, model="demo", version="0.1.0")


@dataclass
class Process:
    """A shard's process. All its cameras can be opened only once, and it obeys its lease."""

    shard: Shard
    lease: Lease
    joined: bool = False
    stopped: bool = False  # it stands still
    hears: bool = True  # what is sent to it arrives
    heard: bool = True  # what it sends arrives
    clings: bool = False  # it lets go of nothing
    told_lost: bool = False  # somebody said so, and it was not true
    promised_s: float = 0.0  # when it last heard a promise
    outbox: list[Delivery] = field(default_factory=list)
    told: int = 0

    @property
    def where(self) -> tuple[str, str]:
        return self.shard.name, self.shard.instance


class ClusterWorld:
    """Owned by one test. `now_s` runs for all alike; the front's own clock may leap (`leap_s`)."""

    def __init__(self, opened: Callable[[], SqlTable]) -> None:
        """`opened`: the table, as a front that is started opens it."""
        self.opened, self.now_s, self.leap_s = opened, 100.0, 0.0
        self.table = opened()
        self.kept = KeptOwners(self.table, self.front_s)
        self.processes: dict[str, Process] = {}
        self.cut_off: list[Process] = []  # processes whose name another one has now, and that still run
        self.instances = 0
        self.balanced: set[str] = set()  # cameras that rebalance() had moved
        self.granted: dict[int, tuple[str, str]] = {}  # by epoch: camera, shard
        self.had_since: dict[str, tuple[str, int, int]] = {}  # by camera: its last shard, from which epoch to which
        self.had: dict[str, dict[str, int]] = {}  # by camera: who has had it, under which epoch last
        self.counted: dict[str, list[int]] = {}  # epochs of the events of a camera, as they were committed
        self.shrunk: set[str] = set()  # shards that told less room than they had

    @property
    def front_s(self) -> float:
        return self.now_s + self.leap_s

    @property
    def owners(self) -> Owners:
        return self.kept.now(self.front_s)

    def close(self) -> None:
        self.table.close()

    def do(self, work: Callable[[Owners, float], list[Change]]) -> list[Change]:
        """Have the front do something, such as `lambda owners, now_s: owners.drain("a", now_s)`."""
        before = self.owners.kept()
        changes = self.kept.change(lambda owners: work(owners, self.front_s), self.front_s)
        self._seen(before, changes)
        return changes

    def _seen(self, before: KeptTable, changes: Iterable[Change]) -> None:
        """Each change is looked at: was it allowed, as the table stood?"""
        shards = {shard.name: shard for shard in before.shards}
        epoch = before.epoch
        for change in changes:
            match change:
                case ShardChanged(shard):
                    old = shards.get(shard.name)
                    if old is not None and shard.capacity_cameras < old.capacity_cameras:
                        self.shrunk.add(shard.name)
                    shards[shard.name] = shard
                    if shard.lost_why.startswith("nothing was heard"):
                        self._was_silent(shard)
                case Unwanted(camera):
                    self.had_since.pop(camera, None)
                case ShardRemoved(name):
                    for shards_that_had in self.had.values():
                        shards_that_had.pop(name, None)
                case Revoked(owner, why) if "balanced" in why:
                    self.balanced.add(owner.camera)
                case Granted(owner, taken_from):
                    assert owner.epoch > epoch, "an epoch has not grown"
                    assert owner.epoch not in self.granted, "an epoch was granted twice"
                    epoch = owner.epoch
                    self.granted[epoch] = (owner.camera, owner.shard)
                    self.had.setdefault(owner.camera, {})[owner.shard] = epoch
                    shard_name, since, _ = self.had_since.get(owner.camera, ("", 0, 0))
                    since = since if shard_name == owner.shard else epoch
                    self.had_since[owner.camera] = (owner.shard, since, epoch)
                    if taken_from != owner.shard:  # anew to the same one: it is something else to open
                        self._may_move(owner.camera, shards.get(taken_from), taken_from)

    def _was_silent(self, shard: Shard) -> None:
        process = self.processes.get(shard.name)
        if process is not None and process.shard.instance == shard.instance:
            assert self.now_s - process.promised_s > SILENT_S - 1.0, f"{shard.name} was promised more a moment ago"

    def _may_move(self, camera: str, holder: Shard | None, taken_from: str) -> None:
        wish = next(wish for wish in self.owners.cameras() if wish.name == camera)
        moved = camera in self.balanced
        self.balanced.discard(camera)
        if holder is not None and taken_from:
            settled = holder.state is ShardState.LIVE and holder.fits(wish.only)
            assert moved or not settled, f"{camera} was taken from {taken_from}, where it was well"

    # What processes do

    def start(self, shard: Shard) -> Process:
        """A new process of that name; one that had it before is gone, or runs on where nobody hears of it."""
        self.instances += 1
        shard = replace(shard, instance=str(self.instances))
        before = self.processes.get(shard.name)
        process = Process(shard, Lease(shard.name, shard.instance, self.now_s))
        self.processes[shard.name] = process
        if before is not None:
            process.outbox = before.outbox  # it is on its disk
            if before.stopped:
                self.cut_off.append(replace(before, outbox=list(before.outbox)))
        self.join(process)
        return process

    def join(self, process: Process) -> Refusal | None:
        """What the front refuses is returned."""
        if not process.heard or process.stopped:
            return None
        process.lease.joining(self.now_s)
        before, shard, holds = self.owners.kept(), process.shard, dict(process.lease.holds)
        try:
            orders, changes = self.kept.order(lambda owners: owners.join(shard, holds, self.front_s), self.front_s)
        except Refusal as refusal:
            return refusal
        self._seen(before, changes)
        self._hear(process, orders)
        return None

    def renew(self, process: Process) -> None:
        """Once. It lets go at once of what it is to let go of."""
        if process.stopped:
            return
        for camera in process.lease.overdue(self.now_s, list(process.lease.holds)):
            process.lease.released(camera)
        if not process.joined:
            self.join(process)
            return
        renewal = process.lease.renewal(self.now_s)
        if process.heard:
            before = self.owners.kept()
            orders, changes = self.kept.order(lambda owners: owners.renew(renewal, self.front_s), self.front_s)
            self._seen(before, changes)
            self._hear(process, orders)

    def _hear(self, process: Process, orders: Orders) -> None:
        if not process.hears:
            return
        steps: Steps = process.lease.hear(orders)
        process.joined = not steps.rejoin
        if process.joined:
            process.told_lost = False
            if orders.promised:
                process.promised_s = self.now_s
        for camera in steps.end if not process.clings else ():
            process.lease.released(camera)

    def second(self, times: int = 1) -> None:
        for _ in range(times):
            self.now_s += 1.0
            self.do(lambda owners, now_s: owners.tick(now_s))
            self._opened_once()
            for process in [*(process for _, process in sorted(self.processes.items())), *self.cut_off]:
                self.renew(process)
                self._opened_once()

    def happens(self, process: Process) -> None:
        """Something happens before each camera that a process has; it waits to be told."""
        if process.stopped:
            return
        for camera, epoch in sorted(process.lease.holds.items()):
            process.told += 1
            process.outbox.append(Delivery(f"{process.shard.instance}-{process.told}", camera, epoch, b"{}"))
        del process.outbox[:-40]

    def deliver(self, process: Process, keep: bool = False) -> list[Receipt]:
        """What waits is told, by whoever hears it or not. `keep`: the answer is lost, it will be told again."""
        receipts = self.table.accept(process.shard.name, process.outbox)
        for one, receipt in zip(process.outbox, receipts, strict=True):
            shard, since, until = self.had_since.get(one.camera, ("", 0, 0))
            theirs = shard == process.shard.name and since <= one.epoch <= until
            if receipt.fate is Fate.COMMITTED:
                assert theirs, "an event counts of somebody whose camera another one has had since"
                self.counted.setdefault(one.camera, []).append(one.epoch)
            elif receipt.fate is Fate.FENCED:
                assert not theirs, "an event was refused whose camera nobody else has had since"
        if not keep:
            process.outbox.clear()
        return receipts

    def restart_front(self) -> None:
        before = self.owners.kept()
        self.table.close()
        self.table = self.opened()
        self.kept = KeptOwners(self.table, self.front_s)
        assert as_on_disk(self.owners.kept()) == as_on_disk(before), "a restart has another table"
        self.do(lambda owners, now_s: owners.tick(now_s))

    # What must hold

    def check(self) -> None:
        kept = self.owners.kept()
        assert as_on_disk(self.table.read()) == as_on_disk(kept), "what is on disk is not what is decided"
        self._nobody_waits_beside_room(kept)
        known = {shard.name for shard in kept.shards} | set(kept.forgotten)
        for camera, had in self.had.items():
            assert self.table.who_had(camera) == sorted(had, key=lambda shard: -had[shard]), "who had it is not known"
            assert had.keys() <= known, "a shard that keeps something is known to nobody"
        for epochs in self.counted.values():
            assert epochs == sorted(epochs), "an event of an earlier owner counts after one of a later"
        for number, (camera, shard) in self.granted.items():
            owner = next((each for each in kept.owners if each.epoch == number), None)
            assert owner is None or (owner.camera, owner.shard) == (camera, shard)
        self._opened_once()

    def _nobody_waits_beside_room(self, kept: KeptTable) -> None:
        shards, wishes = {shard.name: shard for shard in kept.shards}, {wish.name: wish for wish in kept.wishes}
        owned = {owner.camera: owner.shard for owner in kept.owners}
        lost = {camera for camera, shard in owned.items() if shards[shard].state is ShardState.LOST}
        waits = (wishes.keys() - owned.keys()) | lost
        assert self.owners.unplaced() == sorted(waits)
        for shard in shards.values():
            load = sum(name == shard.name for name in owned.values())
            assert load <= shard.capacity_cameras or shard.name in self.shrunk, f"{shard.name} has more than it can"
            coming = sum(1 for camera in owned if self.owners.going_to(camera) == shard.name)
            if shard.state is ShardState.LIVE and load + coming < shard.capacity_cameras and kept.epoch:
                can_be_granted = waits - set(self.owners.let_go_of())
                assert [camera for camera in can_be_granted if shard.fits(wishes[camera].only)] == []

    def _opened_once(self) -> None:
        """Of processes that run, and of which nobody has said untruly that they are gone."""
        seen: dict[str, str] = {}
        for process in [*self.processes.values(), *self.cut_off]:
            if process.stopped or process.told_lost or process.clings:
                continue
            for camera in process.lease.holds:
                assert camera not in seen, f"{camera} is open in {seen[camera]} and in {process.shard.name}"
                seen[camera] = process.shard.name

    def come_to_rest(self) -> None:
        """All that was cut is whole again, and a minute goes by: every camera that can be is where the table says."""
        for process in self.processes.values():
            process.hears = process.heard = True
            process.told_lost = process.told_lost or process.stopped
            process.stopped = False
        self.cut_off.clear()
        self.second(60)
        self.check()
        for name, process in self.processes.items():
            shard = self.owners.shard(name)
            if shard is not None and shard.instance == process.shard.instance:
                assert dict(process.lease.holds) == dict(self.owners.held(name))

    def want(self, *cameras: str, only: str = "", apart: str = "") -> list[Change]:
        wishes = [CameraWish(camera, only, apart) for camera in cameras]
        return self.do(lambda owners, now_s: owners.want(wishes, now_s))

    def places(self) -> dict[str, str]:
        return {owner.camera: owner.shard for owner in self.owners.kept().owners}


def as_on_disk(kept: KeptTable) -> KeptTable:
    """Without what only a running front knows."""
    return replace(kept, owners=tuple(replace(owner, since=0.0) for owner in kept.owners))
