"""Which shapes may hide, or name, a part of a picture; and what is said of the others."""

import math
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.polygons import SQUARE, simple_polygons

from askcam.stream.polygons import MAX_MASKS, MAX_POINTS, Polygon, check_masks, check_polygon
from askcam.stream.zones import MAX_ZONES, Zone, check_zones

NAN, INF = math.nan, math.inf


def on_circle(degrees: float) -> tuple[float, float]:
    angle = math.radians(degrees)
    return 0.5 + 0.4 * math.sin(angle), 0.5 - 0.4 * math.cos(angle)


@given(simple_polygons())
@example(SQUARE)
@example(((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
@example(((0.0, 0.0), (0.5, 0.0), (1.0, 0.0), (0.5, 1.0)))  # a point on a side is no corner, and no crossing
@example(((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.8, 0.2), (0.2, 0.2), (0.1, 0.9)))
def test_a_polygon_that_does_not_cross_itself_is_taken_whichever_way_round(polygon: Polygon) -> None:
    check_polygon(polygon, "it")
    check_polygon(polygon[::-1], "it")
    check_polygon((*polygon[1:], polygon[0]), "it")


REFUSED = {
    "nothing": ((), "has 0 points; a polygon has 3 or more"),
    "a point": (((0.5, 0.5),), "has 1 points"),
    "a line": (((0.1, 0.1), (0.9, 0.9)), "has 2 points"),
    "too many": (tuple(on_circle(10 * k) for k in range(33)), "at most 32"),
    "left of it": (((-0.01, 0.1), (0.5, 0.1), (0.5, 0.5)), "a point (-0.01, 0.1); points are shares of the picture"),
    "pixels": (((0, 0), (640, 0), (640, 480)), "a point (640, 0); points are shares"),
    "no number": (((NAN, 0.1), (0.5, 0.1), (0.5, 0.5)), "a point (nan, 0.1)"),
    "nor this": (((0.1, 0.1), (0.5, INF), (0.5, 0.5)), "a point (0.5, inf)"),
    "all on a line": (((0.1, 0.1), (0.5, 0.5), (0.9, 0.9)), "covers nothing"),
    "all at one place": (((0.5, 0.5),) * 3 + ((0.4, 0.4),), "covers nothing"),
    "hardly anything": (((0.5, 0.5), (0.5005, 0.5), (0.5, 0.5005)), "covers nothing"),
    "closed by hand": ((*SQUARE, SQUARE[0]), "ends with its first point again; leave the last one out"),
    "a bow tie": (((0.1, 0.1), (0.9, 0.8), (0.9, 0.1), (0.1, 0.9)), "crosses or touches itself: its side from point 1"),
    "a point twice": (((0.1, 0.1), (0.9, 0.1), (0.9, 0.1), (0.9, 0.9)), "crosses or touches itself"),
    "there and back": (((0.1, 0.1), (0.9, 0.1), (0.5, 0.1), (0.5, 0.9)), "crosses or touches itself"),
    "a corner on a side": (((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.5, 0.1), (0.1, 0.9)), "crosses or touches itself"),
    "a star": (tuple(reversed([on_circle(144 * k) for k in range(5)])), "crosses"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_polygon_is_refused_by_name_with_what_helps(kind: str) -> None:
    polygon, told = REFUSED[kind]
    with pytest.raises(ValueError, match=re.escape(told)) as refused:
        check_polygon(polygon, "masks: polygon 2")
    assert str(refused.value).startswith("masks: polygon 2 ")


@given(simple_polygons(), st.data())
def test_two_points_that_change_places_make_it_cross_itself_or_are_neighbours_that_may(
    polygon: Polygon, data: st.DataObject
) -> None:
    """Never an error of another kind, whatever comes of it."""
    one = data.draw(st.integers(0, len(polygon) - 1))
    other = data.draw(st.integers(0, len(polygon) - 1))
    points = list(polygon)
    points[one], points[other] = points[other], points[one]
    told = ""
    try:
        check_polygon(tuple(points), "it")
    except ValueError as exc:
        told = str(exc)
    assert not told or "crosses or touches itself" in told or "covers nothing" in told


def test_as_many_masks_and_zones_as_are_taken_are_and_one_more_is_not() -> None:
    check_masks([SQUARE] * MAX_MASKS)
    with pytest.raises(ValueError, match=r"masks: there are 17; at most 16"):
        check_masks([SQUARE] * (MAX_MASKS + 1))
    round_ = tuple(on_circle(11 * k) for k in range(32))
    check_polygon(round_, "it")
    assert len(round_) == MAX_POINTS
    zones = {f"z{number}": Zone(SQUARE) for number in range(MAX_ZONES)}
    check_zones(zones)
    with pytest.raises(ValueError, match="zones: there are 9; a camera has at most 8"):
        check_zones(zones | {"more": Zone(SQUARE)})


@pytest.mark.parametrize("name", ["", "a/b", "Door", "-door", "_door", "dôor", "x" * 64, "a b", "a\n"])
def test_a_zone_is_called_as_cameras_are(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be a zone's name"):
        check_zones({name: Zone(SQUARE)})
    with pytest.raises(ValueError, match="zones: the polygon of 'door' has 2 points"):
        check_zones({"door": Zone(SQUARE[:2])})
