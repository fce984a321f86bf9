"""`search_timeline` over a real store: what the model is told, bounded, by the clocks of the place."""

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.timeline_notes import note

from askcam.features.events.config import EventBounds
from askcam.features.events.service import EventLog
from askcam.features.events.thread import EventThread
from askcam.features.timeline.config import TimelineConfig
from askcam.features.timeline.note import Note
from askcam.features.timeline.service import Timeline
from askcam.features.timeline.tools import LIMIT, SearchTimeline
from askcam.server.access.limits import Limits
from askcam.server.access.viewer import THE_VIEWER
from askcam.server.cameras import Cameras
from askcam.server.model import Model
from askcam.server.models import Models
from askcam.server.tools.base import Circumstance, Fault, ToolError
from askcam.stream.sources.registry import resolve

HERE = Circumstance("lobby", "ans_1", THE_VIEWER)


def made(folder: Path, *, wanted: bool = True) -> Timeline:
    model = Model("built-in")
    cameras = Cameras(Models(model), Limits(), resolve)
    events = EventLog(EventThread(None, EventBounds()))
    config = TimelineConfig(folder=folder, time_zone="Europe/Berlin", detail_days=3650, max_days=3650)
    return Timeline(config, model, cameras, events, lambda: False, some_camera=wanted)


async def write(timeline: Timeline, *notes: Note) -> None:
    for one in notes:
        await timeline.read(lambda store, one=one: store.add(one, b"jpeg", time.time()))  # type: ignore[misc]


@pytest.fixture
async def timeline(tmp_path: Path) -> AsyncIterator[Timeline]:
    timeline = made(tmp_path)
    await timeline.open()
    yield timeline
    await timeline.close()


async def called(timeline: Timeline, **arguments: Any) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(await SearchTimeline(timeline).call(arguments, HERE))
    return told


async def test_it_tells_times_texts_and_links_of_the_cameras_own_notes(timeline: Timeline) -> None:
    await write(timeline, note(0, came=("a van",)), note(3600, went=("a van",)), note(5, went=("a van",), camera="x"))
    assert await called(timeline, query="when did the van leave?") == {
        "results": [
            {
                "time": "2025-10-09 13:00:00",
                "camera": "lobby",
                "text": "a van disappeared.",
                "url": "/v1/timeline/5/frame.jpg",
            }
        ]
    }
    every = await called(timeline, query="when did the van leave?", camera="*")
    assert [one["camera"] for one in every["results"]] == ["lobby", "x"]
    elsewhere = await called(timeline, query="van", camera="x")
    assert [one["time"] for one in elsewhere["results"]] == ["2025-10-09 12:00:05"]


async def test_between_two_moments_oldest_first(timeline: Timeline) -> None:
    await write(timeline, *(note(i * 600.0, came=(f"thing{i}",)) for i in range(10)))
    span = {"since": "2025-10-09 12:10", "until": "2025-10-09T12:30", "order": "asc"}
    found = await called(timeline, **span)
    assert [one["time"][11:16] for one in found["results"]] == ["12:10", "12:20"]
    assert await called(timeline, query="elephant", **span) == {"error": "not found"}


async def test_a_long_list_is_cut_and_says_so(timeline: Timeline) -> None:
    await write(timeline, *(note(float(i)) for i in range(LIMIT + 1)))
    found = await called(timeline)
    assert len(found["results"]) == LIMIT
    assert found["more"]


async def test_what_is_no_time_is_told_to_the_model(timeline: Timeline) -> None:
    with pytest.raises(ToolError, match=r"since: 'soon' is no time; write it like 14:00") as caught:
        await called(timeline, since="soon")
    assert caught.value.fault is Fault.ARGUMENTS


async def test_without_a_timeline_it_is_not_offered(tmp_path: Path) -> None:
    timeline = made(tmp_path / "none", wanted=False)
    await timeline.open()
    assert not SearchTimeline(timeline).available
    with pytest.raises(ToolError, match="no timeline is kept here") as caught:
        await called(timeline, query="van")
    assert caught.value.fault is Fault.UNAVAILABLE
    await timeline.close()
