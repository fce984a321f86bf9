"""Events for tests, and a store to keep them in."""

from pathlib import Path
from typing import Any

from askcam.client.watches import Reading, WatchEvent
from askcam.server.watching.store import Bounds, Store
from askcam.server.watching.watch import Memory

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


def add(store: Store, i: int, jpeg: bytes | None = b"jpeg", **more: Any) -> WatchEvent:
    """The `i`-th: on, off, on, ..., a second apart."""
    found = event("off" if i % 2 else "on", **more)
    return store.add(found, WALL + i, jpeg, Memory(i % 2 == 0, WALL + i))


def open_store(folder: Path, bounds: Bounds | None = None) -> Store:
    return Store(folder, bounds or Bounds())
