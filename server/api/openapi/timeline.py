"""What the routes of the timeline take and give: operations.py's table goes on here."""

from collections.abc import Mapping

from askcam.client.timeline import TimelineList
from askcam.server.api.openapi.operations import JPEG, JSON, Operation, Reply, Schema, Takes

WHOLE: Schema = {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}
MOMENT: Schema = {
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
    Takes("since", "query", "what ended later: RFC 3339, or 14:00 (the last time that it was so, there)", MOMENT),
    Takes("until", "query", "what began before", MOMENT),
    Takes("level", "query", "only these; if left out, the finest that is kept of each time",
          {"enum": ["note", "minute", "hour", "day"]}),
    Takes("order", "query", "newest or oldest first", {"enum": ["desc", "asc"]}),
    Takes("before", "query", "the id of the last entry of the page before: the next page", WHOLE),
    Takes("limit", "query", "at most so many", {"type": "number", "minimum": 1, "maximum": 500, "default": 50}),
)  # fmt: skip
ENTRY = Takes("id", "path", "an entry's id", {"type": "integer", "minimum": 0})

OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("GET", "/v1/timeline"): Operation(
        "findInTimeline",
        "What happened: notes, and the events of watches among them",
        {200: Reply("", {JSON: TimelineList})},
        takes=TAKES,
        errors=(400, 404),
        tag="timeline",
    ),
    ("GET", "/v1/timeline/{id}/frame.jpg"): Operation(
        "getTimelineFrame",
        "What the camera showed",
        {200: Reply("JPEG", JPEG)},
        takes=(ENTRY,),
        errors=(404, 503),
        tag="timeline",
    ),
}
