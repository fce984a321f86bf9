"""/v1/events of all shards: as one list, as one stream that is resumed, and with their pictures."""

import contextlib
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from askcam.client.watches import Judgement
from askcam.cluster import ids
from askcam.cluster.cursors import Cursor
from askcam.cluster.front.core import FrontCore, route
from askcam.cluster.front.event_source import EventSource, Follower, ShardReply
from askcam.cluster.front.event_stream import EventMerge
from askcam.cluster.front.lists import listing, passed_on, rows_by_shard
from askcam.cluster.front.pages import read_page
from askcam.cluster.front.positions import after_event, before_event, cursor_of, number_in
from askcam.cluster.front.relay import HERE, role_of
from askcam.server.errors import Invalid, NotFound, Refusal
from askcam.server.given_names import quoted
from askcam.server.wire.bodies import NO_STORE, choice, decode_body, json_response, number
from askcam.server.wire.endpoint import SSE, Endpoint, Handler
from askcam.server.wire.moments import moment

LIMIT, MOST = 50, 500  # events of one answer
OWN = {"own": "true"}  # of shards: those of the front's cameras they have delivered


class ItWasSeen(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /v1/events/{id}/acknowledge."""

    acknowledged: bool


class TheyWereSeen(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /v1/events/acknowledge."""

    ids: Annotated[list[Annotated[int, msgspec.Meta(ge=0)]], msgspec.Meta(max_length=MOST)]
    acknowledged: bool


def endpoints(core: FrontCore) -> list[Endpoint]:
    directory = core.directory
    own = {} if core.joined is None else OWN
    led: Callable[[Handler], Handler] = (lambda handler: handler) if core.joined is None else core.joined.leader.led

    def _check_names(request: Request) -> None:
        """Raises Invalid: what no name has in it a database may have no place for, either."""
        for param in ("watch", "camera"):
            if not (name := request.query_params.get(param, "")).isprintable():
                raise Invalid(f"{param}={quoted(name)} is no name: it has characters that cannot be printed", param)

    async def events(request: Request) -> Response:
        if SSE in request.headers.get("accept", ""):
            return await streamed(request)
        limit, shards = int(number(request, "limit", LIMIT, 1, MOST)), _of_camera(request)
        _check_names(request)
        moment(request, "since")
        choice(request, "acknowledged", ("true", "false"))
        choice(request, "verdict", ("right", "wrong"))
        choice(request, "severity", ("info", "warning", "critical"))
        read = await _read_until(request, shards)
        page, _ = await read_page(core, request, "/v1/events", read, limit, by="at", shards=shards, query=own)
        rows = [directory.told(ids.event, key, row) for key, row in page.rows]
        body = listing(core, rows, _down(request, shards), has_more=page.has_more, next=page.next.text())
        return json_response(body, headers=NO_STORE)

    def _down(request: Request, shards: list[EventSource]) -> list[str]:
        """Those that had no part in a list of the events that `shards` have."""
        camera = request.query_params.get("camera")
        others = [] if camera is not None and directory.has(camera) else directory.away()
        return [*(shard.name for shard in shards if not shard.up), *others]

    async def _read_until(request: Request, shards: list[EventSource]) -> Cursor:
        """Where the page before ended. Raises Refusal."""
        if (before := request.query_params.get("before")) is None:
            return Cursor()
        found = cursor_of(before, "before")
        if found is not None:
            return found
        return await before_event(directory, number_in(before, "before"), role_of(request), shards)

    async def streamed(request: Request) -> Response:
        _check_names(request)
        told, role, shards = request.headers.get("last-event-id", "").strip(), role_of(request), _of_camera(request)
        for shard in shards:
            shard.check_role(role)
        after = cursor_of(told, "Last-Event-ID") if told else Cursor()
        if after is None:
            after = await after_event(directory, number_in(told, "Last-Event-ID"), role, shards)
        if request.method == "HEAD":
            return Response(headers=NO_STORE, media_type=SSE)
        core.enter(core.places.event_streams, request)
        filters = {name: value for name in ("watch", "camera") if (value := request.query_params.get(name))} | own
        follower = Follower(role, request.client.host if request.client else HERE)
        merge = EventMerge(lambda: _of_camera(request), after, filters, follower, core.ending)
        return StreamingResponse(merge.stream(), media_type=SSE, headers=NO_STORE)

    def _of_camera(request: Request) -> list[EventSource]:
        return directory.events_of(request.query_params.get("camera"))

    async def one(request: Request) -> Response:
        shard, reply = await _asked(request, "GET", "")
        if core.joined is not None and shard is directory.kept and isinstance(reply.value, dict):
            _, kept = directory.of_event(request.path_params["id"])
            clip = await core.joined.events.clip_of(kept, directory.that_keeps, role_of(request))
            reply = ShardReply(reply.status, {**reply.value, "clip": clip})
        return _one(request, shard, reply)

    async def acknowledged(request: Request) -> Response:
        body = await decode_body(request, ItWasSeen)
        return _one(request, *await _asked(request, "POST", "/acknowledge", msgspec.to_builtins(body)))

    async def judged(request: Request) -> Response:
        body = await decode_body(request, Judgement)
        return _one(request, *await _asked(request, "POST", "/judge", msgspec.to_builtins(body)))

    async def _asked(request: Request, method: str, rest: str, body: Any = None) -> tuple[EventSource, ShardReply]:
        shard, there = directory.of_event(request.path_params["id"])
        shard.check_role(role_of(request))
        return shard, await shard.asked(method, f"/v1/events/{there}{rest}", role=role_of(request), body=body)

    def _one(request: Request, shard: EventSource, reply: ShardReply) -> Response:
        if reply.status == 404:
            told = f"no event {request.path_params['id']} is kept; GET /v1/events lists those that are"
            raise NotFound(told, "id")
        if reply.status != 200:
            return passed_on(reply)
        return json_response(directory.told(ids.event, shard.key, reply.value), headers=NO_STORE)

    async def picture(request: Request) -> Response:
        number = request.path_params["id"]
        source, kept = directory.of_event(number)
        if core.joined is not None and source is directory.kept:
            shard, there = await core.joined.events.whose(kept, directory.that_keeps, role_of(request))
        else:
            shard, there = directory.of_number(number)
        rest = request.url.path.partition(f"/{number}/")[2]
        return await core.relay(shard, request, target=f"/v1/events/{there}/{rest}".encode())

    async def all_acknowledged(request: Request) -> Response:
        body, role = await decode_body(request, TheyWereSeen), role_of(request)
        by_shard: dict[EventSource, list[int]] = {}
        for each in body.ids:
            with contextlib.suppress(NotFound):
                shard, there = directory.of_event(each)
                by_shard.setdefault(shard, []).append(there)

        async def tell(shard: EventSource) -> ShardReply:
            shard.check_role(role)
            said = {"ids": by_shard[shard], "acknowledged": body.acknowledged}
            return await shard.asked("POST", "/v1/events/acknowledge", role=role, body=said)

        replies = await directory.everywhere(tell, by_shard)
        for reply in replies.values():
            if isinstance(reply, Refusal):
                raise reply
            if reply.status != 200:
                return passed_on(reply)
        good = {shard: reply for shard, reply in replies.items() if isinstance(reply, ShardReply)}
        rows = [
            directory.told(ids.event, shard.key, row)
            for shard, rows in zip(good, rows_by_shard(good), strict=True)
            for row in rows
        ]
        rows.sort(key=lambda row: str(row.get("at")), reverse=True)
        return json_response({"object": "list", "data": rows, "has_more": False}, headers=NO_STORE)

    return [
        route("GET", "/v1/events", events),
        route("POST", "/v1/events/acknowledge", led(all_acknowledged)),
        route("GET", "/v1/events/{id:int}", one),
        route("POST", "/v1/events/{id:int}/acknowledge", led(acknowledged)),
        route("POST", "/v1/events/{id:int}/judge", led(judged)),
        route("GET", "/v1/events/{id:int}/frame.jpg", picture),
        route("GET", "/v1/events/{id:int}/frames/{index:int}.jpg", picture),
        route("GET", "/v1/events/{id:int}/clip.mp4", picture),
    ]
