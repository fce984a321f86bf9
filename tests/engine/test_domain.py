"""Drawn scenes are known to the built-in model as such, and real pictures are not."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from askcam.demo.builtin import model_path
from askcam.demo.render import Renderer
from askcam.demo.scene import make_scene
from askcam.engine.card import read_card
from askcam.engine.domain import MEASURE, NUM_FEATURES, Domain, read_domain
from askcam.stream.fit import Fit, resize
from askcam.stream.frame import Pixels

PICTURES = Path("/usr/share/doc/opencv-doc/examples/data")  # Debian's opencv-doc
REAL = (
    "fruits.jpg",
    "messi5.jpg",
    "home.jpg",
    "aloeL.jpg",
    "leuvenA.jpg",
    "butterfly.jpg",
    "board.jpg",
    "building.jpg",
)


def known() -> Domain:
    found = read_card(model_path()).domain
    assert found is not None
    return found


def as_seen(pixels: Pixels) -> Pixels:
    return resize(pixels, Fit.stretch(pixels.shape[1], pixels.shape[0], 252, 168))


def squeezed(pixels: Pixels, quality: int) -> Pixels:
    _, data = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[..., ::-1])


@pytest.mark.parametrize("first", range(7000, 7060, 10))
def test_drawn_scenes_are_known(first: int) -> None:
    for seed in range(first, first + 10):
        frame = Renderer(make_scene(seed)).at(seed * 1.7)
        for pixels in (as_seen(frame), as_seen(squeezed(frame, 50)), frame):
            assert known().holds([pixels]), seed


@pytest.mark.parametrize("name", REAL)
def test_photographs_are_not(name: str) -> None:
    if not PICTURES.exists():
        pytest.skip(f"{PICTURES} is not here: install opencv-doc")
    found = cv2.imread(str(PICTURES / name), cv2.IMREAD_COLOR)
    pixels = np.ascontiguousarray(np.asarray(found, np.uint8)[..., ::-1])
    assert not known().holds([as_seen(pixels)])
    assert not known().holds([pixels])
    assert not known().holds([as_seen(squeezed(pixels, 40))])


def test_bars_around_a_picture_do_not_count() -> None:
    frame = as_seen(Renderer(make_scene(1)).at(3.0))
    barred = np.zeros((224, 252, 3), np.uint8)
    barred[28:196] = frame
    assert known().logit(barred) == pytest.approx(known().logit(frame), abs=0.5)


@pytest.mark.parametrize("shape", [(0, 0, 3), (1, 1, 3), (20, 400, 3), (300, 12, 3)])
def test_next_to_no_picture_is_not_refused(shape: tuple[int, ...]) -> None:
    assert known().holds([np.full(shape, 200, np.uint8)])
    assert known().holds([])


def test_a_picture_of_one_colour_is_drawn() -> None:
    for gray in (0, 5, 128, 255):
        assert known().holds([np.full((168, 252, 3), gray, np.uint8)])


@pytest.mark.parametrize(
    "wrong",
    [
        {"measure": "other-1", "bias": 0, "weights": [0] * NUM_FEATURES},
        {"measure": MEASURE, "bias": 0, "weights": [0]},
        {"measure": MEASURE, "weights": [0] * NUM_FEATURES},
        {"bias": 0},
    ],
)
def test_a_statement_that_cannot_be_read_is_told(wrong: dict[str, Any]) -> None:
    with pytest.raises((ValueError, KeyError)):
        read_domain(json.loads(json.dumps(wrong)))
    assert read_domain(None) is None
