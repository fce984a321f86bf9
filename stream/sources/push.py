"""A camera whose frames are handed in: JPEGs from a browser's page, or from a program."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from askcam.stream.errors import SourceError
from askcam.stream.fit import Fit, resize
from askcam.stream.frame import AgeBasis, Pixels
from askcam.stream.sources.base import SourceSpec
from askcam.stream.stills import jpeg as jpegs
from askcam.stream.stills.decoding import decode
from askcam.stream.stills.kinds import PictureError, kind_of

MAX_PIXELS = 16_000_000  # of one pushed picture
KEPT_PIXELS = 9_000_000  # of its pixels: 3840x2160 as it is, larger ones decoded smaller
MAX_BYTES = 16 << 20
STALL_S = 5.0  # a browser's tab in the background sends a frame a second, or none


@dataclass(frozen=True, slots=True, eq=False)
class PushedPicture:
    """A decoded JPEG. Holds RGB already."""

    wall: float
    mono: float
    basis: AgeBasis
    pixels: Pixels

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    def rgb(self, fit: Fit | None = None) -> Pixels:
        return self.pixels if fit is None else resize(self.pixels, fit)


class PushSource:
    """Holds at most one JPEG that waits to be decoded: the latest wins, replaced ones are counted.

    push() and end() come from any thread; open(), read() and close() from the capture thread.
    """

    def __init__(self, label: str = "push:") -> None:
        self.label = label
        self._new = threading.Condition()
        self._waiting: tuple[bytes, float, float, AgeBasis] | None = None  # jpeg, wall, mono, basis
        self._ended = False
        self._dropped = {"replaced": 0, "undecodable": 0}

    @property
    def dropped(self) -> Mapping[str, int]:
        """Frames that were pushed and never seen, by reason."""
        with self._new:
            return dict(self._dropped)

    def spec(self) -> SourceSpec:
        """What a Camera opens; always this very source."""
        return SourceSpec(
            "push",
            self.label,
            lambda: self,
            live=False,
            stall_s=STALL_S,
            patient=True,
            waiting="waiting for the first frame to be pushed",
            silent="no frame was pushed for a while: is the page or program that sends them still in front?",
            over="whoever pushed its frames has gone",
        )

    def push(self, jpeg: bytes, wall: float | None, basis: AgeBasis) -> bool:
        """Hand in the newest frame, captured at `wall` (seconds since the epoch on *this* machine's clock; None: now).

        Returns whether an earlier frame that nobody had read was dropped for it. Raises SourceError for what is no
        JPEG, too large, or comes after the end; nothing changes then.
        """
        if len(jpeg) > MAX_BYTES:
            raise SourceError(f"the frame has {len(jpeg)} bytes; send at most {MAX_BYTES}", permanent=True)
        _check(jpeg)
        now, mono = time.time(), time.monotonic()
        if wall is None:
            wall, basis = now, AgeBasis.ARRIVAL
        wall = min(wall, now)  # no frame is from the future
        with self._new:
            if self._ended:
                raise SourceError("this pushed camera was closed", permanent=True)
            replaced = self._waiting is not None
            self._dropped["replaced"] += replaced
            self._waiting = (jpeg, wall, mono - (now - wall), basis)
            self._new.notify()
        return replaced

    def end(self) -> None:
        """No more frames will come: the camera ends."""
        with self._new:
            self._ended = True
            self._waiting = None
            self._new.notify_all()

    interrupt = end

    def open(self) -> None:
        """Nothing to open."""

    def read(self, convert: bool) -> PushedPicture | None:
        """The next frame, decoded; waits for it. None once ended."""
        while True:
            with self._new:
                while self._waiting is None and not self._ended:
                    self._new.wait()
                if self._waiting is None:
                    return None
                jpeg, wall, mono, basis = self._waiting
                self._waiting = None
            try:
                rgb = decode(jpegs.examine(jpeg), KEPT_PIXELS)
            except PictureError:
                pass
            else:
                return PushedPicture(wall, mono, basis, rgb)
            with self._new:
                self._dropped["undecodable"] += 1

    def close(self) -> None:
        self.end()


def _check(jpeg: bytes) -> None:
    """By the header and the number of scans alone: this runs on the event loop. Raises SourceError."""
    if jpeg[:2] != b"\xff\xd8":
        kind = kind_of(jpeg)
        what = "empty" if not jpeg else f"{len(jpeg)} bytes of something" if kind is None else f"a {kind}"
        raise SourceError(f"the frame is {what}, not a JPEG: send image/jpeg", permanent=True)
    try:
        width, height = jpegs.size(jpeg)
    except PictureError as exc:
        raise SourceError(f"the frame {exc}", permanent=True) from exc
    if width * height > MAX_PIXELS:
        raise SourceError(
            f"the frame is {width}x{height}, {width * height / 1e6:.1f} megapixels; "
            f"send at most {MAX_PIXELS // 1_000_000} (1280x720 is plenty)",
            permanent=True,
        )
    if jpegs.too_costly(jpeg, width * height):
        raise SourceError(
            f"the frame is a JPEG of {width}x{height} stored in too many passes: send a plain one", permanent=True
        )
