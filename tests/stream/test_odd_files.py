"""Files that are not quite films: each is seen, or it is said what it is."""

import io
import os
import time
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image
from support.clips import write_clip
from support.hands import PATIENT, camera, refusal_of, state_is, view_of
from support.odd_stills import encoded, many_scans
from support.waiting import until

from askcam.stream.camera import State
from askcam.stream.errors import SourceError
from askcam.stream.fit import as_is
from askcam.stream.reel import Reel
from askcam.stream.sources.base import Counting, DecodedPicture
from askcam.stream.sources.film import open_film
from askcam.stream.sources.pacer import Pacer
from askcam.stream.sources.registry import resolve
from askcam.stream.sources.stills_file import read_picture
from askcam.stream.stills.kinds import PictureError


def pictures(uri: str, most: int = 100) -> list[DecodedPicture]:
    source = resolve(uri).make()
    source.open()
    found: list[DecodedPicture] = []
    try:
        while len(found) < most and (picture := source.read(True)) is not None:
            found.append(picture)
    finally:
        source.close()
    return found


def levels(found: list[DecodedPicture]) -> list[int]:
    return [int(picture.rgb().mean()) for picture in found]


def film(path: Path, stamps: list[int | None], *, format: str | None = None, base: Fraction = Fraction(1, 10)) -> None:
    """MPEG-4 whose k-th picture is grey 40 + 10k, at these timestamps."""
    with av.open(str(path), "w", format=format) as container:
        stream: Any = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for k, stamp in enumerate(stamps):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 40 + 10 * k % 200, np.uint8), "rgb24")
            frame.pts = k
            for packet in stream.encode(frame):
                if stamp is not None:
                    packet.time_base, packet.pts, packet.dts = base, stamp, stamp
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)


# A film that is over.


def test_a_film_that_is_over_is_asked_from_its_window_until_it_is_closed(tmp_path: Path) -> None:
    write_clip(tmp_path / "bell.mp4", num_frames=3, fps=10)
    lobby = camera(resolve(str(tmp_path / "bell.mp4")), PATIENT)
    with lobby:
        until(lambda: state_is(lobby, State.ENDED), "the end")
        assert lobby.askable
        view = lobby.look()
        assert view.pairs
        assert lobby.newest().seq == 3
        assert view.newest.seq == 3
        assert "asked about" in str(lobby.status().reason)
        before = lobby.status().frame_age_s
        assert before is not None
        until(lambda: (lobby.status().frame_age_s or 0) > before + 0.2, "the age to grow")
    assert not lobby.askable
    assert refusal_of(lobby) is not None


def test_a_file_that_breaks_off_with_an_error_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "note.mp4").write_text("hello")
    with camera(resolve(str(tmp_path / "note.mp4")), PATIENT) as lobby:
        until(lambda: state_is(lobby, State.ENDED), "the end")
        assert not lobby.askable
        assert refusal_of(lobby) is not None


