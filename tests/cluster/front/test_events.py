"""Events of several shards: as one list, page by page; as one stream, resumed; each once, none missed."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from support.fronts import front_before, fronted
from support.servers.fake_shard import FakeShard, Heard, begin, running, say, tell
from support.waiting import comes_true

from askcam.client.sse import SentEvent, SentEvents
from askcam.cluster.cursors import LARGEST, Cursor
from askcam.cluster.front.event_stream import numbered
from askcam.cluster.ids import KEY_BITS, MOST_SOURCES

LISTS = "/v1/events"


class EventShard(FakeShard):
    """One with events, as a server lists and streams them."""

    def __init__(self, *cameras: str) -> None:
        super().__init__(list(cameras))
        self.events: list[dict[str, Any]] = []
        self.news = asyncio.Condition()
        self.answers[LISTS] = self._told
        self.answers["/v1/events/acknowledge"] = self._acknowledged
        self.answers["/v1/events/1/judge"] = self._judged
        self.answers[""] = self._one

    async def happens(self, second: int, kind: str = "on") -> None:
        """One more event, decided at that second."""
        number = len(self.events) + 1
        at = f"2026-01-01T00:{second // 60:02}:{second % 60:02}Z"
        event = {"id": number, "kind": kind, "at": at, "camera": self.cameras[0], "acknowledged_at": None}
        async with self.news:
            self.events.append(event | {"frame_url": f"/v1/events/{number}/frame.jpg"})
            self.news.notify_all()

    async def _told(self, request: Heard, writer: asyncio.StreamWriter) -> None:
        if request.headers.get("accept") == "text/event-stream":
            await self._stream(int(request.headers["last-event-id"]), writer)
            return
        query = {name: values[0] for name, values in parse_qs(urlsplit(request.target).query).items()}
        before, since, limit = int(query.get("before", 10**9)), query.get("since", ""), int(query.get("limit", 50))
        found = [each for each in reversed(self.events) if each["id"] < before and each["at"] >= since]
        await tell(writer, 200, {"object": "list", "data": found[:limit], "has_more": len(found) > limit})

    async def _stream(self, last: int, writer: asyncio.StreamWriter) -> None:
        await begin(writer, "text/event-stream")
        await say(writer, b"retry: 2000\n\n")
        while True:
            for event in self.events[last:]:
                told = f"id: {event['id']}\nevent: {event['kind']}\ndata: {json.dumps(event)}\n\n"
                await say(writer, told.encode())
                last = event["id"]
            async with self.news:
                if len(self.events) == last:
                    await self.news.wait()

    async def _one(self, request: Heard, writer: asyncio.StreamWriter) -> None:
        number = int(request.path.split("/")[3])
        found = next((each for each in self.events if each["id"] == number), None)
        await tell(writer, 404 if found is None else 200, found or {"error": {"message": "none"}})

    async def _judged(self, request: Heard, writer: asyncio.StreamWriter) -> None:
        await tell(writer, 200, self.events[0] | json.loads(request.body))

    async def _acknowledged(self, request: Heard, writer: asyncio.StreamWriter) -> None:
        ids = json.loads(request.body)["ids"]
        found = [each | {"acknowledged_at": "now"} for each in self.events if each["id"] in ids]
        await tell(writer, 200, {"object": "list", "data": found, "has_more": False})


async def happened(*seconds: tuple[int, ...]) -> list[EventShard]:
    """Shards by whose clocks these events were decided."""
    shards = []
    for place, each in enumerate(seconds):
        shard = EventShard(f"camera{place}")
        for second in each:
            await shard.happens(second)
        shards.append(shard)
    return shards


async def pages(client: httpx.AsyncClient, limit: int, by: str) -> list[dict[str, Any]]:
    """All events, newest first: each page after the one before `by` its cursor ("next") or its last event's id."""
    found: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": limit}
    for _ in range(30):
        page = (await client.get(LISTS, params=query)).raise_for_status().json()
        found += page["data"]
        if not page["has_more"]:
            return found
        query["before"] = page["next"] if by == "next" else page["data"][-1]["id"]
    raise AssertionError("it never ends")


