"""Events for tests, and a store to keep them in."""

from pathlib import Path
from typing import Any

from msgspec.structs import replace

from askcam.client.watches import EventFrame, Reading, WatchEvent
from askcam.features.events.config import EventBounds
from askcam.features.events.pictures import Shown
from askcam.features.events.store import EventStore
from askcam.features.watches.store import CAMERA, TABLES, remembering
from askcam.features.watches.threshold import WatchMemory
from askcam.server.wire.moments import rfc3339

WALL = 1_760_000_000.0


def event(kind: Any = "on", watch: str | None = "door", camera: str = "lobby", probability: float = 0.9) -> WatchEvent:
    at = "2025-10-09T08:53:20.000000Z"
    return WatchEvent(
        id=0,
        kind=kind,
        watch=watch,
        camera=camera,
        severity="warning",
        at=at,
        frame_at=at,
        probability=probability,
        before=[Reading(at, probability)],
    )


def add(
    store: EventStore, i: int, jpeg: bytes | None = b"jpeg", frames: tuple[bytes, ...] = (), **more: Any
) -> WatchEvent:
    """The `i`-th: on, off, on, ..., a second apart."""
    found = event("off" if i % 2 else "on", **more)
    found = replace(found, frames=[EventFrame(rfc3339(WALL + i - 1 + k / 2)) for k in range(len(frames))])
    shown = None if jpeg is None else Shown(jpeg, frames)
    return store.add(
        found, WALL + i, shown, remembering((found.watch or CAMERA, found.camera), WatchMemory(i % 2 == 0, WALL + i))
    )


def open_store(folder: Path, bounds: EventBounds | None = None) -> EventStore:
    return EventStore(folder, bounds or EventBounds(), tables=[TABLES])
