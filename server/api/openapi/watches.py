"""What the routes of watches and events take and give: operations.py's table goes on here."""

from collections.abc import Mapping

from askcam.client.calibration import Calibration
from askcam.client.watches import (
    EventList,
    SeenList,
    WatchEvent,
    WatchInfo,
    WatchList,
    WatchProposal,
    WatchReadingsList,
)
from askcam.server.api.events import Acknowledgement, Acknowledgements
from askcam.server.api.openapi.operations import JPEG, JSON, SSE, TEXT, Events, Operation, Reply, Schema, Takes
from askcam.server.watching.bodies import NewWatch, WatchChange
from askcam.server.watching.setting import SECONDS

WATCH = Takes("name", "path", "a watch, as GET /v1/watches lists it")
PROPOSAL = Takes("id", "path", "a proposal's id, as create_watch told it")
EVENT = Takes("id", "path", "an event's id", {"type": "integer", "minimum": 0})
WHOLE: Schema = {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}
MOMENT: Schema = {"type": "string", "format": "date-time"}
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
    Takes("before", "query", "only events before this id: the next page", WHOLE),
    Takes("limit", "query", "at most so many", {"type": "number", "minimum": 1, "maximum": 500, "default": 50}),
    Takes("Last-Event-ID", "header", "of a stream: the last event that was heard", TEXT),
)
LINKS = {
    name: {"operationId": name, "parameters": {"name": "$response.body#/name"}}
    for name in ("getWatch", "changeWatch", "removeWatch")
}

OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("GET", "/v1/watches"): Operation(
        "listWatches", "All standing questions", {200: Reply("", {JSON: WatchList})}, tag="watches"
    ),
    ("POST", "/v1/watches"): Operation(
        "createWatch",
        "Ask a standing question. Admins only",
        {201: Reply("it is being watched", {JSON: WatchInfo}, links=LINKS)},
        body=NewWatch,
        errors=(400, 404, 409, 503),
        tag="watches",
    ),
    ("GET", "/v1/watches/{name}"): Operation(
        "getWatch",
        "One of them, and how it stands on each camera",
        {200: Reply("", {JSON: WatchInfo})},
        takes=(WATCH,),
        errors=(404,),
        tag="watches",
    ),
    ("PATCH", "/v1/watches/{name}"): Operation(
        "changeWatch",
        "Change what is named. Admins only",
        {200: Reply("", {JSON: WatchInfo})},
        body=WatchChange,
        takes=(WATCH,),
        errors=(400, 404, 409, 503),
        tag="watches",
    ),
    ("DELETE", "/v1/watches/{name}"): Operation(
        "removeWatch",
        "Remove it; its events stay. Admins only",
        {204: Reply("it is gone")},
        takes=(WATCH,),
        errors=(404, 409, 503),
        tag="watches",
    ),
    ("GET", "/v1/watches/{name}/calibration"): Operation(
        "getCalibration",
        "How sure it is against how often it is right, as it was last measured",
        {200: Reply("", {JSON: Calibration})},
        takes=(WATCH,),
        errors=(404, 503),
        tag="watches",
    ),
    ("PUT", "/v1/watches/{name}/calibration"): Operation(
        "putCalibration",
        "Keep a calibration until it is asked something else. Admins only",
        {200: Reply("it is kept", {JSON: Calibration})},
        body=Calibration,
        takes=(WATCH,),
        errors=(400, 404, 409, 503),
        tag="watches",
    ),
    ("DELETE", "/v1/watches/{name}/calibration"): Operation(
        "removeCalibration",
        "Forget it. Admins only",
        {204: Reply("it is gone")},
        takes=(WATCH,),
        errors=(404, 503),
        tag="watches",
    ),
    ("GET", "/v1/watches/{name}/readings"): Operation(
        "getWatchReadings",
        "Its last readings on each of its cameras, up to 600 each",
        {200: Reply("oldest first", {JSON: WatchReadingsList})},
        takes=(
            WATCH,
            Takes("camera", "query", "only of this one of its cameras"),
            Takes("since", "query", "only later ones: RFC 3339 with its time zone", MOMENT),
        ),
        errors=(400, 404),
        tag="watches",
    ),
    ("GET", "/v1/watches/proposals/{id}"): Operation(
        "getProposal",
        "A watch that was proposed by talking, and waits for a yes",
        {200: Reply("", {JSON: WatchProposal})},
        takes=(PROPOSAL,),
        errors=(404,),
        tag="watches",
    ),
    ("POST", "/v1/watches/proposals/{id}/confirm"): Operation(
        "confirmProposal",
        "Carry it out. Admins only",
        {201: Reply("it is being watched", {JSON: WatchInfo}), 204: Reply("the watch is removed")},
        takes=(PROPOSAL,),
        errors=(400, 404, 409, 503),
        tag="watches",
    ),
    ("DELETE", "/v1/watches/proposals/{id}"): Operation(
        "declineProposal",
        "Forget it. Admins only",
        {204: Reply("it is gone")},
        takes=(PROPOSAL,),
        errors=(404,),
        tag="watches",
    ),
    ("GET", "/v1/events"): Operation(
        "listEvents",
        "What watches have told, newest first; accepted as text/event-stream, as it comes",
        {200: Reply("", {JSON: EventList, SSE: Events((WatchEvent, SeenList))})},
        takes=FILTERS,
        errors=(400, 503),
        tag="watches",
    ),
    ("POST", "/v1/events/acknowledge"): Operation(
        "acknowledgeEvents",
        "Say of several events that somebody has seen them, or take that back",
        {200: Reply("those of them that are kept", {JSON: EventList})},
        body=Acknowledgements,
        errors=(400, 503),
        tag="watches",
    ),
    ("POST", "/v1/events/{id}/acknowledge"): Operation(
        "acknowledgeEvent",
        "Say that somebody has seen an event, or take that back",
        {200: Reply("the event as it is now", {JSON: WatchEvent})},
        body=Acknowledgement,
        takes=(EVENT,),
        errors=(400, 404, 503),
        tag="watches",
    ),
    ("GET", "/v1/events/{id}"): Operation(
        "getEvent",
        "One event",
        {200: Reply("", {JSON: WatchEvent})},
        takes=(EVENT,),
        errors=(404, 503),
        tag="watches",
    ),
    ("GET", "/v1/events/{id}/frame.jpg"): Operation(
        "getEventFrame",
        "The newest frame that it was decided from",
        {200: Reply("JPEG", JPEG)},
        takes=(EVENT,),
        errors=(404, 503),
        tag="watches",
    ),
    ("GET", "/v1/events/{id}/frames/{index}.jpg"): Operation(
        "getEventFrameOfWindow",
        "One of the frames that it was decided from, as the model saw it",
        {200: Reply("JPEG", JPEG)},
        takes=(EVENT, Takes("index", "path", "counted from 0, the oldest", {"type": "integer", "minimum": 0})),
        errors=(404, 503),
        tag="watches",
    ),
}

# As BOUNDS of operations.py: what is checked by hand.
BETWEEN: Mapping[str, Schema] = {name: {"minimum": least, "maximum": most} for name, (least, most) in SECONDS.items()}
CAMERAS: Schema = {"minItems": 1, "maxItems": 64, "uniqueItems": True}
BOUNDS: Mapping[str, Mapping[str, Schema]] = {
    "NewWatch": {**BETWEEN, "name": {"pattern": "^[a-z0-9][a-z0-9_-]{0,62}$"}, "cameras": CAMERAS},
    "WatchChange": {**BETWEEN, "cameras": CAMERAS},
}
