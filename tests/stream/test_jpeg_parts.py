"""Pictures are cut out of a camera's endless bytes by what they say themselves, bounded, whatever stands between."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from askcam.stream.sources import jpeg_parts
from askcam.stream.sources.jpeg_parts import JPEGParts


def jpeg(seed: int, *options: int) -> bytes:
    noise = np.random.default_rng(seed).integers(0, 255, (24, 40, 3), np.uint8)
    return cv2.imencode(".jpg", noise, list(options))[1].tobytes()


def with_thumbnail(seed: int) -> bytes:
    """Its EXIF holds another whole JPEG."""
    small = b"Exif\0\0" + jpeg(seed + 1)
    return b"\xff\xd8\xff\xe1" + (len(small) + 2).to_bytes(2) + small + jpeg(seed)[2:]


PICTURES = [
    jpeg(1),
    jpeg(2, cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    jpeg(3, cv2.IMWRITE_JPEG_RST_INTERVAL, 1),
    with_thumbnail(4),
    jpeg(5)[:-2] + b"\xff\xff\xd9",  # fill bytes
]
BETWEEN = [
    b"\r\n--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 12\r\n\r\n",  # which is a lie
    b"\r\n--other\r\n\r\n",
    b"",
    b"\0" * 700,
    b"\xff\xd9",
    b"\xff",
]


def fed(data: bytes, cuts: list[int]) -> tuple[list[bytes], JPEGParts]:
    parts, out, at = JPEGParts(), list[bytes](), 0
    for cut in [*sorted(cut % (len(data) + 1) for cut in cuts), len(data)]:
        out += [each for each, _ in parts.feed(data[at:cut], 0.0)]
        at = cut
    return out, parts


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(PICTURES), st.sampled_from(BETWEEN)), min_size=1, max_size=6),
    st.lists(st.integers(0, 1 << 20), max_size=40),
)
def test_pictures_come_out_as_they_are_however_their_bytes_are_cut(
    sent: list[tuple[bytes, bytes]], cuts: list[int]
) -> None:
    out, _ = fed(b"--frame\r\n\r\n" + b"".join(picture + between for picture, between in sent), cuts)
    assert out == [picture for picture, _ in sent]


def test_a_picture_is_whole_with_its_last_byte_and_as_old_as_its_first() -> None:
    parts, picture = JPEGParts(), PICTURES[0]
    assert parts.feed(picture[:1], 1.0) == []
    assert parts.feed(picture[1:9], 2.0) == []
    assert parts.feed(picture[9:-1], 3.0) == []
    assert parts.feed(picture[-1:], 4.0) == [(picture, 2.0)]


def test_a_picture_without_an_end_ends_where_the_next_begins() -> None:
    broken = PICTURES[0][:-20]
    out, _ = fed(broken + b"\r\n--frame\r\n\r\n" + PICTURES[1], [])
    assert out == [broken + b"\xff\xd9", PICTURES[1]]


def test_a_picture_that_is_larger_than_the_bound_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jpeg_parts, "MAX_BYTES", len(PICTURES[1]))
    large = PICTURES[1][:-2] + b"\0" + b"\xff\xd9"
    out, parts = fed(large + PICTURES[1], list(range(0, 9000, 100)))
    assert out == [PICTURES[1]]
    assert parts.refused == 1


def test_what_never_ends_is_held_no_longer_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jpeg_parts, "MAX_BYTES", 10_000)
    parts = JPEGParts()
    for chunk in [PICTURES[0][:-2], *[b"\0" * 1000] * 50]:
        parts.feed(chunk, 0.0)
        assert len(parts._data) < 12_000
    assert parts.refused == 1
    assert parts.between > 0


def test_too_many_parts_are_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jpeg_parts, "MAX_SEGMENTS", 20)
    many = b"\xff\xd8" + b"\xff\xfe\x00\x02" * 21 + PICTURES[0][2:]
    out, parts = fed(many + PICTURES[0], [])
    assert out == [PICTURES[0]]
    assert parts.refused == 1


@settings(deadline=None)
@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5))
def test_no_bytes_of_any_kind_stop_it(noise: bytes, cuts: list[int]) -> None:
    out, _ = fed(b"\xff\xd8\xff" + noise + b"\xff\xd8" + PICTURES[0] + PICTURES[0], cuts)
    assert len(out) <= 3
