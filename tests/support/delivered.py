"""Events as shards deliver them to a front, and whoever lists and follows them there."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Protocol

import httpx
from support.joining import VIEWER, Scene, joinable
from support.servers.fake_shard import FakeShard, Heard, begin, tell
from support.waiting import comes_true

from askcam.client.sse import SentEvent, SentEvents
from askcam.cluster.members import CameraWish

LOBBY, HALL = CameraWish("lobby", options="{}"), CameraWish("hall", options="{}")
AT = 1_767_225_600.0  # 2026-01-01T00:00:00Z


class Asked(Protocol):
    """A front that a test has."""

    @property
    def client(self) -> httpx.AsyncClient: ...

    async def asked(self, method: str, path: str, token: str = ..., **more: Any) -> httpx.Response: ...


def event(number: int, camera: str = "lobby", epoch: int = 1, origin: str = "db", **more: Any) -> dict[str, Any]:
    """As a shard delivers it: of the second `number`."""
    kind, watch, severity = more.get("kind", "on"), more.get("watch", "door"), more.get("severity", "warning")
    at = f"2026-01-01T00:{number // 60:02}:{number % 60:02}.000000Z"
    told = {
        "id": number, "kind": kind, "watch": watch, "camera": camera, "severity": severity, "at": at, "frame_at": at,
        "question": "Is it open?", "answer": "yes", "frame_url": f"/v1/events/{number}/frame.jpg",
        "frames": [{"at": at, "url": f"/v1/events/{number}/frames/0.jpg"}], "after": [], "object": "askcam.event",
    }  # fmt: skip
    found = {"watch": watch, "kind": kind, "severity": severity, "at": AT + number}
    return {"id": f"{origin}-{number}", "camera": camera, "epoch": epoch, **found, "event": told}


async def listed(front: Asked, **query: Any) -> list[dict[str, Any]]:
    reply = await front.asked("GET", "/v1/events", VIEWER, params=query)
    assert reply.status_code == 200, reply.text
    return list(reply.json()["data"])


async def read(front: Asked, found: list[SentEvent], last: str | None = None, query: str = "") -> None:
    """Follow the front's events, until it is cancelled."""
    headers = {"accept": "text/event-stream", "authorization": f"Bearer {VIEWER}"}
    headers |= {} if last is None else {"last-event-id": last}
    messages = SentEvents()
    async with front.client.stream("GET", f"/v1/events{query}", headers=headers) as reply:
        async for piece in reply.aiter_bytes():
            found += [each for each in messages.feed(piece) if each.data or each.id]


@contextlib.asynccontextmanager
async def following(front: Asked, **more: Any) -> AsyncIterator[list[SentEvent]]:
    found: list[SentEvent] = []
    task = asyncio.create_task(read(front, found, **more))
    try:
        await comes_true(lambda: found or task.done(), "the stream")
        yield found
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def kinds(found: list[SentEvent]) -> list[str]:
    return [f"{each.name} {json.loads(each.data)['at'][17:19]}" for each in found if each.data and each.name != "gone"]


def tells_no_events(shard: FakeShard) -> None:
    """It has none of its own, ever."""

    async def told(request: Heard, writer: asyncio.StreamWriter) -> None:
        if request.headers.get("accept") != "text/event-stream":
            await tell(writer, 200, {"object": "list", "data": [], "has_more": False})
            return
        await begin(writer, "text/event-stream")
        await asyncio.Event().wait()

    shard.answers["/v1/events"] = told


async def deliver(scene: Scene, *events: dict[str, Any], instance: str = "1") -> list[str]:
    """What becomes of each."""
    reply = await scene.say("events", {"shard": "a", "instance": instance, "events": list(events)})
    assert reply.status_code == 200, reply.text
    return [each["fate"] for each in reply.json()["receipts"]]


@contextlib.asynccontextmanager
async def owning(folder: Path, shard: FakeShard | None = None) -> AsyncIterator[Scene]:
    """A shard has joined, and is the owner of `lobby` (epoch 1 or 2) and `hall`."""
    own = shard or FakeShard()
    if "/v1/events" not in own.answers:
        own.lists.setdefault("/v1/events", {"object": "list", "data": [], "has_more": False})
    async with joinable(folder, LOBBY, HALL, shard=own) as scene:
        assert (await scene.say("join", scene.tells())).status_code == 200
        number = 0
        async with asyncio.timeout(60):
            while len(scene.holds) < 2:
                number += 1
                body = {"shard": "a", "instance": "1", "number": number, "heard": number - 1, "holds": {}}
                scene.holds = (await scene.say("renew", body)).json().get("hold") or {}
                await asyncio.sleep(0.05)
        yield scene
