"""Notes for tests, and a store to keep them in."""

from pathlib import Path
from zoneinfo import ZoneInfo

from askcam.client.timeline import TimelineEntry
from askcam.features.timeline.config import TimelineBounds
from askcam.features.timeline.merging import ENGLISH
from askcam.features.timeline.note import Note
from askcam.features.timeline.query import read
from askcam.features.timeline.search import Search, find
from askcam.features.timeline.store import NoteStore
from askcam.features.timeline.times import Level

WALL = 1_760_004_000.0  # 2025-10-09T10:00:00Z
ZONE = ZoneInfo("Europe/Berlin")


def note(
    at: float, came: tuple[str, ...] = (), went: tuple[str, ...] = (), camera: str = "lobby", text: str = ""
) -> Note:
    """`at` counts from WALL."""
    told = [f"{thing} appeared." for thing in came] + [f"{thing} disappeared." for thing in went]
    return Note(camera, WALL + at, WALL + at + 1, text or " ".join(told) or "Nothing.", came, came, went)


def open_store(folder: Path, bounds: TimelineBounds | None = None) -> NoteStore:
    return NoteStore(folder, bounds or TimelineBounds(), ZONE, ENGLISH)


def found(store: NoteStore, query: str = "", level: str | None = None, limit: int = 1000, **more: object) -> list[str]:
    return [entry.text for entry in entries(store, query, level, limit, **more)]


def entries(
    store: NoteStore, query: str = "", level: str | None = None, limit: int = 1000, **more: object
) -> list[TimelineEntry]:
    wanted = None if level is None else Level(level)
    return find(store.db, Search(wanted=read(query), level=wanted, limit=limit, **more))  # type: ignore[arg-type]
