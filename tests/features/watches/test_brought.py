"""Watches that come with cameras of a front: asked of those that are here, and of no other."""

import asyncio
from typing import Any

import pytest
from support.watch_hall import SEEDS, come_true

from askcam.demo.scene import make_scene
from askcam.features.watches.brought import BroughtWatches, would_be
from askcam.features.watches.errors import NoSuchWatch, ReadOnlyWatch
from askcam.features.watches.setting import WatchSetting
from askcam.features.watches.threshold import WatchMemory
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


async def test_a_watch_of_the_front_goes_on_when_it_is_changed_and_begins_anew_when_it_is_another(hall: Any) -> None:
    _, watching, _ = hall
    brought = BroughtWatches(watching)

    async def told(begun: int, **table: Any) -> None:
        await brought.came("one", {"door": {**TABLE, **table}}, {"yours": True, "events": [], "begun": {"door": begun}})

    async def remembered() -> bool:
        memories = await watching.read(lambda store: store.memories(), {})
        return memories.get(("door", "one"), WatchMemory(False)).on

    async def is_on() -> None:
        await come_true(lambda: watching.info("door").now[0].state == "on", "its turning on")
        async with asyncio.timeout(60):
            while not await remembered():  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    await told(1)
    await is_on()
    num = len(watching.readings("door")[0].readings)
    await told(1)
    assert len(watching.readings("door")[0].readings) >= num, "nothing changes"
    await told(1, cooldown_s=3600)
    assert watching.info("door").now[0].state == "on", "as it stood"
    await told(2, cooldown_s=3600)
    assert watching.info("door").now[0].state != "on", "another one of that name"
    await is_on()
    await told(2, question="Is anything moving? Answer yes or no.")
    assert watching.info("door").now[0].state != "on", "it asks something else"
    assert not await remembered()
    await told(2, enabled=False)
    assert watching.info("door").now[0].trouble == "it is not enabled"
    await brought.came("one", {}, {"yours": True})
    with pytest.raises(NoSuchWatch):
        watching.info("door")


async def test_whether_one_could_be_made_is_said_and_none_is(hall: Any) -> None:
    _, watching, _ = hall
    brought, good = BroughtWatches(watching), WatchSetting(QUESTION, ("one",))
    told = await would_be(watching, "door", good)
    assert (told.name, told.question, told.every_s, told.now) == ("door", QUESTION, good.every_s, [])
    assert watching.all() == []
    await brought.came("one", {"door": TABLE})
    await would_be(watching, "door", good)  # whether that name may be used again is for the front to say
    await watching.create("mine", good)
    for name, setting in (("mine", good), ("A b", good), ("other", WatchSetting(QUESTION, ("nowhere",)))):
        with pytest.raises(Refusal):
            await would_be(watching, name, setting)
    await brought.left("one")


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
