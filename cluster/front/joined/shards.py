"""Shards that join, as the front's other rooms have them: asked, looked at and related to like those of front.toml."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from askcam.client.address import Address
from askcam.client.errors import ConnectionFailed
from askcam.cluster.changes import Change, ShardChanged, ShardForgotten
from askcam.cluster.front.config import ShardConfig
from askcam.cluster.front.directory import Directory
from askcam.cluster.front.joined.config import ClusterSettings
from askcam.cluster.front.joined.owning import ClusterTable
from askcam.cluster.front.probing import Probing
from askcam.cluster.front.shards import FrontShard
from askcam.cluster.members import Shard, ShardState
from askcam.server.errors import Conflict, Invalid, Refusal, TooMany, Unavailable
from askcam.server.lifecycle import ServerPart

MEET_S = 5.0  # for the first look at a shard that wants to join
MAX_JOINING = 16  # at once: each is looked at
MakeShard = Callable[[str, ShardConfig], FrontShard]  # raises OSError, ValueError

log = logging.getLogger(__name__)


class JoinedShards(ServerPart):
    """Owned by the event loop. After the table is open, and before the looks at the shards begin."""

    def __init__(
        self,
        settings: ClusterSettings,
        table: ClusterTable,
        directory: Directory,
        probing: Probing,
        make: MakeShard,
    ) -> None:
        self._settings, self._table, self._directory, self._probing = settings, table, directory, probing
        self._make = make
        self._of_file = {shard.name for shard in directory.shards}
        self._joining: set[str] = set()
        self._leaving: set[asyncio.Task[None]] = set()
        table.follow = self._follow
        probing.closed = self._closed

    async def open(self) -> None:
        """Those that an earlier front knew are looked at from the start."""
        known = self._table.view.shards.values()
        for shard in sorted(known, key=lambda each: each.state is not ShardState.LOST):  # who was renamed is last
            self._take_in_known(shard)

    def _take_in_known(self, shard: Shard) -> None:
        try:
            self._take_in(self._candidate(shard))
        except Refusal as exc:
            log.error("shard %s of the table is not asked: %s", shard.name, exc.message)

    async def close(self) -> None:
        await asyncio.gather(*self._leaving, return_exceptions=True)

    def joined(self, name: str) -> bool:
        """Whether it is none of front.toml."""
        return name not in self._of_file

    async def meet(self, shard: Shard, work: Callable[[], Awaitable[None]]) -> None:
        """Look at a shard that wants to join; where it answers there as it should, `work` takes it in. Raises Refusal:
        one that the front cannot reach would only lose the cameras again."""
        self._check(shard)
        self._joining.add(shard.name)
        candidate: FrontShard | None = None
        try:
            candidate = self._candidate(shard)
            await self._look(shard, candidate)
            await work()
            if self._table.view.shards.get(shard.name) is not None:
                self._take_in(candidate)
        finally:
            self._joining.discard(shard.name)
            there = self._directory.get(shard.name)
            if there is None:
                self._directory.keys.drop(shard.name)
            if candidate is not None and there is not candidate:
                await candidate.close()

    def _check(self, shard: Shard) -> None:
        """Raises Refusal for what needs no look."""
        shard.check()
        if shard.name in self._of_file:
            told = f"[shards.{shard.name}] of front.toml is a shard already: give this one another name"
            raise Conflict(told, "name", "name_taken")
        view, place = self._table.view, _place(shard.url)
        for other in self._directory.shards:
            known = view.shards.get(other.name)
            lost = known is not None and known.state is ShardState.LOST
            if other.name != shard.name and not lost and other.config.address.http == place:
                told = f"shard {other.name!r} is at {shard.url} already: name the address of this one as [shard] url"
                raise Conflict(told, "url", "url_taken")
        most = self._settings.max_shards
        if shard.name not in view.shards and len(view.shards.keys() | self._joining) >= most:
            raise TooMany(
                f"{most} shards have joined, or were lost in the last minutes: raise max_shards under [cluster], or "
                "give a shard that is started anew the name that it had",
                code="too_many_shards",
                retry_after_s=60,
            )
        if shard.name in self._joining or len(self._joining) >= MAX_JOINING:
            raise TooMany("other shards are joining just now; try again", code="busy", retry_after_s=2)

    def _candidate(self, shard: Shard) -> FrontShard:
        """The one that is asked already, or a new one. Raises Invalid."""
        settings = self._settings
        config = ShardConfig(shard.url, token=settings.viewer_token, admin_token=settings.token, ca=settings.ca)
        there = self._directory.get(shard.name)
        if there is not None and there.config == config:
            return there
        try:
            return self._make(shard.name, config)
        except ValueError as exc:
            raise Conflict(str(exc), "name", "name_taken") from exc
        except Exception as exc:  # an address, a certificate
            raise Invalid(f"the front cannot ask {shard.url}: {exc}", "url") from exc

    async def _look(self, shard: Shard, candidate: FrontShard) -> None:
        try:
            async with asyncio.timeout(MEET_S):
                await self._probing.look(candidate)
        except TimeoutError as exc:
            raise Unavailable(f"{shard.url} has not answered the front in {MEET_S:g} s", retry_after_s=2) from exc
        if not candidate.up:
            raise Invalid(
                f"the front cannot use shard {shard.name} at {shard.url}: {candidate.health.why}; [shard] url is where "
                "the front reaches it, ASKCAM_TOKEN and ASKCAM_ADMIN_TOKEN there are what ASKCAM_SHARD_TOKEN and "
                "ASKCAM_SHARD_ADMIN_TOKEN are here",
                "url",
                "shard_unreachable",
            )

    def _take_in(self, shard: FrontShard) -> None:
        there = self._directory.get(shard.name)
        for other in self._directory.shards:  # lost, or it would not be let in: this is what it was, renamed
            if other.name != shard.name and other.config.address == shard.config.address and self.joined(other.name):
                self._directory.drop(other.name)
                self._leave(other)
        if there is not shard:
            self._directory.add(shard)
            if there is not None:
                self._leave(there)
        self._probing.add(shard)

    def _follow(self, changes: list[Change]) -> None:
        """A shard is known no longer, or is lost; one that is new was taken in by meet()."""
        for change in changes:
            match change:
                case ShardForgotten(name) if (gone := self._directory.get(name)) is not None and self.joined(name):
                    self._directory.drop(name)
                    self._leave(gone)
                case ShardChanged(shard) if shard.state is ShardState.LOST:
                    log.warning("shard %s is lost: %s", shard.name, shard.lost_why)
                case ShardChanged(shard):
                    log.info("shard %s is %s, with room for %d", shard.name, shard.state.value, shard.capacity_cameras)
                    if shard.name not in self._joining:  # another front has let it in
                        self._take_in_known(shard)

    def _leave(self, shard: FrontShard) -> None:
        task = asyncio.create_task(self._probing.drop(shard))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    def _closed(self, shard: FrontShard) -> None:
        if self._directory.get(shard.name) is shard and self.joined(shard.name):
            self._table.gone(shard.name, "nothing listens at its address any more")


def _place(url: str) -> str:
    """An address as all are compared. Raises Invalid."""
    try:
        return Address.parse(url).http
    except ConnectionFailed as exc:
        raise Invalid(str(exc), "url") from exc
