"""What MQTT brings to one running server that has [mqtt]."""

import asyncio
import sqlite3
from collections.abc import Mapping

from askcam.features.events.errors import EventLogError
from askcam.features.events.running import events_of
from askcam.features.mqtt.api import Asker
from askcam.features.mqtt.bridge import Bridge
from askcam.features.mqtt.config import MqttConfig
from askcam.features.mqtt.judge import Judge
from askcam.features.mqtt.metrics import MqttGauges
from askcam.features.mqtt.publishing import Publishing
from askcam.features.mqtt.scene import Observing
from askcam.features.mqtt.topics import Topics
from askcam.features.watches import seen
from askcam.features.watches.running import WatchesRunning
from askcam.server.core import Core
from askcam.server.feature import Given
from askcam.server.lifecycle import ended
from askcam.server.running import Running


class MqttRunning(Running):
    def __init__(self, core: Core, given: Given, others: Mapping[str, Running]) -> None:
        config: MqttConfig = given.sections["mqtt"]
        watches = others["watches"]
        assert isinstance(watches, WatchesRunning), watches
        self._events = events = events_of(others)
        events.need()
        topics = Topics(config.prefix, config.discovery)
        observing = Observing(core.cameras, watches.watching, topics, config.viewer, config.judge)
        self._publishing = publishing = Publishing(
            topics, observing, events.keeping, config.broker.place, config.viewer
        )
        asker = Asker(core, topics, config.viewer)
        judge = Judge(events, lambda: seen.watches(watches.watching, config.viewer), topics) if config.judge else None
        self._bridge = bridge = Bridge(config, topics, publishing, asker, judge)
        self._task: asyncio.Task[None] | None = None
        counts = (publishing.dropped, asker.outcomes, {} if judge is None else judge.outcomes)
        self.collectors = (MqttGauges(lambda: bridge.connected, lambda: publishing.published, *counts),)

    async def open(self) -> None:
        try:
            await self._publishing.open()
        except (sqlite3.Error, OSError) as exc:
            raise EventLogError(
                f"cannot keep what is published by MQTT in {self._events.keeping.folder}: {exc}; name another folder "
                "under [watching]"
            ) from exc

    async def begin(self) -> None:
        """Before that there is nothing to say: the last will of an earlier life stands."""
        self._events.readers.also(self._bridge.wake)
        self._task = asyncio.create_task(self._bridge.run())

    async def close(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            await ended(task)
