"""The timeline of this server: what writes it, what follows the events, and who reads it."""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable, Iterable
from datetime import tzinfo
from typing import TypeVar

from askcam.client.timeline import TimelineEntry
from askcam.features.events.service import EventLog
from askcam.features.timeline.change_detector import NotePace
from askcam.features.timeline.config import OPTION, TimelineConfig
from askcam.features.timeline.errors import TimelineOff
from askcam.features.timeline.from_events import Following
from askcam.features.timeline.prompts import note_prompts
from askcam.features.timeline.questions import Questions
from askcam.features.timeline.search import Search, find
from askcam.features.timeline.store import NoteStore
from askcam.features.timeline.thread import NoteThread
from askcam.features.timeline.times import local_zone
from askcam.features.timeline.writer import NoteWriter, Watched
from askcam.server.cameras import Cameras
from askcam.server.lifecycle import ended
from askcam.server.model import Model
from askcam.server.storage.thread import refused

log = logging.getLogger(__name__)

T = TypeVar("T")


class Timeline:
    """Owned by the event loop. open(), then begin() once the engine is warm, close()."""

    def __init__(
        self,
        config: TimelineConfig,
        model: Model,
        cameras: Cameras,
        events: EventLog,
        somebody_asks: Callable[[], bool],
        *,
        some_camera: bool,
    ) -> None:
        """`some_camera`: of the configured ones wants a timeline, whatever `config` says of the others."""
        self._config, self._cameras, self.wanted = config, cameras, config.enabled or some_camera
        self._keeping = NoteThread(config)
        self.num_bytes = 0
        pace = NotePace(config.min_interval_s, config.max_notes_per_hour)
        prompts = note_prompts(config.language, model.built_in)
        questions = Questions(model, somebody_asks)
        self.writer = NoteWriter(self._noted_cameras, questions, self._keeping, prompts, pace, config.pictures)
        self._following = Following(events, self._keeping)
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def zone(self) -> tzinfo | None:
        """Whose clock "14:00" is; None: the machine's."""
        return local_zone(self._config.time_zone)

    async def open(self) -> None:
        """Raises TimelineError where one is wanted and cannot be kept."""
        if self.wanted:
            await self._keeping.open()

    def begin(self) -> None:
        """The engine is warm, and the configured cameras are being opened: write."""
        if self._keeping.opened and not self._tasks:
            jobs = (self.writer.run(), self._following.run(), self._measure())
            self._tasks = [asyncio.ensure_future(job) for job in jobs]

    async def close(self) -> None:
        """End the tasks and the store; what is being written is."""
        tasks, self._tasks = self._tasks, []
        await ended(*tasks)
        await self._keeping.close()

    def trouble(self) -> str | None:
        """What has become of its file; None: nothing. For any thread."""
        return self._keeping.trouble()

    async def find(self, search: Search) -> list[TimelineEntry]:
        """Raises Refusal."""
        return await self.read(lambda store: find(store.db, search))

    async def read(self, work: Callable[[NoteStore], T]) -> T:
        """What the store says. Raises Refusal; TimelineOff where none is kept."""
        if not self._keeping.opened:
            raise TimelineOff
        try:
            return await self._keeping.do(work)
        except (sqlite3.Error, OSError) as exc:
            raise refused(exc, "the timeline's database", "timeline_failure") from exc

    def _noted_cameras(self) -> Iterable[Watched]:
        for name in self._cameras.names():
            own = self._cameras.use(name).options.get(OPTION)
            if self._config.enabled if own is None else own:
                yield self._cameras.get(name)

    async def _measure(self) -> None:
        """For who scrapes; the store's thread alone may look."""
        while True:
            with contextlib.suppress(sqlite3.Error, OSError):
                self.num_bytes = await self._keeping.do(lambda store: store.num_bytes)
            await asyncio.sleep(15.0)
