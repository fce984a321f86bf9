"""Pixels that are not square, pictures on their side and colours, in the full picture and in the one that is fitted."""

import struct
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace

from askcam.stream.fit import Fit, as_is
from askcam.stream.frame import Pixels
from askcam.stream.reel import Reel
from askcam.stream.sources.base import DecodedPicture
from askcam.stream.sources.registry import resolve
from askcam.stream.sources.yuv import square_size

COLOURS = ((200, 30, 30), (30, 160, 40), (40, 60, 200))


def disc(width: int, height: int, sar: Fraction) -> Pixels:
    """A white disc, round where pixels are `sar` wide, on black."""
    y, x = np.mgrid[:height, :width].astype(float)
    far = np.hypot((x - width / 2) * float(sar), y - height / 2)
    return np.where((far < 0.3 * min(height, width * float(sar)))[..., None], np.uint8(240), np.uint8(10)).repeat(
        3, axis=2
    )


def write(path: Path, pieces: list[tuple[Pixels, Fraction]], *, in_bitstream: bool = True, **tags: Any) -> None:
    """H.264 or MPEG-4 of five frames of each piece."""
    with av.open(str(path), "w") as container:
        for number, (pixels, sar) in enumerate(pieces):
            context = av.CodecContext.create("libx264", "w")
            height, width = pixels.shape[:2]
            context.width, context.height, context.pix_fmt = width, height, "yuv420p"
            context.time_base, context.framerate = Fraction(1, 10), Fraction(10)
            if in_bitstream:
                context.sample_aspect_ratio = sar
            context.options = {"preset": "ultrafast", "qp": "10", "bf": "0"}
            if number == 0:
                stream: Any = container.add_stream("libx264", rate=10)
                stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
                stream.codec_context.sample_aspect_ratio = sar
                stream.options = {"preset": "ultrafast", "qp": "10", "bf": "0"}
            for i in range(5):
                frame = av.VideoFrame.from_ndarray(pixels, "rgb24").reformat(format="yuv420p")
                frame.pts, frame.time_base = number * 5 + i, Fraction(1, 10)
                for packet in context.encode(frame):
                    packet.stream = stream
                    container.mux(packet)
            for packet in context.encode(None):
                packet.stream = stream
                container.mux(packet)


def pictures(path: Path) -> list[DecodedPicture]:
    source = resolve(str(path)).make()
    source.open()
    found = []
    while (picture := source.read(True)) is not None:
        found.append(picture)
    source.close()
    return found


def roundness(pixels: Pixels) -> float:
    """Width over height of what is white."""
    rows, columns = np.where(pixels[..., 0] > 128)
    return float(np.ptp(columns) + 1) / float(np.ptp(rows) + 1)


SARS = [Fraction(2), Fraction(64, 45), Fraction(12, 11), Fraction(8, 9), Fraction(1, 2), Fraction(1), Fraction(32, 11)]


