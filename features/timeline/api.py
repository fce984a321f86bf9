"""/v1/timeline: what happened, found by camera, time and words, and the pictures of it."""

import time
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from askcam.client.timeline import TimelineList
from askcam.features.events.service import EventLog
from askcam.features.timeline.query import read
from askcam.features.timeline.search import Search
from askcam.features.timeline.service import Timeline
from askcam.features.timeline.spans import named_time
from askcam.features.timeline.times import Level, moment
from askcam.server.access.shares import viewer_of
from askcam.server.errors import Invalid, NotFound
from askcam.server.given_names import quoted
from askcam.server.wire.about import BY_HANDLER
from askcam.server.wire.bodies import MAX_ID, NO_STORE, json_response, number, whole
from askcam.server.wire.endpoint import ID, JPEG, JSON, Endpoint, Reply, Schema, Takes, page_of

LIMIT, MOST = 50, 500  # entries of one answer
MAX_QUERY = 500  # characters
ORDERS = ("desc", "asc")

ENTRY = Takes("id", "path", "an entry's id", ID)
TIME: Schema = {
    "anyOf": [
        {"type": "string", "format": "date-time"},
        {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"},
        {"enum": ["now", "today", "yesterday"]},
    ]
}
QUERY: Schema = {"type": "string", "maxLength": 500}
TAKES = (
    Takes("query", "query", "words that must all be there, or a question: when did the van leave?", QUERY),
    Takes("camera", "query", "only of this camera"),
    Takes("since", "query", "what ended later: RFC 3339, or 14:00 (the last time that it was so, there)", TIME),
    Takes("until", "query", "what began before", TIME),
    Takes(
        "level",
        "query",
        "only these; if left out, the finest that is kept of each time",
        {"enum": ["note", "minute", "hour", "day"]},
    ),
    Takes("order", "query", "newest or oldest first", {"enum": ["desc", "asc"]}),
    *page_of("the id of the last entry of the page before", MOST, LIMIT),
)


def endpoints(events: EventLog, timeline: Timeline) -> list[Endpoint]:
    async def entries(request: Request) -> Response:
        limit = int(number(request, "limit", LIMIT, 1, MOST))
        search = replace(wished(request, limit), seen=viewer_of(request).cameras)
        found = await timeline.find(search)
        return json_response(TimelineList(found[:limit], has_more=len(found) > limit), headers=NO_STORE)

    async def frame(request: Request) -> Response:
        entry: int = request.path_params["id"]
        viewer = viewer_of(request)
        missing = NotFound(f"no picture of entry {entry} is kept", "id")
        if entry > MAX_ID:
            raise missing
        try:
            event = await timeline.read(lambda store: store.event_of(entry, viewer))
        except KeyError:
            raise missing from None
        if event is None:
            jpeg = await timeline.read(lambda store: store.picture(entry))
        else:
            jpeg = await events.read(lambda store: store.pictures.picture(event), None)
        if jpeg is None:
            raise missing
        return Response(jpeg, media_type="image/jpeg", headers=NO_STORE)

    def wished(request: Request, limit: int) -> Search:
        """Raises Invalid. One more than `limit`, so that it is seen whether there is more."""
        query = request.query_params.get("query", "")
        if len(query) > MAX_QUERY:
            raise Invalid(f"query has {len(query)} characters; it may have {MAX_QUERY}", "query")
        named = named_time(query, timeline.zone, time.time())
        wanted, since, until = read(named.rest), when(request, "since"), when(request, "until")
        if since is None and until is None:
            since, until = named.since, named.until
        return Search(
            camera=request.query_params.get("camera"),
            since=since,
            until=until,
            wanted=wanted,
            level=level(request),
            limit=limit + 1,
            before=whole(request, "before"),
            oldest_first=one_of(request, "order", ORDERS, "asc" if wanted.oldest_first else "desc") == "asc",
        )

    def when(request: Request, name: str) -> float | None:
        text = request.query_params.get(name)
        if text is None:
            return None
        try:
            return moment(text, timeline.zone, time.time())
        except ValueError as exc:
            raise Invalid(f"{name}: {exc}", name) from exc

    return [
        Endpoint(
            method="GET",
            path="/v1/timeline",
            handler=entries,
            name="findInTimeline",
            what="What happened: notes, and the events of watches among them",
            replies={200: Reply("", {JSON: TimelineList})},
            about=BY_HANDLER,
            takes=TAKES,
            errors=(400, 404),
            tag="timeline",
        ),
        Endpoint(
            method="GET",
            path="/v1/timeline/{id:int}/frame.jpg",
            handler=frame,
            name="getTimelineFrame",
            what="What the camera showed",
            replies={200: Reply("JPEG", JPEG)},
            about=BY_HANDLER,
            takes=(ENTRY,),
            errors=(404, 503),
            tag="timeline",
        ),
    ]


def level(request: Request) -> Level | None:
    text = one_of(request, "level", tuple(Level), None)
    return None if text is None else Level(text)


def one_of(request: Request, name: str, choices: tuple[str, ...], default: str | None) -> str | None:
    """A query parameter that is one of `choices`. Raises Invalid."""
    text = request.query_params.get(name, default)
    if text is not None and text not in choices:
        raise Invalid(f"{name}={quoted(text)} must be one of {', '.join(choices)}", name)
    return text
