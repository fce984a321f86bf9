"""The timeline of one running server."""

from askcam.features.events.service import EventLog
from askcam.features.timeline import api
from askcam.features.timeline.config import OPTION
from askcam.features.timeline.metrics import TimelineGauges
from askcam.features.timeline.service import Timeline
from askcam.features.timeline.tools import SearchTimeline
from askcam.server.core import Core
from askcam.server.feature import Given
from askcam.server.running import Running


class TimelineRunning(Running):
    def __init__(self, core: Core, given: Given, events: EventLog) -> None:
        self._timeline = timeline = Timeline(
            given.sections["timeline"],
            core.model,
            core.cameras,
            events,
            lambda: core.asking.under_way > 0,
            some_camera=any(options.get(OPTION) for options in given.cameras.values()),
        )
        self.endpoints = api.endpoints(events, timeline)
        self.tools = (SearchTimeline(timeline),)
        self.stores = {"timeline": timeline.trouble}
        self.collectors = (TimelineGauges(timeline),) if timeline.wanted else ()

    async def open(self) -> None:
        await self._timeline.open()

    async def begin(self) -> None:
        self._timeline.begin()

    async def close(self) -> None:
        await self._timeline.close()
