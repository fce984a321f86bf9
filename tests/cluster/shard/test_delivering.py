"""Events on their way from a shard's disk to its front: each until the front has it, whatever happens to either."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from support.servers.fake_shard import FakeShard, Heard, running, tell
from support.waiting import comes_true
from support.watch_events import WALL, event

from askcam.client.watches import Reading
from askcam.cluster.shard import delivering
from askcam.cluster.shard.delivering import NOT_TAKEN, Delivering
from askcam.cluster.shard.front import FrontLink
from askcam.cluster.store import MAX_DELIVERIES, MAX_DOCUMENT, Fate
from askcam.features.events.config import EventBounds
from askcam.features.events.owing import OwedByLog
from askcam.features.events.publish import News
from askcam.features.events.service import EventLog
from askcam.features.events.thread import EventThread


@dataclass
class Front:
    """What it hears at POST /v1/shards/events; it commits each event once."""

    status: int = 200
    refuses: set[str] = field(default_factory=set)  # ids because of which all is refused
    fate: str = "committed"
    batches: list[list[dict[str, Any]]] = field(default_factory=list)
    events: dict[str, dict[str, Any]] = field(default_factory=dict)  # by id, committed
    forgets: bool = False  # to say what became of one

    async def __call__(self, request: Heard, writer: asyncio.StreamWriter) -> None:
        told = json.loads(request.body)["events"]
        self.batches.append(told)
        if self.status != 200 or self.refuses & {each["id"] for each in told}:
            status = 400 if self.status == 200 else self.status
            await tell(writer, status, {"error": {"message": "no"}})
            return
        receipts = []
        for each in told:
            known = each["id"] in self.events
            fate = "again" if known and self.fate == "committed" else self.fate
            self.events.setdefault(each["id"], each)["after"] = each["after"]
            receipts.append({"id": each["id"], "fate": fate, "later": "a field of a later version"})
        await tell(writer, 200, {"receipts": receipts[: len(receipts) - self.forgets]})


@dataclass
class Scene:
    front: Front
    log: EventLog
    delivering: Delivering

    async def happens(self, camera: str = "lobby", **more: Any) -> None:
        await self.log.telling.tell(News(event(camera=camera, **more), WALL, None, (), None))

    async def owed(self) -> int:
        return await self.log.read(lambda store: len(store.front.owed(1000)), 0)

    async def rests(self) -> None:
        """Nothing is owed any more."""
        async with asyncio.timeout(60):
            while await self.owed():  # noqa: ASYNC110
                await asyncio.sleep(0.01)


@pytest.fixture
async def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    monkeypatch.setattr(delivering, "LOOK_S", 0.05)
    monkeypatch.setattr(delivering, "AGAIN_S", 0.02)
    front, log = Front(), EventLog(EventThread(tmp_path, EventBounds()))
    log.need()
    await log.open()
    log.telling.epochs |= {"lobby": 7, "hall": 8}
    async with running(FakeShard(answers={"/v1/shards/events": front})) as server:
        link = FrontLink(server.url, "token", None)
        made = Scene(front, log, Delivering(link, OwedByLog(log), "a", "1"))
        task = asyncio.create_task(made.delivering.run())
        yield made
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await link.close()
    await log.close()


async def test_events_arrive_in_order_once_with_what_they_are_found_by(scene: Scene) -> None:
    await scene.happens(camera="own")
    for probability in (0.7, 0.8, 0.9):
        await scene.happens(probability=probability)
    await scene.rests()
    told = list(scene.front.events.values())
    assert [each["event"]["probability"] for each in told] == [0.7, 0.8, 0.9]
    named = {name: told[0][name] for name in ("camera", "epoch", "watch", "kind", "severity", "at")}
    assert named == {
        "camera": "lobby", "epoch": 7, "watch": "door", "kind": "on", "severity": "warning", "at": WALL,
    }  # fmt: skip
    assert scene.delivering.fates == {Fate.COMMITTED: 3}


async def test_readings_since_come_after_the_event_without_it(scene: Scene) -> None:
    await scene.happens()
    await scene.rests()
    await scene.log.telling.follow(1, [Reading("2025-10-09T08:53:21Z", 0.5)])
    await scene.rests()
    (one,) = scene.front.events.values()
    assert [each["probability"] for each in one["after"]] == [0.5]
    assert "event" not in scene.front.batches[-1][0]
    assert scene.delivering.fates == {Fate.COMMITTED: 1}, "it is no event of its own"


@pytest.mark.parametrize("status", [401, 409, 429, 500, 503])
async def test_while_the_front_takes_nothing_events_wait_on_disk(scene: Scene, status: int) -> None:
    scene.front.status = status
    for _ in range(3):
        await scene.happens()
    await comes_true(lambda: len(scene.front.batches) >= 3, "tries")
    assert await scene.owed() == 3
    scene.front.status = 200
    await scene.rests()
    assert len(scene.front.events) == 3


async def test_an_answer_that_says_not_what_became_of_each_counts_for_nothing(scene: Scene) -> None:
    scene.front.forgets = True
    await scene.happens()
    await comes_true(lambda: len(scene.front.batches) >= 2, "tries")
    assert await scene.owed() == 1
    scene.front.forgets = False
    await scene.rests()
    assert scene.delivering.fates == {Fate.AGAIN: 1}


async def test_one_event_that_the_front_will_not_have_holds_up_no_other(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.front.status = 503
    for _ in range(5):
        await scene.happens()
    await comes_true(lambda: bool(scene.front.batches), "a try")
    origin = await scene.log.read(lambda store: store.front.origin(), "")
    scene.front.refuses, scene.front.status = {f"{origin}-3"}, 200
    await scene.rests()
    assert list(scene.front.events) == [f"{origin}-{number}" for number in (1, 2, 4, 5)]
    assert scene.delivering.fates[NOT_TAKEN] == 1
    assert f"{origin}-3" in caplog.text


async def test_one_that_is_too_large_is_not_even_sent(scene: Scene) -> None:
    await scene.happens(watch="x" * MAX_DOCUMENT)
    await scene.happens()
    await scene.rests()
    assert len(scene.front.events) == 1
    assert scene.delivering.fates == {NOT_TAKEN: 1, Fate.COMMITTED: 1}


async def test_many_travel_in_requests_that_the_front_takes(scene: Scene) -> None:
    scene.front.status = 503
    for _ in range(MAX_DELIVERIES + 20):
        await scene.happens()
    scene.front.batches.clear()
    scene.front.status = 200
    await scene.rests()
    assert len(scene.front.events) == MAX_DELIVERIES + 20
    assert max(map(len, scene.front.batches)) <= MAX_DELIVERIES


@pytest.mark.parametrize("fate", ["fenced", "reused", "unknown", "a fate of a later version"])
async def test_what_the_front_has_judged_is_not_told_again(scene: Scene, fate: str) -> None:
    scene.front.fate = fate
    await scene.happens()
    await scene.rests()
    assert scene.delivering.fates == {fate: 1}
    assert len(scene.front.batches) == 1


async def test_a_camera_is_let_go_of_when_its_events_are_there_and_others_are_not_waited_for(scene: Scene) -> None:
    scene.front.status = 503
    await scene.happens("hall")
    await comes_true(lambda: bool(scene.front.batches), "a try")
    await scene.delivering.emptied("lobby", 60)
    waits = asyncio.create_task(scene.delivering.emptied("hall", 60))
    all_of_them = asyncio.create_task(scene.delivering.emptied(None, 60))
    await asyncio.sleep(0)
    assert not waits.done()
    scene.front.status = 200
    await asyncio.gather(waits, all_of_them)
    assert len(scene.front.events) == 1


async def test_it_is_waited_for_no_longer_than_is_said(scene: Scene) -> None:
    scene.front.status = 503
    await scene.happens()
    await scene.delivering.emptied("lobby", 0.05)
    assert await scene.owed() == 1
