"""A source in a test's hands: it gives what it is told to, when it is told to, and can be stuck as a driver can."""

import itertools
import queue
import time
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from askcam.stream.camera import Camera, CameraConfig, State
from askcam.stream.errors import CameraUnavailable, SourceError
from askcam.stream.fit import Fit, FitRule, as_is, resize
from askcam.stream.frame import AgeBasis, Pixels
from askcam.stream.sources.base import DecodedPicture, SourceSpec, Unconverted
from askcam.stream.window import Anchors, View


@dataclass(slots=True, eq=False)
class StillPicture:
    """One colour. Counts how often it was converted."""

    value: int
    mono: float = field(default_factory=time.monotonic)
    wall: float = field(default_factory=time.time)
    basis: AgeBasis = AgeBasis.CAPTURE
    width: int = 64
    height: int = 48
    converted: int = 0

    def rgb(self, fit: Fit | None = None) -> Pixels:
        self.converted += 1
        pixels = np.full((self.height, self.width, 3), self.value, np.uint8)
        return pixels if fit is None else resize(pixels, fit)


class Hand:
    """One opened source. read() blocks until the test gives something, or the camera wakes it; not if `stuck`."""

    def __init__(self, refuses: Exception | None, stuck: bool) -> None:
        self.refuses, self.stuck = refuses, stuck
        self.opened = self.closed = False
        self.dropped: dict[str, int] = {}  # what it says that it dropped itself
        self._given: queue.Queue[DecodedPicture | Exception | None] = queue.Queue()

    def give(self, *given: DecodedPicture | Exception | None) -> None:
        for each in given:
            self._given.put(each)

    def open(self) -> None:
        self.opened = True
        if self.refuses:
            raise self.refuses

    def read(self, convert: bool) -> DecodedPicture | None:
        given = self._given.get()
        if isinstance(given, Exception):
            raise given
        return given

    def interrupt(self) -> None:
        if not self.stuck:
            self.give(None)

    def close(self) -> None:
        self.closed = True


class Hands:
    """Makes a new Hand whenever a camera opens its source again. As a context, it lets all stuck ones go at its end."""

    def __init__(self, live: bool = True, patient: bool = False, stuck: bool = False) -> None:
        self.made: list[Hand] = []
        self.stuck = stuck
        self.refuses: Exception | None = None
        self.spec = SourceSpec("hand", "hand:", self._make, live=live, patient=patient, over="the hand is empty")

    def _make(self) -> Hand:
        self.made.append(Hand(self.refuses, self.stuck))
        return self.made[-1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for hand in self.made:
            hand.give(None)


class Grabber:
    """As OpenCV: a frame every 10 ms, which has pixels only when that was asked for beforehand."""

    def __init__(self) -> None:
        self.converted = self.grabbed = 0
        self._numbers = itertools.count(1)

    def open(self) -> None: ...

    def read(self, convert: bool) -> DecodedPicture | None:
        time.sleep(0.01)  # the camera's pace
        self.grabbed += 1
        number = next(self._numbers)
        if not convert:
            return Unconverted(time.time(), time.monotonic(), AgeBasis.ARRIVAL, 64, 48)
        self.converted += 1
        return StillPicture(number % 256, basis=AgeBasis.ARRIVAL)

    def close(self) -> None: ...


QUICK = CameraConfig(fps=10, stall_s=1.0, grace_s=1.0, open_timeout_s=1.0)  # a test must see what lies between
PATIENT = CameraConfig(fps=10, stall_s=60, grace_s=60, open_timeout_s=60)


def camera(spec: SourceSpec, config: CameraConfig = PATIENT, fit: FitRule = as_is) -> Camera:
    return Camera("lobby", spec, fit=fit, anchors=Anchors(keep=2, hop=2), config=config)


def view_of(camera: Camera) -> View | None:
    """What a question would see, or None while it would be refused."""
    try:
        return camera.look()
    except CameraUnavailable:
        return None


def refusal_of(camera: Camera) -> CameraUnavailable | None:
    """Why a question would be refused, or None while it would not."""
    try:
        camera.look()
    except CameraUnavailable as refusal:
        return refusal
    return None


def failing(message: str, permanent: bool = False) -> SourceError:
    return SourceError(message, permanent=permanent)


def state_is(camera: Camera, state: State) -> bool:
    return camera.status().state is state
