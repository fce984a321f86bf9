"""A picture file as a film of its pictures: one, or those of an animated GIF, WebP, PNG or AVIF, at their times."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageOps

from askcam.stream.errors import SourceError
from askcam.stream.frame import Pixels
from askcam.stream.sources.yuv import SQUARE
from askcam.stream.stills.decoding import decode as decode_still
from askcam.stream.stills.decoding import examine
from askcam.stream.stills.kinds import READ, PictureError, described, kind_of

LOCAL = ("AVIF", "TIFF", "JPEG 2000", "ICO", "PSD", "DDS", "QOI")  # what Pillow reads of the operator's own files, too
SHOWN_S = 0.1  # of a picture that says no time, as browsers have it
MILLISECOND = Fraction(1, 1000)
MAX_PIXELS = 178_000_000  # Pillow's own bound


def is_picture(head: bytes) -> bool:
    """Whether a file that begins so holds pictures that are read here, or a photo that is refused by name."""
    return kind_of(head) in (*READ, *LOCAL, "HEIC", "HEIC or AVIF")


def read_picture(path: str) -> Pixels:
    """(height, width, 3) uint8 RGB of a local picture file, the first of its pictures, upright.

    Raises PictureError ("the picture" goes before it), OSError.
    """
    data = Path(path).read_bytes()
    kind = _kind(data)
    if kind in READ:
        return decode_still(examine(data))
    return next(_pictures(path, kind))[0]


class StillsFile:
    """Has what Decoder has. Used by one thread only."""

    format = "pictures"
    undecodable = 0
    lapses = False
    sar = SQUARE

    def __init__(self, path: str, label: str) -> None:
        """Raises SourceError."""
        self._label = label
        self._at_s = 0.0
        self.seconds: float | None = None
        try:
            data = Path(path).read_bytes()
            kind = _kind(data)
            self._pictures = self._one(data) if kind in ("JPEG", "BMP") else _pictures(path, kind)
            self._ahead = next(self._pictures, None)  # what is damaged is told as it is opened
        except PictureError as exc:
            raise SourceError(f"{label} {exc}", permanent=True) from exc

    def _one(self, data: bytes) -> Iterator[tuple[Pixels, float]]:
        yield decode_still(examine(data)), 0.0

    def next(self) -> av.VideoFrame | None:
        """The next picture; None after the last. Raises SourceError."""
        found = self._ahead
        if found is None:
            return None
        try:
            self._ahead = next(self._pictures, None)
        except PictureError as exc:
            raise SourceError(f"{self._label} {exc}", permanent=True) from exc
        pixels, shown_s = found
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), "rgb24")
        frame.time_base, frame.pts = MILLISECOND, round(self._at_s * 1000)
        self._at_s += shown_s or SHOWN_S
        return frame

    def close(self) -> None:
        self._pictures, self._ahead = iter(()), None


def _kind(data: bytes) -> str:
    if not data:
        raise PictureError("is empty: copy or save it anew")
    kind = kind_of(data)
    if kind == "HEIC or AVIF":
        kind = "AVIF" if b"avif" in data[8:64] else "HEIC"
    if kind not in (*READ, *LOCAL):
        what = "a HEIC photo" if kind == "HEIC" else described(data)
        raise PictureError(f"is {what}, which is not read here: save it as JPEG or PNG")
    return kind


def _pictures(path: str, kind: str) -> Iterator[tuple[Pixels, float]]:
    """Each picture and for how many seconds it is shown."""
    try:
        with Image.open(path) as image:
            if image.width * image.height > MAX_PIXELS:
                raise PictureError(f"has {image.width}x{image.height} pixels: make it smaller", "too_many_pixels")
            animated = kind in ("GIF", "WEBP", "PNG", "AVIF")
            for number in range(getattr(image, "n_frames", 1) if animated else 1):
                image.seek(number)
                image.load()
                yield _rgb(ImageOps.exif_transpose(image)), float(image.info.get("duration", 0) or 0) / 1000
    except (OSError, ValueError, SyntaxError, EOFError, RuntimeError, TypeError, LookupError) as exc:
        raise PictureError(f"is damaged ({exc}): save it anew") from exc


def _rgb(image: Image.Image) -> Pixels:
    if image.mode.startswith(("I", "F")):
        grey = np.asarray(image).astype(np.float32)
        deep = grey.max(initial=0) > 255
        image = Image.fromarray(np.clip(grey / 256 if deep else grey, 0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, (255, 255, 255, 255)), image)
    return np.ascontiguousarray(np.asarray(image.convert("RGB"), np.uint8))
