"""Segments of a file, as fast as it decodes, and of a camera, as they come. Each is a view of a window."""

import time
from collections.abc import Iterator
from dataclasses import replace

from askcam.features.summary.plan import SummaryPlan
from askcam.stream.camera import Camera, State
from askcam.stream.errors import CameraUnavailable
from askcam.stream.fit import FitRule
from askcam.stream.frame import Frame
from askcam.stream.reel import Reel
from askcam.stream.window import View, Window

SEGMENT = "segment"  # what the engine knows them by
POLL_S = 0.05
START_S = 15.0  # a camera that shows nothing for so long won't


def of_file(reel: Reel, plan: SummaryPlan, fit: FitRule) -> Iterator[View]:
    """Of a whole file; frames' `wall` is their time in the film. Holds one segment. Raises SourceError.

    Where the picture's size changes, a segment ends and another begins: a window holds frames of one size.
    """
    cutter = _Cutter(plan)
    for number, still in enumerate(reel.stills(plan.fps, fit)):
        yield from cutter.take(Frame(SEGMENT, number, still.at_s, time.monotonic(), still.pixels))
    yield from cutter.rest()


class _Cutter:
    """Frames in, segments out. Holds the window of one segment."""

    def __init__(self, plan: SummaryPlan) -> None:
        self._plan = plan
        self._begin()

    def _begin(self) -> None:
        self._window = Window(SEGMENT, self._plan.anchors, self._plan.fps)
        self._num_segments = 0  # of this window
        self._told = -1  # its version when the last one was cut
        self._shape: tuple[int, ...] | None = None

    def take(self, frame: Frame) -> Iterator[View]:
        """The segment that the frame completes; before it, what is left of those of another size."""
        if self._shape not in (None, frame.pixels.shape):
            yield from self.rest()
            self._begin()
        self._shape = frame.pixels.shape
        window = self._window
        window.add(frame)
        if window.waiting is None and window.num_pairs_seen >= self._plan.due(self._num_segments):
            self._num_segments += 1
            self._told = window.version
            view = window.settled()
            assert view is not None, "a pair was completed just now"
            yield view

    def rest(self) -> Iterator[View]:
        """What came since the last segment, with what stands before it in the window."""
        view = self._window.view()
        if view is not None and self._window.version != self._told:
            # An odd last frame makes a pair with itself: of a clip that ends there it is as good as any.
            yield replace(view, provisional=False)


def of_camera(camera: Camera, plan: SummaryPlan, seconds: float) -> Iterator[View]:
    """Of the next `seconds` of a camera, whose anchors are the plan's. Nothing queues up: whoever is slow gets the
    newest segment, and the spans that they lack between are for them to notice.

    Raises CameraUnavailable when it does not come up. One that is lost ends the walk, unless it comes back in time.
    """
    begun = time.monotonic()
    patience_s = START_S + 3 / plan.fps  # two frames make a pair
    while camera.peek() is None and camera.status().state is not State.ENDED and time.monotonic() < begun + patience_s:
        time.sleep(POLL_S)
    if camera.peek() is None:
        status = camera.status()
        raise CameraUnavailable(camera.uri, status.state.value, status.reason or "it shows nothing")
    end = time.monotonic() + seconds
    epoch, due, told = -1, plan.num_pairs, 0
    while time.monotonic() < end and camera.status().state is not State.ENDED:
        view = camera.peek()
        if view is not None and view.epoch != epoch:
            epoch, due, told = view.epoch, plan.num_pairs, 0
        if view is None or (num_pairs := view.pairs[-1].index + 1) < due:
            time.sleep(POLL_S)
            continue
        due = num_pairs - (num_pairs - plan.num_pairs) % plan.hop + plan.hop
        told = num_pairs
        yield view
    view = camera.peek()
    if view is not None and (view.epoch, view.pairs[-1].index + 1) != (epoch, told):
        yield view
