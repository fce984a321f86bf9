"""JPEGs of what a camera sees now. Encoding runs off the event loop; of each camera and size the newest is kept."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import cv2

from askcam.stream.camera import Camera
from askcam.stream.frame import Frame, Pixels

Wanted = tuple[str, int | None]  # camera, greatest width


@dataclass(frozen=True, slots=True, eq=False)
class Jpeg:
    """One encoded picture and the frame it shows."""

    data: bytes
    frame: Frame


def encode(pixels: Pixels, quality: int = 80, max_width: int | None = None) -> bytes:
    """`pixels` (height, width, 3) RGB as JPEG bytes, made smaller first when wider than `max_width`."""
    height, width = pixels.shape[:2]
    if max_width is not None and width > max_width:
        size = (max_width, max(1, round(height * max_width / width)))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    done, data = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done, "a JPEG of RGB pixels can always be made"
    return data.tobytes()


class Pictures:
    """Owned by the event loop. Ten viewers of one camera cost one encoding per frame."""

    def __init__(self, max_entries: int = 64) -> None:
        self._max_entries = max_entries  # (camera, width) pairs; the oldest is forgotten
        self._newest: dict[Wanted, Jpeg] = {}
        self._locks: dict[Wanted, asyncio.Lock] = {}  # of those that are asked for just now
        self._askers: Counter[Wanted] = Counter()  # who hold or wait for them

    @property
    def num_asked(self) -> int:
        """(camera, width) pairs that are asked for just now."""
        return len(self._locks)

    async def jpeg(self, camera: Camera, max_width: int | None = None) -> Jpeg:
        """The newest decoded frame at full resolution, or `max_width` wide. Raises stream.CameraUnavailable."""
        key = (camera.name, max_width)
        async with self._turn(key):
            frame = await asyncio.to_thread(camera.newest)
            kept = self._newest.get(key)
            if kept is not None and kept.frame is frame:
                return kept
            made = Jpeg(await asyncio.to_thread(encode, frame.pixels, 80, max_width), frame)
            self._newest.pop(key, None)
            self._newest[key] = made
        while len(self._newest) > self._max_entries:
            del self._newest[next(iter(self._newest))]
        return made

    @asynccontextmanager
    async def _turn(self, wanted: Wanted) -> AsyncIterator[None]:
        """One of those who ask for the same at a time; with the last of them its lock is gone."""
        lock = self._locks.setdefault(wanted, asyncio.Lock())
        self._askers[wanted] += 1
        try:
            async with lock:
                yield
        finally:
            self._askers[wanted] -= 1
            if not self._askers[wanted]:
                del self._askers[wanted], self._locks[wanted]
