"""/v1/events: what watches have told, as a list, as a stream that is resumed, and with its pictures."""

import time
from dataclasses import replace
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from askcam.client.watches import (
    ClipList,
    EventList,
    JudgedList,
    Judgement,
    SeenList,
    WatchEvent,
)
from askcam.features.events.query import EventQuery
from askcam.features.events.service import EventLog as Log
from askcam.features.events.severity import Severity
from askcam.features.events.streaming import stream
from askcam.server.access.shares import viewer_of
from askcam.server.access.viewer import Viewer
from askcam.server.access.visited import note
from askcam.server.core import Core
from askcam.server.errors import Invalid, NotFound
from askcam.server.given_names import quoted
from askcam.server.wire.about import BY_HANDLER, of_thing
from askcam.server.wire.bodies import MAX_ID, NO_STORE, choice, decode_body, json_response, number, whole
from askcam.server.wire.endpoint import ID, JPEG, JSON, MOMENT, SSE, TEXT, Endpoint, EventStream, Reply, Takes, page_of
from askcam.server.wire.moments import moment

LIMIT, MOST = 50, 500  # events of one answer


class Acknowledgement(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /v1/events/{id}/acknowledge."""

    acknowledged: bool


class Acknowledgements(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /v1/events/acknowledge."""

    ids: Annotated[list[Annotated[int, msgspec.Meta(ge=0)]], msgspec.Meta(max_length=MOST)]
    acknowledged: bool


EVENT = Takes("id", "path", "an event's id", ID)
FILTERS = (
    Takes("watch", "query", "only of this watch"),
    Takes("camera", "query", "only of this camera"),
    Takes(
        "since",
        "query",
        "decided then or later: RFC 3339 with its time zone",
        MOMENT,
    ),
    Takes("severity", "query", "only of this one", {"enum": ["info", "warning", "critical"]}),
    Takes(
        "acknowledged", "query", "only those that somebody has seen, or that nobody has", {"enum": ["true", "false"]}
    ),
    Takes("verdict", "query", "only those that somebody has judged so", {"enum": ["right", "wrong"]}),
    Takes(
        "own",
        "query",
        "only of the server's own cameras, or only of those that a front has given to it",
        {"enum": ["true", "false"]},
    ),
    *page_of("only events before this id", MOST, LIMIT),
    Takes("Last-Event-ID", "header", "of a stream: the last event that was heard", TEXT),
)


def endpoints(core: Core, log: Log) -> list[Endpoint]:
    async def events(request: Request) -> Response:
        if "text/event-stream" in request.headers.get("accept", ""):
            return await streamed(request)
        limit = int(number(request, "limit", LIMIT, 1, MOST))
        rules, none = replace(wanted(request), seen=viewer_of(request).cameras), list[WatchEvent]()
        found = await log.read(lambda store: store.newest(limit + 1, rules), none)
        return json_response(EventList(found[:limit], has_more=len(found) > limit), headers=NO_STORE)

    async def streamed(request: Request) -> Response:
        viewer = viewer_of(request)
        told = request.headers.get("last-event-id", "").strip()
        if told and not (told.isascii() and told.isdigit() and int(told) <= MAX_ID):
            raise Invalid(f"Last-Event-ID is {quoted(told)}; send the id of the last event, a number", "Last-Event-ID")
        await log.read(lambda store: store.last_id(), 0)  # what refuses does so before a stream begins
        if request.method == "HEAD":
            return Response(headers=NO_STORE, media_type="text/event-stream")
        wanted = (request.query_params.get("watch"), request.query_params.get("camera"), said_own(request))
        core.enter(core.places.event_streams, request)
        body = stream(log, int(told) if told else None, *wanted, viewer)
        return StreamingResponse(body, media_type="text/event-stream", headers=NO_STORE)

    async def one(request: Request) -> Response:
        return json_response(await found_event(request), headers=NO_STORE)

    async def frame(request: Request) -> Response:
        event = await found_event(request)
        jpeg = await log.read(lambda store: store.pictures.picture(event.id), None)
        if jpeg is None:
            raise NotFound(f"no picture of event {event.id} is kept", "id")
        return Response(jpeg, media_type="image/jpeg", headers=NO_STORE)

    async def one_frame(request: Request) -> Response:
        event, index = await found_event(request), request.path_params["index"]
        if index >= len(event.frames):
            raise NotFound(
                f"event {event.id} has {len(event.frames)} frames, counted from 0; there is no {index}", "index"
            )
        jpeg = await log.read(lambda store: store.pictures.frame(event.id, index), None)
        if jpeg is None:
            raise NotFound(f"the frames of event {event.id} are no longer kept", "index")
        return Response(jpeg, media_type="image/jpeg", headers=NO_STORE)

    async def acknowledged(request: Request) -> Response:
        body = await decode_body(request, Acknowledgement)
        note(request, acknowledged=body.acknowledged)
        event = await found_event(request)
        return json_response((await seen([event.id], body.acknowledged, viewer_of(request)))[0], headers=NO_STORE)

    async def all_acknowledged(request: Request) -> Response:
        body = await decode_body(request, Acknowledgements)
        ids = [number for number in body.ids if number <= MAX_ID]
        note(request, events=ids, acknowledged=body.acknowledged)
        return json_response(
            EventList(await seen(ids, body.acknowledged, viewer_of(request)), has_more=False), headers=NO_STORE
        )

    async def seen(ids: list[int], acknowledged: bool, viewer: Viewer) -> list[WatchEvent]:
        """Whoever may see events may say that they have seen them: it takes nothing away, and can be taken back."""
        at, none = time.time() if acknowledged else None, list[WatchEvent]()
        events = await log.read(lambda store: store.acknowledge(ids, at, viewer), none)
        log.readers.review(events)
        return events

    async def judged(request: Request) -> Response:
        """Viewers may, as they may acknowledge: it changes nothing that is watched, and can be taken back."""
        body, number = await decode_body(request, Judgement), (await found_event(request)).id
        note(request, verdict=body.verdict)
        event = await log.judge(number, body)
        if event is None:
            raise not_kept(number)
        return json_response(event, headers=NO_STORE)

    async def found_event(request: Request) -> WatchEvent:
        event_id, viewer = request.path_params["id"], viewer_of(request)
        found = None
        if event_id <= MAX_ID:
            found = await log.read(lambda store: store.event(event_id, viewer), None)
        if found is None:
            raise not_kept(event_id)
        return found

    async def check(request: Request, viewer: Viewer) -> None:
        await found_event(request)

    of_event = of_thing("an event", check)
    return [
        Endpoint(
            method="GET",
            path="/v1/events",
            handler=events,
            name="listEvents",
            what="What watches have told, newest first; accepted as text/event-stream, as it comes",
            replies={200: Reply("", {JSON: EventList, SSE: EventStream((WatchEvent, SeenList, JudgedList, ClipList))})},
            about=BY_HANDLER,
            takes=FILTERS,
            errors=(400, 503),
            tag="watches",
        ),
        Endpoint(
            method="POST",
            path="/v1/events/acknowledge",
            handler=all_acknowledged,
            name="acknowledgeEvents",
            what="Say of several events that somebody has seen them, or take that back",
            replies={200: Reply("those of them that are kept", {JSON: EventList})},
            about=BY_HANDLER,
            body=Acknowledgements,
            errors=(400, 503),
            tag="watches",
        ),
        Endpoint(
            method="GET",
            path="/v1/events/{id:int}",
            handler=one,
            name="getEvent",
            what="One event",
            replies={200: Reply("", {JSON: WatchEvent})},
            about=of_event,
            takes=(EVENT,),
            errors=(404, 503),
            tag="watches",
        ),
        Endpoint(
            method="POST",
            path="/v1/events/{id:int}/acknowledge",
            handler=acknowledged,
            name="acknowledgeEvent",
            what="Say that somebody has seen an event, or take that back",
            replies={200: Reply("the event as it is now", {JSON: WatchEvent})},
            body=Acknowledgement,
            about=of_event,
            takes=(EVENT,),
            errors=(400, 404, 503),
            tag="watches",
        ),
        Endpoint(
            method="POST",
            path="/v1/events/{id:int}/judge",
            handler=judged,
            name="judgeEvent",
            what="Say whether what a watch has told was so, or take that back",
            replies={200: Reply("the event as it is now", {JSON: WatchEvent})},
            body=Judgement,
            about=of_event,
            takes=(EVENT,),
            errors=(400, 404, 503),
            tag="watches",
        ),
        Endpoint(
            method="GET",
            path="/v1/events/{id:int}/frame.jpg",
            handler=frame,
            name="getEventFrame",
            what="The newest frame that it was decided from",
            replies={200: Reply("JPEG", JPEG)},
            about=of_event,
            takes=(EVENT,),
            errors=(404, 503),
            tag="watches",
        ),
        Endpoint(
            method="GET",
            path="/v1/events/{id:int}/frames/{index:int}.jpg",
            handler=one_frame,
            name="getEventFrameOfWindow",
            what="One of the frames that it was decided from, as the model saw it",
            replies={200: Reply("JPEG", JPEG)},
            about=of_event,
            takes=(EVENT, Takes("index", "path", "counted from 0, the oldest", {"type": "integer", "minimum": 0})),
            errors=(404, 503),
            tag="watches",
        ),
    ]


def not_kept(number: int) -> NotFound:
    return NotFound(f"no event {number} is kept; GET /v1/events lists those that are", "id")


def wanted(request: Request) -> EventQuery:
    """Which events the query asks for. Raises Invalid."""
    acknowledged = choice(request, "acknowledged", ("true", "false"))
    return EventQuery(
        before=whole(request, "before"),
        since=moment(request, "since"),
        watch=request.query_params.get("watch"),
        camera=request.query_params.get("camera"),
        severity=choice(request, "severity", [each.value for each in Severity]),
        acknowledged=None if acknowledged is None else acknowledged == "true",
        verdict=choice(request, "verdict", ("right", "wrong")),
        own=said_own(request),
    )


def said_own(request: Request) -> bool | None:
    """Raises Invalid."""
    own = choice(request, "own", ("true", "false"))
    return None if own is None else own == "true"
