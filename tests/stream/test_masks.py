"""What is hidden of a picture is grey in whatever size, and nothing of it is to be had from the pixels around it."""

from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.polygons import SQUARE, simple_polygons, touched

from askcam.stream.fit import Fit, as_is
from askcam.stream.frame import AgeBasis, Pixels
from askcam.stream.masks import GREY, NO_MASKS, Masks
from askcam.stream.polygons import Polygon
from askcam.stream.shot import Shot
from askcam.stream.sources.base import DecodedPicture, Unconverted
from askcam.stream.sources.push import PushedPicture
from askcam.stream.sources.yuv import Converter, YUVPicture

SIDES = st.integers(1, 24)
FORMATS = {  # FFmpeg's names: how many bytes a value has, of each plane; 0: it holds no pixels, but their palette
    "yuv420p": (1, 1, 1),
    "yuvj420p": (1, 1, 1),
    "yuv422p": (1, 1, 1),
    "yuv444p": (1, 1, 1),
    "yuv411p": (1, 1, 1),
    "yuv410p": (1, 1, 1),
    "yuyv422": (4,),
    "nv12": (1, 2),
    "yuv420p10le": (2, 2, 2),
    "yuva420p": (1, 1, 1, 1),
    "gray": (1,),
    "rgb24": (3,),
    "bgra": (4,),
    "gbrp": (1, 1, 1),
    "pal8": (1, 0),
}
PLACES = {"wall": 5000.0, "mono": 1000.0, "basis": AgeBasis.CAPTURE}


def pushed(pixels: Pixels) -> DecodedPicture:
    return PushedPicture(pixels=pixels, **PLACES)  # type: ignore[arg-type]


@st.composite
def fits(draw: st.DrawFn, width: int, height: int) -> Fit:
    """Any: larger and smaller, bent, cut out, with bars."""
    x, y = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    crop = (x, y, draw(st.integers(1, width - x)), draw(st.integers(1, height - y)))
    if draw(st.booleans()):
        crop = (0, 0, width, height)
    content_width, content_height = draw(SIDES), draw(SIDES)
    more = draw(st.integers(0, 4)), draw(st.integers(0, 4))
    return Fit(content_width + more[0], content_height + more[1], crop, content_width, content_height)


def of_fit(polygon: Polygon, fit: Fit, width: int, height: int, slack: float = 0.0) -> np.ndarray:
    """The pixels of what `fit` makes that a polygon touches."""
    left, top = (fit.width - fit.content_width) // 2, (fit.height - fit.content_height) // 2
    across, down = fit.content_width / fit.crop[2], fit.content_height / fit.crop[3]
    moved = tuple(
        (
            (left + (x * width - fit.crop[0]) * across) / fit.width,
            (top + (y * height - fit.crop[1]) * down) / fit.height,
        )
        for x, y in polygon
    )
    return touched(moved, fit.width, fit.height, slack)


@settings(max_examples=60)
@given(st.lists(simple_polygons(), min_size=1, max_size=3), SIDES, SIDES)
@example([SQUARE], 1, 1)
@example([SQUARE], 1, 24)
@example([((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))], 5, 3)
@example([((0.4999, 0.0), (0.5001, 0.0), (0.5001, 1.0), (0.4999, 1.0))], 24, 24)  # thinner than a pixel
def test_a_pixel_that_a_polygon_touches_is_grey_and_no_other(polygons: list[Polygon], width: int, height: int) -> None:
    bright = np.full((height, width, 3), 255, np.uint8)
    seen = Masks(tuple(polygons)).over(pushed(bright)).rgb()
    grey = (seen == GREY).all(2)
    hidden = np.any([touched(each, width, height) for each in polygons], axis=0)
    near = np.any([touched(each, width, height, 1e-4) for each in polygons], axis=0)
    assert (grey | ~hidden).all(), "a hidden pixel is to be seen"
    assert (near | ~grey).all(), "more is hidden than was asked for"
    assert ((seen == 255).all(2) == ~grey).all()
    assert (bright == 255).all(), "the source's own picture was painted"


