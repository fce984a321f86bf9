"""The table as the event loop knows it: what was decided, once it is on disk. Pure; questions to it cost no disk."""

from collections import Counter
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
    WatchUnwanted,
    WatchWanted,
    Why,
)
from askcam.cluster.front.errors import CameraClosed, CameraMoving, CameraUnplaced, ShardDown
from askcam.cluster.front.joined.config import watches_in
from askcam.cluster.members import CameraWish, Owner, Shard, ShardState, WatchWish
from askcam.cluster.messages import RenewShard
from askcam.cluster.placing import Constraint, Vacancies, remedy

SEEN_TO = "it is being placed"


class TableView:
    """Owned by the event loop. A CameraTable for the front's directory."""

    def __init__(self) -> None:
        self.shards: dict[str, Shard] = {}
        self.wishes: dict[str, CameraWish] = {}
        self.owners: dict[str, Owner] = {}
        self.forgotten: dict[str, None] = {}  # shards that may come back with what they keep
        self.watches: dict[str, WatchWish] = {}  # that were made at the front
        self._listed: dict[str, frozenset[str]] = {}  # by camera: the watches of front.toml
        self._since: dict[
            str, int
        ] = {}  # by camera: from which epoch on its shard has had it, as it is to be opened now
        self._room_known: _Room | None = None  # until something changes
        self._why: dict[str, Why] = {}
        self._said: dict[str, RenewShard] = {}  # by shard: what it has said last
        self.lists: Callable[[str, str], bool] = lambda shard, camera: True
        """Whether a shard lists a camera, as far as is known."""

    def begin(self, kept: KeptTable) -> None:
        """As it was read from disk."""
        self._room_known = None
        self.shards = {shard.name: shard for shard in kept.shards}
        self.wishes = {wish.name: wish for wish in kept.wishes}
        self.watches = {watch.name: watch for watch in kept.watches}
        self._listed = {wish.name: frozenset(watches_in(wish)) for wish in kept.wishes}
        self.owners = {owner.camera: owner for owner in kept.owners}
        self._since = {owner.camera: owner.epoch for owner in kept.owners}
        self.forgotten = dict.fromkeys(kept.forgotten)

    def changes_to(self, kept: KeptTable) -> list[Change]:
        """What makes of this the table as another front has written it, in an order in which nothing is missing."""
        shards, wishes = {shard.name: shard for shard in kept.shards}, {wish.name: wish for wish in kept.wishes}
        owners = {owner.camera: owner for owner in kept.owners}
        return [
            *(Unwanted(camera) for camera in self.wishes if camera not in wishes),
            *(Wanted(wish) for camera, wish in wishes.items() if self.wishes.get(camera) != wish),
            *(WatchUnwanted(name) for name in self.watches if name not in {watch.name for watch in kept.watches}),
            *(WatchWanted(watch) for watch in kept.watches if self.watches.get(watch.name) != watch),
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
        self._room_known = None
        for change in changes:
            match change:
                case Wanted(wish):
                    before_it = self.wishes.get(wish.name)
                    if before_it is None or before_it.options != wish.options:
                        self._since.pop(wish.name, None)  # whoever has it opens it anew
                    self.wishes[wish.name] = wish
                    self._listed[wish.name] = frozenset(watches_in(wish))
                case Unwanted(camera):
                    self.wishes.pop(camera, None)
                    self._listed.pop(camera, None)
                    self._since.pop(camera, None)
                    self.owners.pop(camera, None)
                    self._why.pop(camera, None)
                case WatchWanted(watch):
                    self.watches[watch.name] = watch
                case WatchUnwanted(name):
                    self.watches.pop(name, None)
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
                case Granted(owner, taken_from):
                    if taken_from != owner.shard or owner.camera not in self._since:
                        self._since[owner.camera] = owner.epoch
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
        held = said.holds.get(owner.camera, 0)
        return self._since.get(owner.camera, owner.epoch) <= held <= owner.epoch

    def shards_known(self) -> Collection[str]:
        return {**self.shards, **self.forgotten}

    def ends(self, camera: str, shard: str) -> bool:
        said = self._said.get(shard)
        return camera not in self.wishes and said is not None and camera in said.holds

    def is_listed(self, watch: str) -> bool:
        """Whether front.toml has a watch of that name."""
        return any(watch in names for names in self._listed.values())

    # -- what people are told

    def why(self, camera: str) -> str | None:
        """Why a camera has no shard that lives, in words, with what helps; None: it has one, or is being seen to."""
        return None if camera not in self.wishes or self._watched(camera) else self._why_not(camera)

    def unplaced(self) -> dict[str, str]:
        """Cameras that nobody watches, with why."""
        return {camera: self._why_not(camera) or SEEN_TO for camera in sorted(self.wishes) if not self._watched(camera)}

    def _why_not(self, camera: str) -> str | None:
        """As it was told here, by the leader that is; any other front sees it by the table."""
        constraint = Constraint.of(self.wishes[camera])
        why = self._why.get(camera) or self._room().why(constraint)
        return None if why is None else remedy(why, constraint, self.shards.values())

    def _room(self) -> "_Room":
        if self._room_known is None:
            load = Counter(owner.shard for owner in self.owners.values())
            self._room_known = _Room(Vacancies(self.shards.values(), load, lambda apart: ()), tuple(self.shards))
        return self._room_known

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


class _Room:
    """Whether any shard could have a camera, by the table."""

    def __init__(self, vacancies: Vacancies, shards: Iterable[str]) -> None:
        self._vacancies, self._shards = vacancies, shards
        self._known: dict[Constraint, Why | None] = {}

    def why(self, constraint: Constraint) -> Why | None:
        """Why none can; None: one can."""
        if constraint not in self._known:
            can = any(self._vacancies.takes(name, constraint) for name in self._shards)
            self._known[constraint] = None if can else self._vacancies.why(constraint)
        return self._known[constraint]


def _same(owner: Owner, known: Owner | None) -> bool:
    return known is not None and (owner.shard, owner.epoch) == (known.shard, known.epoch)
