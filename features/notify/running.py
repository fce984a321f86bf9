"""What notifying brings to one running server."""

from askcam.features.events.service import EventLog
from askcam.features.notify import api
from askcam.features.notify.metrics import NotifyGauges
from askcam.features.notify.service import Notifying
from askcam.server.feature import Given
from askcam.server.running import Running


class NotifyRunning(Running):
    def __init__(self, given: Given, events: EventLog) -> None:
        settings = given.sections["notify"]
        if settings:
            events.need()
        self._notifying = notifying = Notifying(events.keeping, events.readers, settings)
        self.endpoints = api.endpoints(notifying)
        self.collectors = (NotifyGauges(notifying),)

    async def open(self) -> None:
        await self._notifying.open()

    async def close(self) -> None:
        await self._notifying.close()
