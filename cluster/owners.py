"""Who owns which camera: what happened comes in, what follows is returned. Pure; time comes in, in seconds.

    changes = owners.lost("gpu-3", "connection refused", now_s)      # [ShardChanged(...), Granted(...), ...]

Whoever holds an Owners writes the changes down before anybody is told of them (keeping.py does): a grant that was told
and is not on disk would be given twice.

- A camera that is wanted has an owner as long as a living shard has room where it may be. Its owner changes when that
  one is lost, drains, is no longer where it may be, or when rebalance() is asked for; otherwise never.
- A shard that is lost owns its cameras until others are granted them: where there is no room, it may come back and go
  on.
- A camera moves between living shards when its owner has let go of it (moving.py).
- Before the first grant of all it is waited for GATHER_S, so that the first shard of many does not get everything.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from askcam.cluster.changes import (
    Change,
    KeptTable,
    Revoked,
    ShardChanged,
    ShardForgotten,
    ShardRemoved,
    Unwanted,
    Wanted,
    WatchUnwanted,
    WatchWanted,
)
from askcam.cluster.granting import Grants
from askcam.cluster.joining import Expected, admit
from askcam.cluster.members import MAX_OPTIONS, CameraWish, Owner, Shard, ShardState, Transition, WatchWish
from askcam.cluster.placing import remedy
from askcam.cluster.renewal import MAX_HOLDS, RENEW_S, USUAL, LeaseTimes, Orders, Pulse, Renewal, Steady
from askcam.server.errors import Conflict, Invalid, NotFound, TooMany
from askcam.server.given_names import quoted

__all__ = ["Owner", "Owners", "Shard", "ShardState"]

GATHER_S = 3 * RENEW_S  # from the first shard's joining to the first grant of a new table; as LeaseTimes, in proportion
FORGET_S = 600.0  # a lost shard that owns nothing is known for so long
MAX_FORGOTTEN = 256  # shards that may come back with what they keep; the first of them is removed then
MAX_CAMERAS = 100_000
MAX_WATCHES = 512  # that are made at the front, as many as a server has


class Owners:
    """For one thread at a time. tick() is to be called every TICK_S, or nobody is ever taken for silent."""

    def __init__(
        self,
        now_s: float,
        kept: KeptTable | None = None,
        expected: Expected | None = None,
        timings: LeaseTimes = USUAL,
    ) -> None:
        """`kept`: the table of an earlier front, whose shards get as long to renew as if they had just done so."""
        self._clock, self._expected, self._timings = Steady(now_s, timings.leap_s), expected or Expected(), timings
        self._grants = Grants(kept or KeptTable(), now_s)
        self._table = self._grants.table
        self._pulses = {name: Pulse(now_s, now_s, timings) for name in self._table.shards}
        self._gathered_s: float | None = now_s if self._table.epoch else None  # None: nobody has joined yet

    def owner_of(self, camera: str) -> Owner | None:
        """None: nobody wants it, or it never had one. Its shard may be lost: see shard()."""
        return self._table.owners.get(camera)

    def shard(self, name: str) -> Shard | None:
        return self._table.shards.get(name)

    def shards(self) -> list[Shard]:
        """In order of names, with those that are lost and not yet forgotten."""
        return [shard for _, shard in sorted(self._table.shards.items())]

    def cameras(self) -> list[CameraWish]:
        """All that are wanted, in order of names."""
        return [wish for _, wish in sorted(self._table.wishes.items())]

    def wish(self, camera: str) -> CameraWish | None:
        """None: nobody wants it."""
        return self._table.wishes.get(camera)

    def watches_of(self, camera: str) -> list[WatchWish]:
        """Those of the camera that were made at the front, in order of names."""
        return self._table.watches_of(camera)

    def held(self, shard: str) -> Mapping[str, int]:
        """The cameras that a shard owns, with their epochs. Not to be changed."""
        return self._table.held(shard)

    def unplaced(self) -> list[str]:
        """Cameras that are wanted and have no owner that lives."""
        return sorted({*self._grants.waiting, *self._grants.let_go_of()})

    def let_go_of(self) -> list[str]:
        """Of these, those that wait until who had them has let go of them."""
        return sorted(self._grants.let_go_of())

    def why_unplaced(self, camera: str) -> str | None:
        """In words, with what helps; None: it has an owner, nobody wants it, or it is being seen to."""
        why = self._grants.waiting.why(camera)
        return None if why is None else remedy(why, self._table.constraint(camera), self._table.shards.values())

    def going_to(self, camera: str) -> str | None:
        """Where a camera is to be once its owner has let go of it; None: nowhere, or it is not on its way."""
        return self._grants.moves.target(camera)

    def kept(self) -> KeptTable:
        """What a restart needs."""
        return self._table.kept()

    def want(self, wishes: Iterable[CameraWish], now_s: float) -> list[Change]:
        """Cameras are to be watched; those that are already, elsewhere, or with other options: then their owners have
        them under new epochs, and so open them anew. Raises Invalid, and TooMany; then none is."""
        now_s, changes = self._clock.at(now_s), list[Change]()
        wanted = {wish.name: wish for wish in wishes}
        for wish in wanted.values():
            wish.check()
        if len(self._table.wishes.keys() | wanted) > MAX_CAMERAS:
            raise TooMany(f"{MAX_CAMERAS} cameras at most are kept in one table", code="too_many_cameras")
        for camera, wish in wanted.items():
            before = self._table.wishes.get(camera)
            if before != wish:
                self._table.want(wish)
                self._grants.look_at(camera)
                changes.append(Wanted(wish))
                if before is not None and before.options != wish.options:
                    changes += self._grants.renewed(camera, now_s)
        return changes + self._settle(now_s)

    def unwant(self, cameras: Iterable[str], now_s: float) -> list[Change]:
        """No effect on those that nobody wants."""
        now_s, changes = self._clock.at(now_s), list[Change]()
        for camera in cameras:
            if camera in self._table.wishes:
                owner = self._grants.forget(camera)
                changes.append(Unwanted(camera))
                if owner is not None:
                    changes.append(Revoked(owner, "nobody wants it any more"))
        return changes + self._settle(now_s)

    def watch(self, wish: WatchWish, now_s: float, *, anew: bool = False) -> list[Change]:
        """A watch is wanted from now on, or is to be another than before: the owners of its cameras have these under
        new epochs, and hear of it. It goes on as it stands, unless it is new or `anew`. Raises Invalid, TooMany."""
        now_s, before = self._clock.at(now_s), self._table.watches.get(wish.name)
        if before is None and len(self._table.watches) >= MAX_WATCHES:
            raise TooMany(f"there are {MAX_WATCHES} watches: remove one first", code="too_many_watches")
        for camera in wish.cameras:
            others = sum(len(each.setting) for each in self.watches_of(camera) if each.name != wish.name)
            camera_wish = self._table.wishes.get(camera)
            num = others + len(wish.setting) + (0 if camera_wish is None else len(camera_wish.options))
            if num > MAX_OPTIONS:
                told = f"the camera {camera!r} with its watches has {num} bytes: {MAX_OPTIONS} are kept; remove one"
                raise Invalid(told, "cameras", "too_many_watches")
        wish = replace(wish, begun=self._table.epoch if before is None or anew else before.begun)
        self._table.watches[wish.name] = wish
        return [WatchWanted(wish), *self._heard_of(wish.cameras, () if before is None else before.cameras, now_s)]

    def unwatch(self, name: str, now_s: float) -> list[Change]:
        """No effect on one that nobody wants."""
        now_s, watch = self._clock.at(now_s), self._table.watches.pop(name, None)
        return [] if watch is None else [WatchUnwanted(name), *self._heard_of(watch.cameras, (), now_s)]

    def _heard_of(self, cameras: Iterable[str], others: Iterable[str], now_s: float) -> list[Change]:
        """Something else is said of these."""
        return [change for camera in sorted({*cameras, *others}) for change in self._grants.renewed(camera, now_s)]

    def join(self, shard: Shard, holds: Mapping[str, int], now_s: float) -> tuple[Orders, list[Change]]:
        """A shard is there, with the cameras that it has; again after it was lost, or when it has changed. Cameras
        that wait go to who has them already, if there is room. A process that was started anew delivers first what the
        one before it left to be told: by joining it gives up what that one owned.

        Raises Invalid, Conflict and TooMany."""
        now_s = self._clock.at(now_s)
        admit(shard, self._table.shards, self._expected)
        if len(holds) > MAX_HOLDS:
            raise Invalid(f"shard {shard.name} tells of {len(holds)} cameras: {MAX_HOLDS} at most", "holds")
        before = self._table.shards.get(shard.name)
        same = before is not None and before.instance == shard.instance
        state = before.after(Transition.JOINED).state if before is not None and same else ShardState.LIVE
        shard = replace(shard, state=state, lost_why="")
        changes: list[Change] = [ShardChanged(shard)] if shard != before else []
        self._table.forgotten.pop(shard.name, None)
        changes += self._grants.joined(shard, same)
        self._pulses[shard.name] = Pulse(now_s, now_s, self._timings)
        for camera in holds:
            self._grants.claim(camera, shard.name)
        if self._gathered_s is None:
            self._gathered_s = now_s + GATHER_S * self._timings.renew_s / RENEW_S
        changes += self._settle(now_s)
        return Orders(0, self._grants.to_hold(shard.name)), changes

    def renew(self, renewal: Renewal, now_s: float) -> tuple[Orders, list[Change]]:
        """A shard renews. Raises Invalid."""
        now_s, number = self._clock.at(now_s), renewal.number
        renewal.check()
        shard = self._table.shards.get(renewal.shard)
        if shard is None or shard.instance != renewal.instance or shard.state is ShardState.LOST:
            return Orders(number, None, promised=False, rejoin=True), []
        promised = self._pulses[shard.name].receive(number, renewal.heard, now_s)
        if promised is None:  # a later one has overtaken it
            return Orders(number, None, promised=False), []
        changes, released = list[Change](), self._grants.moves.released(renewal, now_s)
        for camera in released:
            changes += self._grants.arrive(camera, now_s)
        if released:
            changes += self._settle(now_s)
        self._grants.moves.told(shard.name, number)
        hold = self._grants.to_hold(shard.name)
        return Orders(number, None if hold == renewal.holds else hold, promised), changes

    def left(self, name: str, now_s: float, instance: str) -> list[Change]:
        """A shard says that it ends, whatever was believed of it before."""
        return self._gone(name, "it was ended", now_s, instance)

    def lost(self, name: str, why: str, now_s: float, instance: str = "") -> list[Change]:
        """Somebody who ought to know says that a shard is dead. `instance`: that one only. Why one is lost that is lost
        already stays as it was first told: whoever finds it dead then says nothing new."""
        shard = self._table.shards.get(name)
        if shard is not None and shard.state is ShardState.LOST:
            return []
        return self._gone(name, why, now_s, instance)

    def _gone(self, name: str, why: str, now_s: float, instance: str) -> list[Change]:
        now_s = self._clock.at(now_s)
        shard = self._table.shards.get(name)
        if shard is None or (instance and instance != shard.instance):
            return []
        return self._grants.change(shard, Transition.GONE, why, now_s) + self._settle(now_s)

    def drain(self, name: str, now_s: float) -> list[Change]:
        """A shard is to give its cameras away, as room is found, and takes no others. Raises NotFound and Conflict."""
        now_s = self._clock.at(now_s)
        shard = self._table.shards.get(name)
        if shard is None:
            known = ", ".join(sorted(self._table.shards)[:20]) or "there is none yet"
            raise NotFound(f"there is no shard {quoted(name)}; shards: {known}")
        if shard.state is ShardState.LOST:
            raise Conflict(f"shard {name} is lost ({shard.lost_why}): it has nothing to give away", code="shard_lost")
        return self._grants.change(shard, Transition.DRAINED, "", now_s) + self._settle(now_s)

    def remove(self, name: str, now_s: float) -> list[Change]:
        """A shard that is lost, or forgotten, does not come back, and what it kept is gone. If one of its name joins
        all the same, it is a new one. Raises NotFound, and Conflict while it is there."""
        now_s, changes = self._clock.at(now_s), list[Change]()
        shard = self._table.shards.get(name)
        if shard is not None and shard.state is not ShardState.LOST:
            raise Conflict(f"shard {name} is there: it is removed once it has ended", code="shard_there")
        if shard is None and name not in self._table.forgotten:
            known = ", ".join([*sorted(self._table.shards), *self._table.forgotten][:20]) or "there is none"
            raise NotFound(f"there is no shard {quoted(name)}; shards: {known}")
        if shard is not None:
            changes += self._grants.left(name)
            changes += self._forget(name)
        self._table.forgotten.pop(name, None)
        changes.append(ShardRemoved(name))
        return changes + self._settle(now_s)

    def rebalance(self, now_s: float) -> list[Change]:
        """Cameras of the fuller shards move to the emptier ones, until no move would make the two more alike."""
        return self._grants.rebalance(self._clock.at(now_s))

    def tick(self, now_s: float) -> list[Change]:
        """Some time has passed."""
        now_s, changes = self._clock.at(now_s), list[Change]()
        for name, shard in list(self._table.shards.items()):
            pulse = self._pulses[name]
            if shard.state is not ShardState.LOST:
                if pulse.silent(now_s):
                    why = f"nothing was heard of it for {now_s - pulse.promised_s:.0f} s"
                    changes += self._grants.change(shard, Transition.GONE, why, now_s)
            elif now_s - self._grants.lost_s[name] > FORGET_S and not self._table.held(name):
                changes += self._forget(name)
        for camera in self._grants.moves.late(now_s):
            changes += self._grants.arrive(camera, now_s)
        return changes + self._settle(now_s)

    def _forget(self, name: str) -> list[Change]:
        """A lost shard that owns nothing."""
        del self._table.shards[name], self._pulses[name], self._grants.lost_s[name]
        forgotten = self._table.forgotten
        forgotten[name] = None
        changes: list[Change] = [ShardForgotten(name)]
        while len(forgotten) > MAX_FORGOTTEN:
            first = next(iter(forgotten))
            del forgotten[first]
            changes.append(ShardRemoved(first))
        return changes

    def _settle(self, now_s: float) -> list[Change]:
        if self._gathered_s is None or now_s < self._gathered_s:
            return []
        return self._grants.settle(now_s)
