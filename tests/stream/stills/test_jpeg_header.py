import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.stream.errors import SourceError
from askcam.stream.stills.jpeg import size as jpeg_size


def jpeg(width: int, height: int, *options: int) -> bytes:
    return bytes(cv2.imencode(".jpg", np.zeros((height, width, 3), np.uint8), options)[1])


@given(width=st.integers(1, 300), height=st.integers(1, 300), progressive=st.booleans())
def test_the_size_is_the_pictures(width: int, height: int, progressive: bool) -> None:
    assert jpeg_size(jpeg(width, height, cv2.IMWRITE_JPEG_PROGRESSIVE, int(progressive))) == (width, height)


def test_what_stands_before_the_frame_header_is_skipped() -> None:
    data = jpeg(64, 48)
    exif = b"\xff\xe1" + (6000).to_bytes(2) + b"\xff\xd8\xff\xc0\x00\x11" + bytes(5992)  # a thumbnail inside
    assert jpeg_size(data[:2] + exif + data[2:]) == (64, 48)


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"\xff\xd8", b"\xff\xd8\xff\xd9", jpeg(64, 48)[:20], b"\xff\xd8" + b"\xff" * 9999]
)
def test_what_names_no_size_is_refused(data: bytes) -> None:
    with pytest.raises(SourceError, match="names no size") as caught:
        jpeg_size(data)
    assert caught.value.permanent


@given(st.binary(max_size=200))
def test_any_bytes_give_a_size_or_a_source_error(tail: bytes) -> None:
    try:
        width, height = jpeg_size(b"\xff\xd8" + tail)
    except SourceError:
        return
    assert width > 0
    assert height > 0
