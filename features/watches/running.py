"""The watches of one running server."""

from collections.abc import Mapping
from typing import Any

from askcam.features.events.service import EventLog
from askcam.features.watches import api, api_proposals
from askcam.features.watches.brought import BroughtWatches
from askcam.features.watches.realtime import WatchExtension
from askcam.features.watches.service import Watching
from askcam.features.watches.tools import ConfirmWatch, CreateWatch, ListWatches, RemoveWatch
from askcam.server.core import Core
from askcam.server.feature import Given
from askcam.server.running import Running


class WatchesRunning(Running):
    def __init__(self, core: Core, given: Given, events: EventLog) -> None:
        listed = given.sections["watches"]
        self.watching = watching = Watching(events, core.cameras, listed, core.asking.max_age_s)
        self._brought = BroughtWatches(watching)
        self.endpoints = [*api_proposals.endpoints(watching), *api.endpoints(watching)]
        self.tools = (ListWatches(watching), CreateWatch(watching), RemoveWatch(watching), ConfirmWatch(watching))
        self.collectors = watching.collectors
        self.realtime = (WatchExtension(watching, events),)

    async def begin(self) -> None:
        await self.watching.begin()

    async def camera_came(self, camera: str, said: Mapping[str, Any]) -> None:
        await self._brought.came(camera, said.get("watches", {}), said.get("before", {}))

    async def camera_goes_on(self, camera: str, said: Mapping[str, Any]) -> None:
        await self.camera_came(camera, said)

    async def camera_left(self, camera: str) -> None:
        await self._brought.left(camera)

    async def close(self) -> None:
        await self.watching.close()
