"""Pictures from outside: what is decoded, how large, and what is refused before it costs anything."""

import contextlib
import io
import time
import tracemalloc
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support.odd_stills import chunk, encoded, exif, gradient, many_scans, segment

from askcam.stream.stills import jpeg
from askcam.stream.stills.decoding import decode, examine
from askcam.stream.stills.kinds import PictureError

ONE = Image.new("RGB", (4000, 4000), (200, 30, 40))
HEADER = b"\x08\0\x10\0\x10\1\1\x11\0"  # of a grey JPEG of 16x16
LARGE = encoded(ONE, "JPEG", progressive=True)


def refusal(data: bytes) -> PictureError:
    with pytest.raises(PictureError) as caught:
        examine(data)
    assert caught.value.permanent
    assert len(str(caught.value)) < 250
    return caught.value


# What is read.


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1", "RGBA", "LA", "CMYK", "I;16"])
def test_every_kind_in_every_colouring_is_what_pillow_reads_of_it(kind: str, mode: str) -> None:
    image = Image.fromarray(np.full((60, 80), 40_000, np.uint16)) if mode == "I;16" else gradient().convert(mode)
    try:
        data = encoded(image, kind, **({"lossless": True} if kind == "WEBP" else {}))
    except (OSError, ValueError):
        pytest.skip(f"a {kind} is never {mode}")
    header = examine(data)
    assert (header.kind, header.width, header.height, header.orientation) == (kind, 80, 60, 1)
    with Image.open(io.BytesIO(data)) as stored:
        if stored.mode.startswith("I"):
            expected = np.full((60, 80, 3), 40_000 // 256)
        else:
            expected = np.asarray(stored.convert("RGB")).astype(int)
    pixels = decode(header)
    assert (pixels.shape, pixels.dtype, pixels.flags.c_contiguous) == ((60, 80, 3), np.uint8, True)
    assert np.abs(pixels.astype(int) - expected).max() <= 2


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
@pytest.mark.parametrize("most", [2_000, 700, 40, 1])
def test_what_is_larger_than_wanted_comes_smaller_and_looks_the_same(kind: str, most: int) -> None:
    data = encoded(gradient(400, 100), kind)
    pixels = decode(examine(data), most)
    height, width = pixels.shape[:2]
    assert width * height <= most
    if most >= 700:
        assert width / height == pytest.approx(4, rel=0.1)
        assert pixels[:, 0, 0].mean() < 25
        assert pixels[:, -1, 0].mean() > 230


def test_a_picture_that_is_small_enough_keeps_every_pixel() -> None:
    assert np.array_equal(decode(examine(encoded(gradient(), "PNG")), 80 * 60), np.asarray(gradient()))


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize(("width", "height"), [(4608, 3456), (8000, 6000), (8160, 6120)])
def test_photos_of_telephones_are_read(width: int, height: int, progressive: bool) -> None:
    """16, 48 and 50 megapixels."""
    noise = np.random.default_rng(1).integers(0, 255, (height // 32, width // 32, 3), dtype=np.uint8)
    image = Image.fromarray(noise).resize((width, height), Image.Resampling.NEAREST)
    pixels = decode(examine(encoded(image, "JPEG", quality=80, progressive=progressive)), 2_000_000)
    assert pixels.shape[0] * pixels.shape[1] <= 2_000_000
    assert pixels.shape[1] / pixels.shape[0] == pytest.approx(width / height, rel=0.01)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("most", [None, 500])
def test_pictures_are_upright_as_pillow_turns_them(kind: str, orientation: int, order: str, most: int | None) -> None:
    corners = np.zeros((40, 60, 3), np.uint8)
    corners[:20, :30, 0] = corners[:20, 30:, 1] = corners[20:, :30, 2] = 250
    told = exif(orientation, order, before=3)
    image = Image.fromarray(corners)
    expected_of = Image.Exif()
    expected_of[0x0112] = orientation
    data = encoded(
        image, kind, exif=told[6:] if kind == "PNG" else told, **({"lossless": True} if kind == "WEBP" else {})
    )
    header = examine(data)
    assert header.orientation == orientation
    turns = {2: [0], 3: [3], 4: [1], 5: [5], 6: [4], 7: [6], 8: [2]}  # Pillow's Transpose
    for turn in turns.get(orientation, []):
        image = image.transpose(Image.Transpose(turn))
    expected = np.asarray(image)
    pixels = decode(header, most)
    if most is None:
        assert pixels.shape == expected.shape
    assert pixels.shape[0] / pixels.shape[1] == pytest.approx(expected.shape[0] / expected.shape[1], rel=0.15)
    for y in (0.2, 0.8):
        for x in (0.2, 0.8):
            here = pixels[int(y * pixels.shape[0]), int(x * pixels.shape[1])].astype(int)
            there = expected[int(y * expected.shape[0]), int(x * expected.shape[1])].astype(int)
            assert np.abs(here - there).max() < 60


@pytest.mark.parametrize("orientation", [0, 9, 65_535])
def test_an_orientation_that_there_is_not_turns_nothing(orientation: int) -> None:
    assert examine(encoded(gradient(), "JPEG", exif=exif(orientation))).orientation == 1


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_an_animated_picture_the_first_is_read(kind: str) -> None:
    first, later = Image.new("RGB", (60, 40), (250, 0, 0)), Image.new("RGB", (60, 40), (0, 250, 0))
    data = encoded(first, kind, save_all=True, append_images=[later] * 20)
    header = examine(data)
    assert len(header.data) < len(data) / 1.5, "the later pictures are handed to the decoder too"
    red, green, _ = decode(header).reshape(-1, 3).mean(axis=0)
    assert red > 200 > 60 > green


def test_what_follows_a_jpeg_is_left_out() -> None:
    """Telephones append a film, a second picture or a depth map; attackers an archive."""
    data = encoded(gradient(), "JPEG")
    with_more = data + data + b"PK\x03\x04" + bytes(5000)
    assert examine(with_more).data == examine(data).data


@pytest.mark.parametrize("size", [(16_000_000, 1), (1, 16_000_000), (60_000, 3)])
def test_a_thread_of_pixels_is_made_as_small_as_a_picture(size: tuple[int, int]) -> None:
    pixels = decode(examine(encoded(Image.new("L", size), "PNG")), 10_000)
    assert 0 < pixels.shape[0] * pixels.shape[1] <= 10_000


# What costs too much.


@pytest.mark.parametrize(
    "make",
    [
        lambda: many_scans(LARGE, 3000),
        lambda: many_scans(LARGE, 90),
        lambda: many_scans(LARGE, 30),
        lambda: many_scans(encoded(gradient(), "JPEG", progressive=True), 101),
        lambda: many_scans(encoded(Image.new("L", (4000, 4000)), "JPEG", progressive=True), 60),
        lambda: many_scans(encoded(ONE, "JPEG"), 30),  # not even progressive
    ],
    ids=["thousands", "hundred", "thirty", "small-but-many", "grey", "sequential"],
)
def test_a_jpeg_of_very_many_passes_is_refused_in_milliseconds(make: Callable[[], bytes]) -> None:
    data = make()
    began = time.thread_time()
    assert "too many passes" in str(refusal(data))
    assert time.thread_time() - began < 0.5  # hours otherwise


def test_the_bound_of_scans_is_exact() -> None:
    """The last scan of a progressive JPEG is of its luma alone: one sample a pixel."""
    small = encoded(gradient(), "JPEG", progressive=True)
    most = jpeg.MAX_SCANS - small.count(b"\xff\xda") + 1
    examine(many_scans(small, most))
    refusal(many_scans(small, most + 1))
    large = encoded(Image.new("RGB", (4000, 3000)), "JPEG", progressive=True)
    most = (jpeg.MAX_SAMPLES - examine(large).work * jpeg.SAMPLES_PER_PIXEL) // 12_000_001 + 1
    examine(many_scans(large, most))
    refusal(many_scans(large, most + 1))


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "BMP", "JPEG"])
def test_one_pixel_row_over_the_bound_is_refused(kind: str) -> None:
    width, height = (8000, 6375) if kind == "JPEG" else (4000, 4000)
    data = encoded(Image.new("RGB", (width, height)), kind)
    examine(data)
    error = refusal(encoded(Image.new("RGB", (width, height + 1)), kind))
    assert error.code == "too_many_pixels"
    assert f"{width}x{height + 1}" in str(error)


def test_texts_and_profiles_that_unpack_to_gigabytes_are_never_unpacked() -> None:
    plain = encoded(gradient(), "PNG")
    packed = zlib.compress(bytes(64 << 20), 9)
    bombs = (
        chunk(b"zTXt", b"a\0\0" + packed) + chunk(b"iCCP", b"a\0\0" + packed) + chunk(b"iTXt", b"a\0\1\0\0\0" + packed)
    )
    data = plain[:33] + bombs * 20 + plain[33:]
    tracemalloc.start()
    try:
        pixels = decode(examine(data))
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
    assert np.array_equal(pixels, np.asarray(gradient()))


def test_an_exif_whose_entries_all_name_the_same_bytes_is_not_unfolded() -> None:
    """5,000 entries of 64 kB each are 300 MB for who reads them all."""
    entries = b"".join(
        tag.to_bytes(2, "little") + b"\x02\0" + (60_000).to_bytes(4, "little") + bytes(4) for tag in range(4000)
    )
    body = b"Exif\0\0II*\0\x08\0\0\0" + (4000).to_bytes(2, "little") + entries
    data = encoded(gradient(), "JPEG")
    data = data[:2] + segment(0xE1, body) + data[2:]
    tracemalloc.start()
    try:
        decode(examine(data))
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda d: d[:2] + segment(0xE2, bytes(10)) * 3000 + d[2:], "too many parts"),
        (lambda d: d[: d.index(b"\xff\xc0")] + segment(0xC0, HEADER) + d[d.index(b"\xff\xc0") :], "two headers"),
        (lambda d: d[:2] + d, "part of its header"),
        (lambda d: d[:-2], "cut short"),
        (lambda d: d[:300], "cut short|names no size"),
        (lambda d: d.replace(b"\xff\xc0", b"\xff\xc9"), "arithmetic"),
        (lambda d: d.replace(b"\xff\xc0", b"\xff\xc3"), "lossless"),
        (lambda d: d[: d.index(b"\xff\xc0") + 4] + b"\x0c" + d[d.index(b"\xff\xc0") + 5 :], "12 bits"),
        (lambda d: d[: d.index(b"\xff\xc0") + 5] + bytes(2) + d[d.index(b"\xff\xc0") + 7 :], "names no size"),
        (lambda d: d[: d.index(b"\xff\xda")] + b"\xff\xd9", "no picture"),
        (lambda d: d[:2] + d[d.index(b"\xff\xda") :], "before its header"),
    ],
)  # fmt: skip
def test_jpegs_that_contradict_themselves_are_refused(make: Callable[[bytes], bytes], words: str) -> None:
    with pytest.raises(PictureError, match=words):
        examine(make(encoded(gradient(), "JPEG")))


