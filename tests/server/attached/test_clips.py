"""Clips inside messages: what is read, and what is refused before it costs memory or time."""

import base64
import io
import struct
import subprocess
import threading
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image
from support.odd_stills import encoded, gradient

from askcam.server.attached import clip_worker, clips
from askcam.server.attached.budget import Budget, Stopped
from askcam.server.attached.content import clip_from_url
from askcam.server.errors import Refusal
from askcam.server.wire.refusals import on_wire


def data_url(data: bytes, mime: str = "video/mp4") -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


def video(
    num_frames: int = 50, fps: int = 10, width: int = 320, height: int = 240, kind: str = "mp4", codec: str = "mpeg4"
) -> bytes:
    """Frame i is grey, 4 * i bright."""
    out = io.BytesIO()
    with av.open(out, "w", format=kind) as container:
        stream: Any = container.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for i in range(num_frames):
            pixels = np.full((height, width, 3), i * 4 % 256, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(stream.encode(None))
    return out.getvalue()


def refused(url: str, budget: Budget | None = None) -> Refusal:
    with pytest.raises(Refusal) as caught:
        clip_from_url(url, "messages[0].content[1]", budget)
    error = caught.value
    assert (on_wire(error).status, on_wire(error).type, error.param) == (
        400,
        "invalid_request_error",
        "messages[0].content[1]",
    )
    assert "\n" not in error.message
    assert len(error.message) < 300
    return error


@pytest.mark.parametrize(
    ("kind", "codec"), [("mp4", "mpeg4"), ("matroska", "mpeg4"), ("avi", "mpeg4"), ("mpegts", "mpeg2video")]
)
def test_a_clip_is_read_at_two_frames_a_second(kind: str, codec: str) -> None:
    clip = clip_from_url(data_url(video(50, 25, kind=kind, codec=codec), "video/mp4"), "p")
    assert (len(clip.frames), clip.fps) == (4, 2.0)  # at 0, 0.5, 1 and 1.5 s
    for frame, expected in zip(clip.frames, (0, 52, 100, 152), strict=True):
        assert frame.mean() == pytest.approx(expected, abs=6)


def test_a_large_clip_is_made_as_small_as_the_model_reads_it() -> None:
    clip = clip_from_url(data_url(video(10, 10, 1920, 1080), "video/mp4"), "p")
    height, width = clip.frames[0].shape[:2]
    assert width * height <= clip_worker.MAX_FRAME_PIXELS
    assert width / height == pytest.approx(16 / 9, rel=0.01)


def test_a_clip_that_is_too_long_is_refused() -> None:
    error = refused(data_url(video(330, 10, 64, 48), "video/mp4"))
    assert error.code == "too_long"
    assert "serve the file as a camera" in error.message


@pytest.mark.parametrize(("bound", "most"), [("MAX_DECODED_PIXELS", 20 * 320 * 240), ("MAX_DECODED_FRAMES", 20)])
def test_a_clip_that_is_too_much_work_is_refused(bound: str, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for num_frames in (20, 21):
        monkeypatch.setattr(clip_worker, bound, most)
        data = video(num_frames)
        if num_frames == 20:
            assert list(clip_worker.frames(io.BytesIO(data), len(data)))
            continue
        with pytest.raises(clip_worker.ClipRefused) as caught:
            list(clip_worker.frames(io.BytesIO(data), len(data)))
        assert caught.value.code == "too_large"


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (b"no video at all", "video/mp4"),
        (video()[:4000], "video/mp4"),
        (encoded(gradient(), "PNG"), "video/mp4"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "video/mp4"),
        (encoded(gradient(), "PNG"), "image/png"),
    ],
    ids=["text", "cut", "picture", "concat", "picture-by-name"],
)
def test_what_is_no_clip_is_refused(data: bytes, mime: str) -> None:
    assert refused(data_url(data, mime)).code == "invalid_video"


def test_a_playlist_does_not_make_the_server_open_its_own_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "private.mp4").write_bytes(video())
    playlist = data_url(b"ffconcat version 1.0\nfile private.mp4\n", "video/mp4")
    assert refused(playlist).code == "invalid_video"
    data = base64.b64decode(playlist.partition(",")[2])
    monkeypatch.setattr(clip_worker, "OPTIONS", {})
    assert list(clip_worker.frames(io.BytesIO(data), len(data)))  # what it would do without our options


def test_a_session_description_does_not_make_the_server_listen() -> None:
    sdp = b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 0 RTP/AVP 26\n"
    assert refused(data_url(sdp, "video/mp4")).code == "invalid_video"


