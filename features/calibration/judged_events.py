"""Events that people have judged, as labelled moments: the frames that are kept with each, and whether it was so."""

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from urllib.parse import quote

import msgspec

from askcam.client.errors import AskcamError
from askcam.client.http import Http
from askcam.client.watches import EventList, WatchEvent
from askcam.engine.interface import Engine
from askcam.features.calibration.moments import CAMERA, AskedMoment, Moment
from askcam.stream.fit import resize
from askcam.stream.frame import Frame
from askcam.stream.stills.decoding import decode, examine
from askcam.stream.stills.kinds import PictureError
from askcam.stream.window import Window

SOURCE = "judged:"
PAGE, MOST = 500, 2000  # events of one answer, and in all: the newest


def judged_events(http: Http, watch: str, question: str) -> list[WatchEvent]:
    """Those of a watch with frames that are kept, of when it asked this. Raises AskcamError."""
    found = [event for verdict in ("right", "wrong") for event in _all(http, watch, verdict)]
    return [event for event in found if event.question == question and len(event.frames) > 1]


def was_so(event: WatchEvent) -> bool:
    """What was so when it was decided, by what was judged of it."""
    return (event.kind == "on") is (event.verdict == "right")


def of_events(http: Http, events: Sequence[WatchEvent], engine: Engine, fps: float) -> Iterator[Moment]:
    """Each as a window of the frames that are kept with it: up to eight of those that the watch saw. One whose frames
    are gone by now is left out."""
    for number, event in enumerate(events):
        window = Window(CAMERA, engine.anchors, fps)
        try:
            for place, frame in enumerate(event.frames):
                pixels = decode(examine(http.request(frame.url or "")))
                fitted = resize(pixels, engine.fit(pixels.shape[1], pixels.shape[0]))
                window.add(Frame(CAMERA, place, datetime.fromisoformat(frame.at).timestamp(), time.monotonic(), fitted))
        except (AskcamError, PictureError):
            continue
        view = window.settled()
        if view is not None:
            yield Moment(view, (AskedMoment(event.question or "", was_so(event), number),), float(number + 1))


def _all(http: Http, watch: str, verdict: str) -> Iterator[WatchEvent]:
    """The newest of them."""
    before, num_found = "", 0
    while num_found < MOST:
        path = f"/v1/events?watch={quote(watch, safe='')}&verdict={verdict}&limit={PAGE}{before}"
        page = msgspec.json.decode(http.request(path), type=EventList)
        yield from page.data
        num_found += len(page.data)
        if not page.has_more:
            return
        before = f"&before={page.data[-1].id}"
