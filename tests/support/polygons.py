"""Polygons that do not cross themselves, and what they touch, told in a way of its own."""

import math

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from askcam.stream.polygons import Polygon, check_polygon

SQUARE: Polygon = ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75))


def _taken(polygon: Polygon) -> bool:
    try:
        check_polygon(polygon, "it")
    except ValueError:
        return False
    return True


@st.composite
def _stars(draw: st.DrawFn) -> Polygon:
    """Points around a middle, each in its direction: they cannot cross. Some lie on the picture's edge."""
    number = draw(st.integers(3, 12))
    x, y = draw(st.floats(0.1, 0.9)), draw(st.floats(0.1, 0.9))
    turns = sorted(draw(st.lists(st.integers(0, 359), min_size=number, max_size=number, unique=True)))
    points = []
    for turn in turns:
        far = draw(st.floats(0.05, 1.2))
        angle = math.radians(turn)
        points.append((min(1.0, max(0.0, x + far * math.cos(angle))), min(1.0, max(0.0, y + far * math.sin(angle)))))
    return tuple(points)


@st.composite
def _boxes(draw: st.DrawFn) -> Polygon:
    """Upright ones, whose sides run along pixels' borders in many sizes."""
    left, right = sorted(draw(st.lists(st.integers(0, 16), min_size=2, max_size=2, unique=True)))
    top, bottom = sorted(draw(st.lists(st.integers(0, 16), min_size=2, max_size=2, unique=True)))
    return ((left / 16, top / 16), (right / 16, top / 16), (right / 16, bottom / 16), (left / 16, bottom / 16))


def simple_polygons() -> st.SearchStrategy[Polygon]:
    return (_stars() | _boxes()).filter(_taken)


def touched(polygon: Polygon, width: int, height: int, slack: float = 0.0) -> npt.NDArray[np.bool_]:
    """(height, width): which pixels it touches; `slack`: or comes as near to, in pixels."""
    corners = [(x * width, y * height) for x, y in polygon]
    sides = list(zip(corners, (*corners[1:], corners[0]), strict=True))
    y, x = np.mgrid[:height, :width].astype(float)
    found = _within(x + 0.5, y + 0.5, sides)
    for side in sides:
        found |= _enters(side, x - slack, y - slack, x + 1 + slack, y + 1 + slack)
    return found


_Side = tuple[tuple[float, float], tuple[float, float]]
_Table = npt.NDArray[np.float64]


def _within(x: _Table, y: _Table, sides: list[_Side]) -> npt.NDArray[np.bool_]:
    """By how often a ray to the right leaves it."""
    inside = np.zeros(x.shape, np.bool_)
    for (x1, y1), (x2, y2) in sides:
        if y1 != y2:
            inside ^= ((y1 > y) != (y2 > y)) & (x < x1 + (y - y1) * (x2 - x1) / (y2 - y1))
    return inside


def _enters(side: _Side, left: _Table, top: _Table, right: _Table, bottom: _Table) -> npt.NDArray[np.bool_]:
    """Whether a side has a point in each closed box: Liang and Barsky's clipping."""
    (x, y), (to_x, to_y) = side
    enter, leave = np.zeros(left.shape), np.ones(left.shape)
    there = np.ones(left.shape, np.bool_)
    for begins, step, near, far in ((x, to_x - x, left, right), (y, to_y - y, top, bottom)):
        if abs(step) < 1e-12:
            there &= (near <= begins) & (begins <= far)
            continue
        one, other = (near - begins) / step, (far - begins) / step
        enter, leave = np.maximum(enter, np.minimum(one, other)), np.minimum(leave, np.maximum(one, other))
    return there & (enter <= leave)
