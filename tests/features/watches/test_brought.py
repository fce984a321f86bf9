"""Watches that come with cameras of a front: asked of those that are here, and of no other."""

from typing import Any

import pytest
from support.watch_hall import SEEDS, come_true

from askcam.demo.scene import make_scene
from askcam.features.watches.brought import BroughtWatches
from askcam.features.watches.errors import NoSuchWatch, ReadOnlyWatch
from askcam.features.watches.setting import WatchSetting
from askcam.server.errors import Refusal

QUESTION = f"Is there {make_scene(SEEDS['one']).traveller.drawn.a}? Answer yes or no."
TABLE = {"question": QUESTION, "every_s": 0.2, "for_s": 0}


async def test_a_watch_is_asked_of_the_cameras_that_are_here_and_goes_with_the_last(hall: Any) -> None:
    _, watching, _ = hall
    brought = BroughtWatches(watching)
    await brought.came("one", {"door": TABLE})
    assert watching.info("door").cameras == ["one"]
    await come_true(lambda: watching.info("door").now[0].state == "on", "its turning on")
    await brought.came("two", {"door": TABLE})
    info = watching.info("door")
    assert (info.cameras, info.origin) == (["one", "two"], "file")
    assert info.now[0].state == "on", "as it stood"
    with pytest.raises(ReadOnlyWatch, match="front's file"):
        await watching.remove("door")
    await brought.left("one")
    assert watching.info("door").cameras == ["two"]
    await brought.left("two")
    with pytest.raises(NoSuchWatch):
        watching.info("door")


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        ({"door": {"question": ""}}, "question"),
        ({"door": 5}, "no table"),
        ({"door": {**TABLE, "tokn": 1}}, "tokn"),
        ({"door": {**TABLE, "on": 2}}, "on"),
        ({"A b": TABLE}, "a watch's name"),
        ({"mine": TABLE}, "already"),
        ({"door": {**TABLE, "kind": "choice", "choices": ["a long one", "b"], "on_when": ["b"]}}, "door"),
    ],
)
async def test_one_that_cannot_be_asked_is_told_and_the_others_are(hall: Any, tables: Any, told: str) -> None:
    _, watching, _ = hall
    await watching.create("mine", WatchSetting(QUESTION, ("one",)))
    brought = BroughtWatches(watching)
    with pytest.raises(Refusal, match=told):
        await brought.came("one", {**tables, "good": TABLE})
    assert watching.info("good").cameras == ["one"]
    assert watching.info("mine").origin == "api"
    await brought.left("one")
    assert [each.name for each in watching.all()] == ["mine"]
