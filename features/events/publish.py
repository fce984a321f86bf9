"""An event's way: first to the disk, then to whoever listens. What was told is kept; what cannot be kept yet waits."""

import asyncio
import logging
import sqlite3
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import msgspec

from askcam.client.watches import EventFrame, Reading, WatchEvent
from askcam.features.events.pictures import Shown
from askcam.features.events.store import Also, EventStore
from askcam.features.events.subscribers import Readers
from askcam.features.events.thread import EventThread
from askcam.server.pictures import encode
from askcam.server.wire.moments import rfc3339
from askcam.stream.errors import StreamError
from askcam.stream.frame import Frame
from askcam.stream.shot import Shot

log = logging.getLogger(__name__)

MAX_WAITING = 1000  # events that the disk refuses for now; then the oldest are lost, which is counted and said
QUALITY = 85  # JPEG
MAX_WIDTH = 1280
MAX_FRAMES, FRAME_QUALITY, FRAME_WIDTH = 8, 75, 640  # of the window: evenly chosen, the first and the last among them


@dataclass(frozen=True, slots=True, eq=False)
class News:
    """An event that is to be told."""

    event: WatchEvent
    at: float  # when it was decided, seconds since the epoch
    also: Also | None  # what its teller remembers with it
    frames: tuple[Frame, ...]  # what the model saw, oldest first; none for a camera
    shot: Shot | None  # a full picture, which is shown if it is of the same moment
    told: Callable[[int], None] = lambda number: None  # with the event's id
    epoch: int | None = None  # under which a front had given the camera to this server


class Publisher:
    """Owned by the event loop; one task at a time calls tell(), again() and follow()."""

    def __init__(self, keeping: EventThread, readers: Readers) -> None:
        self._keeping, self._readers = keeping, readers
        self._waiting: deque[tuple[News, Shown | None]] = deque()  # without pixels
        self.epochs: dict[str, int] = {}  # by camera that a front has given to this server
        self.told: Counter[tuple[str, str]] = Counter()  # by kind and severity
        self.lost = 0
        self.without_picture = 0  # they had one, but the disk had no room for it

    @property
    def num_waiting(self) -> int:
        return len(self._waiting)

    def waiting(self) -> Iterator[News]:
        """Those that the disk has not taken yet."""
        return (news for news, _ in self._waiting)

    async def tell(self, news: News) -> None:
        """Keep and tell an event, after those that wait. Those that have to wait do so with one picture each."""
        epoch = self.epochs.get(news.event.camera)
        event, shown = await asyncio.to_thread(_shown, news)
        news = replace(news, event=event, frames=(), shot=None, epoch=epoch)
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.popleft()
            self.lost += 1
            log.error(
                "an event is lost: the disk has refused %d of them (%d lost since the start)", MAX_WAITING, self.lost
            )
        self._waiting.append((news, shown and shown.plain() if self._waiting else shown))
        await self.again()

    async def again(self) -> None:
        """Those that wait, in order, as long as the disk takes them."""
        while self._waiting:
            news, shown = self._waiting[0]
            try:
                event = await self._kept(news, shown)
            except (sqlite3.Error, OSError) as exc:
                self._waiting[0] = (news, shown and shown.plain())
                log.error("%d events cannot be kept now (%s): they are told once they are", len(self._waiting), exc)
                return
            self._waiting.popleft()
            self.told[event.kind, event.severity] += 1
            self.without_picture += shown is not None and event.frame_url is None
            news.told(event.id)
            self._readers.tell(event, own=news.epoch is None)

    async def _kept(self, news: News, shown: Shown | None) -> WatchEvent:
        return await self._keeping.do(lambda store: store.add(news.event, news.at, shown, news.also, news.epoch))

    async def follow(self, number: int, after: Sequence[Reading]) -> None:
        """Add to an event what was read since."""
        await self.note(lambda store: store.follow(number, after), f"what came after event {number}")

    async def note(self, work: Callable[[EventStore], None], what: str) -> None:
        """Have the store do something that may be lost; what the disk refuses is logged."""
        try:
            await self._keeping.do(work)
        except (sqlite3.Error, OSError) as exc:
            log.error("%s is not kept: %s", what, exc)

    def expect(self, kinds: Iterable[str], severity: str) -> None:
        """Such events may come: they are counted from 0, so that the first one counts."""
        for kind in kinds:
            self.told[kind, severity] += 0


def _shown(news: News) -> tuple[WatchEvent, Shown | None]:
    """The event with the times of its frames, and how it is shown."""
    picture = _picture(news.frames[-1] if news.frames else None, news.shot)
    if picture is None or len(news.frames) < 2:
        return news.event, None if picture is None else Shown(picture)
    last, most = len(news.frames) - 1, min(len(news.frames), MAX_FRAMES)
    frames = [news.frames[round(i * last / (most - 1))] for i in range(most)]
    event = msgspec.structs.replace(news.event, frames=[EventFrame(rfc3339(frame.wall)) for frame in frames])
    return event, Shown(picture, tuple(encode(frame.pixels, FRAME_QUALITY, FRAME_WIDTH) for frame in frames))


def _picture(frame: Frame | None, shot: Shot | None) -> bytes | None:
    """A JPEG of the frame, in the camera's resolution where that picture is still at hand; of the shot without one."""
    if shot is not None and (frame is None or shot.seq == frame.seq):
        try:
            return encode(shot.full().pixels, QUALITY, MAX_WIDTH)
        except StreamError as exc:
            log.info("the full picture cannot be had: %s", exc)
    return None if frame is None else encode(frame.pixels, QUALITY)
