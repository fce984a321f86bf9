"""The events that shards have delivered, on the front's own disk: asked for and followed as a shard's own are."""

import asyncio
import contextlib
import json
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from askcam.client.protocol import encode
from askcam.client.sse import SentEvent
from askcam.client.watches import Judged, JudgedList, Judgement, Seen, SeenList
from askcam.cluster.front.errors import NoShard
from askcam.cluster.front.event_source import Behind, Follower, ShardReply
from askcam.cluster.front.joined.commits import Commits, StoringTable
from askcam.cluster.front.shards import FrontShard
from askcam.cluster.merging import Row
from askcam.cluster.messages import number_there
from askcam.cluster.store import EventFilter, StoredEvent, TableStore
from askcam.server.access.viewer import Role
from askcam.server.errors import Invalid, NotFound, Refusal
from askcam.server.judging.labels import NOT_JUDGED
from askcam.server.wire.bodies import convert
from askcam.server.wire.moments import rfc3339, wall_of

KEPT = ""  # no shard has it: its key is the front's own in ids
LOOK_S = 1.0  # between two looks at what other fronts have written
MAX_NUMBER = 2**62  # no event has a larger one, and no database a place for much larger ones
AT_ONCE = 100  # events read from disk for one who follows
REVIEWS = 256  # of what was said of earlier events, for those who follow

ShardOf = Callable[[str], FrontShard]  # by its name; raises ShardDown, NotFound


class KeptEvents:
    """Owned by the event loop."""

    def __init__(self, table: StoringTable, key: int) -> None:
        self.name, self.key, self.up = KEPT, key, True
        self.down = NoShard()  # which nobody is told
        self.back = asyncio.Event()
        self.back.set()
        self._table = table
        self.commits = Commits(table, self._wake)
        self._news = asyncio.Event()  # replaced whenever there is some
        self._reviews: deque[tuple[str | None, str, SentEvent]] = deque(maxlen=REVIEWS)
        self._num_reviews = 0  # ever
        self.num_judged = 0  # here, ever

    def check_role(self, role: Role) -> None:
        """Whoever may ask the front may."""

    async def asked(
        self, method: str, path: str, query: Mapping[str, object] | None = None, *, role: Role, body: Any = None
    ) -> ShardReply:
        """As of a shard: /v1/events and what is below it. Raises Refusal."""
        rest = path.removeprefix("/v1/events").strip("/").split("/")
        if method == "GET" and rest == [""]:
            return await self._listed(query or {})
        if method == "GET":
            return _one([_row(await self.event(int(rest[0])))])
        if rest[1:] == ["judge"]:
            return _one(await self._judged(int(rest[0]), convert(body, Judgement)))
        ids = body["ids"] if rest == ["acknowledge"] else [int(rest[0])]
        rows = await self._acknowledged(ids, body["acknowledged"] is True)
        return ShardReply(200, {"data": rows, "has_more": False}) if rest == ["acknowledge"] else _one(rows)

    async def event(self, number: int) -> StoredEvent:
        """Raises NotFound, Trouble."""
        wanted = EventFilter(before=number + 1, after=number - 1)
        found = await self._table.read(lambda store: store.found(wanted, 1)) if number < MAX_NUMBER else []
        if not found:
            raise NotFound(f"no event {number} is kept", "id")
        return found[0]

    async def number_on(self, shard: str, number: int) -> int | None:
        """What that shard calls an event; None: it is another one's. Raises NotFound, Trouble."""
        event = await self.event(number)
        return number_there(event.id) if event.shard == shard else None

    async def whose(self, number: int, shard_of: ShardOf, role: Role) -> tuple[FrontShard, int]:
        """The shard that has the event's pictures, and the event's number there. Raises NotFound, ShardDown."""
        shard, there, _ = await self._on_shard(number, shard_of, role)
        return shard, there

    async def clip_of(self, number: int, shard_of: ShardOf, role: Role) -> Row | None:
        """What its shard says of the event's clip now, with the number of this table; None: nothing can be had."""
        with contextlib.suppress(Refusal):
            _, _, told = await self._on_shard(number, shard_of, role)
            clip = told.get("clip")
            if isinstance(clip, dict):
                return clip | {"url": clip.get("url") and f"/v1/events/{number}/clip.mp4"}
        return None

    async def _on_shard(self, number: int, shard_of: ShardOf, role: Role) -> tuple[FrontShard, int, Row]:
        """... and the event as it is told there."""
        event = await self.event(number)
        shard, there = shard_of(event.shard), number_there(event.id)
        reply = await shard.asked("GET", f"/v1/events/{there}", role=role)
        same = isinstance(reply.value, dict) and reply.value.get("at") == json.loads(event.document).get("at")
        if there is None or reply.status != 200 or not same:  # what is kept there was begun anew
            raise NotFound(f"the pictures of event {number} are no longer kept on shard {event.shard}", "id")
        return shard, there, reply.value

    async def _listed(self, query: Mapping[str, object]) -> ShardReply:
        limit = int(str(query.get("limit", AT_ONCE)))
        wanted = _filter(query)
        found = await self._table.read(lambda store: store.found(wanted, limit + 1))
        return ShardReply(200, {"data": [_row(each) for each in found[:limit]], "has_more": len(found) > limit})

    async def _acknowledged(self, numbers: Sequence[int], acknowledged: bool) -> list[Row]:
        at, those = time.time() if acknowledged else None, [number for number in numbers if number < MAX_NUMBER]
        found = await self._table.write(lambda store: store.acknowledge(those, at))
        self._review(found)
        return [_row(each) for each in found]

    async def _judged(self, number: int, said: Judgement) -> list[Row]:
        at = time.time()
        found = await self._table.write(lambda store: store.judge(number, said, at)) if number < MAX_NUMBER else []
        if any(event.watch is None for event in found):
            raise Invalid(NOT_JUDGED.format(number=number), "id", "not_judged")
        for event in found:
            told = Judged(event.number, event.verdict, event.note, _moment(event.judged))
            self._say_of_earlier("judged", event.watch, event.camera, JudgedList([told]))
        self.num_judged += len(found)
        return [_row(each) for each in found]

    # -- those who follow

    @contextlib.asynccontextmanager
    async def within(self) -> AsyncIterator[None]:
        """The front's own disk is always there."""
        yield

    async def events(
        self, last: int, filters: Mapping[str, str], follower: Follower
    ) -> AsyncGenerator[SentEvent, None]:
        """Events after the number `last`, as a shard streams them, and what is said of earlier ones meanwhile. Raises
        Refusal, Behind."""
        watch, camera = filters.get("watch"), filters.get("camera")
        seen = self._num_reviews
        first, newest = await self._table.read(lambda store: store.span())
        if last > newest:  # more than there ever were: the table was begun anew
            last = newest
        if first > last + 1:
            yield SentEvent("gone", encode({"first_missed": last + 1, "last_missed": first - 1}).decode(), "")
        while True:
            news = self._news
            wanted = EventFilter(after=last, watch=watch, camera=camera)
            _, newest = await self._table.read(lambda store: store.span())
            found = await self._table.read(partial(_oldest, wanted))
            for event in found:
                last = event.number
                yield SentEvent(event.kind, encode(_row(event)).decode(), str(last))
            reviews, seen = self._num_reviews - seen, self._num_reviews
            if reviews > REVIEWS:
                raise Behind
            for of_watch, of_camera, told in list(self._reviews)[len(self._reviews) - reviews :]:
                if watch in (None, of_watch) and camera in (None, of_camera):
                    yield told
            if len(found) < AT_ONCE:
                last = max(last, newest)
                await self._come(news)

    async def _come(self, news: asyncio.Event) -> None:
        """Until there may be something new; of what other fronts write nobody tells this one."""
        if not self._table.others_write:
            await news.wait()
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await news.wait()

    def _review(self, events: Sequence[StoredEvent]) -> None:
        """Somebody has said of these that they have seen them, or have not."""
        places: dict[tuple[str | None, str], list[Seen]] = {}
        for event in events:
            seen = Seen(event.number, _moment(event.acknowledged))
            places.setdefault((event.watch, event.camera), []).append(seen)
        for (watch, camera), told in places.items():
            self._say_of_earlier("acknowledged", watch, camera, SeenList(told))

    def _say_of_earlier(self, name: str, watch: str | None, camera: str, told: SeenList | JudgedList) -> None:
        """To whoever follows."""
        self._reviews.append((watch, camera, SentEvent(name, encode(told).decode(), "")))
        self._num_reviews += 1
        self._wake()

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()


