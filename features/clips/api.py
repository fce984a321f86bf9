"""/v1/events/{id}/clip.mp4, for who may see events, and /clips/{id}.mp4, for who has a link."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from email.utils import formatdate
from typing import BinaryIO

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from askcam.client.watches import WatchEvent
from askcam.features.clips.errors import ClipMissing, ClipPending, LinkOver, NoClip
from askcam.features.clips.links import microseconds
from askcam.features.clips.ranges import NotThere, has_tag, wanted_span
from askcam.features.clips.service import Clips
from askcam.features.events.service import EventLog
from askcam.server.access.viewer import Viewer
from askcam.server.core import Core
from askcam.server.errors import NotFound
from askcam.server.wire.about import NO_CAMERA, of_thing
from askcam.server.wire.bodies import MAX_ID, NO_STORE
from askcam.server.wire.endpoint import ID, MP4, TEXT, Endpoint, Reply, Takes

PIECE = 256 << 10  # bytes that are read at once
TYPE = "video/mp4"
EVENT = Takes("id", "path", "an event's id", ID)
TAKES = (
    EVENT,
    Takes("Range", "header", "one span of bytes, as players ask for", TEXT),
    Takes("If-None-Match", "header", "the ETag that one has", TEXT),
)
REPLIES = {
    200: Reply("the whole clip", MP4),
    206: Reply("the bytes that `Range` names", MP4),
    304: Reply("it is the one that `If-None-Match` names"),
    416: Reply("the clip has no such bytes; `Content-Range` says how many there are"),
}


def endpoints(core: Core, events: EventLog, clips: Clips) -> list[Endpoint]:
    async def by_event(request: Request) -> Response:
        return await played(request, await found(request, unknown(request)))

    def unknown(request: Request) -> NotFound:
        return NotFound(f"no event {request.path_params['id']} is kept; GET /v1/events lists those that are", "id")

    async def seen(request: Request, viewer: Viewer) -> None:
        if not viewer.sees((await found(request, unknown(request))).camera):
            raise unknown(request)

    async def by_link(request: Request) -> Response:
        core.enter(core.places.requests, request)
        over = LinkOver("this link to a clip is over, or was never one: look at the event itself", "key")
        at, until, key = (request.query_params.get(name, "") for name in ("at", "until", "key"))
        if not clips.links.opens(request.path_params["id"], at, until, key, time.time()):
            raise over
        event = await found(request, over)
        if str(microseconds(event.at)) != at:  # of a database that was begun anew
            raise over
        return await played(request, event)

    async def found(request: Request, otherwise: NotFound) -> WatchEvent:
        number = request.path_params["id"]
        event = await events.read(lambda store: store.event(number), None) if number <= MAX_ID else None
        if event is None:
            raise otherwise
        return event

    async def played(request: Request, event: WatchEvent) -> Response:
        clip = event.clip
        if clip is None:
            raise NoClip(f"no clip is made of the events of {event.camera!r}: see [clips] in askcam.toml", "id")
        if clip.state == "pending":
            due_s = clips.due_in_s(event)
            raise ClipPending(f"the clip of event {event.id} is being made", retry_after_s=due_s)
        if clip.state == "missing":
            raise ClipMissing(f"there is no clip of event {event.id}: {clip.why}", "id")
        path = clips.file(event.id)
        try:
            file = await asyncio.to_thread(path.open, "rb")
        except OSError as exc:
            await clips.lose(event.id)
            raise ClipMissing(f"the clip of event {event.id} is gone from the folder", "id") from exc
        return reply_of(request, file, f"event-{event.id}.mp4")

    return [
        Endpoint(
            method="GET",
            path="/v1/events/{id:int}/clip.mp4",
            handler=by_event,
            name="getEventClip",
            what="A few seconds of film from before an event until after it; 503 `clip_pending` while it is being made",
            replies=REPLIES,
            about=of_thing("an event", seen),
            takes=TAKES,
            errors=(404, 503),
            tag="watches",
        ),
        Endpoint(
            method="GET",
            path="/clips/{id:int}.mp4",
            handler=by_link,
            name="getEventClipByLink",
            what="The same for who has no token, by the `link` of an event's `clip`",
            replies=REPLIES,
            about=NO_CAMERA,  # but that of the link
            role=None,
            takes=(
                *TAKES,
                Takes("at", "query", "as it stands in the link", TEXT),
                Takes("until", "query", "as it stands in the link", TEXT),
                Takes("key", "query", "as it stands in the link", TEXT),
            ),
            errors=(404, 429, 503),
            tag="watches",
        ),
    ]


def reply_of(request: Request, file: BinaryIO, name: str) -> Response:
    """The file, or what the request wants of it; it is closed at the end."""
    stat = os.fstat(file.fileno())
    size, tag = stat.st_size, f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
    headers = {
        **NO_STORE,
        "Accept-Ranges": "bytes",
        "ETag": tag,
        "Last-Modified": formatdate(stat.st_mtime, usegmt=True),
        "Content-Disposition": f'inline; filename="{name}"',
    }
    if has_tag(request.headers.get("if-none-match", ""), tag):
        file.close()
        return Response(status_code=304, headers=headers)
    start, end, status = 0, size, 200
    same = request.headers.get("if-range", tag) in (tag, headers["Last-Modified"])
    if same and "range" in request.headers:
        try:
            span = wanted_span(request.headers["range"], size)
        except NotThere:
            file.close()
            return Response(status_code=416, headers=headers | {"Content-Range": f"bytes */{size}"})
        if span is not None:
            start, end, status = span.start, span.end, 206
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    headers["Content-Length"] = str(end - start)
    if request.method == "HEAD":
        file.close()
        return Response(status_code=status, headers=headers, media_type=TYPE)
    return StreamingResponse(pieces(file, start, end), status, headers, TYPE)


async def pieces(file: BinaryIO, start: int, end: int) -> AsyncIterator[bytes]:
    """Bytes from `start` to `end`, as they are read; the file is closed at the end."""
    with file:
        await asyncio.to_thread(file.seek, start)
        while start < end:
            piece = await asyncio.to_thread(file.read, min(PIECE, end - start))
            if not piece:
                return  # cut off meanwhile: the client sees that its length is not reached
            start += len(piece)
            yield piece
