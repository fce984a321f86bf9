"""Video files as cameras, and files that are none."""

import time
from pathlib import Path

import av
import numpy as np
import pytest
from support.clips import write_clip
from support.hands import PATIENT, camera, state_is, view_of
from support.waiting import until

from askcam.stream.camera import CameraConfig, State
from askcam.stream.errors import SourceError
from askcam.stream.fit import Fit
from askcam.stream.sources.registry import resolve


def test_a_file_plays_in_real_time_and_then_ends_with_the_remedy(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4", num_frames=20)
    with camera(resolve(str(tmp_path / "clip.mp4")), PATIENT) as lobby:
        view = until(lambda: view_of(lobby), "a view")
        began = time.monotonic()
        until(lambda: state_is(lobby, State.ENDED), "the end")
        assert time.monotonic() - began > 0.4, "0.8 s of video were over at once"
        assert lobby.status().decoded == 20
        assert "?loop=1" in str(lobby.status().reason)
        assert view.newest.pixels.shape == (240, 320, 3)


def test_a_looping_file_goes_on_and_its_time_never_runs_back(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4", num_frames=10)
    source = resolve(f"{tmp_path}/clip.mp4?loop=1").make()
    source.open()
    pictures = [source.read(True) for _ in range(35)]
    source.close()
    times = [picture.mono for picture in pictures if picture is not None]
    assert len(times) == 35
    assert np.diff(times).min() > 0
    assert np.diff(times).max() < 0.5


def test_closing_does_not_wait_for_the_next_frame(tmp_path: Path) -> None:
    write_clip(tmp_path / "slow.mp4", num_frames=3, fps=1)
    lobby = camera(resolve(str(tmp_path / "slow.mp4")), PATIENT)
    with lobby:
        until(lambda: view_of(lobby), "a view")
    assert lobby.status().abandoned == 0


def test_fitted_pixels_are_those_of_the_full_picture_made_smaller(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4", num_frames=3)
    source = resolve(str(tmp_path / "clip.mp4")).make()
    source.open()
    picture = source.read(True)
    assert picture is not None
    fits = [
        Fit.stretch(320, 240, 112, 84),
        Fit(112, 112, (0, 0, 320, 240), 112, 84),  # padded
        Fit(112, 112, (40, 0, 240, 240), 112, 112),  # cropped
        Fit.stretch(320, 240, 640, 480),  # larger
    ]
    for fit in fits:
        pixels = picture.rgb(fit)
        assert pixels.shape == (fit.height, fit.width, 3)
        assert pixels.flags.c_contiguous
        middle = pixels[fit.height // 2 - 10 : fit.height // 2 + 10, 20:-20]
        assert abs(float(middle.mean()) - 20) < 6
    assert not picture.rgb(fits[1])[0].any()
    source.close()


def test_colours_are_right(tmp_path: Path) -> None:
    path = tmp_path / "red.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        pixels = np.zeros((64, 64, 3), np.uint8)
        pixels[:, :, 0] = 250
        container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    source = resolve(str(path)).make()
    source.open()
    picture = source.read(True)
    assert picture is not None
    red, green, blue = picture.rgb().mean(axis=(0, 1))
    assert red > 230
    assert max(green, blue) < 25
    source.close()


def write_text(path: Path) -> None:
    path.write_text("hello\n" * 500)


def write_sound(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))


@pytest.mark.parametrize(
    ("name", "write", "words"),
    [
        ("note.txt", write_text, "no video"),
        ("note.mp4", write_text, "no video that FFmpeg can read"),
        ("empty.mp4", lambda path: path.write_bytes(b""), "no video that FFmpeg can read"),
        ("sound.wav", write_sound, "only sound"),
        ("folder", lambda path: path.mkdir(), "is a folder"),
    ],
)
def test_a_file_that_is_no_video_is_named_and_not_tried_again(tmp_path: Path, name: str, write, words: str) -> None:
    write(tmp_path / name)
    with camera(resolve(str(tmp_path / name)), PATIENT) as lobby:
        until(lambda: state_is(lobby, State.ENDED), "the end")
        assert words in str(lobby.status().reason)
        assert name in str(lobby.status().reason)


def test_a_damaged_stretch_costs_its_frames_only(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    write_clip(path, num_frames=30)
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + 1200
    data[start : start + 300] = bytes(300)
    path.write_bytes(data)
    with camera(resolve(str(path)), PATIENT) as lobby:
        until(lambda: state_is(lobby, State.ENDED), "the end")
        assert 1 <= lobby.status().decoded <= 30
        assert "over" in str(lobby.status().reason)


def test_webcam_99_is_named_beside_what_there_is() -> None:
    with camera(resolve("webcam:99"), CameraConfig()) as lobby:
        until(lambda: state_is(lobby, State.LOST), "the loss")
        assert "there is no webcam 99: this machine has" in str(lobby.status().reason)
        source = resolve("webcam:99").make()
        with pytest.raises(SourceError) as caught:
            source.open()
        assert caught.value.permanent
        source.close()
