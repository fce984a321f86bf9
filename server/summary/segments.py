"""Segments of a file, as fast as it decodes, and of a camera, as they come. Each is a view of a window."""

import time
from collections.abc import Iterator
from dataclasses import replace

from askcam.server.summary.plan import Plan
from askcam.stream.camera import Camera, State
from askcam.stream.errors import CameraUnavailable
from askcam.stream.fit import FitRule
from askcam.stream.frame import Frame
from askcam.stream.reel import Reel
from askcam.stream.window import View, Window

SEGMENT = "segment"  # what the engine knows them by
POLL_S = 0.05
START_S = 15.0  # a camera that shows nothing for so long won't


def of_file(reel: Reel, plan: Plan, fit: FitRule) -> Iterator[View]:
    """Of a whole file; frames' `wall` is their time in the film. Holds one segment. Raises SourceError."""
    window = Window(SEGMENT, plan.anchors, plan.fps)
    num_segments = 0
    told = -1  # version of the window that was told last
    for number, still in enumerate(reel.stills(plan.fps, fit)):
        window.add(Frame(SEGMENT, number, still.at_s, time.monotonic(), still.pixels))
        if window.waiting is None and window.num_pairs_seen >= plan.due(num_segments):
            num_segments += 1
            told = window.version
            view = window.settled()
            assert view is not None, "a pair was completed just now"
            yield view
    rest = window.view()
    if rest is not None and window.version != told:
        # The last pair of an odd number of frames holds the last one twice: as part of this clip it is as good as any.
        yield replace(rest, provisional=False)


def of_camera(camera: Camera, plan: Plan, seconds: float) -> Iterator[View]:
    """Of the next `seconds` of a camera, whose anchors are the plan's. Nothing queues up: whoever is slow gets the
    newest segment, and the spans that they lack between are for them to notice.

    Raises CameraUnavailable when it does not come up. One that is lost ends the walk, unless it comes back in time.
    """
    begun = time.monotonic()
    while camera.peek() is None and camera.status().state is not State.ENDED and time.monotonic() < begun + START_S:
        time.sleep(POLL_S)
    if camera.peek() is None:
        status = camera.status()
        raise CameraUnavailable(camera.uri, status.state.value, status.reason or "it shows nothing")
    end = time.monotonic() + seconds
    epoch, due, told = -1, plan.num_pairs, -1
    while time.monotonic() < end and camera.status().state is not State.ENDED:
        view = camera.peek()
        if view is not None and view.epoch != epoch:
            epoch, due, told = view.epoch, plan.num_pairs, -1
        if view is None or (newest := view.pairs[-1].index + 1) < due:
            time.sleep(POLL_S)
            continue
        due = newest - (newest - plan.num_pairs) % plan.hop + plan.hop
        told = view.version
        yield view
    view = camera.peek()
    if view is not None and view.version != told:
        yield view
