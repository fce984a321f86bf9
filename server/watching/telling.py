"""An event's way: first to the disk, then to whoever listens. What was told is kept; what cannot be kept yet waits."""

import asyncio
import logging
import sqlite3
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from askcam.client.watches import Reading, WatchEvent
from askcam.server.pictures import encode
from askcam.server.watching.keeping import Keeping
from askcam.server.watching.readers import Readers
from askcam.server.watching.store import Place
from askcam.server.watching.watch import Memory
from askcam.stream.errors import StreamError
from askcam.stream.frame import Frame
from askcam.stream.shot import Shot

log = logging.getLogger(__name__)

MAX_WAITING = 1000  # events that the disk refuses for now; then the oldest are lost, which is counted and said
QUALITY = 85  # JPEG
MAX_WIDTH = 1280


@dataclass(frozen=True, slots=True, eq=False)
class News:
    """An event that is to be told."""

    event: WatchEvent
    at: float  # when it was decided, seconds since the epoch
    memory: Memory  # of its watch, or of its camera (on: it is lost)
    frame: Frame | None  # what the model saw last; or, for a camera, nothing
    shot: Shot | None  # a full picture, which is shown if it is of the same moment
    told: Callable[[int], None] = lambda number: None  # with the event's id


class Telling:
    """Owned by the event loop; one task at a time calls tell(), again() and follow()."""

    def __init__(self, keeping: Keeping, readers: Readers) -> None:
        self._keeping, self._readers = keeping, readers
        self._waiting: deque[tuple[News, bytes | None]] = deque()
        self.told: Counter[tuple[str, str]] = Counter()  # by kind and severity
        self.lost = 0
        self.without_picture = 0  # they had one, but the disk had no room for it

    @property
    def num_waiting(self) -> int:
        return len(self._waiting)

    async def tell(self, news: News) -> None:
        """Keep and tell an event, after those that wait."""
        picture = await asyncio.to_thread(_picture, news.frame, news.shot)
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.popleft()
            self.lost += 1
            log.error(
                "an event is lost: the disk has refused %d of them (%d lost since the start)", MAX_WAITING, self.lost
            )
        self._waiting.append((news, picture))
        await self.again()

    async def again(self) -> None:
        """Those that wait, in order, as long as the disk takes them."""
        while self._waiting:
            news, picture = self._waiting[0]
            try:
                event = await self._kept(news, picture)
            except (sqlite3.Error, OSError) as exc:
                log.error("%d events cannot be kept now (%s): they are told once they are", len(self._waiting), exc)
                return
            self._waiting.popleft()
            self.told[event.kind, event.severity] += 1
            self.without_picture += picture is not None and event.frame_url is None
            news.told(event.id)
            self._readers.tell(event)

    async def _kept(self, news: News, picture: bytes | None) -> WatchEvent:
        return await self._keeping.do(lambda store: store.add(news.event, news.at, picture, news.memory))

    async def remember(self, place: Place, memory: Memory) -> None:
        """Keep how a watch stands, without telling anybody. What the disk refuses is found out anew after a restart."""
        try:
            await self._keeping.do(lambda store: store.remember(place, memory))
        except (sqlite3.Error, OSError) as exc:
            log.error("how the watch %r stands is not kept: %s", place[0], exc)

    async def follow(self, number: int, after: Sequence[Reading]) -> None:
        """Add to an event what was read since."""
        try:
            await self._keeping.do(lambda store: store.follow(number, after))
        except (sqlite3.Error, OSError) as exc:
            log.error("what came after event %d is not kept: %s", number, exc)


def _picture(frame: Frame | None, shot: Shot | None) -> bytes | None:
    """A JPEG of the frame, in the camera's resolution where that picture is still at hand; of the shot without one."""
    if shot is not None and (frame is None or shot.seq == frame.seq):
        try:
            return encode(shot.full().pixels, QUALITY, MAX_WIDTH)
        except StreamError as exc:
            log.info("the full picture cannot be had: %s", exc)
    return None if frame is None else encode(frame.pixels, QUALITY)
