"""A shard at its front: it joins, does as it is told, goes on while the front is away, and lets go in time."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from support.servers.fake_shard import FakeShard, Heard, running, tell
from support.waiting import comes_true

from askcam.cluster.messages import JoinShard
from askcam.cluster.renewal import LEAST_SILENT_S
from askcam.cluster.shard.front import FrontLink
from askcam.cluster.shard.membership import Membership

OPTIONS: dict[str, Any] = {"camera": {"uri": "synthetic:1"}}


@dataclass
class Held:
    """As much of HeldCameras as a membership uses; it opens nothing."""

    open: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    begun: list[str] = field(default_factory=list)
    closed: dict[str, str] = field(default_factory=dict)
    trouble: dict[str, str] = field(default_factory=dict)
    once: set[str] = field(default_factory=set)

    def only_once(self) -> set[str]:
        return self.once

    async def begin(self, camera: str, told: Mapping[str, Any]) -> None:
        self.begun.append(camera)
        self.open[camera] = told

    async def end(self, camera: str) -> None:
        self.open.pop(camera, None)

    async def try_again(self) -> None:
        pass


@dataclass
class Front:
    """What is said to it, and what it answers to renewals; it joins everybody."""

    hold: dict[str, int] = field(default_factory=dict)
    said: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    refuses: tuple[int, str] | None = None
    mute: bool = False  # it answers nothing
    rejoin: bool = False

    async def __call__(self, request: Heard, writer: asyncio.StreamWriter) -> None:
        what, body = request.path.rpartition("/")[2], json.loads(request.body)
        self.said.append((what, body))
        if self.mute:
            await asyncio.Event().wait()
        if self.refuses is not None:
            status, message = self.refuses
            await tell(writer, status, {"error": {"message": message}})
            return
        if what == "leave":
            await tell(writer, 204, b"")
            return
        options = {name: OPTIONS for name, epoch in self.hold.items() if body["holds"].get(name) != epoch}
        told = {"number": body.get("number", 0), "silent_s": LEAST_SILENT_S, "hold": self.hold, "options": options}
        await tell(writer, 200, told | ({"rejoin": True, "promised": False} if self.rejoin and what == "renew" else {}))

    def num(self, what: str) -> int:
        return sum(1 for each, _ in self.said if each == what)

    def last(self, what: str) -> dict[str, Any]:
        return [body for each, body in self.said if each == what][-1]


@contextlib.asynccontextmanager
async def member(front: Front) -> AsyncIterator[tuple[Membership, Held]]:
    """One that runs at that front."""
    held = Held()
    async with running(FakeShard(answers={"": front})) as there:
        link = FrontLink(there.url, "token-of-shards", None)
        told = JoinShard("a", "http://127.0.0.1:9", "1", "demo", "0.1.0", 8)
        made = Membership(link, lambda: told, held)  # type: ignore[arg-type]
        task = asyncio.create_task(made.run())
        try:
            yield made, held
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await link.close()


async def test_it_joins_renews_and_has_what_it_is_given_until_that_is_taken_back() -> None:
    front = Front({"lobby": 1, "yard": 2})
    async with member(front) as (made, held):
        await comes_true(lambda: front.num("renew") > 1, "renewals")
        assert front.num("join") == 1
        assert held.open == {"lobby": {**OPTIONS, "epoch": 1}, "yard": {**OPTIONS, "epoch": 2}}
        assert front.last("renew")["holds"] == {"lobby": 1, "yard": 2}
        assert front.last("renew")["heard"] >= 1
        front.hold = {"yard": 3}
        await comes_true(lambda: front.last("renew")["holds"] == {"yard": 3}, "its obedience")
        assert (list(held.open), held.begun.count("yard")) == (["yard"], 2)
        await made.leave()
        assert front.last("leave") == {"shard": "a", "instance": "1"}


async def test_what_it_cannot_do_is_told_of_cameras_that_it_holds() -> None:
    front = Front({"lobby": 1})
    async with member(front) as (_, held):
        held.closed, held.trouble = {"lobby": "no such webcam", "gone": "x"}, {"lobby": "a watch"}
        await comes_true(lambda: front.num("renew") and front.last("renew").get("closed"), "it")
        said = front.last("renew")
        assert (said["closed"], said["trouble"]) == ({"lobby": "no such webcam"}, {"lobby": "a watch"})


async def test_while_the_front_is_away_it_goes_on_but_for_what_can_be_opened_only_once() -> None:
    front = Front({"lobby": 1, "webcam": 2})
    async with member(front) as (made, held):
        await comes_true(lambda: len(held.open) == 2 and front.num("renew"), "its cameras")
        held.once = {"webcam"}
        front.mute = True
        await comes_true(lambda: "webcam" not in held.open, "the webcam's end")
        assert dict(made.lease.holds) == {"lobby": 1}
        assert list(held.open) == ["lobby"]
        front.mute = False
        await comes_true(lambda: set(held.open) == {"lobby", "webcam"}, "its return")
        assert front.num("join") == 1


async def test_a_shard_that_is_known_no_more_joins_again_with_what_it_holds() -> None:
    front = Front({"lobby": 1})
    async with member(front) as (_, held):
        await comes_true(lambda: front.num("renew") > 1, "renewals")
        front.rejoin = True
        await comes_true(lambda: front.num("join") > 1, "its joining")
        front.rejoin = False
        assert front.last("join")["holds"] == {"lobby": 1}
        assert held.begun == ["lobby"], "it went on"


@pytest.mark.parametrize("answer", ["refuses", "garbage", "nobody"])
async def test_a_front_that_will_not_have_it_is_asked_again_and_the_log_says_once_why(
    answer: str, caplog: pytest.LogCaptureFixture
) -> None:
    front = Front({"lobby": 1}, refuses=(409, "a shard named a is there already: give it another name"))
    if answer == "garbage":
        front.refuses = (200, "no orders")
    if answer == "nobody":
        front.refuses = (404, "")
    async with member(front) as (made, held):
        await comes_true(lambda: front.num("join") > 1, "another try")
        assert not made.joined
        told = [record.message for record in caplog.records if "is not joined" in record.message]
        assert len(told) == 1
        assert "token-of-shards" not in "".join(told)
        if answer == "refuses":
            assert "give it another name" in told[0]
        front.refuses = None
        await comes_true(lambda: "lobby" in held.open, "its camera")


async def test_a_camera_that_it_is_said_to_have_and_has_not_is_described_by_the_next_answer() -> None:
    """The front leaves out what it takes the shard to know."""
    front = Front({"lobby": 1})
    async with member(front) as (made, held):
        await comes_true(lambda: "lobby" in held.open, "its camera")
        made._obey(_orders(front, made))
        assert "other" not in made.lease.holds
        front.hold = {"lobby": 1, "other": 9}
        await comes_true(lambda: "other" in held.open, "the other")


def _orders(front: Front, made: Membership) -> Any:
    from askcam.cluster.messages import ShardOrders

    number = made.lease.renewal(made._clock()).number
    return ShardOrders(number, LEAST_SILENT_S, {"lobby": 1, "other": 9}, {})
