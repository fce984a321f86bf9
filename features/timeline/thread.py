"""The timeline's store, behind a thread of its own."""

from pathlib import Path

from askcam.features.timeline.config import TimelineConfig
from askcam.features.timeline.errors import TimelineError
from askcam.features.timeline.merging import words_in
from askcam.features.timeline.store import NoteStore
from askcam.features.timeline.times import local_zone
from askcam.server.storage.thread import KeptStore


class NoteThread(KeptStore[NoteStore]):
    """Owned by the event loop. open() before anything else."""

    def __init__(self, config: TimelineConfig) -> None:
        super().__init__("askcam-timeline")
        self._config = config

    @property
    def opened(self) -> bool:
        return self._store is not None

    async def open(self) -> None:
        """Raises TimelineError."""
        config, folder = self._config, self._config.folder
        if folder is None:
            raise TimelineError("no folder is named for the timeline: name one under [timeline]")

        def make(folder: Path = folder) -> NoteStore:
            return NoteStore(folder, config, local_zone(config.time_zone), words_in(config.language))

        await self.make(make)
