"""Each picture is encoded once, found again by itself alone, and nothing of it is lost that a model would see."""

import base64
import io
from typing import Any

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from askcam.engine.remote.dialects import Shape
from askcam.engine.remote.encoding import Encoder
from askcam.stream.frame import Pixels


def drawing(number: int, height: int = 168, width: int = 252) -> Pixels:
    """Smooth light and an edge, at another place for each number."""
    slope = np.linspace(40, 200, width)[None, :, None] + np.zeros((height, 1, 3))
    pixels: Any = slope.astype(np.uint8)
    pixels[20:80, 10 + 12 * number : 60 + 12 * number] = (220, 30, 60)
    return np.ascontiguousarray(pixels)


def psnr(one: Pixels, other: Pixels) -> float:
    return float(10 * np.log10(255**2 / np.mean(np.square(one.astype(float) - other.astype(float)))))


def test_frames_arrive_in_order_and_nearly_as_they_were() -> None:
    frames = [drawing(number) for number in range(5)]
    (url,) = Encoder().urls(frames, 2.0, Shape.JPEGS)
    head, _, data = url.partition("base64,")
    assert head == "data:video/jpeg;"
    found = [cv2.imdecode(np.frombuffer(base64.b64decode(one), np.uint8), cv2.IMREAD_COLOR) for one in data.split(",")]
    assert len(found) == 5
    for frame, bgr in zip(frames, found, strict=True):
        assert psnr(frame, cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)) > 38


@settings(deadline=None, max_examples=30)
@given(height=st.integers(1, 90), width=st.integers(1, 90), seed=st.integers(0, 9), num=st.integers(1, 3))
def test_of_pngs_nothing_is_lost(height: int, width: int, seed: int, num: int) -> None:
    chance = np.random.default_rng(seed)
    frames = [chance.integers(0, 256, (height, width, 3), np.uint8) for _ in range(num)]
    encoder = Encoder("png")
    (film,) = encoder.urls(frames, 2.0, Shape.JPEGS)
    stills = encoder.urls(frames, 2.0, Shape.IMAGES)
    assert all(url.startswith("data:image/png;base64,") for url in stills)
    assert film.partition("base64,")[2].split(",") == [url.partition("base64,")[2] for url in stills]
    for frame, url in zip(frames, stills, strict=True):
        shown = Image.open(io.BytesIO(base64.b64decode(url.partition("base64,")[2])))
        assert np.array_equal(np.asarray(shown), frame)


def test_a_film_has_every_frame_at_its_rate() -> None:
    frames = [drawing(number % 12) for number in range(40)]
    (url,) = Encoder().urls(frames, 2.5, Shape.MP4)
    with av.open(io.BytesIO(base64.b64decode(url.partition("base64,")[2]))) as film:
        found = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
        assert film.streams.video[0].average_rate == pytest.approx(2.5)
    assert len(found) == 40
    for frame, seen in zip(frames, found, strict=True):
        assert psnr(frame, seen) > 28  # colour at half the size


def test_a_picture_is_encoded_once() -> None:
    encoder, frames = Encoder(), [drawing(number) for number in range(3)]
    first = encoder.urls(frames, 2.0, Shape.IMAGES)
    assert encoder.urls(frames, 2.0, Shape.IMAGES) == first
    assert encoder.urls([*frames[1:], frames[2]], 2.0, Shape.JPEGS)
    assert encoder.num_encoded == 3


def test_another_picture_at_the_same_place_in_memory_is_another_one() -> None:
    """What a camera's picture was, its number says nothing of; nor does where it lay."""
    encoder = Encoder()
    places: set[int] = set()
    for number in range(200):
        picture = np.full((28, 28, 3), number, np.uint8)
        places.add(id(picture))
        shown = cv2.imdecode(np.frombuffer(base64.b64decode(encoder.picture(picture)), np.uint8), cv2.IMREAD_COLOR)
        assert abs(int(shown.mean()) - number) <= 1
        del picture
    assert len(places) < 200  # places did come again


def test_no_more_is_kept_than_allowed_and_nothing_of_pictures_that_are_gone() -> None:
    encoder = Encoder(max_bytes=20_000)
    frames = [np.random.default_rng(number).integers(0, 255, (56, 56, 3), np.uint8) for number in range(20)]
    for frame in frames:
        encoder.picture(frame)
    assert 0 < encoder.num_bytes <= 20_000
    assert encoder.num_encoded == 20
    encoder.picture(frames[-1])
    assert encoder.num_encoded == 20  # the last used is kept
    encoder.picture(frames[0])
    assert encoder.num_encoded == 21  # the first is not
    frames.clear()
    del frame
    encoder.forget()
    assert encoder.num_bytes == 0
