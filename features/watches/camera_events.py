"""Watched cameras themselves: lost and back, unwell and well, each told once, and over restarts."""

import time
from collections.abc import Iterable, Mapping

from askcam.client.watches import WatchEvent
from askcam.features.events.publish import News, Publisher
from askcam.features.watches.presence import Attendance
from askcam.features.watches.store import CAMERA, PICTURE, Place, remembering
from askcam.features.watches.threshold import WatchMemory
from askcam.features.watches.wellness import Wellness
from askcam.server.cameras import Cameras
from askcam.server.wire.moments import rfc3339
from askcam.stream.camera import Camera
from askcam.stream.states import State


class Attending:
    """Owned by the event loop; the runner's task calls look()."""

    def __init__(self, cameras: Cameras, telling: Publisher) -> None:
        self._cameras, self._telling = cameras, telling
        self._attendance: dict[str, Attendance] = {}
        self._wellness: dict[str, Wellness] = {}

    def remember(self, memories: Mapping[Place, WatchMemory]) -> None:
        """How cameras were last told to be."""
        for (watch, camera), memory in memories.items():
            if watch == CAMERA:
                self._attendance[camera] = Attendance(lost=memory.on)
            elif watch == PICTURE:
                self._wellness[camera] = Wellness(unwell=memory.on)

    async def look(self, names: Iterable[str]) -> None:
        """Tell what has become of these cameras."""
        for name in names:
            if name in self._cameras:
                await self._look(self._cameras.get(name))

    async def _look(self, camera: Camera) -> None:
        status = camera.status()
        attendance = self._attendance.setdefault(camera.name, Attendance())
        if attendance.see(status.state):
            kind = "camera_lost" if attendance.lost else "camera_back"
            await self._tell(camera, CAMERA, kind, attendance.lost, status.reason if attendance.lost else None)
        flags = self._cameras.health(camera.name)
        wellness = self._wellness.setdefault(camera.name, Wellness())
        if wellness.see(flags, status.state is State.LIVE, time.monotonic()):
            kind = "camera_unwell" if wellness.unwell else "camera_well"
            reason = f"the picture is {' and '.join(flags)}" if wellness.unwell else None
            await self._tell(camera, PICTURE, kind, wellness.unwell, reason)

    async def _tell(self, camera: Camera, whose: str, kind: str, bad: bool, reason: str | None) -> None:
        now, shot = time.time(), camera.shot()
        event = WatchEvent(
            id=0,
            kind=kind,  # type: ignore[arg-type]
            watch=None,
            camera=camera.name,
            severity="warning" if bad else "info",
            at=rfc3339(now),
            frame_at=None if shot is None else rfc3339(shot.picture.wall),
            reason=reason,
        )
        await self._telling.tell(News(event, now, remembering((whose, camera.name), WatchMemory(bad)), (), shot))
