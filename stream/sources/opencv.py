"""Webcams, and RTSP for those who want it, through OpenCV."""

import math
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from askcam.stream.errors import SourceError
from askcam.stream.fit import Fit, resize
from askcam.stream.frame import AgeBasis, Pixels
from askcam.stream.sources.base import Unconverted
from askcam.stream.sources.capture_clock import CaptureClock
from askcam.stream.sources.decoder import Decoder

OPEN_MS = 8000
READ_MS = 2000  # the decoder lets go of what it holds first, so that a stalled read fails after twice this
BUSY = 0.8  # of the time between two frames: a thread that computed for longer did not wait for the second
_QUIET = "-8"  # FFmpeg's level at which it says nothing
_RTSP_OPTIONS = "rtsp_transport;tcp|probesize;32"  # as in pyav.py, and why


@dataclass(frozen=True, slots=True, eq=False)
class BGRPicture:
    """A converted picture, still in OpenCV's order of colours. RGB is made when asked."""

    wall: float
    mono: float
    basis: AgeBasis
    bgr: npt.NDArray[np.uint8]

    @property
    def width(self) -> int:
        return int(self.bgr.shape[1])

    @property
    def height(self) -> int:
        return int(self.bgr.shape[0])

    def rgb(self, fit: Fit | None = None) -> Pixels:
        bgr = self.bgr if fit is None else resize(self.bgr, fit)
        return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


class _Capture:
    """grab() for every frame, retrieve() for those whose pixels are wanted: half the CPU of read()."""

    def __init__(self, label: str, basis: AgeBasis, longest_s: float = math.inf) -> None:
        """A frame that took longer than `longest_s` is what the decoder let go of when reading timed out: too old."""
        self._label, self._basis, self._longest_s = label, basis, longest_s
        self._capture: cv2.VideoCapture | None = None
        self._size = (0, 0)  # width, height of the last converted picture

    def read(self, convert: bool) -> BGRPicture | Unconverted | None:
        capture = self._capture
        assert capture is not None, "read before open"
        began = time.monotonic()
        grabbed = capture.grab()
        now = time.monotonic()
        if not grabbed or now - began > self._longest_s:
            self._gone()
            return None
        mono = self._captured(capture, now)
        wall = time.time() - (time.monotonic() - mono)
        if not convert and all(self._size):
            return Unconverted(wall, mono, self._basis, *self._size)
        found, bgr = capture.retrieve()
        if not found:
            raise SourceError(f"{self._label}: a picture could not be decoded")
        self._size = (int(bgr.shape[1]), int(bgr.shape[0]))
        return BGRPicture(wall, mono, self._basis, np.asarray(bgr, np.uint8))

    def _captured(self, capture: cv2.VideoCapture, now: float) -> float:
        """When the frame that was just grabbed was captured, by the steady clock."""
        return now

    def _gone(self) -> None:
        """grab() failed: returns when the source is over for good, else raises."""
        raise SourceError(f"{self._label} hung up or fell silent: was the camera switched off or restarted?")

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()


class OpenCVStream(_Capture):
    """An RTSP camera. OpenCV blocks up to 90 s on a stall if let; its read timeout here is 2 s."""

    def __init__(self, url: str, label: str) -> None:
        super().__init__(label, AgeBasis.ARRIVAL, 0.9e-3 * READ_MS)
        self._url = url
        self._read_ms = READ_MS
        self._clock = CaptureClock(time.time() - time.monotonic())
        self._came: float | None = None  # when the frame that is grabbed next began to come
        self._cpu = 0.0  # seconds that this thread had computed by then

    def allow_silence(self, silence_s: float) -> None:
        self._read_ms = max(READ_MS, round(silence_s * 500))
        self._longest_s = 0.9e-3 * self._read_ms

    def _captured(self, capture: cv2.VideoCapture, now: float) -> float:
        came, cpu = self._came, time.thread_time()
        waited = came is None or cpu - self._cpu < BUSY * (now - came)
        self._came, self._cpu = now, cpu
        if came is None:  # its first frame has no timestamp
            return now
        # FFmpeg hands a frame out when the next one begins: this one began as the one before was handed out.
        stamp = self._clock.arrived(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000, came, waited=waited)
        return self._clock.captured(stamp)[0]

    def open(self) -> None:
        # OpenCV takes these from the environment only; a setting of the user's own stays.
        os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", _RTSP_OPTIONS)
        os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", _QUIET)
        _hush()
        began = time.monotonic()
        timeouts = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, self._read_ms]
        capture = cv2.VideoCapture(self._url, cv2.CAP_FFMPEG, [*timeouts, cv2.CAP_PROP_N_THREADS, 1])
        if not capture.isOpened():
            capture.release()
            self._explain(time.monotonic() - began)
        self._capture = capture

    def _explain(self, took_s: float) -> None:
        """OpenCV does not say why it could not open a stream; PyAV, asked the same, does."""
        if took_s > 0.9e-3 * OPEN_MS:
            raise SourceError(f"{self._label}: no answer within {took_s:.0f} s: is it on, is the address right?")
        Decoder(self._url, self._label, {"rtsp_transport": "tcp"}, (3.0, 3.0)).close()
        raise SourceError(f"{self._label}: OpenCV cannot open it, PyAV can: leave ?via=opencv away")


class Webcam(_Capture):
    """A camera of this machine. `width`, `height`, `fps`: wishes, which the driver may round."""

    def __init__(self, index: int, label: str, wishes: Mapping[str, int]) -> None:
        super().__init__(label, AgeBasis.CAPTURE)
        self._index, self._wishes = index, wishes

    def open(self) -> None:
        linux = sys.platform.startswith("linux")
        if linux and not self._device.exists():
            raise SourceError(f"there is no webcam {self._index}: {_present()}", permanent=True)
        _hush()
        capture = cv2.VideoCapture(self._index, cv2.CAP_V4L2 if linux else cv2.CAP_ANY)
        if not capture.isOpened():
            capture.release()
            raise SourceError(
                f"webcam {self._index} does not open: is another program using it, may this user read {self._device}?"
                if linux
                else f"webcam {self._index} does not open: is it plugged in, may this program use it?"
            )
        if self._wishes.get("width", 0) > 640:  # above that most webcams are fast enough in MJPEG only
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        for wish, prop in (
            ("width", cv2.CAP_PROP_FRAME_WIDTH),
            ("height", cv2.CAP_PROP_FRAME_HEIGHT),
            ("fps", cv2.CAP_PROP_FPS),
        ):
            if wish in self._wishes:
                capture.set(prop, self._wishes[wish])
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        self._capture = capture

    @property
    def _device(self) -> Path:
        return Path(f"/dev/video{self._index}")

    def _gone(self) -> None:
        if sys.platform.startswith("linux") and not self._device.exists():
            return  # unplugged
        raise SourceError(f"{self._label} brings no pictures any more: was it unplugged?")


def _hush() -> None:
    """Keep OpenCV's warnings off the terminal: ours say the same in plain words."""
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)


def _present() -> str:
    found = sorted(str(path) for path in Path("/dev").glob("video*"))
    return f"this machine has {', '.join(found)}" if found else "this machine has none (no /dev/video*)"
