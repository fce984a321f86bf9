"""The table as the event loop knows it: what was decided, once it is on disk. Pure; questions to it cost no disk."""

from collections.abc import Callable, Collection, Iterable, Mapping

from askcam.cluster.changes import (
    Change,
    Granted,
    KeptTable,
    Released,
    Revoked,
    ShardChanged,
    ShardForgotten,
    ShardRemoved,
    Unplaced,
    Unwanted,
    Wanted,
    Why,
)
from askcam.cluster.front.errors import CameraClosed, CameraMoving, CameraUnplaced, ShardDown
from askcam.cluster.members import CameraWish, Owner, Shard, ShardState
from askcam.cluster.messages import RenewShard
from askcam.cluster.placing import Constraint, remedy

SEEN_TO = "it is being placed"


class TableView:
    """Owned by the event loop. A CameraTable for the front's directory."""

    def __init__(self) -> None:
        self.shards: dict[str, Shard] = {}
        self.wishes: dict[str, CameraWish] = {}
        self.owners: dict[str, Owner] = {}
        self.forgotten: dict[str, None] = {}  # shards that may come back with what they keep
        self._why: dict[str, Why] = {}
        self._said: dict[str, RenewShard] = {}  # by shard: what it has said last
        self.lists: Callable[[str, str], bool] = lambda shard, camera: True
        """Whether a shard lists a camera, as far as is known."""

    def begin(self, kept: KeptTable) -> None:
        """As it was read from disk."""
        self.shards = {shard.name: shard for shard in kept.shards}
        self.wishes = {wish.name: wish for wish in kept.wishes}
        self.owners = {owner.camera: owner for owner in kept.owners}
        self.forgotten = dict.fromkeys(kept.forgotten)

    def changes_to(self, kept: KeptTable) -> list[Change]:
        """What makes of this the table as another front has written it, in an order in which nothing is missing."""
        shards, wishes = {shard.name: shard for shard in kept.shards}, {wish.name: wish for wish in kept.wishes}
        owners = {owner.camera: owner for owner in kept.owners}
        return [
            *(Unwanted(camera) for camera in self.wishes if camera not in wishes),
            *(Wanted(wish) for camera, wish in wishes.items() if self.wishes.get(camera) != wish),
            *(ShardChanged(shard) for name, shard in shards.items() if self.shards.get(name) != shard),
            *(Released(owner) for camera, owner in self.owners.items() if camera in wishes and camera not in owners),
            *(Granted(owner) for camera, owner in owners.items() if not _same(owner, self.owners.get(camera))),
            *(ShardForgotten(name) for name in self.shards if name not in shards),
            *(ShardForgotten(name) for name in kept.forgotten if name not in self.shards | self.forgotten),
            *(ShardRemoved(name) for name in [*self.forgotten, *self.shards] if name not in {*kept.forgotten, *shards}),
        ]

    def hears_nobody(self) -> None:
        """Another front decides: what shards have said here, and why cameras have no place, is old."""
        self._said.clear()
        self._why.clear()

    def apply(self, changes: Iterable[Change]) -> None:
        """What was decided, in order."""
        for change in changes:
            match change:
                case Wanted(wish):
                    self.wishes[wish.name] = wish
                case Unwanted(camera):
                    self.wishes.pop(camera, None)
                    self.owners.pop(camera, None)
                    self._why.pop(camera, None)
                case ShardChanged(shard):
                    before = self.shards.get(shard.name)
                    self.shards[shard.name] = shard
                    self.forgotten.pop(shard.name, None)
                    if before is None or before.instance != shard.instance or shard.state is ShardState.LOST:
                        self._said.pop(shard.name, None)  # it is of another process, or is over
                case ShardForgotten(name):
                    self.shards.pop(name, None)
                    self._said.pop(name, None)
                    self.forgotten[name] = None
                case ShardRemoved(name):
                    self.forgotten.pop(name, None)
                case Granted(owner):
                    self.owners[owner.camera] = owner
                    self._why.pop(owner.camera, None)
                case Released(owner):
                    self.owners.pop(owner.camera, None)
                case Unplaced(camera, why):
                    self._why[camera] = why
                case Revoked():
                    pass  # whoever is to let go of it owns it until it has

    def heard(self, said: RenewShard) -> None:
        """What a shard says of its cameras; nothing, if it has said something later, or is not known."""
        before = self._said.get(said.shard)
        if said.shard in self.shards and (before is None or before.number < said.number):
            self._said[said.shard] = said

    # -- what the directory asks

    def wants(self, camera: str) -> bool:
        return camera in self.wishes

    def names(self) -> Collection[str]:
        return self.wishes.keys()

    def shard_of(self, camera: str) -> str:
        """Raises CameraUnplaced, CameraMoving, CameraClosed, ShardDown."""
        owner = self.owners.get(camera)
        if owner is None:
            raise CameraUnplaced(camera, self.why(camera) or SEEN_TO)
        shard = self.shards[owner.shard]
        if shard.state is ShardState.LOST:
            why = self.why(camera)
            if why is not None:
                raise CameraUnplaced(camera, f"shard {shard.name!r} is lost ({shard.lost_why}), and {why}")
            raise ShardDown(shard.name, shard.lost_why)
        if (closed := self.closed(shard.name).get(camera)) is not None:
            raise CameraClosed(camera, shard.name, closed)
        if not self._open(owner):
            raise CameraMoving(camera, shard.name)
        return shard.name

    def _open(self, owner: Owner) -> bool:
        """Whether its owner holds it, as far as is known."""
        said = self._said.get(owner.shard)
        if said is None:  # of a front that has just begun, or does not lead
            return self.lists(owner.shard, owner.camera)
        return said.holds.get(owner.camera) == owner.epoch

    def shards_known(self) -> Collection[str]:
        return {**self.shards, **self.forgotten}

    def ends(self, camera: str, shard: str) -> bool:
        said = self._said.get(shard)
        return camera not in self.wishes and said is not None and camera in said.holds

    # -- what people are told

    def why(self, camera: str) -> str | None:
        """Why a camera has no shard that lives, in words, with what helps; None: it has one, or is being seen to."""
        why, wish = self._why.get(camera), self.wishes.get(camera)
        return None if why is None or wish is None else remedy(why, Constraint.of(wish), self.shards.values())

    def unplaced(self) -> dict[str, str]:
        """Cameras that nobody watches, with why."""
        return {camera: self.why(camera) or SEEN_TO for camera in sorted(self.wishes) if not self._watched(camera)}

    def _watched(self, camera: str) -> bool:
        owner = self.owners.get(camera)
        return owner is not None and self.shards[owner.shard].state is not ShardState.LOST

    def owned(self) -> dict[str, list[str]]:
        """By shard, its cameras."""
        found: dict[str, list[str]] = {}
        for camera in sorted(self.owners):
            found.setdefault(self.owners[camera].shard, []).append(camera)
        return found

    def trouble(self, shard: str) -> Mapping[str, str]:
        """What it cannot do with cameras that it has opened."""
        said = self._said.get(shard)
        return {} if said is None else said.trouble

    def closed(self, shard: str) -> Mapping[str, str]:
        """Cameras that a shard has, and cannot open, with why."""
        said = self._said.get(shard)
        return {} if said is None else said.closed


def _same(owner: Owner, known: Owner | None) -> bool:
    return known is not None and (owner.shard, owner.epoch) == (known.shard, known.epoch)
