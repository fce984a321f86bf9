"""What clips bring to one running server that has [clips]."""

from askcam.features.clips import api
from askcam.features.clips.config import ClipsConfig
from askcam.features.clips.metrics import ClipGauges
from askcam.features.clips.service import Clips
from askcam.features.events.service import EventLog
from askcam.server.core import Core
from askcam.server.running import Running


class ClipsRunning(Running):
    def __init__(self, core: Core, config: ClipsConfig, events: EventLog) -> None:
        self.clips = clips = Clips(config, events, core.urls)
        core.cameras.opening.append(clips.camera_opens)
        core.cameras.closing.append(clips.camera_closes)
        self.endpoints = api.endpoints(core, events, clips)
        self.collectors = (ClipGauges(clips),)
        self.stores = {"clips": clips.trouble}
        self.gives_way = clips.give_way

    async def open(self) -> None:
        await self.clips.open()

    async def close(self) -> None:
        await self.clips.close()
