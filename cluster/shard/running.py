"""One running server as a front's shard."""

import asyncio
import secrets
from collections.abc import Mapping
from importlib.metadata import version

from askcam.cluster.messages import JoinShard
from askcam.cluster.shard.config import SECTION, ShardSettings
from askcam.cluster.shard.delivering import Delivering
from askcam.cluster.shard.front import FrontLink
from askcam.cluster.shard.gauges import ShardGauge
from askcam.cluster.shard.holding import HeldCameras
from askcam.cluster.shard.membership import Membership
from askcam.server.config_errors import ConfigError
from askcam.server.core import Core
from askcam.server.feature import Given
from askcam.server.lifecycle import ended
from askcam.server.running import Running

EMPTIED_S = 2.0  # that a server which ends waits until the front has its events


class ShardRunning(Running):
    """Owned by the event loop. It joins once the model is warm and its own cameras are being opened."""

    def __init__(self, core: Core, given: Given) -> None:
        settings: ShardSettings = given.sections[SECTION]
        self._core, self._settings = core, settings
        self._instance = secrets.token_hex(8)
        self._num_own = len(given.cameras)
        self._front: FrontLink | None = None
        self._member: Membership | None = None
        self._delivering: Delivering | None = None
        self._tasks: list[asyncio.Task[None]] = []
        if settings.front is not None:
            self._cameras = HeldCameras(core, given.read_camera)
            self.collectors = (
                ShardGauge(self._joined, self._num_held, lambda: len(self._cameras.closed), self._fates),
            )

    async def begin(self) -> None:
        """Raises ConfigError for a certificate that cannot be read."""
        settings = self._settings
        if settings.front is None or settings.token is None:
            return
        try:
            self._front = FrontLink(settings.fronts, settings.token, settings.ca)
        except OSError as exc:  # ssl's own errors are, too
            raise ConfigError(f"the ca of [shard], {settings.ca}, cannot be used: {exc}") from exc
        self._delivering = self._made_delivering(self._front)
        emptied = None if self._delivering is None else self._delivering.emptied
        self._member = Membership(self._front, self._tells, self._cameras, emptied=emptied)
        self._tasks = [asyncio.create_task(self._member.run())]
        if self._delivering is not None:
            self._tasks.append(asyncio.create_task(self._delivering.run()))

    def _made_delivering(self, front: FrontLink) -> Delivering | None:
        """None: nothing here keeps events."""
        for running in self._core.features.values():
            if running.owed_events is not None:
                return Delivering(front, running.owed_events, self._settings.named, self._instance)
        return None

    async def close(self) -> None:
        tasks, self._tasks = self._tasks, []
        if tasks and self._member is not None:
            member, *delivering = tasks
            await ended(member)
            if self._delivering is not None and self._member.joined:
                await self._delivering.emptied(None, EMPTIED_S)
            await ended(*delivering)
            await self._member.leave()
        if self._front is not None:
            await self._front.close()
            self._front = None

    def _tells(self) -> JoinShard:
        settings = self._settings
        return JoinShard(
            name=settings.named,
            url=settings.url or self._core.urls[0],
            instance=self._instance,
            model=self._core.model.name,
            version=version("askcam"),
            capacity_cameras=settings.room_beside(self._num_own, self._core.limits.max_cameras),
            labels=list(settings.labels),
        )

    def _joined(self) -> bool:
        return self._member is not None and self._member.joined

    def _fates(self) -> Mapping[str, int]:
        return {} if self._delivering is None else self._delivering.fates

    def _num_held(self) -> int:
        return 0 if self._member is None else len(self._member.lease.holds)
