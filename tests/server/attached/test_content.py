"""Pictures and clips inside messages: what is read, and what is refused before it costs anything."""

import base64
import contextlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from askcam.server.attached import clips, content
from askcam.server.attached.budget import Budget
from askcam.server.attached.content import clip_from_url, jpeg_from_base64, picture_from_url, picture_to_keep
from askcam.server.errors import ApiError


def data_url(data: bytes, mime: str = "image/png") -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def gradient(width: int = 80, height: int = 60) -> Image.Image:
    across = np.tile(np.linspace(0, 255, width, dtype=np.uint8), (height, 1))
    return Image.fromarray(np.stack([across, across[:, ::-1], np.full_like(across, 99)], axis=2))


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


def refused(url: str, read: Callable[[str, str], Any] = picture_from_url) -> ApiError:
    with pytest.raises(ApiError) as caught:
        read(url, "messages[0].content[1]")
    error = caught.value
    assert (error.status, error.type, error.param) == (400, "invalid_request_error", "messages[0].content[1]")
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
        ("data:image/png,rawbytes", "invalid_image", "not a data URL in base64"),
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
    with pytest.raises(ApiError, match="48 megapixels together") as refusal:
        picture_from_url(large, "messages[3]", budget)
    assert (refusal.value.param, refusal.value.code) == ("messages[3]", "too_many_pixels")
    with pytest.raises(ApiError, match="megapixels together"):
        clip_from_url(data_url(video(), "video/mp4"), "messages[4]", Budget(5 * 320 * 240))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["JPEG", "PNG", "WEBP", "GIF"]), st.data())
def test_damaged_pictures_are_read_or_refused_and_nothing_else(kind: str, data: st.DataObject) -> None:
    bytes_ = bytearray(encoded(gradient(20, 16), kind))
    for _ in range(data.draw(st.integers(1, 4))):
        bytes_[data.draw(st.integers(0, len(bytes_) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ApiError):
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


# Clips.


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
    assert width * height <= clips.MAX_FRAME_PIXELS
    assert width / height == pytest.approx(16 / 9, rel=0.01)


def test_a_clip_that_is_too_long_is_refused() -> None:
    error = refused(data_url(video(330, 10, 64, 48), "video/mp4"), clip_from_url)
    assert error.code == "too_long"
    assert "serve the file as a camera" in error.message


def test_a_clip_that_is_too_much_work_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips, "MAX_DECODED_PIXELS", 20 * 320 * 240)
    assert refused(data_url(video(), "video/mp4"), clip_from_url).code == "too_large"


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
    assert refused(data_url(data, mime), clip_from_url).code == "invalid_video"


def test_a_playlist_does_not_make_the_server_open_its_own_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "private.mp4").write_bytes(video())
    playlist = data_url(b"ffconcat version 1.0\nfile private.mp4\n", "video/mp4")
    assert refused(playlist, clip_from_url).code == "invalid_video"
    monkeypatch.setattr(clips, "OPTIONS", {})
    assert clip_from_url(playlist, "p").frames  # what it would do without our options


def test_a_session_description_does_not_make_the_server_listen() -> None:
    sdp = b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 0 RTP/AVP 26\n"
    assert refused(data_url(sdp, "video/mp4"), clip_from_url).code == "invalid_video"
