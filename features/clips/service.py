"""Clips of one running server: which cameras have them, what is ordered of the maker, what is kept of what it makes.

An event's clip is `pending` from the transaction that keeps the event; so whatever ends the server, each is ready, or
is said to be missing.
"""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

import msgspec

from askcam.client.watches import EventClip, WatchEvent
from askcam.features.clips.config import OPTION, ClipsConfig
from askcam.features.clips.errors import ClipsError
from askcam.features.clips.folder import ClipFolder
from askcam.features.clips.footage import Footage
from askcam.features.clips.links import ClipLinks, read_key
from askcam.features.clips.making import ClipMaker, ClipOrder, MadeClip
from askcam.features.clips.sampling import PictureSampler
from askcam.features.clips.table import MISSING, PENDING, READY, TABLES, ClipRow, ClipTable
from askcam.features.events.service import EventLog
from askcam.features.events.store import EventStore
from askcam.server.camera_names import private
from askcam.server.camera_use import CameraUse
from askcam.server.errors import Refusal
from askcam.server.lifecycle import ended
from askcam.server.storage.calendar import DAY_S, Calendar
from askcam.server.threads import on_loop
from askcam.server.wire.moments import rfc3339
from askcam.stream.camera import Camera

log = logging.getLogger(__name__)

MAX_PENDING = 256  # clips that are to be made
KEEP_S = 40.0  # that packets are held longer than a clip is: events are told late, and ends come late
CLOSE_S = 7.0
PRUNE_EVERY_S = 3600.0
AGAIN_S = 2.0  # after the events' database refused
OLD_S = 60.0  # a frame's time that lies further back than this tells nothing of now: a film of long ago
LOST = "the server ended before it was made"
TOO_MANY = f"{MAX_PENDING} clips were waiting to be made already"
STOPPING = "the server was being stopped"
OLD, MANY = "it was older than max_days", "it gave way to newer ones (max_bytes)"
FULL = "it gave way on a full disk"


