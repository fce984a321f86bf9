import threading
import time

import cv2
import numpy as np
import pytest

from askcam.stream.errors import SourceError
from askcam.stream.frame import AgeBasis
from askcam.stream.sources.push import PushSource


def jpeg(value: int = 100, width: int = 64, height: int = 48) -> bytes:
    return bytes(cv2.imencode(".jpg", np.full((height, width, 3), value, np.uint8))[1])


def test_a_pushed_frame_is_read_with_its_pixels_and_time() -> None:
    source, wall = PushSource(), time.time() - 600.0
    source.push(jpeg(200), wall, AgeBasis.CAPTURE)
    picture = source.read(True)
    assert picture is not None
    assert abs(int(picture.rgb().mean()) - 200) <= 2
    assert (picture.width, picture.height) == (64, 48)
    assert (picture.wall, picture.basis) == (wall, AgeBasis.CAPTURE)
    assert time.monotonic() - picture.mono == pytest.approx(time.time() - wall, abs=5.0)  # two looks at two clocks


def test_colours_arrive_as_rgb() -> None:
    source, red = PushSource(), np.zeros((48, 64, 3), np.uint8)
    red[:, :, 2] = 255  # OpenCV's order
    source.push(bytes(cv2.imencode(".jpg", red)[1]), None, AgeBasis.ARRIVAL)
    picture = source.read(True)
    assert picture is not None
    assert picture.rgb()[24, 32, 0] > 200
    assert picture.rgb()[24, 32, 2] < 50


def test_the_latest_wins_and_the_replaced_are_counted() -> None:
    source = PushSource()
    assert not source.push(jpeg(10), None, AgeBasis.ARRIVAL)
    assert source.push(jpeg(120), None, AgeBasis.ARRIVAL)
    assert source.push(jpeg(240), None, AgeBasis.ARRIVAL)
    picture = source.read(True)
    assert picture is not None
    assert picture.rgb().mean() > 200
    assert source.dropped["replaced"] == 2


def test_no_frame_is_from_the_future() -> None:
    source = PushSource()
    source.push(jpeg(), time.time() + 3600, AgeBasis.CAPTURE)
    picture = source.read(True)
    assert picture is not None
    assert picture.wall <= time.time()
    assert picture.mono <= time.monotonic()


def test_without_a_time_arrival_is_what_counts() -> None:
    source = PushSource()
    source.push(jpeg(), None, AgeBasis.CAPTURE)
    picture = source.read(True)
    assert picture is not None
    assert picture.basis is AgeBasis.ARRIVAL


@pytest.mark.parametrize(
    ("data", "word"),
    [(b"GIF89a", "a GIF"), (jpeg()[:30], "damaged"), (b"\xff\xd8" + bytes(17 << 20), "bytes")],
)
def test_what_is_no_fit_jpeg_is_refused_at_the_door(data: bytes, word: str) -> None:
    source = PushSource()
    with pytest.raises(SourceError, match=word):
        source.push(data, None, AgeBasis.ARRIVAL)
    assert not source.push(jpeg(), None, AgeBasis.ARRIVAL), "the refused frame was kept"


def test_forty_megapixels_are_refused_before_anything_decodes_them() -> None:
    huge = jpeg(width=64, height=48)
    at = huge.index(b"\xff\xc0") + 5
    huge = huge[:at] + (5000).to_bytes(2) + (8000).to_bytes(2) + huge[at + 4 :]
    with pytest.raises(SourceError, match=r"8000x5000, 40\.0 megapixels; send at most 16"):
        PushSource().push(huge, None, AgeBasis.ARRIVAL)


def test_a_jpeg_that_does_not_decode_is_dropped_and_counted_and_reading_goes_on() -> None:
    source, good = PushSource(), jpeg()
    at = good.index(b"\xff\xc0")
    source.push(good[: at + 19], None, AgeBasis.ARRIVAL)  # a header, and nothing after it
    read: list[object] = []
    reader = threading.Thread(target=lambda: read.append(source.read(True)))
    reader.start()
    while not source.dropped["undecodable"]:
        time.sleep(0.001)
    source.push(jpeg(), None, AgeBasis.ARRIVAL)
    reader.join(60)
    assert read[0] is not None
    assert source.dropped == {"replaced": 0, "undecodable": 1}


def test_ending_wakes_the_reader_and_refuses_more() -> None:
    source = PushSource()
    read: list[object] = []
    reader = threading.Thread(target=lambda: read.append(source.read(True)))
    reader.start()
    source.end()
    reader.join(60)
    assert read == [None]
    with pytest.raises(SourceError, match="closed"):
        source.push(jpeg(), None, AgeBasis.ARRIVAL)
