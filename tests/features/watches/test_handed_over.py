"""A camera comes from another server: how its watches stood there, and what is remembered of them here."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.watch_events import WALL, open_store

from askcam.features.watches.handed_over import memories_of
from askcam.features.watches.setting import WatchSetting
from askcam.features.watches.store import CAMERA, PICTURE, Place, WatchStore
from askcam.features.watches.threshold import WatchMemory

DOOR = WatchSetting(question="Is the door open?", cameras=("lobby",))
SAY = WatchSetting(question="What is there?", cameras=("lobby",))
SETTINGS = {"door": DOOR, "say": SAY}
Rows = list[Any]


def told(kind: str, watch: str | None = "door", at: Any = WALL, **more: Any) -> dict[str, Any]:
    question = None if watch is None else SETTINGS[watch].question if watch in SETTINGS else "?"
    return {"kind": kind, "watch": watch, "at": at, "question": question, "answer": None, **more}


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], {}),
        ([told("on")], {("door", "lobby"): WatchMemory(True, WALL)}),
        ([told("off", at=WALL - 5), told("on")], {("door", "lobby"): WatchMemory(True, WALL)}),
        ([told("on", at=WALL - 5), told("off")], {("door", "lobby"): WatchMemory(False, WALL - 5)}),
        ([told("on", question="Is it shut?")], {}),
        ([told("on", watch="gone")], {}),
        ([told("changed", "say", answer="a cup")], {("say", "lobby"): WatchMemory(False, WALL, "a cup")}),
        ([told("changed", "say")], {}),
        ([told("camera_back", None), told("camera_lost", None)], {(CAMERA, "lobby"): WatchMemory(True)}),
        ([told("camera_lost", None), told("camera_back", None)], {(CAMERA, "lobby"): WatchMemory(False)}),
        ([told("camera_unwell", None)], {(PICTURE, "lobby"): WatchMemory(True)}),
        ([told("on", at="yesterday")], {("door", "lobby"): WatchMemory(True, None)}),
        ([7, None, {"kind": "on"}, told("unheard-of")], {}),
    ],
)
def test_the_last_that_was_told_of_each_is_how_it_stands(events: Rows, expected: dict[Place, WatchMemory]) -> None:
    assert memories_of("lobby", events, SETTINGS) == expected


@pytest.fixture
def store(tmp_path: Path) -> Iterator[WatchStore]:
    events = open_store(tmp_path)
    yield WatchStore(events.db)
    events.close()


ON, OFF, LOST = WatchMemory(True, WALL), WatchMemory(False, WALL), WatchMemory(True)


def test_what_another_server_told_counts_more_than_what_was_remembered_here_before(store: WatchStore) -> None:
    store.remember(("door", "lobby"), WatchMemory(False, 1.0))
    store.remember(("say", "lobby"), WatchMemory(False, 1.0, "a cup"))
    store.remember((CAMERA, "lobby"), LOST)
    store.remember(("door", "hall"), OFF)
    now = store.hand_over("lobby", SETTINGS, {("door", "lobby"): ON}, anew=True)
    assert now == {("door", "lobby"): ON, ("door", "hall"): OFF} == store.memories()


def test_a_camera_that_nobody_else_has_had_goes_on_as_it_is_remembered_here(store: WatchStore) -> None:
    store.remember(("door", "lobby"), OFF)
    now = store.hand_over("lobby", SETTINGS, {("door", "lobby"): ON, (CAMERA, "lobby"): LOST}, anew=False)
    assert now == {("door", "lobby"): OFF, (CAMERA, "lobby"): LOST}