@settings(max_examples=80)
@given(simple_polygons(), st.data())
def test_what_lies_under_a_mask_changes_nothing_in_any_size(polygon: Polygon, data: st.DataObject) -> None:
    width, height = data.draw(SIDES), data.draw(SIDES)
    fit = data.draw(fits(width, height))
    random = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    one, other = random.integers(0, 256, (2, height, width, 3), np.uint8)
    other = np.where(touched(polygon, width, height)[..., None], other, one)
    masks = Masks((polygon,))
    first, second = (masks.over(pushed(pixels)).rgb(fit) for pixels in (one, other))
    assert (first == second).all()
    assert first.shape == (fit.height, fit.width, 3)
    assert first.flags.c_contiguous
    assert (first[of_fit(polygon, fit, width, height)] == GREY).all()


@settings(max_examples=60)
@given(st.sampled_from(sorted(FORMATS)), simple_polygons(), st.data())
def test_nor_does_it_in_a_film_whose_colours_are_stored_in_blocks_and_whose_pixels_are_not_square(
    kind: str, polygon: Polygon, data: st.DataObject
) -> None:
    width, height = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 40))
    if kind == "yuyv422":
        width += width % 2
    sar = data.draw(st.sampled_from([Fraction(1), Fraction(4, 3), Fraction(32, 11), Fraction(10, 11), Fraction(1, 3)]))
    random = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    one, other = av.VideoFrame(width, height, kind), av.VideoFrame(width, height, kind)
    hidden = touched(polygon, width, height)
    for size, plane, changed in zip(FORMATS[kind], one.planes, other.planes, strict=True):
        noise, under = _under(random, kind, plane, size, hidden)
        plane.update(noise)
        changed.update(under)
    converter = Converter()
    pictures = [YUVPicture(frame, converter, 5000.0, 1000.0, AgeBasis.CAPTURE, sar) for frame in (one, other)]
    masks = Masks((polygon,))
    wide, high = pictures[0].width, pictures[0].height
    for fit in (None, as_is(wide, high), data.draw(fits(wide, high))):
        first, second = (masks.over(picture).rgb(fit) for picture in pictures)
        assert (first == second).all(), f"something of what is hidden is to be seen, by {fit}"
        assert (first[of_fit(polygon, fit or as_is(wide, high), wide, high)] == GREY).all()


def _under(random: np.random.Generator, kind: str, plane: Any, size: int, hidden: np.ndarray) -> tuple[bytes, bytes]:
    """Noise for a plane whose values have `size` bytes, twice: it differs where a value is of a hidden pixel, or of
    several of which one is hidden."""
    one, other = random.integers(0, 256, (2, plane.buffer_size), np.uint8)
    if kind.endswith("10le"):
        one[1::2] &= 3
        other[1::2] &= 3
    changed = one.copy()
    if not size:
        return one.tobytes(), one.tobytes()
    height, width = hidden.shape
    columns = plane.width // 2 if kind == "yuyv422" else plane.width  # two pixels share their colours
    across, down = _block(width, columns), _block(height, plane.height)
    for row in range(plane.height):
        for column in range(columns):
            if hidden[row * down : (row + 1) * down, column * across : (column + 1) * across].any():
                at = row * plane.line_size + column * size
                changed[at : at + size] = other[at : at + size]
    return one.tobytes(), changed.tobytes()


def _block(pixels: int, values: int) -> int:
    """How many pixels share a value; the last may have fewer."""
    return next(block for block in (1, 2, 4) if -(-pixels // block) == values)


@pytest.mark.parametrize("masks", [NO_MASKS, Masks(())])
def test_without_masks_a_picture_stays_the_very_one(masks: Masks) -> None:
    picture = pushed(np.zeros((4, 4, 3), np.uint8))
    assert masks.over(picture) is picture
    assert not masks


def test_a_picture_whose_pixels_are_gone_stays_one() -> None:
    gone = Unconverted(**PLACES, width=4, height=4)  # type: ignore[arg-type]
    shot = Shot("yard", 1, gone, None, Masks((SQUARE,)))
    assert shot.picture is gone
    assert not shot.has_pixels
