"""Pictures as PyAV decodes them: upright, of square pixels, in the right colours, turned into RGB only when asked.

This is the one place where that is done. Everything behind it (window, snapshots, live pictures, evidence) gets pixels
as they are to be seen, and `width` and `height` to go with them.
"""

import math
import threading
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter

from askcam.stream.fit import Fit, pad, resize
from askcam.stream.frame import AgeBasis, Pixels

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

SQUARE = Fraction(1)
ODDEST = 4  # a pixel that claims to be wider or higher than that is a mistake: DVRs go up to 32:11
HD_WIDTH, SD_HEIGHT = 1280, 576  # pictures that do not say: BT.709 from here on, as mpv and others take it
_UNSAID = 2  # AVCOL_SPC_UNSPECIFIED
SPREAD = 2  # pixels on each side that bicubic scaling looks at


def square_size(width: int, height: int, sar: Fraction) -> tuple[int, int]:
    """How large a picture of pixels `sar` times as wide as high is in square ones. No line of it is lost."""
    if sar == SQUARE or not Fraction(1, ODDEST) <= sar <= ODDEST:
        return width, height
    return (round(width * sar), height) if sar > 1 else (width, round(height / sar))


def colours(frame: "VideoFrame") -> Colorspace | None:
    """From which YUV it is converted where it doesn't say itself; None: it says."""
    if frame.format.is_rgb or frame.colorspace != _UNSAID:
        return None
    return Colorspace.ITU709 if frame.width >= HD_WIDTH or frame.height > SD_HEIGHT else Colorspace.ITU601


def _blocks(frame: "VideoFrame") -> tuple[int, int]:
    """How many pixels share one colour, across and down."""
    size = [(part.width, part.height) for part in frame.format.components] or [(frame.width, frame.height)]
    least_width, least_height = (max(1, min(sides)) for sides in zip(*size, strict=True))
    return _power(frame.width / least_width), _power(frame.height / least_height)


def _power(share: float) -> int:
    """The power of two at or above it: an odd width has half a block at its end."""
    return 1 << math.ceil(math.log2(share))


class Converter:
    """Scales and converts a source's frames; keeps swscale's tables between them. Any thread."""

    def __init__(self) -> None:
        self._fitted, self._full = VideoReformatter(), VideoReformatter()
        self._lock = threading.Lock()

    def full(self, frame: "VideoFrame", width: int, height: int) -> Pixels:
        """(height, width, 3) uint8 RGB."""
        how = Interpolation.BICUBIC if (width, height) != (frame.width, frame.height) else None
        with self._lock:
            rgb = self._full.reformat(frame, width, height, "rgb24", src_colorspace=colours(frame), interpolation=how)
        return np.ascontiguousarray(rgb.to_ndarray(), np.uint8)

    def fitted(self, frame: "VideoFrame", fit: Fit) -> Pixels:
        """By `fit`, which must not crop: colour and size in one pass."""
        width, height = fit.content_width, fit.content_height
        shrinks = width * height < frame.width * frame.height
        how = Interpolation.AREA if shrinks else Interpolation.BICUBIC
        with self._lock:
            rgb = self._fitted.reformat(frame, width, height, "rgb24", src_colorspace=colours(frame), interpolation=how)
        return pad(np.asarray(rgb.to_ndarray(), np.uint8), fit)


class YUVPicture:
    """One decoded frame. Keeps the decoder's buffer alive until it is let go.

    `sar` is how much wider than high its pixels are (sample aspect ratio), as stored, before it is turned upright.
    """

    __slots__ = ("_converter", "_frame", "_square", "_turns", "basis", "height", "mono", "wall", "width")

    def __init__(
        self,
        frame: "VideoFrame",
        converter: Converter,
        wall: float,
        mono: float,
        basis: AgeBasis,
        sar: Fraction = SQUARE,
    ) -> None:
        self._frame, self._converter = frame, converter
        self.wall, self.mono, self.basis = wall, mono, basis
        self._turns = round(frame.rotation / 90) % 4  # quarter turns, anticlockwise: phones film lying on their side
        self._square = square_size(frame.width, frame.height, sar)
        self.width, self.height = self._square[::-1] if self._turns % 2 else self._square

    @property
    def reach(self) -> int:
        """How many pixels away from a stored one something of it is to be seen: colours are stored for blocks of them,
        and other pixels than square ones are scaled."""
        block = max(_blocks(self._frame))
        if self._square == (self._frame.width, self._frame.height):
            return SPREAD * block if block > 1 else 0
        wider = max(self._square[0] / self._frame.width, self._square[1] / self._frame.height)
        return math.ceil((SPREAD * block + SPREAD) * wider)

    def rgb(self, fit: Fit | None = None) -> Pixels:
        if fit is not None and not self._turns and not fit.cropped(self.width, self.height):
            return self._converter.fitted(self._frame, fit)
        pixels = self._converter.full(self._frame, *self._square)
        if self._turns:
            pixels = np.ascontiguousarray(np.rot90(pixels, self._turns))
        return pixels if fit is None else resize(pixels, fit)
