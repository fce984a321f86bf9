"""A camera comes from another server: how its watches stood there, and what is remembered of them here."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.watch_events import WALL, open_store

from askcam.features.watches import store as stores
from askcam.features.watches.handed_over import memories_of, of_another
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


def test_what_is_remembered_of_another_watch_of_that_name_is_forgotten_once(store: WatchStore) -> None:
    def handed_over(begun: int, *other: str) -> bool:
        return ("door", "lobby") in store.hand_over("lobby", SETTINGS, {}, False, {"door": begun}, other)

    store.remember(("door", "lobby"), ON)
    assert not handed_over(7), "it was never told here of one that was made at the front"
    store.remember(("door", "lobby"), ON)
    assert handed_over(7)
    assert not handed_over(8)
    store.remember(("door", "lobby"), ON)
    assert not handed_over(8, "door")


def test_so_many_watches_of_a_front_are_known_apart(store: WatchStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "MAX_BROUGHT", 2)
    for number in range(1, 5):
        store.hand_over("lobby", (), {}, False, {f"w{number}": number})
    assert store.db.execute("SELECT watch FROM brought ORDER BY watch").fetchall() == [("w3",), ("w4",)]


@pytest.mark.parametrize(
    ("asked", "expected"), [("Is it open?", set()), ("Is it shut?", {"door"}), (None, {"door"}), (5, {"door"})]
)
def test_a_watch_that_was_told_of_while_it_asked_something_else_is_another(asked: Any, expected: set[str]) -> None:
    earlier = {"watch": "door", "question": "Is it there?"}
    events = [earlier, {"watch": "door", "question": asked}, "none", {"watch": [], "question": "?"}]
    given = {"door": replace(DOOR, question="Is it open?")}
    assert of_another(events, given) == expected
    assert of_another([], given) == set()


def test_a_camera_that_nobody_else_has_had_goes_on_as_it_is_remembered_here(store: WatchStore) -> None:
    store.remember(("door", "lobby"), OFF)
    now = store.hand_over("lobby", SETTINGS, {("door", "lobby"): ON, (CAMERA, "lobby"): LOST}, anew=False)
    assert now == {("door", "lobby"): OFF, (CAMERA, "lobby"): LOST}