# Stills and moving pictures.


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "GIF", "AVIF", "TIFF", "JPEG2000"])
@pytest.mark.parametrize("name", ["still", "still.mp4", "still.jpg"])
def test_a_still_is_a_film_of_one_picture(tmp_path: Path, kind: str, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(encoded(Image.new("RGB", (96, 64), (200, 100, 50)), kind))
    found = pictures(str(path))
    assert [(p.width, p.height) for p in found] == [(96, 64)]
    assert np.abs(found[0].rgb().reshape(-1, 3).mean(axis=0) - (200, 100, 50)).max() < 6
    with Reel(str(path)) as reel:
        assert [still.at_s for still in reel.stills(2, as_is)] == [0.0]
    assert read_picture(str(path)).shape == (64, 96, 3)


def test_a_still_in_a_loop_goes_on_being_live(tmp_path: Path) -> None:
    path = tmp_path / "still.png"
    path.write_bytes(encoded(Image.new("RGB", (96, 64)), "PNG"))
    found = pictures(f"{path}?loop=1", most=3)
    assert [0.3 < later.mono - earlier.mono < 30 for earlier, later in pairwise(found)] == [True] * 2
    lobby = camera(resolve(str(path)), PATIENT)
    with lobby:
        until(lambda: state_is(lobby, State.ENDED), "the end")
        assert view_of(lobby) is not None


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
def test_an_animated_picture_plays_at_its_pace(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "moving"
    images = [Image.new("RGB", (64, 48), (n, n, n)) for n in (20, 90, 160, 230)]
    path.write_bytes(encoded(images[0], kind, save_all=True, append_images=images[1:], duration=250))
    with Reel(str(path)) as reel:
        stills = list(reel.stills(4, as_is))
    assert [round(s.at_s, 2) for s in stills] == [0, 0.25, 0.5, 0.75]
    assert [abs(int(s.pixels.mean()) - n) < 8 for s, n in zip(stills, (20, 90, 160, 230), strict=True)] == [True] * 4
    found = pictures(str(path))
    assert len(found) == 4
    assert 0.74 < found[3].mono - found[0].mono < 10  # a busy machine may play it slower


def test_photos_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    for brand in (b"heic", b"mif1"):
        path = tmp_path / "photo.heic"
        path.write_bytes(b"\0\0\0\x18ftyp" + brand + bytes(100))
        with pytest.raises(SourceError, match="HEIC photo, which is not read here: save it as JPEG"):
            open_film(str(path), "photo.heic")
        with pytest.raises(PictureError, match="HEIC photo"):
            read_picture(str(path))


def test_motion_jpeg_without_a_container_is_a_film(tmp_path: Path) -> None:
    path = tmp_path / "motion.mjpeg"
    path.write_bytes(b"".join(encoded(Image.new("RGB", (64, 48), (n, n, n)), "JPEG") for n in range(20, 220, 20)))
    assert len(pictures(str(path))) == 10


def test_a_picture_of_a_stream_that_would_take_hours_is_skipped_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "motion.mjpeg"
    plain = [encoded(Image.new("RGB", (64, 48), (n, n, n)), "JPEG") for n in range(20, 220, 20)]
    bomb = many_scans(encoded(Image.new("RGB", (64, 48)), "JPEG", progressive=True), 200)
    path.write_bytes(b"".join([*plain[:5], bomb, *plain[5:]]))
    source = resolve(str(path)).make()
    source.open()
    found = [source.read(True) for _ in range(11)]
    assert found[9] is not None
    assert found[10] is None
    assert isinstance(source, Counting)
    assert source.dropped == {"undecodable": 1}
    source.close()


# Times.


@pytest.mark.parametrize(
    ("stamps", "format"),
    [
        ([36_000_0 + k for k in range(6)], "matroska"),
        ([0, 1, 2, 9, 10, 30], "matroska"),
        ([0, 1, 2, 0, 1, 2], "avi"),
        ([None] * 6, "m4v"),
        ([None] * 6, "avi"),
        ([None] * 6, "mpegts"),
    ],
    ids=["begins after hours", "variable", "avi", "raw", "avi without", "mpegts"],
)
def test_every_picture_is_seen_whatever_the_timestamps(tmp_path: Path, stamps: list[int | None], format: str) -> None:
    path = tmp_path / "odd"
    try:
        film(path, stamps, format=format)
    except av.error.FFmpegError:
        pytest.skip("this muxer refuses it")
    found = pictures(str(path))
    assert len(found) == 6
    assert np.diff([p.mono for p in found]).min() > 0
    assert found[-1].mono - found[0].mono < 30, "a gap is waited for"
    with Reel(str(path)) as reel:
        times = [still.at_s for still in reel.stills(25, as_is)]
    assert times[0] == 0
    assert np.diff(times).min() > 0


def test_a_time_lapse_is_shown_picture_by_picture_and_tells_its_own_times(tmp_path: Path) -> None:
    path = tmp_path / "lapse.mp4"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("mpeg4", rate=Fraction(1, 60))
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for k in range(6):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 30 * k, np.uint8), "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    began = time.time()
    found = pictures(str(path))
    assert len(found) == 6
    shown = np.diff([p.mono for p in found])
    assert shown == pytest.approx([0.5] * 5, abs=0.15)
    assert np.diff([p.wall for p in found]) == pytest.approx([60] * 5, abs=0.5)
    assert all(p.wall <= time.time() for p in found)
    assert found[-1].wall == pytest.approx(began, abs=90)
    with Reel(str(path)) as reel:
        assert [still.at_s for still in reel.stills(2, as_is)] == [0, 60, 120, 180, 240, 300]


def test_two_long_steps_on_end_are_a_time_lapse_and_one_is_a_cut() -> None:
    pacer = Pacer()
    due = [pacer.due(pts, 100.0) for pts in (0.0, 10.0, 20.0, 30.0)]
    assert np.diff(due) == pytest.approx([0.04, 0.5, 0.5])
    cut = Pacer()
    due = [cut.due(pts, 100.0) for pts in (0.0, 0.1, 900.0, 900.1, 1800.0, 1800.1)]
    assert np.diff(due) == pytest.approx([0.1] * 5)


# Tracks.


def tracks(path: Path, default: int) -> None:
    with av.open(str(path), "w") as container:
        streams: list[Any] = [container.add_stream("mpeg4", rate=10) for _ in range(2)]
        for stream, width in zip(streams, (64, 128), strict=True):
            stream.width, stream.height, stream.pix_fmt = width, 48, "yuv420p"
        for i, stream in enumerate(streams):
            stream.disposition = av.stream.Disposition.default if i == default else av.stream.Disposition(0)
        for k in range(5):
            for stream in streams:
                frame = av.VideoFrame.from_ndarray(np.zeros((48, stream.width, 3), np.uint8), "rgb24")
                frame.pts = k
                container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode(None))