@pytest.mark.parametrize("sar", SARS, ids=str)
@pytest.mark.parametrize("kind", ["h264", "mp4", "mkv"])
def test_what_is_round_is_seen_round(tmp_path: Path, sar: Fraction, kind: str) -> None:
    path = tmp_path / f"disc.{kind}"
    write(path, [(disc(320, 240, sar), sar)])
    picture = pictures(path)[0]
    assert (picture.width, picture.height) == square_size(320, 240, sar)
    full = picture.rgb()
    assert full.shape == (picture.height, picture.width, 3)
    assert roundness(full) == pytest.approx(1, abs=0.04)
    fit = Fit.stretch(picture.width, picture.height, picture.width // 2, picture.height // 2)
    assert roundness(picture.rgb(fit)) == pytest.approx(1, abs=0.06)
    w, h = picture.width, picture.height
    cropped = Fit(h, h, ((w - h) // 2, 0, h, h), h, h) if w >= h else Fit(w, w, (0, (h - w) // 2, w, w), w, w)
    assert roundness(picture.rgb(cropped)) == pytest.approx(1, abs=0.05)
    with Reel(str(path)) as reel:
        assert roundness(next(reel.stills(2, as_is)).pixels) == pytest.approx(1, abs=0.04)


def test_pixels_that_change_in_the_middle_are_seen_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "change.h264"
    write(path, [(disc(320, 240, s), s) for s in (Fraction(1), Fraction(2), Fraction(1))])
    shown = pictures(path)
    assert [p.width for p in shown[1::5]] == [320, 640, 320]
    assert all(roundness(p.rgb()) == pytest.approx(1, abs=0.04) for p in shown)


@pytest.mark.parametrize("sar", [Fraction(100), Fraction(1, 100), Fraction(5)], ids=str)
def test_pixels_of_no_shape_that_there_is_are_taken_for_square(sar: Fraction) -> None:
    assert square_size(320, 240, sar) == (320, 240)


@pytest.mark.parametrize("size", [(320, 240), (1279, 576), (1280, 544), (720, 578), (1920, 1080)])
@pytest.mark.parametrize("tag", [None, Colorspace.ITU601, Colorspace.ITU709, Colorspace.BT2020])
@pytest.mark.parametrize("full_range", [False, True])
def test_colours_are_what_the_tag_says_or_else_the_size(
    size: tuple[int, int], tag: Colorspace | None, full_range: bool
) -> None:
    from askcam.stream.frame import AgeBasis
    from askcam.stream.sources.yuv import Converter, YUVPicture

    width, height = size
    truth = np.zeros((height, width, 3), np.uint8)
    for i, colour in enumerate(COLOURS):
        truth[:, i * width // 3 : (i + 1) * width // 3] = colour
    meant = tag or (Colorspace.ITU709 if width >= 1280 or height > 576 else Colorspace.ITU601)
    frame = av.VideoFrame.from_ndarray(truth, "rgb24").reformat(
        format="yuv444p",
        dst_colorspace=meant,
        dst_color_range=ColorRange.JPEG if full_range else ColorRange.MPEG,
    )
    frame.colorspace = 2 if tag is None else int(tag)
    frame.color_range = 2 if full_range else 0 if tag is None else 1
    picture = YUVPicture(frame, Converter(), 0, 0, AgeBasis.CAPTURE)
    for pixels in (picture.rgb(), picture.rgb(Fit.stretch(width, height, 96, 60))):
        for i, colour in enumerate(COLOURS):
            seen = pixels[pixels.shape[0] // 2, (2 * i + 1) * pixels.shape[1] // 6].astype(int)
            assert np.abs(seen - colour).max() <= 4, (pixels.shape, seen, colour)


@pytest.mark.parametrize("kind", ["mp4", "mov"])
def test_where_the_container_and_the_codec_disagree_the_container_is_right(tmp_path: Path, kind: str) -> None:
    """As with players: who muxed it knew."""
    path = tmp_path / f"disc.{kind}"
    write(path, [(disc(320, 240, Fraction(2)), Fraction(2))], in_bitstream=False)
    assert roundness(pictures(path)[0].rgb()) == pytest.approx(1, abs=0.04)


MATRICES = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}  # of a track's header, as telephones write it


@pytest.mark.parametrize("sar", [Fraction(1), Fraction(2)], ids=str)
@pytest.mark.parametrize("turn", MATRICES)
def test_a_film_on_its_side_is_seen_as_ffmpeg_shows_it_and_round(tmp_path: Path, turn: int, sar: Fraction) -> None:
    path = tmp_path / "turned.mp4"
    shape = disc(320, 240, sar)
    shape[:40, :30] = 240  # a corner to know it by
    write(path, [(shape, sar)])
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    a, b, c, d = MATRICES[turn]
    data[at : at + 36] = struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    picture = pictures(path)[0]
    assert (picture.width, picture.height) == ((320 * sar, 240) if turn == 180 else (240, 320 * sar))
    shown = picture.rgb()
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    height, width = (240, 320) if turn == 180 else (320, 240)
    expected = np.frombuffer(raw, np.uint8).reshape(height, width, 3)
    step = int(sar)
    same = shown[:, ::step] if turn == 180 else shown[::step]
    assert np.abs(same.astype(int) - expected).mean() < 4
    half = Fit.stretch(picture.width, picture.height, picture.width // 2, picture.height // 2)
    assert np.abs(picture.rgb(half).astype(int) - shown[::2, ::2]).mean() < 6