def _oldest(wanted: EventFilter, store: TableStore) -> list[StoredEvent]:
    return store.found(wanted, AT_ONCE, newest_first=False)


def _filter(query: Mapping[str, object]) -> EventFilter:
    """Which events a query of GET /v1/events asks for, once its values were looked at."""
    said = {name: str(value) for name, value in query.items() if value is not None}
    return EventFilter(
        before=int(said["before"]) if "before" in said else None,
        since=wall_of(said["since"], "since") if "since" in said else None,
        watch=said.get("watch"),
        camera=said.get("camera"),
        severity=said.get("severity"),
        acknowledged=said["acknowledged"] == "true" if "acknowledged" in said else None,
        verdict=said.get("verdict"),
    )


def _row(event: StoredEvent) -> Row:
    """As a server tells it, with numbers of this table."""
    told: Row = json.loads(event.document)
    place = f"/v1/events/{event.number}/frame"
    frames = [{**frame, "url": f"{place}s/{i}.jpg"} for i, frame in enumerate(told.get("frames") or [])]
    shown = f"{place}.jpg" if told.get("frame_url") else None
    clip = told.get("clip") and {**told["clip"], "url": f"/v1/events/{event.number}/clip.mp4"}
    return {
        **told, "id": event.number, "after": json.loads(event.after), "frame_url": shown, "frames": frames,
        "acknowledged_at": _moment(event.acknowledged), "clip": clip, "verdict": event.verdict, "note": event.note,
        "judged_at": _moment(event.judged),
    }  # fmt: skip


def _moment(wall: float | None) -> str | None:
    return None if wall is None else rfc3339(wall)


def _one(rows: Sequence[Row]) -> ShardReply:
    return ShardReply(200, rows[0]) if rows else ShardReply(404, None)
