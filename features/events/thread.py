"""The store of events, behind a thread of its own."""

from collections.abc import Callable
from pathlib import Path

from askcam.features.events.config import EventBounds
from askcam.features.events.errors import EventLogError, EventLogFailure, EventLogTaken, FolderTaken
from askcam.features.events.store import EventStore
from askcam.features.events.tables import NAME, KeptBeside
from askcam.server.storage.thread import KeptStore


class EventThread(KeptStore[EventStore]):
    """Owned by the event loop. The folder is made when there is something to keep in it, and not before."""

    def __init__(
        self, folder: Path | None, bounds: EventBounds, make_room: Callable[[Path], bool] = lambda folder: False
    ) -> None:
        """`folder` None: nothing can be kept. `make_room` is Store's."""
        super().__init__("askcam-watching")
        self.folder = folder
        self._bounds, self._make_room = bounds, make_room
        self.beside: list[KeptBeside] = []
        self.tables: list[str] = []  # SQL of those who keep tables of their own beside the events

    @property
    def open(self) -> bool:
        return self._store is not None

    @property
    def num_missed(self) -> int:
        """Events that had to go before a front was told of them."""
        return 0 if self._store is None else self._store.front.num_missed

    @property
    def verdicts_version(self) -> int:
        """Another one whenever judged events have gone; 1 while nothing is open."""
        return 1 if self._store is None else self._store.verdicts.version

    @property
    def exists(self) -> bool:
        """Whether an earlier life has left something there."""
        return self.folder is not None and (self.folder / NAME).is_file()

    async def begin(self) -> None:
        """Open the folder, made if need be. Raises EventLogError."""
        if self._store is None:
            folder = self.folder
            if folder is None:
                raise EventLogError("no folder is named for watches: name one under [watching]")
            await self.make(lambda: EventStore(folder, self._bounds, self._make_room, self.tables, self.beside))

    async def begun(self) -> None:
        """The same for a client's sake. Raises EventLogTaken and EventLogFailure."""
        try:
            await self.begin()
        except FolderTaken as exc:
            raise EventLogTaken(str(exc)) from exc
        except EventLogError as exc:
            raise EventLogFailure(str(exc)) from exc
