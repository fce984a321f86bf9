"""The stream of GET /v1/events: events as they come, and what is told later of those that were told before."""

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import asdict

from askcam.client.protocol import encode
from askcam.client.watches import ClipList, ClipOfEvent, JudgedList, SeenList, WatchEvent
from askcam.features.events.follow import EventsGone, follow
from askcam.features.events.service import EventLog as Log
from askcam.features.events.subscribers import Clipped, JudgedNews, Reviewed
from askcam.server.access.viewer import THE_SERVER, Viewer

ALIVE_S = 15.0  # a comment so often, so that proxies and readers know that the stream lives


async def stream(
    log: Log,
    last: int | None,
    watch: str | None,
    camera: str | None,
    own: bool | None = None,
    viewer: Viewer = THE_SERVER,
) -> AsyncIterator[bytes]:
    """Events as they come; after `last`, those that were missed first. None: only new ones.

    A slow reader's stream ends with an event named "resume": whoever connects again with Last-Event-ID misses nothing.
    """
    hint = b"retry: 2000\n\n"  # said once it is certain that nothing will be missed
    async with contextlib.aclosing(follow(log, last, watch, camera, ALIVE_S, own, viewer)) as told:
        async for event in told:
            match event:
                case None:
                    yield hint
                    hint = b": alive\n\n"
                case EventsGone():
                    yield f"event: gone\ndata: {json.dumps(asdict(event))}\n\n".encode()
                case WatchEvent():
                    yield sse(event)
                case JudgedNews():
                    yield b"event: judged\ndata: %s\n\n" % encode(JudgedList([event.judged]))
                case Reviewed():
                    yield b"event: acknowledged\ndata: %s\n\n" % encode(SeenList(list(event.seen)))
                case Clipped(event=WatchEvent(id=number, clip=clip)) if clip is not None:
                    yield b"event: clip\ndata: %s\n\n" % encode(ClipList([ClipOfEvent(number, clip)]))
    yield b'event: resume\ndata: {"reason": "connect again with Last-Event-ID"}\n\n'


def sse(event: WatchEvent) -> bytes:
    """One message of a stream; its name is the event's kind."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.id, event.kind.encode(), encode(event))
