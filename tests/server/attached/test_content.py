"""Pictures and clips inside messages: what is read, and what is refused before it costs anything."""

import base64
import contextlib
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from askcam.server.attached import content
from askcam.server.attached.budget import Budget
from askcam.server.attached.content import jpeg_from_base64, picture_from_url, picture_to_keep
from askcam.server.errors import Refusal
from askcam.server.wire.refusals import on_wire


def data_url(data: bytes, mime: str = "image/png") -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def gradient(width: int = 80, height: int = 60) -> Image.Image:
    across = np.tile(np.linspace(0, 255, width, dtype=np.uint8), (height, 1))
    return Image.fromarray(np.stack([across, across[:, ::-1], np.full_like(across, 99)], axis=2))


def refused(url: str, read: Callable[[str, str], Any] = picture_from_url) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read(url, "messages[0].content[1]")
    error = caught.value
    assert (on_wire(error).status, on_wire(error).type, error.param) == (
        400,
        "invalid_request_error",
        "messages[0].content[1]",
    )
    assert "\n" not in error.message
    assert len(error.message) < 300
    return error


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
def test_pictures_of_every_kind_are_read(kind: str) -> None:
    pixels = picture_from_url(data_url(encoded(gradient(), kind), f"image/{kind.lower()}"), "p").pixels
    assert (pixels.shape, pixels.dtype) == ((60, 80, 3), np.uint8)
    assert np.abs(pixels.astype(int) - np.asarray(gradient())).mean() < 12  # GIF has 256 colours


def test_a_lossless_picture_keeps_every_pixel() -> None:
    pixels = picture_from_url(data_url(encoded(gradient(), "PNG")), "p").pixels
    assert np.array_equal(pixels, np.asarray(gradient()))
    assert pixels.flags.c_contiguous


def test_a_picture_held_sideways_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # a phone held upright
    pixels = picture_from_url(data_url(encoded(gradient(), "JPEG", exif=exif)), "p").pixels
    assert pixels.shape == (80, 60, 3)


def test_transparent_parts_are_white() -> None:
    clear = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    assert picture_from_url(data_url(encoded(clear, "PNG")), "p").pixels.min() == 255


def test_grey_of_16_bits_keeps_its_brightness() -> None:
    grey = Image.fromarray(np.full((8, 8), 40_000, np.uint16))
    assert set(picture_from_url(data_url(encoded(grey, "PNG")), "p").pixels.ravel()) == {40_000 // 256}


@pytest.mark.parametrize(
    ("url", "code", "words"),
    [
        ("https://user:secret@host/cat.jpg?key=1", "unsupported_url", "send it as a data URL"),
        ("file:///etc/passwd", "unsupported_url", "does not fetch"),
        ("cat.jpg", "invalid_image", "not a data URL"),
        ("data:image/png,rawbytes", "invalid_image", "(a text)"),
        ("data:text/plain;base64,aGVsbG8=", "invalid_image", "'text/plain' is no image"),
        ("data:image/png;base64,@@@@", "invalid_base64", "not base64"),
        ("data:image/png;base64,", "invalid_base64", "no bytes"),
        ("data:image/png;base64,aGVsbG8=", "invalid_image", "JPEG, PNG, WebP or GIF"),
    ],
)
def test_what_is_no_picture_is_refused_with_the_remedy(url: str, code: str, words: str) -> None:
    error = refused(url)
    assert error.code == code
    assert words in error.message
    assert "secret" not in error.message
    assert "key=1" not in error.message


@pytest.mark.parametrize(("width", "height"), [(8000, 5000), (12_000, 12_000), (20_000, 20_000)])
def test_too_many_pixels_are_refused_before_they_are_decoded(
    width: int, height: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = data_url(encoded(Image.new("1", (width, height)), "PNG"))

    def decode(*args: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decode)
    error = refused(bomb)
    assert error.code == "too_many_pixels"
    assert "16 megapixels" in error.message


def test_too_many_bytes_are_refused_before_they_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "MAX_PICTURE_BYTES", 1000)
    assert refused(data_url(bytes(1100))).code == "too_large"
    assert refused(data_url(bytes(900))).code == "invalid_image"


def test_a_picture_that_is_cut_short_is_refused() -> None:
    for kind in ("JPEG", "PNG"):
        data = encoded(gradient(), kind)
        assert "damaged" in refused(data_url(data[: len(data) // 2])).message


def test_a_jpeg_of_very_many_passes_is_refused() -> None:
    data = encoded(gradient(), "JPEG", progressive=True)
    scan = data.rindex(b"\xff\xda")
    passes = data[:scan] + data[scan:-2] * 200 + data[-2:]
    assert "passes" in refused(data_url(passes)).message
    assert picture_from_url(data_url(data), "p").pixels.shape == (60, 80, 3)


def test_the_pictures_of_one_question_are_bounded_together() -> None:
    """Three of 16 megapixels are 100 kB to send and 144 MB to hold: a fourth is refused before it is decoded."""
    large = data_url(encoded(Image.new("L", (4000, 4000)), "PNG"))
    budget = Budget()
    for _ in range(3):
        content.decode_picture(base64.b64decode(large.partition(",")[2]), "p", budget)
    with pytest.raises(Refusal, match="48 megapixels together") as refusal:
        picture_from_url(large, "messages[3]", budget)
    assert (refusal.value.param, refusal.value.code) == ("messages[3]", "too_many_pixels")


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["JPEG", "PNG", "WEBP", "GIF"]), st.data())
def test_damaged_pictures_are_read_or_refused_and_nothing_else(kind: str, data: st.DataObject) -> None:
    bytes_ = bytearray(encoded(gradient(20, 16), kind))
    for _ in range(data.draw(st.integers(1, 4))):
        bytes_[data.draw(st.integers(0, len(bytes_) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Refusal):
        assert picture_from_url(data_url(bytes(bytes_)), "p").pixels.shape[2] == 3


def test_a_picture_to_keep_is_found_sound_and_kept_as_it_came() -> None:
    data = encoded(gradient(), "PNG")
    kept = picture_to_keep(data_url(data, "image/jpeg"), "p")  # a wrong name does no harm
    assert (kept.data, kept.mime, kept.url) == (data, "image/png", data_url(data))
    assert refused(data_url(data[:-40]), picture_to_keep).code == "invalid_image"


def test_a_pushed_frame_comes_bare_or_as_a_data_url() -> None:
    data = encoded(gradient(), "JPEG")
    assert jpeg_from_base64(base64.b64encode(data).decode(), "image") == data
    assert jpeg_from_base64(data_url(data, "image/jpeg"), "image") == data
    assert refused("no base64!", jpeg_from_base64).code == "invalid_base64"
