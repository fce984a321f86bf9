"""Events, taken into the timeline as they come: each once, over restarts of either side."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable
from datetime import datetime

from askcam.client.watches import WatchEvent
from askcam.features.events.service import EventLog
from askcam.features.events.store import EventStore
from askcam.features.timeline.note import of_event
from askcam.features.timeline.thread import NoteThread
from askcam.server.errors import Refusal

log = logging.getLogger(__name__)

LOOK_S = 1.0
AGAIN_S = 10.0  # after the disk refused
AT_ONCE = 100  # events


class Following:
    """Owned by the event loop."""

    def __init__(self, events: EventLog, keeping: NoteThread, now: Callable[[], float] = time.time) -> None:
        """`now`: seconds since the epoch."""
        self._events, self._keeping, self._now = events, keeping, now

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                more = await self.turn()
            except (sqlite3.Error, OSError, Refusal) as exc:
                log.error("events do not reach the timeline now (%s); none is lost", exc)
                await asyncio.sleep(AGAIN_S)
                continue
            if not more:
                await asyncio.sleep(LOOK_S)

    async def turn(self) -> bool:
        """Take in what came since the last time; whether there may be more. Raises sqlite3.Error, OSError, Refusal."""
        heard = await self._keeping.do(lambda store: store.heard)
        newest = await self._events.read(EventStore.last_id, 0)
        if newest < heard:  # the events' database was begun anew
            heard = 0
        if newest == heard:
            return False
        none: list[WatchEvent] = []
        events = await self._events.read(lambda store: store.following(heard, AT_ONCE, watch=None, camera=None), none)
        notes = [of_event(event, datetime.fromisoformat(event.at).timestamp()) for event in events]
        last = events[-1].id if events else newest
        await self._keeping.do(lambda store: store.hear(notes, last, self._now()))
        return len(events) == AT_ONCE