def test_a_gif_whose_first_picture_is_larger_than_itself_is_refused() -> None:
    data = bytearray(encoded(gradient(), "GIF"))
    data[6:10] = (8).to_bytes(2, "little") * 2
    assert "over its edge" in str(refusal(bytes(data)))


def test_a_gif_in_very_many_pieces_is_refused() -> None:
    data = encoded(gradient(), "GIF")
    at = 13 + (3 << ((data[10] & 7) + 1) if data[10] & 0x80 else 0)
    assert "before its first picture" in str(refusal(data[:at] + b"\x21\xfe\0" * 100_000 + data[at:]))


def test_a_packed_bmp_is_refused() -> None:
    """Pillow unpacks it run by run, in Python."""
    data = bytearray(encoded(gradient().convert("P"), "BMP"))
    data[30] = 1
    assert "packed" in str(refusal(bytes(data)))


def test_a_png_in_very_many_pieces_is_refused() -> None:
    data = encoded(gradient(), "PNG")
    assert "too many pieces" in str(refusal(data[:33] + chunk(b"IDAT", b"") * 30_000 + data[33:]))


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (encoded(gradient(), "TIFF"), "TIFF"),
        (encoded(gradient(), "AVIF"), "AVIF"),
        (b"\0\0\0\x18ftypheic" + bytes(40), "HEIC"),
        (b"\0\0\0\x18ftypisom" + bytes(40), "video"),
        (encoded(gradient(), "JPEG2000"), "JPEG 2000"),
        (encoded(gradient(), "ICO"), "ICO"),
        (b"<svg xmlns='...'>", "SVG"),
        (b"%PDF-1.7", "PDF"),
        (b"hello", "(a text)"),
        ("门开着吗？".encode() * 400 + "门".encode()[:2], "(a text)"),
        (b"\0\1\2hi", "5 bytes of something"),
        (encoded(gradient(), "PPM"), "bytes of something"),
    ],
)
def test_what_is_not_read_is_named(data: bytes, name: str) -> None:
    error = refusal(data)
    assert name in str(error)
    assert "send a JPEG, PNG, WebP or GIF" in str(error)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(["JPEG", "progressive", "PNG", "WEBP", "GIF", "BMP", "animated"]),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=5),
    st.floats(0.3, 1),
)
def test_damaged_pictures_are_read_or_refused_and_nothing_else(
    kind: str, changes: list[tuple[float, int]], length: float
) -> None:
    match kind:
        case "progressive":
            data = bytearray(encoded(gradient(20, 16), "JPEG", progressive=True))
        case "animated":
            data = bytearray(encoded(gradient(20, 16), "WEBP", save_all=True, append_images=[gradient(20, 16)]))
        case _:
            data = bytearray(encoded(gradient(20, 16), kind))
    for at, value in changes:
        data[int(at * (len(data) - 1))] = value
    with contextlib.suppress(PictureError):
        assert decode(examine(bytes(data[: int(length * len(data)) + 1])), 100).shape[2] == 3


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"RIFF\xff\0\0\0WEBP", b""]), st.binary()
)
def test_any_bytes_are_examined_or_refused(start: bytes, rest: bytes) -> None:
    with contextlib.suppress(PictureError):
        examine(start + rest)


# A quick look at what FFmpeg decodes.


def test_frames_of_mjpeg_cameras_pass_and_bombs_do_not() -> None:
    assert not jpeg.too_costly(encoded(gradient(1920, 1080), "JPEG"))
    assert not jpeg.too_costly(encoded(gradient(1920, 1080), "JPEG", progressive=True))
    assert not jpeg.too_costly(encoded(gradient(), "JPEG")[:-2])  # many a camera leaves the end out
    assert jpeg.too_costly(many_scans(LARGE, 90))
    assert jpeg.too_costly(many_scans(encoded(gradient(), "JPEG", progressive=True), 200))
    small = many_scans(encoded(gradient(), "JPEG", progressive=True), 50)
    header = LARGE[LARGE.index(b"\xff\xc2") :][:19]
    assert jpeg.too_costly(small[:2] + header + small[2:]), "of two sizes FFmpeg takes the last, or the first"