@pytest.mark.parametrize("by", ["next", "id"])
@pytest.mark.parametrize("limit", [1, 2, 3, 50])
async def test_every_event_is_listed_once_the_newest_first(by: str, limit: int) -> None:
    shards = await happened((1, 2, 5, 5, 9), (2, 2, 3), (), (5,))
    async with fronted(*shards) as (_, client):
        found = await pages(client, limit, by)
    assert [each["at"] for each in found] == sorted((each["at"] for each in found), reverse=True)
    assert len({each["id"] for each in found}) == len(found) == 9


async def test_an_event_is_found_with_its_picture_by_the_id_that_the_list_tells() -> None:
    shards = await happened((1, 2), (3,))
    async with fronted(*shards) as (_, client):
        for listed in (await client.get(LISTS)).json()["data"]:
            assert (await client.get(f"{LISTS}/{listed['id']}")).json() == listed
            await client.get(listed["frame_url"])
        assert (await client.get(f"{LISTS}/{2**40}")).status_code == 404
    pictures = [[each.path for each in shard.heard if "frame" in each.path] for shard in shards]
    assert pictures == [["/v1/events/2/frame.jpg", "/v1/events/1/frame.jpg"], ["/v1/events/1/frame.jpg"]]


async def test_a_clip_is_passed_on_in_pieces_from_the_shard_that_made_it() -> None:
    shards = await happened((1, 2), (3,))
    film = bytes(range(200))

    async def play(request: Heard, writer: asyncio.StreamWriter) -> None:
        assert request.headers["range"] == "bytes=5-9"
        headers = {"content-range": "bytes 5-9/200", "etag": '"tag"', "accept-ranges": "bytes"}
        await tell(writer, 206, film[5:10], {"content-type": "video/mp4", **headers})

    shards[0].answers["/v1/events/2/clip.mp4"] = play
    async with fronted(*shards) as (_, client):
        listed = (await client.get(LISTS)).json()["data"]
        number = next(each["id"] for each in listed if each["at"].endswith("02Z"))
        piece = await client.get(f"{LISTS}/{number}/clip.mp4", headers={"Range": "bytes=5-9"})
    assert (piece.status_code, piece.content) == (206, film[5:10])
    assert (piece.headers["content-range"], piece.headers["etag"]) == ("bytes 5-9/200", '"tag"')


def test_what_is_told_of_clips_has_the_fronts_ids() -> None:
    clip = {"state": "missing", "url": None, "link": None, "why": "the disk was full"}
    told = numbered(5, SentEvent("clip", json.dumps({"object": "list", "data": [{"id": 7, "clip": clip}]}), ""))
    assert (told.name, told.number) == ("clip", None)
    assert json.loads(told.data) == {"object": "list", "data": [{"id": 7 << KEY_BITS | 5, "clip": clip}]}


async def test_events_of_several_shards_are_acknowledged_at_once() -> None:
    shards = await happened((1, 2), (3,))
    async with fronted(*shards) as (_, client):
        listed = (await client.get(LISTS)).json()["data"]
        ids = [each["id"] for each in listed]
        body = {"ids": [*ids, 2**40], "acknowledged": True}
        told = (await client.post(f"{LISTS}/acknowledge", json=body)).raise_for_status().json()["data"]
        assert [(each["id"], each["acknowledged_at"]) for each in told] == [(each, "now") for each in ids]
        many = {"ids": list(range(501)), "acknowledged": True}
        assert (await client.post(f"{LISTS}/acknowledge", json=many)).status_code == 400