# What would take memory or time without end.


def test_the_clips_of_one_question_are_bounded_together() -> None:
    error = refused(data_url(video()), Budget(5 * 320 * 240))
    assert error.code == "too_many_pixels"


def patched(data: bytes, box: bytes, body: bytes) -> bytes:
    """An MP4 with the beginning of a box's body replaced."""
    at = data.index(box) + 4
    return data[:at] + body + data[at + len(body) :]


@pytest.mark.parametrize("count", [1 << 24, 1 << 27, 0xFFFF_FFF0])
def test_a_kilobyte_that_claims_very_many_samples_takes_no_memory_of_the_servers(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FFmpeg makes an index of them as it opens the file."""
    data = video(5)
    data = patched(data, b"stsz", struct.pack(">III", 0, 1, count))
    data = patched(data, b"stts", struct.pack(">IIII", 0, 1, count, 1))
    at = data.index(b"stsc") + 12
    data = data[:at] + struct.pack(">II", 1, count) + data[at + 8 :]
    monkeypatch.setattr(clips, "TIMEOUT_S", 600.0)  # it is not the clock that ends it
    before = rss()
    assert refused(data_url(data)).code in ("too_large", "invalid_video")
    assert rss() - before < 50 << 20


def rss() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_its_process_may_take_so_much_memory_and_no_more() -> None:
    greedy = "from askcam.server.attached.clip_worker import bound; bound(); x = bytearray(1 << 30)"
    ended = subprocess.run([clips.WORKER[0], "-c", greedy], capture_output=True, text=True, check=False)
    assert "MemoryError" in ended.stderr


def test_its_process_may_compute_for_so_long_and_no_longer() -> None:
    busy = "from askcam.server.attached import clip_worker as w; w.MAX_CPU_S = 1; w.bound()\nwhile True: pass"
    assert subprocess.run([clips.WORKER[0], "-c", busy], check=False, timeout=90).returncode < 0  # killed


def test_a_process_that_is_killed_is_too_much_and_no_wait() -> None:
    worker = clips.WORKER
    try:
        clips.WORKER = (worker[0], "-c", "import sys, os; sys.stdin.buffer.read(); os.kill(os.getpid(), 9)")
        assert refused(data_url(video(5))).code == "too_large"
        clips.WORKER = (worker[0], "-c", "import os; os._exit(1)")  # before it has read anything
        assert refused(data_url(bytes(4 << 20))).code == "too_large"
    finally:
        clips.WORKER = worker


def test_a_clip_that_nobody_waits_for_is_not_decoded_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips, "WORKER", (clips.WORKER[0], "-c", "import time; time.sleep(600)"))
    monkeypatch.setattr(clips, "TIMEOUT_S", 600.0)
    budget = Budget()
    threading.Timer(0.3, budget.stop).start()
    with pytest.raises(Stopped):
        clips.decode_clip(video(5), "p", budget)
    with pytest.raises(Stopped):
        clips.decode_clip(video(5), "p", budget)


def test_a_process_that_says_nothing_is_ended_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips, "WORKER", (clips.WORKER[0], "-c", "import time; time.sleep(60)"))
    monkeypatch.setattr(clips, "TIMEOUT_S", 0.3)
    assert refused(data_url(video(5))).code == "too_large"


def gif(num_frames: int, duration: int = 20) -> bytes:
    images = [Image.new("RGB", (16, 16), (i % 256, 0, 0)) for i in range(num_frames)]
    return encoded(images[0], "GIF", save_all=True, append_images=images[1:], duration=duration)


def test_an_animated_picture_is_a_clip_as_long_as_it_is_short() -> None:
    clip = clip_from_url(data_url(gif(100), "video/gif"), "p")
    assert len(clip.frames) == 4  # two seconds
    assert refused(data_url(gif(1700), "video/gif")).code == "too_long"


def many_tracks(num: int) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        streams: list[Any] = [container.add_stream("mpeg4", rate=5) for _ in range(num)]
        for stream in streams:
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for stream in streams:
            frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), "rgb24")
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return out.getvalue()


def test_very_many_tracks_are_refused() -> None:
    assert len(clip_from_url(data_url(many_tracks(5)), "p").frames) == 1
    assert refused(data_url(many_tracks(60))).code in ("too_large", "invalid_video")


def test_a_frame_of_too_many_pixels_is_refused() -> None:
    assert refused(data_url(video(1, 1, 8000, 4000))).code == "too_many_pixels"