class Clips:
    """Owned by the event loop, but for what KeptBeside has on the thread of the events."""

    def __init__(self, config: ClipsConfig, events: EventLog, urls: list[str]) -> None:
        """`urls`: where the server listens, once it does. Before `events` is opened."""
        assert config.folder is not None, "read_clips() names one"
        self._config, self._events, self._urls = config, events, urls
        self._where = config.folder
        self.folder: ClipFolder | None = None
        self.links = ClipLinks(b"", 0.0)  # which open nothing
        self._footage: dict[str, Footage] = {}  # by camera; replaced at every change: other threads look, too
        self._maker: ClipMaker | None = None
        self._sampler = PictureSampler(self.footage)
        self._news: asyncio.Queue[MadeClip | None] = asyncio.Queue()  # as many as were ordered, and those that went
        self._task: asyncio.Task[None] | None = None
        self._kept: Callable[[WatchEvent], None] | None = None
        self._closing = False
        self._calendar = Calendar()
        self.outcomes = {READY: 0, MISSING: 0}
        self.count = self.num_bytes = 0  # of those that are kept
        events.beside(TABLES, self._take_up)
        events.keep_beside(self)

    # -- life

    async def open(self) -> None:
        """Raises ClipsError."""
        folder = self.folder = await asyncio.to_thread(ClipFolder, self._where)
        try:
            key = await asyncio.to_thread(read_key, folder.path)
        except OSError as exc:
            folder.close()
            raise ClipsError(f"cannot keep clips in {folder.path}: {exc.strerror}; name another folder") from exc
        self.links = ClipLinks(key, self._config.link_hours * 3600)
        self._maker = ClipMaker(folder, on_loop(self._news.put_nowait))
        self._kept = on_loop(self._order)
        self._maker.start()
        self._sampler.start()
        if self._events.keeping.open:
            await self._take_up()
        self._task = asyncio.create_task(self._settle_all())

    async def close(self) -> None:
        """What waits is made of what there is, within 7 s, and told."""
        self._closing = True
        maker, folder = self._maker, self.folder
        if maker is None or folder is None or self._task is None:
            return
        await asyncio.to_thread(self._sampler.close)
        if not await asyncio.to_thread(maker.close, CLOSE_S):
            log.error("%d clips were not made within %g s", maker.num_waiting, CLOSE_S)
        await asyncio.sleep(0)  # what it told last comes in
        self._news.put_nowait(None)
        try:
            async with asyncio.timeout(AGAIN_S):
                await asyncio.shield(self._task)
        except TimeoutError:
            await ended(self._task)
        folder.close()

    async def _take_up(self) -> None:
        """The events' database is there: what an earlier life left is put in order, once the folder is open, too."""
        folder = self.folder
        if folder is None:
            return
        there = await asyncio.to_thread(folder.events)
        ready = await self._events.keeping.do(lambda store: ClipTable(store.db).left(LOST, there))
        gone = await asyncio.to_thread(folder.tidy, ready)
        if gone:
            log.warning("%d files of clips were removed that no event needs", gone)
        await self._count()

    # -- cameras

    def camera_opens(self, camera: Camera, use: CameraUse) -> None:
        if private(camera.name) or use.options.get(OPTION) is False:
            return
        keep_s = self._config.before_s + self._config.after_s + KEEP_S
        found = Footage(camera, keep_s, self._config.camera_memory_bytes)
        self._footage = {**self._footage, camera.name: found}
        self._share_memory()

    def camera_closes(self, camera: Camera) -> None:
        found = self._footage.get(camera.name)
        if found is not None and found.camera is camera:
            found.close()
            self._footage = {name: each for name, each in self._footage.items() if each is not found}
            self._share_memory()

    def _share_memory(self) -> None:
        share = self._config.memory_bytes // max(1, len(self._footage))
        for each in self._footage.values():
            each.ring.bound(min(self._config.camera_memory_bytes, share))

    def footage(self) -> list[Footage]:
        return list(self._footage.values())

    @property
    def num_waiting(self) -> int:
        return 0 if self._maker is None else self._maker.num_waiting

    # -- events (KeptBeside: on the thread of their store)

    def added(self, db: sqlite3.Connection, event: WatchEvent) -> None:
        if event.camera in self._footage:
            why = STOPPING if self._closing else TOO_MANY if self.num_waiting >= MAX_PENDING else None
            ClipTable(db).add(event.id, why)

    def kept(self, event: WatchEvent) -> None:
        if self._kept is not None and event.clip is not None and event.clip.state == PENDING:
            self._kept(event)

    def told(self, db: sqlite3.Connection, event: WatchEvent) -> WatchEvent:
        row = ClipTable(db).get(event.id)
        return event if row is None else msgspec.structs.replace(event, clip=self._clip(row, event.at))

    def _clip(self, row: ClipRow, at: str) -> EventClip:
        if row.state == MISSING:
            return EventClip("missing", why=row.why)
        url, base = f"/v1/events/{row.event}/clip.mp4", self._config.public_url or "".join(self._urls[:1])
        link = base.rstrip("/") + self.links.path(row.event, at)
        if row.state == PENDING or row.start is None or row.end is None:
            return EventClip("pending", url, link)
        return EventClip("ready", url, link, rfc3339(row.start), rfc3339(row.end), row.num_bytes, row.why)

    # -- making

    def _order(self, event: WatchEvent) -> None:
        found, maker = self._footage.get(event.camera), self._maker
        if found is None or maker is None:
            self._news.put_nowait(MadeClip(event.id, why="the camera was removed"))
            return
        ahead = time.time() - time.monotonic()
        decided = datetime.fromisoformat(event.at).timestamp()
        seen = decided if event.frame_at is None else datetime.fromisoformat(event.frame_at).timestamp()
        if not 0 <= decided - seen <= OLD_S:
            seen = decided
        start, end = seen - self._config.before_s - ahead, decided + self._config.after_s - ahead
        maker.order(ClipOrder(event.id, found, start, end))

    def file(self, event: int) -> Path:
        assert self.folder is not None, "open() first"
        return self.folder.file(event)

    def due_in_s(self, event: WatchEvent) -> float:
        """In how many seconds its clip can be expected."""
        return max(1.0, datetime.fromisoformat(event.at).timestamp() + self._config.after_s + 1 - time.time())

    async def _settle_all(self) -> None:
        """Whatever was made is written down and told, and what is beyond the bounds goes."""
        pruned = float("-inf")
        while True:
            try:
                async with asyncio.timeout(PRUNE_EVERY_S):
                    made = await self._news.get()
            except TimeoutError:
                made = MadeClip(0)
            if made is None:
                return
            try:
                await self._lose(made.gone, FULL)
                if made.event:
                    await self._settle(made)
                if time.monotonic() - pruned >= PRUNE_EVERY_S:
                    pruned = time.monotonic()
                    await self._remove_unknown()
                    await self._prune()
                elif made.num_bytes:
                    await self._prune()
            except (Refusal, OSError) as exc:
                log.error("what came of the clip of event %d cannot be written down: %s", made.event, exc)
                if not self._closing:
                    await asyncio.sleep(AGAIN_S)
                    self._news.put_nowait(made)

    async def _settle(self, made: MadeClip) -> None:
        def write(store: EventStore) -> WatchEvent | None:
            there = ClipTable(store.db).settle(made)
            return store.event(made.event) if there else None

        event = await self._events.write(write)
        if event is None:
            await self._remove([made.event])
            return
        self.outcomes[READY if made.num_bytes else MISSING] += 1
        self._events.readers.clipped(event, own=event.camera not in self._events.telling.epochs)

    async def lose(self, event: int) -> None:
        """Its file is gone."""
        await self._lose([event], "its file is no longer in the folder")

    async def _lose(self, events: Iterable[int], why: str) -> None:
        gone = list(events)
        if gone:
            await self._events.read(lambda store: ClipTable(store.db).lose(gone, why), None)
            await self._count()

    async def _prune(self) -> None:
        now = self._calendar.now(time.time(), time.monotonic())
        most, oldest = self._config.max_bytes, now - self._config.max_days * DAY_S
        none: tuple[list[int], list[int]] = ([], [])
        old, many = await self._events.read(lambda store: ClipTable(store.db).beyond(most, oldest), none)
        for some, why in ((old, OLD), (many, MANY)):
            await self._lose(some, why)
            await self._remove(some)
        await self._count()

    async def _remove_unknown(self) -> None:
        """Clips whose events are no longer kept."""
        folder, none = self.folder, set[int]()
        assert folder is not None
        there = await asyncio.to_thread(folder.events)
        known = await self._events.read(lambda store: ClipTable(store.db).known(), none)
        await self._remove([event for event in there if event not in known])

    async def _remove(self, events: list[int]) -> None:
        folder = self.folder
        assert folder is not None

        def remove() -> None:
            for event in events:
                folder.remove(event)

        await asyncio.to_thread(remove)

    async def _count(self) -> None:
        if self._events.keeping.open:
            self.count, self.num_bytes = await self._events.keeping.do(lambda store: ClipTable(store.db).totals())

    def trouble(self) -> str | None:
        """What has become of the folder; None: nothing. For any thread."""
        return None if self.folder is None else self.folder.trouble()

    # -- a full disk

    def give_way(self, folder: Path) -> bool:
        """As Running.gives_way. On any thread."""
        here = self.folder
        gone = [] if here is None else here.give_way(folder, 4)
        if gone:
            log.error("the disk is full: %d old clips give way", len(gone))
            self._went(gone)
        return bool(gone)

    def _went(self, events: list[int]) -> None:
        task = self._task
        if task is not None:
            task.get_loop().call_soon_threadsafe(self._news.put_nowait, MadeClip(0, gone=tuple(events)))
