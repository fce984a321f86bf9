"""Which shard gets a camera. Pure.

A shard takes as many cameras as it says that it can. Of those where a camera may be and that have room, the one with
the smallest share of its room taken gets it; then by name, so that the same table gives the same places. Shards that
were lost a short while ago come last. Of cameras that are to be apart, as few as can be are in one rack.

Who has a place keeps it: whether one is to move is not decided here.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from askcam.cluster.changes import Why
from askcam.cluster.members import CameraWish, Shard, ShardState

Rank = tuple[bool, float, str]  # lost lately, share of its room taken with one more, name: the lowest gets a camera


@dataclass(frozen=True, slots=True)
class Constraint:
    """Where a camera may be, as its wish has it."""

    only: str = ""
    apart: str = ""

    @classmethod
    def of(cls, wish: CameraWish) -> "Constraint":
        return cls(wish.only, wish.apart)


class RankedShards:
    """Shards that may have the same cameras, by rack, in order of their ranks. Ranks only get worse while it exists, so
    heaps are right once their tops are looked at again: a place costs a logarithm, not a scan."""

    def __init__(self, shards: Iterable[Shard], rank: Callable[[str], Rank | None]) -> None:
        """`rank`: of a shard by its name, as it is now; None: it is full."""
        self._rank = rank
        self._by_rack: dict[str, list[Rank]] = {}
        for shard in shards:
            now = rank(shard.name)
            if now is not None:
                self._by_rack.setdefault(shard.rack, []).append(now)
        self._racks: list[tuple[Rank, str]] = []
        for rack, ranks in self._by_rack.items():
            heapq.heapify(ranks)
            self._racks.append((ranks[0], rack))
        heapq.heapify(self._racks)

    def walk(self, enough: Callable[[str], bool]) -> list[tuple[Rank, str]]:
        """The best of each rack, best first, up to the first rack that is enough, or all of them."""
        walked: list[tuple[Rank, str]] = []
        while self._racks:
            rank, rack = self._racks[0]
            now = self._best(rack)
            if now is None:
                heapq.heappop(self._racks)
            elif now != rank:
                heapq.heapreplace(self._racks, (now, rack))
            else:
                walked.append(heapq.heappop(self._racks))
                if enough(rack):
                    break
        for each in walked:
            heapq.heappush(self._racks, each)
        return walked

    def _best(self, rack: str) -> Rank | None:
        """Of the shards of a rack that have room."""
        ranks = self._by_rack[rack]
        while ranks:
            now = self._rank(ranks[0][-1])
            if now == ranks[0]:
                return now
            if now is None:
                heapq.heappop(ranks)
            else:
                heapq.heapreplace(ranks, now)
        return None


class Vacancies:
    """Room in shards, for one round of placing, in which their loads only grow."""

    def __init__(
        self,
        shards: Iterable[Shard],
        load: Mapping[str, int],
        racks_of: Callable[[str], Iterable[str]],
        doubtful: Collection[str] = (),
    ) -> None:
        """`load`: cameras by shard, those on their way to it, too. `racks_of`: the racks in which cameras of that word
        (`apart`) are, once for each. `doubtful`: shards that were lost a short while ago."""
        self._live = {shard.name: shard for shard in shards if shard.state is ShardState.LIVE}
        self._load = {name: load.get(name, 0) for name in self._live}
        self._racks_of, self._doubtful = racks_of, doubtful
        self._beside: dict[str, Counter[str]] = {}  # by word: how many cameras are in which rack
        self._fewest: dict[Constraint, int] = {}  # in any rack that may be and has room, or less
        self._ranked: dict[str, RankedShards] = {}

    def find(self, constraint: Constraint) -> Shard | None:
        """Where the next camera under that constraint would go; None: nowhere, see why()."""
        ranked = self._ranked.get(constraint.only)
        if ranked is None:
            fit = (shard for shard in self._live.values() if shard.fits(constraint.only))
            ranked = self._ranked[constraint.only] = RankedShards(fit, self._rank)
        if not constraint.apart:
            walked = ranked.walk(lambda rack: True)
            return self._live[walked[0][0][-1]] if walked else None
        beside, fewest = self._counted(constraint.apart), self._fewest.get(constraint, 0)
        walked = ranked.walk(lambda rack: beside[rack] <= fewest)
        if not walked:
            return None
        num, (_, _, name) = min((beside[rack], rank) for rank, rack in walked)
        self._fewest[constraint] = num
        return self._live[name]

    def take(self, shard: Shard, constraint: Constraint) -> None:
        """A camera under that constraint goes to a shard that has room."""
        assert self.takes(shard.name, constraint)
        self._load[shard.name] += 1
        if constraint.apart:
            self._counted(constraint.apart)[shard.rack] += 1

    def takes(self, name: str, constraint: Constraint) -> bool:
        """Whether this shard lives, has room, and is one where a camera under that constraint may be."""
        shard = self._live.get(name)
        return shard is not None and self._load[name] < shard.capacity_cameras and shard.fits(constraint.only)

    def share(self, shard: Shard, more: int = 0) -> float:
        """Of its room, what is taken with `more` cameras."""
        return (self._load[shard.name] + more) / max(1, shard.capacity_cameras)

    def why(self, constraint: Constraint) -> Why:
        """Why find() found nothing."""
        if not self._live:
            return Why.NO_SHARD
        return Why.FULL if any(shard.fits(constraint.only) for shard in self._live.values()) else Why.NO_MATCH

    def _rank(self, name: str) -> Rank | None:
        shard = self._live[name]
        if self._load[name] >= shard.capacity_cameras:
            return None
        return name in self._doubtful, self.share(shard, 1), name

    def _counted(self, apart: str) -> Counter[str]:
        if apart not in self._beside:
            self._beside[apart] = Counter(self._racks_of(apart))
        return self._beside[apart]


def remedy(why: Why, constraint: Constraint, shards: Iterable[Shard]) -> str:
    """Why a camera under that constraint has no place, in words for people, and what helps."""
    live = [shard for shard in shards if shard.state is ShardState.LIVE]
    fit = [shard for shard in live if shard.fits(constraint.only)]
    where = f" that are called {constraint.only!r} or have that label" if constraint.only else ""
    match why:
        case Why.NO_SHARD:
            return "no shard is there: start one, or see why those that were there are lost"
        case Why.NO_MATCH:
            found = f"none of {len(live)} shards is called {constraint.only!r} or has that label"
            return f"{found}: start one, or change `only`"
        case Why.FULL:
            room = sum(shard.capacity_cameras for shard in fit)
            return f"all {len(fit)} shards{where} are full, with {room} cameras: start another, or have them take more"
