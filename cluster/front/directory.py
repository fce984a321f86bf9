"""Who answers for what: the shard of a camera, of an id, of whatever any of them can do."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from askcam.cluster.front.errors import CameraTwice, NoShard, ShardAway, ShardBroke, ShardDown
from askcam.cluster.front.event_source import EventSource, ShardReply
from askcam.cluster.front.shards import FrontShard
from askcam.cluster.ids import Garbage, ShardKeys, shard_in
from askcam.cluster.merging import Row, holders
from askcam.server.access.viewer import Role
from askcam.server.errors import NotFound, Refusal, unknown_camera
from askcam.server.given_names import quoted

S = TypeVar("S", bound=EventSource)

OTHERS = ("askcam", "all")  # names that are asked under, and are no camera's
KEPT, MOST_CHARS = 4096, 256  # ids whose shard is remembered, none longer than this


class CameraTable(Protocol):
    """Which shard has a camera, of those that are given to shards."""

    def wants(self, camera: str) -> bool:
        """Whether it is one of these."""

    def names(self) -> Collection[str]:
        """All of them."""

    def shard_of(self, camera: str) -> str:
        """The name of the shard that has it, which is there as far as is known. Raises CameraUnplaced, CameraMoving,
        ShardDown."""

    def shards_known(self) -> Collection[str]:
        """The names of all that have joined and may be there again, whether they can be asked now or not."""

    def ends(self, camera: str, shard: str) -> bool:
        """Whether that shard was given the camera, and is about to let go of it, since nobody wants it any more."""


class NoTable:
    """All cameras are in the shards' own files."""

    def wants(self, camera: str) -> bool:
        return False

    def names(self) -> Collection[str]:
        return ()

    def shard_of(self, camera: str) -> str:
        raise AssertionError("it wants none")

    def shards_known(self) -> Collection[str]:
        return ()

    def ends(self, camera: str, shard: str) -> bool:
        return False


