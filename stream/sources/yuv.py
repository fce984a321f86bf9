"""Pictures as PyAV decodes them, turned into RGB only when asked."""

import threading
from typing import TYPE_CHECKING

import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter

from askcam.stream.fit import Fit, pad, resize
from askcam.stream.frame import AgeBasis, Pixels

if TYPE_CHECKING:
    from av.video.frame import VideoFrame


class Converter:
    """Scales and converts a source's frames; keeps swscale's tables between them. Any thread."""

    def __init__(self) -> None:
        self._fitted, self._full = VideoReformatter(), VideoReformatter()
        self._lock = threading.Lock()

    def full(self, frame: "VideoFrame") -> Pixels:
        """(height, width, 3) uint8 RGB."""
        with self._lock:
            rgb = self._full.reformat(frame, format="rgb24")
        return np.ascontiguousarray(rgb.to_ndarray(), np.uint8)

    def fitted(self, frame: "VideoFrame", fit: Fit) -> Pixels:
        """By `fit`, which must not crop: colour and size in one pass."""
        width, height = fit.content_width, fit.content_height
        shrinks = width * height < frame.width * frame.height
        how = Interpolation.AREA if shrinks else Interpolation.BICUBIC
        with self._lock:
            rgb = self._fitted.reformat(frame, width, height, "rgb24", interpolation=how)
        return pad(np.asarray(rgb.to_ndarray(), np.uint8), fit)


class YUVPicture:
    """One decoded frame. Keeps the decoder's buffer alive until it is let go."""

    __slots__ = ("_converter", "_frame", "_turns", "basis", "height", "mono", "wall", "width")

    def __init__(self, frame: "VideoFrame", converter: Converter, wall: float, mono: float, basis: AgeBasis) -> None:
        self._frame, self._converter = frame, converter
        self.wall, self.mono, self.basis = wall, mono, basis
        self._turns = round(frame.rotation / 90) % 4  # quarter turns, anticlockwise: phones film lying on their side
        self.width, self.height = (frame.height, frame.width) if self._turns % 2 else (frame.width, frame.height)

    def rgb(self, fit: Fit | None = None) -> Pixels:
        if fit is not None and not self._turns and not fit.cropped(self.width, self.height):
            return self._converter.fitted(self._frame, fit)
        pixels = self._converter.full(self._frame)
        if self._turns:
            pixels = np.ascontiguousarray(np.rot90(pixels, self._turns))
        return pixels if fit is None else resize(pixels, fit)
