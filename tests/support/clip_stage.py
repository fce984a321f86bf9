"""Clips of real cameras, without a model: whoever tests tells the events himself, and reads the clock in the pixels."""

import asyncio
import io
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import av
from support.servers import clock
from support.waiting import comes_true

from askcam.client.watches import EventClip, WatchEvent
from askcam.features.clips.config import ClipsConfig
from askcam.features.clips.service import Clips
from askcam.features.events.config import EventBounds
from askcam.features.events.publish import News
from askcam.features.events.service import EventLog
from askcam.features.events.thread import EventThread
from askcam.server.camera_use import CameraUse
from askcam.server.wire.moments import rfc3339
from askcam.stream.camera import Camera, CameraConfig
from askcam.stream.fit import as_is
from askcam.stream.sources.registry import resolve
from askcam.stream.window import Anchors

QUICK = ClipsConfig(before_s=1.5, after_s=1.0)
GOP_S = 1.0  # of the cameras here


@dataclass(slots=True)
class ClipStage:
    """An event log and clips in a folder, and the cameras that were opened."""

    folder: Path
    log: EventLog
    clips: Clips
    cameras: dict[str, Camera] = field(default_factory=dict)

    def open_camera(self, name: str, uri: str, use: CameraUse | None = None, fps: float = 2.0) -> Camera:
        anchors = Anchors(keep=2, hop=2)
        made = Camera(name, resolve(uri, fps), fit=as_is, anchors=anchors, config=CameraConfig(fps=fps))
        self.clips.camera_opens(made, use or CameraUse())
        made.start()
        self.cameras[name] = made
        return made

    async def close_camera(self, name: str) -> None:
        made = self.cameras.pop(name)
        self.clips.camera_closes(made)
        await asyncio.to_thread(made.close)

    async def held(self, name: str, seconds: float) -> None:
        """Wait until so much of a camera is held in memory."""
        ring = self.clips._footage[name].ring

        def enough() -> bool:
            groups, newest = ring.groups(), ring.newest()
            return bool(groups) and newest is not None and newest[0] - groups[0].began >= seconds

        await comes_true(enough, f"{seconds} s of {name}")

    async def tell(self, name: str, seen: float | None = None) -> WatchEvent:
        """An event of a camera, decided now; the event as it was told."""
        now, ids = time.time(), list[int]()
        at = rfc3339(now)
        event = WatchEvent(0, "on", "door", name, "warning", at, rfc3339(now if seen is None else seen))
        await self.log.write(lambda store: None)
        await self.log.telling.tell(News(event, now, None, (), None, ids.append))
        return await self.now(ids[0])

    async def now(self, number: int) -> WatchEvent:
        found = await self.log.read(lambda store: store.event(number), None)
        assert found is not None
        return found

    async def settled(self, number: int) -> tuple[WatchEvent, EventClip]:
        """An event whose clip is ready, or never will be."""
        while True:
            event = await self.now(number)
            assert event.clip is not None
            if event.clip.state != "pending":
                return event, event.clip
            await asyncio.sleep(0.05)

    def data(self, number: int) -> bytes:
        return (self.folder / "clips" / f"{number}.mp4").read_bytes()


@asynccontextmanager
async def clip_stage(folder: Path, config: ClipsConfig = QUICK) -> AsyncIterator[ClipStage]:
    keeping = EventThread(folder / "watching", EventBounds())
    log = EventLog(keeping)
    clips = Clips(replace(config, folder=folder / "clips"), log, ["http://127.0.0.1:8400"])
    stage = ClipStage(folder, log, clips)
    await log.open()
    await clips.open()
    try:
        yield stage
    finally:
        await asyncio.gather(*(stage.close_camera(name) for name in list(stage.cameras)))
        await clips.close()
        await log.close()


@dataclass(frozen=True, slots=True)
class Played:
    """What a player sees of a clip."""

    codec: str
    sizes: set[tuple[int, int]]
    times: list[float]  # when each picture is shown, from the beginning of the clip
    walls: list[float]  # what the clock in each says, seconds since the epoch


def play(data: bytes, near: float, read: bool = True) -> Played:
    """Decode all of it; `near`: about when it was filmed. `read`: there is a clock in it."""
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        times, walls, sizes = list[float](), list[float](), set[tuple[int, int]]()
        for frame in container.decode(stream):
            times.append(float(frame.pts * frame.time_base))
            sizes.add((frame.width, frame.height))
            if read:
                walls.append(near - clock.age_s(frame.to_ndarray(format="gray"), near))
        return Played(stream.codec_context.name, sizes, times, walls)
