"""What is granted, and what is taken back: cameras that wait get a place, misplaced ones move. Pure."""

from askcam.cluster.assignments import Assignments
from askcam.cluster.changes import Change, KeptTable, Released, Revoked, ShardChanged
from askcam.cluster.members import Owner, Shard, ShardState, Transition
from askcam.cluster.moving import Moves
from askcam.cluster.placing import Constraint, Vacancies
from askcam.cluster.waiting import WaitingCameras

DOUBTFUL_S = 60.0  # a shard that was lost so lately gets cameras where no other has room


class Grants:
    """The table, and what is under way in it. Owned by the Owners, which call settle() after whatever they change."""

    def __init__(self, kept: KeptTable, now_s: float) -> None:
        self.table, self.moves, self.waiting = Assignments(kept, now_s), Moves(), WaitingCameras()
        self.lost_s: dict[str, float] = {}  # when a shard was last lost, until it is forgotten
        self._claims: dict[str, str] = {}  # who says that it has a camera which waits
        self._misplaced: dict[str, None] = {}  # cameras whose owner lives, and is not to have them
        for name, shard in self.table.shards.items():
            if shard.state is ShardState.LOST:
                self.lost_s[name] = now_s
        for camera in self.table.wishes:
            self.look_at(camera)

    def look_at(self, camera: str) -> None:
        """Something about a camera, or about its owner, has changed: does it wait for a place, or for a better one?"""
        if camera not in self.table.wishes:
            return
        owner, constraint = self.table.owners.get(camera), self.table.constraint(camera)
        if owner is None and camera in self.moves:
            return  # whoever had it has not let go of it yet
        shard = None if owner is None else self.table.shards[owner.shard]
        self._misplaced.pop(camera, None)
        if shard is None or shard.state is ShardState.LOST:
            self.waiting.add(camera, constraint)
            return
        self.waiting.drop(camera)
        misplaced = shard.state is ShardState.DRAINING or not shard.fits(constraint.only)
        if misplaced:
            self._misplaced[camera] = None
        target = self.moves.target(camera)
        if target is not None and not (misplaced and self._may_go(target, constraint)):
            self.moves.stop(camera)

    def joined(self, shard: Shard, same: bool) -> list[Change]:
        """A shard is there (again). `same`: it is the process that was there before, and goes on with what it owns;
        what another one had under that name is gone, and the new one may have it again, under new epochs."""
        changes = list[Released]()
        self.table.shards[shard.name] = shard
        if not same:
            changes += self.left(shard.name)
            for released in changes:
                self.claim(released.owner.camera, shard.name)
        for camera in (*self.table.held(shard.name), *self.moves.towards(shard.name)):
            self.look_at(camera)
        for camera in self.moves.towards(shard.name):
            if len(self.table.held(shard.name)) + self.moves.incoming[shard.name] > shard.capacity_cameras:
                self.moves.stop(camera)  # it has become smaller
        return [*changes]

    def left(self, shard: str) -> list[Released]:
        """The process that had this name is gone for good: what it owned waits."""
        changes = list[Released]()
        for camera in self.moves.of(shard):
            self.moves.stop(camera)
            self.look_at(camera)
        for camera in list(self.table.held(shard)):
            changes.append(self.table.release(camera))
            self.look_at(camera)
        return changes

    def claim(self, camera: str, shard: str) -> None:
        """This shard has a camera that waits. Of several, the first one gets it."""
        if camera in self.waiting:
            self._claims.setdefault(camera, shard)

    def forget(self, camera: str) -> Owner | None:
        """Nobody wants it any more; whoever owned it."""
        self.waiting.drop(camera)
        self._misplaced.pop(camera, None)
        owner = self.table.unwant(camera)
        if owner is not None:
            self.moves.stop(camera)
            if self.table.shards[owner.shard].state is not ShardState.LOST:
                self.moves.start(camera, owner.shard, None)
        return owner

    def renewed(self, camera: str, now_s: float) -> list[Change]:
        """Its owner, if it lives and is to keep it, has it under a new epoch."""
        owner = self.table.owners.get(camera)
        if owner is None or camera in self.moves or self.table.shards[owner.shard].state is ShardState.LOST:
            return []  # whoever has it next is told what it is by then
        return [self.table.grant(camera, owner.shard, now_s)]

    def change(self, shard: Shard, transition: Transition, why: str, now_s: float) -> list[Change]:
        """A shard drains, or is gone."""
        changed = shard.after(transition, why)
        if changed == shard:
            return []
        self.table.shards[shard.name] = changed
        if changed.state is ShardState.LOST:
            self.lost_s[shard.name] = now_s
            for camera in self.moves.of(shard.name):
                self.moves.stop(camera)
                self.look_at(camera)
        for camera in (*self.table.held(shard.name), *self.moves.towards(shard.name)):
            self.look_at(camera)
        return [ShardChanged(changed)]

    def arrive(self, camera: str, now_s: float) -> list[Change]:
        """A camera was let go of: it is where it was to go, if that is anywhere."""
        target = self.moves.stop(camera)
        changes: list[Change] = [] if target is None else [self.table.grant(camera, target, now_s)]
        self.look_at(camera)
        return changes

    def to_hold(self, shard: str) -> dict[str, int]:
        """What this shard is told to hold, with the epochs: all that it owns, but what is to leave it."""
        leaving = self.moves.of(shard)
        return {camera: epoch for camera, epoch in self.table.held(shard).items() if camera not in leaving}

    def let_go_of(self) -> list[str]:
        """Cameras that are wanted again, and that whoever had them before has still to let go of."""
        return [camera for camera in self.moves if camera in self.table.wishes and camera not in self.table.owners]

    def settle(self, now_s: float) -> list[Change]:
        """Grant what can be granted, and have leave what can leave."""
        changes = list[Change]()
        if not self.waiting and not self._misplaced:
            return changes
        vacancies = self._vacancies(now_s)
        for camera, name in sorted(self._claims.items()):
            if camera in self.waiting and vacancies.takes(name, self.table.constraint(camera)):
                self._grant(camera, self.table.shards[name], vacancies, now_s, changes)
        self._claims.clear()
        for constraint in self.waiting.constraints():
            while (waits := self.waiting.first(constraint)) is not None:
                shard = vacancies.find(constraint)
                if shard is None:
                    changes += self.waiting.tell(constraint, vacancies.why(constraint))
                    break
                self._grant(waits, shard, vacancies, now_s, changes)
        for camera in list(self._misplaced):
            target = None if camera in self.moves else vacancies.find(self.table.constraint(camera))
            if target is not None:
                self._leave(camera, target, vacancies, changes, "it is to be elsewhere")
        return changes

    def rebalance(self, now_s: float) -> list[Change]:
        """Have cameras leave the fuller shards for the emptier ones, while that makes the two more alike."""
        changes, vacancies, load = list[Change](), self._vacancies(now_s), self.table.load()
        live = [shard for shard in self.table.shards.values() if shard.state is ShardState.LIVE]
        shares = {shard.name: load.get(shard.name, 0) / max(1, shard.capacity_cameras) for shard in live}
        for shard in sorted(live, key=lambda each: (-shares[each.name], each.name)):
            staying = self.to_hold(shard.name)
            num = len(staying)
            for camera in sorted(staying):
                constraint = self.table.constraint(camera)
                target = vacancies.find(constraint)
                if target is None or constraint.apart:  # who is to be apart is where it is for that reason
                    continue
                if target.name != shard.name and vacancies.share(target, 1) < num / max(1, shard.capacity_cameras):
                    self._leave(camera, target, vacancies, changes, "the shards are being balanced")
                    num -= 1
        return changes

    def _vacancies(self, now_s: float) -> Vacancies:
        load = self.table.load()
        for name, num in self.moves.incoming.items():
            load[name] = load.get(name, 0) + num
        doubtful = {name for name, lost_s in self.lost_s.items() if now_s - lost_s <= DOUBTFUL_S}
        return Vacancies(self.table.shards.values(), load, self.table.racks_of, doubtful)

    def _may_go(self, name: str, constraint: Constraint) -> bool:
        shard = self.table.shards[name]
        return shard.state is ShardState.LIVE and shard.fits(constraint.only)

    def _grant(self, camera: str, shard: Shard, vacancies: Vacancies, now_s: float, changes: list[Change]) -> None:
        vacancies.take(shard, self.table.constraint(camera))
        self.waiting.drop(camera)
        changes.append(self.table.grant(camera, shard.name, now_s))

    def _leave(self, camera: str, target: Shard, vacancies: Vacancies, changes: list[Change], why: str) -> None:
        owner = self.table.owners[camera]
        vacancies.take(target, self.table.constraint(camera))
        self.moves.start(camera, owner.shard, target.name)
        changes.append(Revoked(owner, why))
