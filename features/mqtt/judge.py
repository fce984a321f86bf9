"""Presses of "that was wrong" that come by the broker: the newest time that a watch has come true at a camera is judged
wrong. Who pressed, nobody knows: all of them together have one rate."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable

from askcam.client.watches import Judgement, WatchInfo
from askcam.features.events.service import EventLog
from askcam.features.mqtt.link import HeardMessage
from askcam.features.mqtt.topics import PRESS, Topics
from askcam.server.access.rates import Bucket, Rate
from askcam.server.errors import Refusal

log = logging.getLogger(__name__)

PRESSES = Rate(per_s=1.0, burst=20.0)  # what comes faster is dropped and counted


class Judge:
    """Owned by the event loop."""

    def __init__(self, events: EventLog, watches: Callable[[], Iterable[WatchInfo]], topics: Topics) -> None:
        """`watches`: those that there are now."""
        self._events, self._watches, self._topics = events, watches, topics
        self._rate = Bucket(PRESSES, time.monotonic())
        self._tasks: set[asyncio.Task[None]] = set()  # bounded by the rate
        self.outcomes: Counter[str] = Counter({"judged": 0, "nothing": 0, "dropped": 0})

    def take(self, message: HeardMessage) -> None:
        """A message below PREFIX/watch. A retained one would judge anew at each connection."""
        place = self._place(message.topic)
        if place is None or message.retained or message.payload != PRESS or self._rate.take(time.monotonic()) > 0:
            self.outcomes["dropped"] += 1
            return
        task = asyncio.create_task(self._judge(*place))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """The connection is over; what was pressed before is judged."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _place(self, topic: str) -> tuple[str, str] | None:
        """Which watch at which camera a topic is about; None: it is none of a press."""
        if not self._topics.is_press(topic):
            return None
        there = ((watch.name, camera) for watch in self._watches() for camera in watch.cameras)
        return next((place for place in there if self._topics.watch(*place).wrong == topic), None)

    async def _judge(self, watch: str, camera: str) -> None:
        try:
            none: int | None = None
            newest = await self._events.read(lambda store: store.verdicts.newest(watch, camera), none)
            if newest is not None:
                await self._events.judge(newest, Judgement("wrong"))
            self.outcomes["nothing" if newest is None else "judged"] += 1
        except Refusal as exc:
            self.outcomes["dropped"] += 1
            log.error("MQTT: a press is lost, the newest event of %s at %s is not judged: %s", watch, camera, exc)
