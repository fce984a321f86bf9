"""How a picture of any size becomes the size that the model reads. Pure: the rule is the model family's."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from askcam.stream.frame import Part, Pixels


@dataclass(frozen=True, slots=True)
class Fit:
    """A crop of the source picture, scaled to `content_*`, centred on a `width` x `height` canvas. All in pixels.

    Most fits neither crop nor pad: `crop` is then the whole picture and the content is the canvas.
    """

    width: int
    height: int
    crop: tuple[int, int, int, int]  # x, y, width, height in the source picture
    content_width: int
    content_height: int

    @classmethod
    def stretch(cls, source_width: int, source_height: int, width: int, height: int) -> "Fit":
        """The whole picture on the whole canvas."""
        return cls(width, height, (0, 0, source_width, source_height), width, height)

    @property
    def padded(self) -> bool:
        return (self.content_width, self.content_height) != (self.width, self.height)

    def cropped(self, source_width: int, source_height: int) -> bool:
        return self.crop != (0, 0, source_width, source_height)

    def part(self, source_width: int, source_height: int) -> Part | None:
        """What of the source picture it shows, in shares; None: all."""
        if not self.cropped(source_width, source_height):
            return None
        x, y, width, height = self.crop
        return x / source_width, y / source_height, (x + width) / source_width, (y + height) / source_height


FitRule = Callable[[int, int], Fit]  # (source width, source height) -> Fit


def as_is(width: int, height: int) -> Fit:
    """The rule that changes nothing."""
    return Fit.stretch(width, height, width, height)


def resize(pixels: Pixels, fit: Fit) -> Pixels:
    """`pixels` (height, width, 3) by `fit`, as a new contiguous array (fit.height, fit.width, 3). Padding is black."""
    import cv2  # only here, so that the engine's benchmark runs where there is no OpenCV

    x, y, w, h = fit.crop
    part = pixels[y : y + h, x : x + w]
    if part.shape[:2] != (fit.content_height, fit.content_width):
        shrinks = fit.content_width * fit.content_height < w * h
        part = np.asarray(
            cv2.resize(
                part,
                (fit.content_width, fit.content_height),
                interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC,
            ),
            dtype=np.uint8,
        )
    return pad(part, fit)


def pad(content: Pixels, fit: Fit) -> Pixels:
    """`content` (already fit.content_height x fit.content_width) centred on the canvas, contiguous."""
    if not fit.padded:
        return np.ascontiguousarray(content)
    canvas = np.zeros((fit.height, fit.width, 3), np.uint8)
    top, left = (fit.height - fit.content_height) // 2, (fit.width - fit.content_width) // 2
    canvas[top : top + fit.content_height, left : left + fit.content_width] = content
    return canvas