async def test_an_event_is_judged_at_its_shard() -> None:
    async with fronted(*await happened((1,), (3,))) as (_, client):
        (_, first) = (await client.get(LISTS)).json()["data"]
        for body in ({"verdict": "wrong", "note": "a cat"}, {"verdict": "right"}, {"verdict": None}):
            told = await client.post(f"{LISTS}/{first['id']}/judge", json=body)
            assert told.json() == first | {"note": None} | body, told.text
        for refused in ({}, {"verdict": "maybe"}, {"verdict": None, "note": "a cat"}):
            assert (await client.post(f"{LISTS}/{first['id']}/judge", json=refused)).status_code == 400
        assert (await client.post(f"{LISTS}/{2**40}/judge", json={"verdict": "wrong"})).status_code == 404
        assert (await client.get(LISTS, params={"verdict": "maybe"})).json()["error"]["param"] == "verdict"


class Reader:
    """A stream's reader: what it has heard, and from where it would go on."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, int]] = []  # when it was decided, id
        self.last: str | None = None
        self.begun = asyncio.Event()

    async def read(self, client: httpx.AsyncClient) -> None:
        headers = {"accept": "text/event-stream"} | ({} if self.last is None else {"last-event-id": self.last})
        async with client.stream("GET", LISTS, headers=headers) as reply:
            assert reply.status_code == 200
            messages = SentEvents()
            async for piece in reply.aiter_bytes():
                for message in messages.feed(piece):
                    self.last = message.id or self.last
                    self.begun.set()
                    if message.data:
                        told = json.loads(message.data)
                        self.heard.append((told["at"][-3:-1], told["id"]))

    @contextlib.asynccontextmanager
    async def reading(self, client: httpx.AsyncClient) -> AsyncIterator[None]:
        self.begun.clear()
        task = asyncio.create_task(self.read(client))
        try:
            async with asyncio.timeout(60):
                await self.begun.wait()
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    @property
    def seconds(self) -> list[str]:
        return [second for second, _ in self.heard]


async def test_a_stream_begins_now_and_tells_what_any_shard_tells() -> None:
    one, other = await happened((1,), (2,))
    reader = Reader()
    async with fronted(one, other) as (_, client), reader.reading(client):
        await one.happens(3)
        await comes_true(lambda: len(reader.heard) == 1, "the first")
        await other.happens(4)
        await comes_true(lambda: len(reader.heard) == 2, "the second")
        listed = {each["id"] for each in (await client.get(LISTS)).json()["data"]}
    assert reader.seconds == ["03", "04"]
    assert {number for _, number in reader.heard} <= listed


async def test_whoever_comes_again_with_the_last_id_misses_nothing_and_hears_nothing_twice() -> None:
    one, other = await happened((1,), (2,))
    reader = Reader()
    async with fronted(one, other) as (_, client):
        async with reader.reading(client):
            await one.happens(3)
            await comes_true(lambda: len(reader.heard) == 1, "the first")
        await other.happens(4)
        await one.happens(5)
        async with reader.reading(client):
            await comes_true(lambda: len(reader.heard) == 3, "what was missed")
            await other.happens(6)
            await comes_true(lambda: len(reader.heard) == 4, "what comes then")
    assert sorted(reader.seconds) == ["03", "04", "05", "06"]


async def test_whoever_heard_nothing_yet_misses_nothing_either() -> None:
    (one,) = await happened((1,))
    reader = Reader()
    async with fronted(one) as (_, client):
        async with reader.reading(client):
            pass
        await one.happens(2)
        async with reader.reading(client):
            await comes_true(lambda: reader.heard, "what came meanwhile")
    assert reader.seconds == ["02"]


@pytest.mark.parametrize("after", ["0", "the newest of the list"])
async def test_a_stream_goes_on_behind_an_event_that_is_named_by_its_number(after: str) -> None:
    one, other = await happened((1, 3), (2, 4))
    reader = Reader()
    async with fronted(one, other) as (_, client):
        newest = (await client.get(LISTS)).json()["data"][0]["id"]
        reader.last = "0" if after == "0" else str(newest)
        async with reader.reading(client):
            await one.happens(5)
            await comes_true(lambda: "05" in reader.seconds, "what is new")
            await comes_true(lambda: after != "0" or len(reader.heard) == 5, "all that is kept")
    assert sorted(reader.seconds) == (["01", "02", "03", "04", "05"] if after == "0" else ["05"])


async def test_while_one_shard_is_gone_the_others_are_heard_and_what_it_told_meanwhile_comes_later() -> None:
    one, other = await happened((1,), (2,))
    reader = Reader()
    async with running(other), contextlib.AsyncExitStack() as around:
        async with running(one):
            front = await around.enter_async_context(front_before(one, other))
            client = await around.enter_async_context(httpx.AsyncClient(base_url=front.url, timeout=60))
            await around.enter_async_context(reader.reading(client))
            await one.happens(3)
            await comes_true(lambda: len(reader.heard) == 1, "the first")
        await comes_true(lambda: not front.core.directory.shards[0].up, "its end")
        await one.happens(4)  # it goes on without the front
        await other.happens(5)
        await comes_true(lambda: len(reader.heard) == 2, "the other's")
        listed = (await client.get(LISTS)).json()
        assert (len(listed["data"]), listed["shards_down"]) == (2, ["a"])
        async with running(one, int(one.url.rpartition(":")[2])):
            await comes_true(lambda: len(reader.heard) == 3, "what was missed")
    assert reader.seconds == ["03", "05", "04"]


@pytest.mark.parametrize("told", [b"data: {}\n\n", b"data: [1]\n\n", b"data: {\n\n", b"data: 5\n\n", b"x" * (2 << 20)])
async def test_a_shard_that_streams_garbage_harms_no_other(told: bytes) -> None:
    (good,) = await happened((1,))

    async def answer(request: Heard, writer: asyncio.StreamWriter) -> None:
        if request.headers.get("accept") != "text/event-stream":
            await tell(writer, 200, {"data": [{"id": 5, "at": "x"}]})
            return
        await begin(writer, "text/event-stream")
        await say(writer, told)
        await asyncio.Event().wait()

    reader = Reader()
    async with fronted(FakeShard(["lobby"], answers={LISTS: answer}), good) as (_, client), reader.reading(client):
        await good.happens(2)
        await comes_true(lambda: reader.heard, "the good one's")
    assert reader.seconds == ["02"]


async def test_a_cursor_of_all_sources_that_there_may_be_goes_in_and_the_next_one_does_again() -> None:
    """None of them is there any more, but for one."""
    (one,) = await happened(tuple(range(1, 9)))
    full = Cursor(dict.fromkeys(range(2**KEY_BITS - MOST_SOURCES, 2**KEY_BITS), LARGEST)).text()
    reader = Reader()
    reader.last = full
    async with fronted(one) as (front, client):
        (shard,) = front.core.directory.shards
        page = (await client.get(LISTS, params={"before": full, "limit": 3})).raise_for_status().json()
        following = await client.get(LISTS, params={"before": page["next"], "limit": 3})
        async with reader.reading(client):
            assert reader.last is not None
            assert Cursor.read(reader.last).numbers[shard.key] == 8
            await one.happens(9)
            await comes_true(lambda: reader.heard, "what is new")
        async with reader.reading(client):
            pass
    assert [each["at"][-3:-1] for each in following.raise_for_status().json()["data"]] == ["05", "04", "03"]


async def test_a_shard_hears_whose_stream_it_is() -> None:
    """So that it counts the streams of each client, and not those of all as the front's."""
    (one,) = await happened((1,))

    def streams() -> list[str | None]:
        asked = [each.headers for each in one.heard if each.headers.get("accept") == "text/event-stream"]
        return [headers.get("x-forwarded-for") for headers in asked]

    async with fronted(one) as (_, client), Reader().reading(client):
        await comes_true(streams, "it to be followed")
    assert streams() == ["127.0.0.1"]


@pytest.mark.parametrize("told", ["f1.zz", "f2.1-1", "x", "-1", "1.5", "99999999999999999999"])
async def test_a_cursor_that_is_none_is_refused_before_a_stream_begins(told: str) -> None:
    async with fronted(*await happened((1,))) as (_, client):
        reply = await client.get(LISTS, headers={"accept": "text/event-stream", "last-event-id": told})
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, "Last-Event-ID")
