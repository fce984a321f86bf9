"""The table as it stands: shards, cameras that are wanted, owners. Pure; what follows from it, others decide."""

from collections.abc import Iterator, Mapping

from askcam.cluster.changes import Granted, KeptTable, Released
from askcam.cluster.members import CameraWish, Owner, ShardState, WatchWish
from askcam.cluster.placing import Constraint


class Assignments:
    """Owned by the Owners. A lost shard may be an owner: it is until another is granted the camera."""

    def __init__(self, kept: KeptTable, now_s: float) -> None:
        self.epoch = kept.epoch
        self.shards = {shard.name: shard for shard in kept.shards}
        self.wishes: dict[str, CameraWish] = {}
        self.owners: dict[str, Owner] = {}
        self.watches = {watch.name: watch for watch in kept.watches}
        self.forgotten = dict.fromkeys(kept.forgotten)  # shards; the oldest first
        self._held: dict[str, dict[str, int]] = {}
        self._apart: dict[str, dict[str, None]] = {}  # cameras of one word
        for wish in kept.wishes:
            self.want(wish)
        for owner in kept.owners:
            self._put(Owner(owner.camera, owner.shard, owner.epoch, now_s))

    def kept(self) -> KeptTable:
        """All of it, in order of names."""
        return KeptTable(
            self.epoch,
            tuple(shard for _, shard in sorted(self.shards.items())),
            tuple(wish for _, wish in sorted(self.wishes.items())),
            tuple(owner for _, owner in sorted(self.owners.items())),
            tuple(self.forgotten),
            tuple(watch for _, watch in sorted(self.watches.items())),
        )

    def want(self, wish: CameraWish) -> None:
        """A camera is wanted, or from now on elsewhere."""
        if wish.name in self.wishes:
            self._forget(wish.name)
        self.wishes[wish.name] = wish
        if wish.apart:
            self._apart.setdefault(wish.apart, {})[wish.name] = None

    def unwant(self, camera: str) -> Owner | None:
        """Whoever owned it."""
        self._forget(camera)
        return self._take(camera)

    def grant(self, camera: str, shard: str, now_s: float) -> Granted:
        """Under the next epoch."""
        before = self._take(camera)
        self.epoch += 1
        owner = Owner(camera, shard, self.epoch, now_s)
        self._put(owner)
        return Granted(owner, "" if before is None else before.shard)

    def release(self, camera: str) -> Released:
        """Whoever owned it is gone."""
        owner = self._take(camera)
        assert owner is not None
        return Released(owner)

    def watches_of(self, camera: str) -> list[WatchWish]:
        """In order of names."""
        return [watch for _, watch in sorted(self.watches.items()) if camera in watch.cameras]

    def held(self, shard: str) -> Mapping[str, int]:
        """The cameras that this shard owns, with their epochs."""
        return self._held.get(shard, {})

    def load(self) -> dict[str, int]:
        return {shard: len(cameras) for shard, cameras in self._held.items()}

    def constraint(self, camera: str) -> Constraint:
        return Constraint.of(self.wishes[camera])

    def racks_of(self, apart: str) -> Iterator[str]:
        """The rack of each camera of that word that has an owner which is not lost."""
        for camera in self._apart.get(apart, ()):
            owner = self.owners.get(camera)
            shard = None if owner is None else self.shards[owner.shard]
            if shard is not None and shard.state is not ShardState.LOST:
                yield shard.rack

    def _forget(self, camera: str) -> None:
        wish = self.wishes.pop(camera)
        if wish.apart:
            del self._apart[wish.apart][camera]
            if not self._apart[wish.apart]:
                del self._apart[wish.apart]

    def _put(self, owner: Owner) -> None:
        self.owners[owner.camera] = owner
        self._held.setdefault(owner.shard, {})[owner.camera] = owner.epoch

    def _take(self, camera: str) -> Owner | None:
        owner = self.owners.pop(camera, None)
        if owner is not None:
            del self._held[owner.shard][camera]
            if not self._held[owner.shard]:
                del self._held[owner.shard]
        return owner
