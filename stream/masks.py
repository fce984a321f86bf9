"""Privacy masks: parts of a camera's picture that nobody is to see, painted over before anything else sees it.

A pixel that a polygon touches is grey. So is whatever another size makes of it: the whole picture is painted in its own
size first, so that nothing of what is hidden gets into the pixels around it, and what came of it again.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from askcam.stream.fit import Fit, as_is, resize
from askcam.stream.frame import AgeBasis, Pixels
from askcam.stream.polygons import Polygon
from askcam.stream.sources.base import DecodedPicture

GREY = 128  # red, green and blue of what is hidden
_CLOSE = 1e-6  # pixels: a side that runs along their border touches both
_KEPT = 16  # painted sizes that are kept, of all cameras

Spot = tuple[slice, slice]  # rows, columns
_Corners = tuple[tuple[float, float], ...]  # in pixels of the picture that is painted


@runtime_checkable
class Smearing(Protocol):
    """A picture in whose pixels there is something of their neighbours."""

    @property
    def reach(self) -> int:
        """How many pixels away."""
        ...


@dataclass(frozen=True, slots=True)
class Masks:
    """What is hidden of one camera. Compared by identity where it is asked whether they have changed. Any thread."""

    polygons: tuple[Polygon, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.polygons)

    def over(self, picture: DecodedPicture) -> DecodedPicture:
        """The picture, which has pixels, as it may be seen."""
        return MaskedPicture(picture, self) if self else picture

    def paint(self, pixels: Pixels, fit: Fit, width: int, height: int, reach: int = 0) -> None:
        """Paint over `pixels`, which are what `fit` made of a `width` x `height` picture; `reach` pixels more around
        each polygon."""
        across, down = fit.content_width / fit.crop[2], fit.content_height / fit.crop[3]
        left, top = (fit.width - fit.content_width) // 2, (fit.height - fit.content_height) // 2
        moved = tuple(
            tuple((left + (x * width - fit.crop[0]) * across, top + (y * height - fit.crop[1]) * down) for x, y in each)
            for each in self.polygons
        )
        for spot in _spots(moved, fit.width, fit.height, reach):
            pixels[spot] = GREY


NO_MASKS = Masks()


@dataclass(slots=True, eq=False)
class MaskedPicture:
    """A DecodedPicture whose masked parts are grey, in whatever size. What is beneath is not to be had of it."""

    _picture: DecodedPicture
    _masks: Masks
    _whole: Pixels | None = field(default=None, init=False)  # the Shot that asks for it sees to it that one does

    @property
    def wall(self) -> float:
        return self._picture.wall

    @property
    def mono(self) -> float:
        return self._picture.mono

    @property
    def basis(self) -> AgeBasis:
        return self._picture.basis

    @property
    def width(self) -> int:
        return self._picture.width

    @property
    def height(self) -> int:
        return self._picture.height

    def rgb(self, fit: Fit | None = None) -> Pixels:
        width, height = self.width, self.height
        if self._whole is None:
            whole = np.array(self._picture.rgb(), np.uint8, order="C")  # a copy: others may hold the source's own
            reach = self._picture.reach if isinstance(self._picture, Smearing) else 0
            self._masks.paint(whole, as_is(whole.shape[1], whole.shape[0]), whole.shape[1], whole.shape[0], reach)
            self._whole = whole
        if fit is None:
            return self._whole
        fitted = resize(self._whole, fit)
        if fitted is not self._whole:
            self._masks.paint(fitted, fit, width, height)
        return fitted


@lru_cache(_KEPT)
def _spots(polygons: tuple[_Corners, ...], width: int, height: int, reach: int) -> tuple[Spot, ...]:
    """The pixels that polygons touch, as rectangles."""
    touched = np.zeros((height, width + 1), np.int16)
    for corners in polygons:
        for rows, first, last in (*_sides(corners, height), _inside(corners, height)):
            first = np.clip(first, 0, width).astype(np.intp)
            last = np.clip(last + 1, 0, width).astype(np.intp)
            np.add.at(touched, (rows, first), 1)
            np.add.at(touched, (rows, last), -1)
    covered = (np.cumsum(touched, axis=1)[:, :width] > 0).astype(np.uint8)
    if reach:
        import cv2

        covered = np.asarray(cv2.dilate(covered, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)), np.uint8)
    return tuple(_rectangles(covered))


_Ints = npt.NDArray[np.intp]
_Floats = npt.NDArray[np.float64]


def _sides(corners: _Corners, height: int) -> Iterator[tuple[_Ints, _Floats, _Floats]]:
    """Rows that a side runs through, the first and the last pixel that it touches in each."""
    for (x, y), (to_x, to_y) in zip(corners, (*corners[1:], corners[0]), strict=True):
        if y > to_y:
            x, y, to_x, to_y = to_x, to_y, x, y
        top, bottom = max(0, math.floor(y - _CLOSE)), min(height - 1, math.floor(to_y + _CLOSE))
        rows = np.arange(top, bottom + 1)
        if to_y - y < _CLOSE:
            start, end = np.full(len(rows), min(x, to_x)), np.full(len(rows), max(x, to_x))
        else:
            at = x + (np.clip((rows, rows + 1), y, to_y) - y) * ((to_x - x) / (to_y - y))
            start, end = at.min(0), at.max(0)
        yield rows, np.floor(start - _CLOSE), np.floor(end + _CLOSE)


def _inside(corners: _Corners, height: int) -> tuple[_Ints, _Floats, _Floats]:
    """The same of what lies between the sides. A pixel that no side touches is within as a whole or not at all, so that
    a look at the middle of each row says it."""
    rows, places = [], []
    for (x, y), (to_x, to_y) in zip(corners, (*corners[1:], corners[0]), strict=True):
        if y > to_y:
            x, y, to_x, to_y = to_x, to_y, x, y
        crossed = np.arange(max(0, math.ceil(y - 0.5)), min(height, math.ceil(to_y - 0.5)))
        if len(crossed):
            rows.append(crossed)
            places.append(x + (crossed + 0.5 - y) * ((to_x - x) / (to_y - y)))
    if not rows:
        return np.zeros(0, np.intp), np.zeros(0), np.zeros(0)
    row, place = np.concatenate(rows), np.concatenate(places)
    order = np.lexsort((place, row))
    row, place = row[order], place[order]
    return row[::2], np.floor(place[::2]), np.floor(place[1::2])


def _rectangles(covered: npt.NDArray[np.uint8]) -> Iterator[Spot]:
    """What is not 0, as rectangles: rows that are covered alike as one."""
    edged = np.pad(covered, ((0, 0), (1, 1))).astype(np.int8)
    edges = np.diff(edged, axis=1)
    since = 0
    for row in range(1, len(covered) + 1):
        if row == len(covered) or not np.array_equal(covered[row], covered[since]):
            for first, last in zip(*(np.nonzero(edges[since] == sign)[0] for sign in (1, -1)), strict=True):
                yield slice(since, row), slice(int(first), int(last))
            since = row
