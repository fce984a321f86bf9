"""How a zone is cut out: all of it, in the picture, and in no shape that the model does not know."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.polygons import SQUARE, simple_polygons

from askcam.engine.families.grids import fit_to_grids, smart_resize
from askcam.stream.fit import Fit, FitRule, as_is
from askcam.stream.polygons import Polygon, box
from askcam.stream.zone_fit import LEAST_PIXELS, NARROWEST, zone_rule
from askcam.stream.zones import Zone

GRIDS = ((8, 8), (6, 9), (6, 10))
SIDES = st.integers(1, 4000)


def of_grids(width: int, height: int) -> Fit:
    return fit_to_grids(width, height, 28, GRIDS)


def of_qwen(width: int, height: int) -> Fit:
    new_height, new_width = smart_resize(height, width, 28, 128 * 28 * 28, 768 * 28 * 28)
    return Fit.stretch(width, height, new_width, new_height)


@given(simple_polygons(), SIDES, SIDES, st.sampled_from([of_grids, as_is]))
@example(SQUARE, 1, 1, of_grids)
@example(SQUARE, 1, 4000, of_grids)
@example(((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)), 1920, 1080, of_grids)
@example(((0.5, 0.0), (0.501, 0.0), (0.501, 1.0), (0.5, 1.0)), 1920, 1080, of_grids)  # a gap
def test_all_of_a_zone_is_seen_and_what_is_seen_lies_in_the_picture(
    polygon: Polygon, width: int, height: int, rule: FitRule
) -> None:
    fit = zone_rule(rule, Zone(polygon))(width, height)
    x, y, cut_width, cut_height = fit.crop
    assert 0 <= x < x + cut_width <= width
    assert 0 <= y < y + cut_height <= height
    left, top, right, bottom = box(polygon)
    assert x <= left * width + 1e-6
    assert y <= top * height + 1e-6
    assert right * width <= x + cut_width + 1e-6
    assert bottom * height <= y + cut_height + 1e-6
    assert cut_width >= min(width, LEAST_PIXELS)
    assert cut_height >= min(height, LEAST_PIXELS)
    if rule is of_grids:
        assert (fit.height // 28, fit.width // 28) in GRIDS
    assert fit.content_width <= fit.width
    assert fit.content_height <= fit.height


@given(simple_polygons())
def test_a_zone_that_the_picture_has_room_around_fills_a_grid_without_bars(polygon: Polygon) -> None:
    """It may be longer one way than all grids: then what is around it is shown, where there is something."""
    small = tuple((0.45 + 0.1 * x, 0.45 + 0.1 * y) for x, y in polygon)
    assert not zone_rule(of_grids, Zone(small))(3840, 2160).padded


def test_a_small_zone_is_seen_in_the_pixels_that_the_camera_has() -> None:
    door = Zone(((0.5, 0.5), (0.6, 0.5), (0.6, 0.75), (0.5, 0.75)))
    whole, alone = of_qwen(3840, 2160), zone_rule(of_qwen, door)(3840, 2160)
    assert alone.crop[2] == pytest.approx(3840 * 0.12, abs=2)
    assert alone.crop[3] == pytest.approx(2160 * 0.30, abs=2)
    assert alone.content_width / alone.crop[2] > 0.95, "it is made smaller than it is"
    assert whole.content_width / 3840 < 0.3
    assert alone.width * alone.height <= 768 * 28 * 28


def test_a_gap_is_shown_with_what_is_beside_it() -> None:
    gap = Zone(((0.5, 0.1), (0.51, 0.1), (0.51, 0.9), (0.5, 0.9)))
    _, _, width, height = zone_rule(as_is, gap)(1000, 1000).crop
    assert height / width == pytest.approx(NARROWEST, rel=0.02)


def test_what_a_frame_shows_is_told_in_shares() -> None:
    fit = zone_rule(as_is, Zone(SQUARE))(200, 100)
    assert fit.part(200, 100) == pytest.approx((0.2, 0.2, 0.8, 0.8))
    assert Fit.stretch(200, 100, 50, 50).part(200, 100) is None