class Directory:
    """Owned by the event loop."""

    def __init__(self, shards: Sequence[FrontShard], keys: ShardKeys, table: CameraTable | None = None) -> None:
        self.shards, self.keys, self.table = tuple(shards), keys, table or NoTable()
        self.kept: EventSource | None = None  # events that shards have delivered
        self._by_name = {shard.name: shard for shard in shards}
        self._where: OrderedDict[str, str] = OrderedDict()  # ids that were found or heard of; the oldest go

    def __getitem__(self, name: str) -> FrontShard:
        return self._by_name[name]

    def get(self, name: str) -> FrontShard | None:
        return self._by_name.get(name)

    def add(self, shard: FrontShard) -> None:
        """One more, or in place of that of its name."""
        self._by_name[shard.name] = shard
        self.shards = tuple(self._by_name.values())

    def drop(self, name: str) -> None:
        """It is known no longer, and neither is what it had."""
        del self._by_name[name]
        self.shards = tuple(self._by_name.values())
        self.keys.drop(name)

    # -- cameras

    def cameras(self) -> list[str]:
        """All names, in the order of the shards; at last those that no shard has yet."""
        return list(dict.fromkeys([*self._holders(), *self.table.names()]))

    def rows_of_cameras(self, told: Mapping[FrontShard, list[Row]]) -> list[list[Row]]:
        """What shards have told of cameras, without what one tells of a camera that another one has."""
        return [
            [row for row in rows if self._tells_of(shard, str(row.get("name", row.get("id"))))]
            for shard, rows in told.items()
        ]

    def _tells_of(self, shard: FrontShard, camera: str) -> bool:
        if not self.table.wants(camera):
            return not self.table.ends(camera, shard.name)
        try:
            return self.table.shard_of(camera) == shard.name
        except Refusal:
            return False

    def ambiguous(self) -> dict[str, list[str]]:
        """Names that several shards have a camera of, with them."""
        return {
            name: shards
            for name, shards in self._holders().items()
            if len(shards) > 1 and not self.table.wants(name)  # of these the table says whose they are
        }

    def has(self, camera: str) -> bool:
        return self.table.wants(camera) or bool(self.having(camera))

    def _has(self, shard: FrontShard, camera: str) -> bool:
        return camera in shard.cameras and not self.table.ends(camera, shard.name)

    def having(self, camera: str) -> list[FrontShard]:
        """The shards that have a camera of that name, of those that they are not given."""
        return [shard for shard in self.shards if self._has(shard, camera)]

    def lists(self, shard: str, camera: str) -> bool:
        """Whether that shard has told of the camera when it was looked at last, or was not heard."""
        found = self._by_name.get(shard)
        return found is None or not found.up or camera in found.cameras

    def owner_of(self, camera: str) -> FrontShard:
        """Whether it is up or not. Raises NotFound, CameraTwice; ShardDown while one that was never met may have it; of
        one that is given to shards CameraUnplaced, CameraMoving, ShardDown."""
        if self.table.wants(camera):
            name = self.table.shard_of(camera)
            if (shard := self._by_name.get(name)) is None:
                raise ShardDown(name, "it is joining just now")
            return shard
        found = self.having(camera)
        if len(found) > 1:
            raise CameraTwice(camera, [shard.name for shard in found])
        if found:
            return found[0]
        for shard in self.shards:
            if not shard.up and not shard.cameras:
                raise shard.down  # nobody knows what it has
        raise unknown_camera(camera, [*self.cameras(), *OTHERS])

    def _holders(self) -> dict[str, list[str]]:
        return holders(
            {shard.name: [name for name in shard.cameras if self._has(shard, name)] for shard in self.shards}
        )

    # -- shards

    def up(self) -> list[FrontShard]:
        return [shard for shard in self.shards if shard.up]

    def down(self) -> list[str]:
        return [shard.name for shard in self.shards if not shard.up]

    def away(self) -> list[str]:
        """Shards that have joined once and are not among those that are asked: they may come back with what they
        keep."""
        return [name for name in self.table.shards_known() if name not in self._by_name]

    def that_keeps(self, name: str) -> FrontShard:
        """The shard of that name, which keeps something. Raises ShardDown; NotFound where nobody knows it (any
        more)."""
        if (shard := self._by_name.get(name)) is not None:
            return shard
        if name in self.table.shards_known():
            raise ShardAway(name)
        raise NotFound(f"there is no shard {quoted(name)} any more, and what it kept is gone with it")

    def any(self) -> FrontShard:
        """One that can answer about attached pictures, say: the least busy whose model is warm. Raises NoShard."""
        return _least_busy(self.up() or self.shards)

    def with_model(self, name: str) -> FrontShard | None:
        """Of the shards with a model of that name ([models.NAME]) the least busy, one that is up if there is one. None:
        none has it, or a camera is called so."""
        found = [] if self.has(name) else [shard for shard in self.shards if shard.has_model(name)]
        return _least_busy([shard for shard in found if shard.up] or found) if found else None

    def roomiest(self) -> FrontShard:
        """Where one more camera goes. Raises NoShard."""
        found = self.up() or list(self.shards)
        if not found:
            raise NoShard
        return min(found, key=lambda shard: len(shard.cameras) + shard.num_pushed)

    # -- ids

    def remember(self, thing: str, shard: FrontShard) -> None:
        if len(thing) > MOST_CHARS:
            return
        self._where[thing] = shard.name
        self._where.move_to_end(thing)
        if len(self._where) > KEPT:
            self._where.popitem(last=False)

    def remembered(self, thing: str) -> FrontShard | None:
        name = self._where.get(thing)
        return None if name is None else self._by_name.get(name)

    async def find(
        self, path: str, role: Role, among: Collection[FrontShard] | None = None, *, on_disk: bool = False
    ) -> FrontShard:
        """The shard that has what is at `path`, a GET of something small; all are asked at once. `on_disk`: it outlives
        the shard's process. Raises NotFound, and ShardDown where one that is down may have it."""
        if (known := self.remembered(path)) is not None:
            return known
        replies = await self.everywhere(lambda shard: shard.asked("GET", path, role=role), among or self.shards)
        for shard, reply in replies.items():
            if isinstance(reply, ShardReply) and reply.status == 200:
                self.remember(path, shard)
                return shard
        for reply in replies.values():
            if isinstance(reply, Refusal):
                raise reply
        if on_disk and (away := self.away()):
            there = self._where.get(path)
            raise ShardAway(*([there] if there in away else away))
        raise NotFound(f"no shard has {path}", "id")

    def of_number(self, number: int) -> tuple[FrontShard, int]:
        """The shard, and the number there, of an id that the front has told. Raises NotFound, ShardDown."""
        found = self.keys.apart(number)
        if found is None or (shard := self._by_name.get(found[0])) is None:
            if (name := shard_in(number, self.away())) is not None:
                raise ShardAway(name)
            raise NotFound(f"no {number} is known here: lists tell the ids that there are", "id")
        return shard, found[1]

    def of_event(self, number: int) -> tuple[EventSource, int]:
        """Who keeps the event of an id that the front has told, and its number there. Raises NotFound."""
        found = self.keys.apart(number)
        if found is not None and self.kept is not None and found[0] == self.kept.name:
            return self.kept, found[1]
        return self.of_number(number)

    def events_of(self, camera: str | None) -> list[EventSource]:
        """Who keeps events of a camera, or of all (None)."""
        kept: list[EventSource] = [] if self.kept is None else [self.kept]
        if camera is not None and self.table.wants(camera):
            return kept
        if camera is None or not self.has(camera):
            return [*self.shards, *kept]
        return [*self.having(camera)]

    def told(self, rewrite: Callable[[int, Row], Row], key: int, row: Row) -> Row:
        """What the shard of that key has told, with ids as the front tells them: `rewrite` is one of cluster/ids.py.
        Raises ShardBroke."""
        try:
            return rewrite(key, row)
        except Garbage as exc:
            raise ShardBroke(self.keys.name(key) or "?", str(exc)) from exc

    # -- all of them

    async def everywhere(
        self, ask: Callable[[S], Coroutine[Any, Any, ShardReply]], among: Collection[S]
    ) -> Mapping[S, ShardReply | Refusal]:
        """What each says, or why it doesn't: all are asked at once."""

        async def one(shard: S) -> ShardReply | Refusal:
            try:
                return await ask(shard)
            except Refusal as refusal:
                return refusal
            except Garbage as exc:
                return ShardBroke(shard.name, str(exc))

        shards = list(among)
        return dict(zip(shards, await asyncio.gather(*map(one, shards)), strict=True))


def _least_busy(shards: Sequence[FrontShard]) -> FrontShard:
    if not shards:
        raise NoShard
    return min(shards, key=lambda shard: (not shard.ready, shard.num_under_way))


def rows_of(reply: ShardReply | Refusal, name: str = "data") -> list[Row] | None:
    """The list that a shard has told; None where it has told none. Raises Garbage."""
    if isinstance(reply, Refusal) or reply.status != 200:
        return None
    rows = reply.value.get(name) if isinstance(reply.value, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Garbage(f"it told no list {name!r}")
    return rows
