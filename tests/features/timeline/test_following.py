"""Events of watches reach the timeline once each, whatever is restarted or begun anew."""

from pathlib import Path
from typing import Any

from support.timeline_notes import entries
from support.watch_events import WALL, event, open_store

from askcam.features.events.store import EventStore
from askcam.features.timeline.config import TimelineConfig
from askcam.features.timeline.from_events import Following
from askcam.features.timeline.thread import NoteThread


class Watching:
    """The one method of watching.Watching that is wanted, over a real store."""

    def __init__(self, store: EventStore) -> None:
        self.store = store

    async def read(self, work: Any, otherwise: Any) -> Any:
        return work(self.store)


async def taken_in(watches: EventStore, folder: Path) -> list[int]:
    """The events in the timeline after one life of it, oldest first."""
    keeping = NoteThread(TimelineConfig(folder=folder, time_zone="UTC"))
    await keeping.open()
    following = Following(Watching(watches), keeping, lambda: WALL + 1000)  # type: ignore[arg-type]
    turns = [await following.turn() for _ in range(5)]
    assert not turns[-1]
    found = await keeping.do(lambda store: entries(store, level="note", oldest_first=True))
    days = await keeping.do(lambda store: entries(store, level="day"))
    assert sum(int(day.text.split(" event")[0]) for day in days) == len(found)
    await keeping.close()
    return [entry.event_id for entry in found if entry.event_id is not None]


def add(store: EventStore, i: int, **more: Any) -> None:
    store.add(event("off" if i % 2 else "on", **more), WALL + i, None)


async def test_each_event_is_taken_in_once_over_restarts(tmp_path: Path) -> None:
    watches = open_store(tmp_path / "watches")
    assert await taken_in(watches, tmp_path / "timeline") == []
    for i in range(230):
        add(watches, i)
    assert await taken_in(watches, tmp_path / "timeline") == list(range(1, 231))
    add(watches, 230)
    assert await taken_in(watches, tmp_path / "timeline") == list(range(1, 232))
    watches.close()


async def test_events_that_are_begun_anew_are_taken_in_anew(tmp_path: Path) -> None:
    watches = open_store(tmp_path / "watches")
    for i in range(3):
        add(watches, i)
    await taken_in(watches, tmp_path / "timeline")
    watches.close()
    anew = open_store(tmp_path / "others")
    add(anew, 0)
    assert sorted(await taken_in(anew, tmp_path / "timeline")) == [1, 1, 2, 3]
    anew.close()
