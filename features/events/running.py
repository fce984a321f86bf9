"""The event log of one running server."""

from collections.abc import Iterable, Mapping
from typing import Any

from askcam.features.events import api
from askcam.features.events.config import WatchingConfig
from askcam.features.events.metrics import EventGauges
from askcam.features.events.owing import OwedByLog
from askcam.features.events.service import EventLog
from askcam.features.events.thread import EventThread
from askcam.server.core import Core
from askcam.server.feature import Given
from askcam.server.running import Running
from askcam.server.terminal.words import Words

told = Words(__name__)


class EventsRunning(Running):
    def __init__(self, core: Core, given: Given) -> None:
        self._config: WatchingConfig = given.sections["watching"]
        keeping = EventThread(self._config.folder, self._config, core.storage.make_room)
        self.events = events = EventLog(keeping)
        self.endpoints = api.endpoints(core, events)
        self.collectors = (EventGauges(events),)
        self.stores = {"watches": events.trouble}
        self.owed_events = OwedByLog(events)

    async def open(self) -> None:
        await self.events.open()

    async def camera_came(self, camera: str, said: Mapping[str, Any]) -> None:
        epoch = said.get("epoch")
        if isinstance(epoch, int):
            self.events.telling.epochs[camera] = epoch

    async def camera_goes_on(self, camera: str, said: Mapping[str, Any]) -> None:
        await self.camera_came(camera, said)

    async def camera_left(self, camera: str) -> None:
        self.events.telling.epochs.pop(camera, None)

    def notices(self) -> Iterable[str]:
        if self.events.elsewhere:
            yield told("watches.elsewhere", folder=self._config.folder)

    def end_streams(self) -> None:
        self.events.readers.close()

    async def close(self) -> None:
        await self.events.close()


def events_of(others: Mapping[str, Running]) -> EventLog:
    """For features that need it: what they keep about events, or tell, goes there. They say so before it is opened."""
    running = others["events"]
    assert isinstance(running, EventsRunning), running
    return running.events