@pytest.mark.parametrize("default", [0, 1])
@pytest.mark.parametrize("kind", ["mkv", "mp4"])
def test_of_two_video_tracks_the_default_one_is_seen(tmp_path: Path, default: int, kind: str) -> None:
    path = tmp_path / f"two.{kind}"
    tracks(path, default)
    assert {p.width for p in pictures(str(path))} == {(64, 128)[default]}


def test_sound_with_a_cover_is_said_to_be_that(tmp_path: Path) -> None:
    image = encoded(Image.new("RGB", (64, 64)), "JPEG")
    body = b"\0image/jpeg\0\x03\0" + image
    frame = b"APIC" + len(body).to_bytes(4) + bytes(2) + body
    size = len(frame)
    tag = b"ID3\x03\0\0" + bytes([size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127]) + frame
    sound = io.BytesIO()
    with av.open(sound, "w", format="mp3") as container:
        stream: Any = container.add_stream("libmp3lame", rate=44100)
        audio = av.AudioFrame.from_ndarray(np.zeros((1, 44100), np.int16), format="s16", layout="mono")
        audio.sample_rate = 44100
        for packet in stream.encode(av.AudioResampler("s16p", "stereo", 44100).resample(audio)[0]):
            container.mux(packet)
        container.mux(stream.encode(None))
    data = sound.getvalue()
    after = data[data.index(b"\xff\xfb") :]
    (tmp_path / "song.mp3").write_bytes(tag + after)
    with pytest.raises(SourceError, match="sound with a cover picture"):
        open_film(str(tmp_path / "song.mp3"), "song.mp3")


# Names, and what is no file.


@pytest.mark.parametrize(
    "name",
    [
        "a:b.mp4",
        "concat:x.mp4",
        "what?.mp4",
        "100%25.mp4",
        "%d.mp4",
        "a b.mp4",
        "日本.mp4",
        "-v.mp4",
        "#1.mp4",
        "a?loop=2.mp4",
        "'q'.mp4",
    ],
)
def test_a_name_may_be_odd(tmp_path: Path, name: str) -> None:
    write_clip(tmp_path / name, num_frames=2)
    assert len(pictures(str(tmp_path / name))) == 2
    with Reel(str(tmp_path / name)) as reel:
        assert len(list(reel.stills(2, as_is))) == 1


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: os.mkfifo(path), "a device or a pipe"),
        (lambda path: path.symlink_to("/dev/zero"), "a device or a pipe"),
        (lambda path: path.symlink_to("/dev/null"), "a device or a pipe"),
        (lambda path: path.write_bytes(b""), "it is empty"),
        (lambda path: path.write_bytes(bytes(5000)), "no video"),
        (lambda path: path.write_bytes(b"hello\n" * 900), "no video"),
        (lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100)), "damaged"),
        (lambda path: path.write_bytes(b"\xff\xd8\xff\xe0" + bytes(100)), "damaged|cut short"),
        (lambda path: path.write_bytes(b"<svg></svg>"), "no video"),
        (lambda path: path.write_bytes(b"%PDF-1.7\n" * 50), "no video"),
        (lambda path: path.symlink_to("nowhere"), "no such file"),
    ],
)
@pytest.mark.parametrize("door", [lambda path: open_film(path, path).next(), Reel], ids=["camera", "reel"])
def test_what_is_no_film_says_what_it_is(
    tmp_path: Path, make: Callable[[Path], object], words: str, door: Callable[[str], object]
) -> None:
    path = tmp_path / "thing.mp4"
    make(path)
    with pytest.raises(SourceError, match=words) as caught:
        door(str(path))
    assert "thing.mp4" in str(caught.value)
    assert caught.value.permanent


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    path = tmp_path / "secret.mp4"
    write_clip(path, num_frames=2)
    path.chmod(0)
    with pytest.raises(SourceError, match="may not read it"):
        open_film(str(path), "secret.mp4")


def test_a_file_that_the_system_refuses_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(path: str) -> os.stat_result:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("askcam.stream.sources.film.os.stat", refuse)
    with pytest.raises(SourceError, match="may not read it"):
        open_film(str(tmp_path / "x.mp4"), "x.mp4")
