"""The wire's types of the timeline."""

from typing import Literal

import msgspec


class TimelineEntry(msgspec.Struct, frozen=True):
    """A note of one camera, an event told as one, or what notes of a minute, an hour or a day were merged to.

    Names are in the model's words.
    """

    id: int  # never used twice
    camera: str
    start: str  # RFC 3339, UTC: of a note, the first frame that showed the change; else when the span begins
    end: str  # the last frame that the model saw of it; else when the span ends
    level: Literal["note", "minute", "hour", "day"]
    text: str
    appeared: list[str]  # what came
    disappeared: list[str]  # what went
    things: list[str]  # what was to be seen
    event_id: int | None  # of GET /v1/events, if it tells one
    frame_url: str | None  # a small JPEG, relative to the server; None: there is none
    object: str = "askcam.timeline.entry"


class TimelineList(msgspec.Struct, frozen=True):
    """GET /v1/timeline."""

    data: list[TimelineEntry]
    has_more: bool  # ask again with ?before= the last one's id
    object: str = "list"
