"""A camera that is taken away while it is watched, and comes back under its name; and a watch that cannot be scored, as
Prometheus sees it."""

from pathlib import Path
from typing import Any

from support.watch_hall import SEEDS, come_true, open_hall

from askcam.demo.scene import make_scene
from askcam.engine.interface import Engine
from askcam.features.watches.setting import Kind, WatchSetting
from askcam.features.watches.store import WatchStore
from askcam.server.metrics import Metrics

QUESTION = f"Is there {make_scene(SEEDS['one']).traveller.drawn.a}? Answer yes or no."


async def test_a_watch_is_blind_while_its_camera_is_removed_and_goes_on_when_it_is_back(hall: Any) -> None:
    _, watching, events = hall
    cameras = watching.cameras
    setting = WatchSetting(QUESTION, ("one", "two"), every_s=0.2, for_s=0)
    await watching.create("thing", setting)

    def now(camera: str) -> Any:
        return next(each for each in watching.info("thing").now if each.camera == camera)

    await come_true(lambda: now("one").state == "on", "its turning on")
    await cameras.remove("one")
    await come_true(lambda: now("one").trouble is not None, "its trouble")
    assert "one" in now("one").trouble
    assert now("one").state == "on"  # what was told holds until something else is seen
    read = now("two").read_at
    await come_true(lambda: now("two").read_at != read, "a reading of the other camera")
    cameras.add("one", f"synthetic:{SEEDS['one']}")
    read = now("one").read_at
    await come_true(lambda: now("one").read_at != read and now("one").trouble is None, "a reading of the new one")
    await come_true(lambda: now("one").state == "on", "the state that it had")
    events = await events.keeping.do(lambda store: store.newest(99))
    told = [event.kind for event in events if event.camera == "one" and event.watch is not None]
    assert told == ["on"]  # its absence has turned nothing off, and on again


async def test_a_watch_that_cannot_be_scored_is_counted(engine: Engine, tmp_path: Path) -> None:
    """As after a change of models: it was kept by one that could score it, and rests now."""
    metrics = Metrics()
    async with open_hall(engine, tmp_path, metrics) as (_, watching, events):
        assert b"askcam_watches_resting 0.0" in metrics.render()
        await events.keeping.begin()
        odd = WatchSetting("Which?", ("one",), Kind.CHOICE, ("perhaps not", "Yes"), ("Yes",))
        await events.keeping.do(lambda store: WatchStore(store.db).put("odd", odd))
        watching.known.kept = await events.keeping.do(lambda store: WatchStore(store.db).settings())
        await watching.begin()
        assert b"askcam_watches_resting 1.0" in metrics.render()
        assert b'watch="odd"' not in metrics.render()  # it has no state to tell
