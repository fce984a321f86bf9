"""The cameras that a front has given to this server: begun as they are described, and let go of."""

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any

from askcam.cluster.messages import MAX_TROUBLE
from askcam.server.config_errors import ConfigError
from askcam.server.core import Core
from askcam.server.errors import Refusal, as_refusal
from askcam.server.feature import ReadsCamera

ONLY_ONCE = ("webcam:", "/dev/", "file:/dev/")  # how the addresses of cameras begin that only one may have open
AGAIN_S = 10.0  # before a camera that could not be opened is tried again

log = logging.getLogger(__name__)


class HeldCameras:
    """Owned by the event loop. One change at a time for each camera; what a server refuses of one is kept as words."""

    def __init__(self, core: Core, read: ReadsCamera) -> None:
        self._core, self._read = core, read
        self._told: dict[str, Mapping[str, Any]] = {}  # what is said of each that is held
        self._open: set[str] = set()  # those of them that were opened here
        self._tried_s: dict[str, float] = {}  # when one was last tried in vain
        self._locks: dict[str, asyncio.Lock] = {}
        self.closed: dict[str, str] = {}  # why one cannot be opened
        self.trouble: dict[str, str] = {}  # what cannot be done with one that is open

    def only_once(self) -> set[str]:
        """Those of which no second one can be opened elsewhere."""
        return {name for name, told in self._told.items() if _only_once(told)}

    async def begin(self, camera: str, told: Mapping[str, Any]) -> None:
        """Have it as it is described now. One that runs already runs on, if it is still the same one and nobody else
        has had it meanwhile."""
        async with self._lock(camera):
            goes_on = self._goes_on(camera, told)
            if not goes_on:
                await self._end(camera)
            self._told[camera] = told
            if goes_on:
                await self._tell(camera, goes_on=True)
            else:
                await self._begin(camera)

    def _goes_on(self, camera: str, told: Mapping[str, Any]) -> bool:
        there = camera in self._open and camera in self._core.cameras
        same = _table(self._told.get(camera, {}), "camera") == _table(told, "camera")
        return there and same and _table(told, "before").get("yours") is True

    async def end(self, camera: str) -> None:
        """Nothing of it runs afterwards."""
        async with self._lock(camera):
            await self._end(camera)
            self._told.pop(camera, None)
        if camera not in self._told:
            self._locks.pop(camera, None)

    async def try_again(self) -> None:
        """Those that could not be opened, if that is some time ago: a name may be free, a model there."""
        now_s = time.monotonic()
        for camera in [name for name, at_s in self._tried_s.items() if now_s - at_s > AGAIN_S]:
            async with self._lock(camera):
                if camera in self._tried_s and camera in self._told:
                    await self._begin(camera)

    def _lock(self, camera: str) -> asyncio.Lock:
        return self._locks.setdefault(camera, asyncio.Lock())

    async def _begin(self, camera: str) -> None:
        told = self._told[camera]
        try:
            found = self._read(camera, _table(told, "camera"))
            self._core.cameras.add(camera, found.uri, found.config, found.use)
        except Exception as exc:  # whatever a camera's address, a model, or another package's source has to say
            self._tried_s[camera] = time.monotonic()
            self.closed[camera] = _words(exc)
            log.warning("camera %s of the front cannot be opened: %s", camera, self.closed[camera])
            return
        self._open.add(camera)
        self._tried_s.pop(camera, None)
        self.closed.pop(camera, None)
        await self._tell(camera, goes_on=False)

    async def _tell(self, camera: str, *, goes_on: bool) -> None:
        """What is said of it beside its own table, to whom that may concern."""
        told = self._told[camera]
        self.trouble.pop(camera, None)
        said = {"watches": _table(told, "watches"), "epoch": told.get("epoch"), "before": _table(told, "before")}
        for running in self._core.features.values():
            try:
                await (running.camera_goes_on if goes_on else running.camera_came)(camera, said)
            except Exception as exc:
                self.trouble[camera] = _words(exc)
                log.warning("camera %s of the front: %s", camera, self.trouble[camera])

    async def _end(self, camera: str) -> None:
        self._tried_s.pop(camera, None)
        self.closed.pop(camera, None)
        self.trouble.pop(camera, None)
        if camera not in self._open:
            return
        self._open.discard(camera)
        for running in reversed(self._core.features.values()):
            try:
                await running.camera_left(camera)
            except Exception:
                log.exception("a feature has not let go of camera %s", camera)
        if camera in self._core.cameras:  # an admin may have removed it here
            await self._core.cameras.remove(camera)


def _table(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = told.get(name)
    return found if isinstance(found, Mapping) else {}


def _only_once(told: Mapping[str, Any]) -> bool:
    uri = _table(told, "camera").get("uri")
    return isinstance(uri, str) and uri.strip().lower().startswith(ONLY_ONCE)


def _words(exc: Exception) -> str:
    if isinstance(exc, ConfigError):
        return str(exc)[:MAX_TROUBLE]
    refusal: Refusal = as_refusal(exc)
    return refusal.message[:MAX_TROUBLE]
