"""Data URLs and base64, in the forms in which programs write them."""

import base64
import contextlib
import textwrap
from collections.abc import Callable
from urllib.parse import quote, quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.odd_stills import encoded, gradient

from askcam.server.attached.content import clip_from_url, jpeg_from_base64, picture_from_url, picture_to_keep
from askcam.server.attached.dataurl import bytes_of, decode64, parse
from askcam.server.errors import Refusal
from askcam.server.wire.refusals import on_wire

DATA = encoded(gradient(), "JPEG")
PLAIN = base64.b64encode(DATA).decode()
SAFE = base64.urlsafe_b64encode(DATA).decode()

WRITTEN: dict[str, str] = {
    "plain": PLAIN,
    "without padding": PLAIN.rstrip("="),
    "too much padding": PLAIN + "====",
    "url-safe": SAFE,
    "url-safe without padding": SAFE.rstrip("="),
    "both alphabets": SAFE[:200] + PLAIN[200:],
    "mime line breaks": base64.encodebytes(DATA).decode(),
    "pem line breaks": "\r\n".join(textwrap.wrap(PLAIN, 64)),
    "spaces": " ".join(textwrap.wrap(PLAIN, 10)),
    "tabs and a form feed": "\t" + PLAIN[:33] + "\f\t" + PLAIN[33:] + "\n",
    "percent-encoded": quote(PLAIN, safe=""),
    "padding percent-encoded": PLAIN.replace("=", "%3D"),
    "line breaks percent-encoded": PLAIN[:76] + "%0D%0A" + PLAIN[76:],
}
HEADS = [
    "data:image/jpeg;base64,",
    "DATA:IMAGE/JPEG;BASE64,",
    "data:image;base64,",
    "data:;base64,",
    "data:base64,",
    "data:image/jpg;base64,",
    "data:image/*;base64,",
    "data:image/png;base64,",  # a wrong name does no harm
    "data:image/jpeg;charset=utf-8;base64,",
    'data:image/jpeg;name="a photo.jpg";base64,',
    "data:image/jpeg; base64,",
    "data: image/jpeg ;base64, ",
    "data:image/jpeg;base64;charset=utf-8,",
    "data:application/octet-stream;base64,",
    "\n data:image/jpeg;base64,",
]


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN.keys())
@pytest.mark.parametrize(
    "read",
    [
        lambda url: picture_from_url(url, "p").pixels.shape == (60, 80, 3),
        lambda url: picture_to_keep(url, "p").data == DATA,
        lambda url: jpeg_from_base64(url, "p") == DATA,
        lambda url: jpeg_from_base64(url.partition(",")[2], "p") == DATA,
    ],
    ids=["picture", "kept", "frame", "bare"],
)
def test_base64_is_read_however_it_is_written(written: str, read: Callable[[str], bool]) -> None:
    assert read(f"data:image/jpeg;base64,{written}")


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("form", ["plain", "url-safe without padding", "mime line breaks"])
def test_the_head_is_read_however_it_is_written(head: str, form: str) -> None:
    assert picture_to_keep(head + WRITTEN[form], "p").data == DATA
    assert jpeg_from_base64(head + WRITTEN[form], "p") == DATA


def test_bytes_may_be_percent_encoded_without_base64() -> None:
    assert picture_to_keep(f"data:image/jpeg,{quote_from_bytes(DATA, safe='')}", "p").data == DATA


@given(st.binary(min_size=1, max_size=200), st.sampled_from(["", "\n", " ", "\r\n"]), st.booleans(), st.booleans())
def test_any_bytes_come_through(data: bytes, gap: str, padded: bool, safe: bool) -> None:
    text = (base64.urlsafe_b64encode if safe else base64.b64encode)(data).decode()
    text = text if padded else text.rstrip("=")
    assert decode64(gap.join(text[i : i + 7] for i in range(0, len(text), 7)), "p", 1000) == data


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (
        lambda: decode64(text, "p", 1000),
        lambda: picture_from_url(f"data:image/png;base64,{text}", "p"),
        lambda: picture_from_url(f"data:{text}", "p"),
        lambda: clip_from_url(f"data:video/jpeg;base64,{text}", "p"),
    ):
        with contextlib.suppress(Refusal):
            read()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no bytes"),
        (" \n", "no bytes"),
        ("====", "no bytes"),
        ("QUJ", None),
        ("QUJDR", "a letter is missing"),
        ("QUI=QUJD", "padding"),
        ("QUJD*A==", "'*' at 4"),
        ("QUJD\u00e4", "not base64"),
        ("QUJD\ud800", "not base64"),
        ("QUJD%2A", "'*' at 4"),
        ("[object Object]", "not base64"),
        ("b'QUJD'", "not base64"),  # str() of Python's bytes
    ],
)
def test_what_is_no_base64_is_refused_and_it_says_where(text: str, words: str | None) -> None:
    if words is None:
        assert decode64(text, "p", 100) == b"AB"
        return
    with pytest.raises(Refusal) as caught:
        decode64(text, "p", 100)
    assert (on_wire(caught.value).status, caught.value.code, caught.value.param) == (400, "invalid_base64", "p")
    assert words in caught.value.message


def test_one_byte_over_the_bound_is_refused_in_every_form() -> None:
    fine, more = base64.b64encode(bytes(1000)).decode(), base64.b64encode(bytes(1001)).decode()
    for head in ("data:;base64,", "data:image/png;base64,"):
        found = parse(head + fine)
        assert found is not None
        assert len(bytes_of(found, "p", 1000)) == 1000
        for text in (more, "\n".join(textwrap.wrap(more, 76)), more.rstrip("=")):
            too_much = parse(head + text)
            assert too_much is not None
            with pytest.raises(Refusal, match="1,001 bytes are too many"):
                bytes_of(too_much, "p", 1000)
    plain = parse("data:," + "%00" * 1001)
    assert plain is not None
    with pytest.raises(Refusal, match="too many"):
        bytes_of(plain, "p", 1000)


@pytest.mark.parametrize(
    "url", ["", "data:", "data:image/png;base64", "cat.jpg", PLAIN[:500], "data" + "x" * 5000, "blob:https://a/b"]
)
def test_what_is_no_data_url_says_what_to_send(url: str) -> None:
    with pytest.raises(Refusal, match="send it as a data URL") as caught:
        picture_from_url(url, "p")
    assert caught.value.code == "invalid_image"
    assert len(caught.value.message) < 250


# vLLM's videos: JPEGs with commas between them.


def frames(*levels: int, kind: str = "JPEG", size: tuple[int, int] = (80, 60)) -> str:
    from PIL import Image

    return ",".join(base64.b64encode(encoded(Image.new("RGB", size, (n, n, n)), kind)).decode() for n in levels)


@pytest.mark.parametrize(
    "head", ["data:video/jpeg;base64,", "data:VIDEO/JPEG;charset=utf-8;base64,", "data:video/jpg;base64,"]
)
def test_a_video_of_jpegs_is_two_of_them_a_second(head: str) -> None:
    clip = clip_from_url(head + frames(10, 90, 200), "p")
    assert clip.fps == 2.0
    assert [round(float(frame.mean()), -1) for frame in clip.frames] == [10, 90, 200]


def test_its_frames_are_of_one_size_and_no_larger_than_a_frame_is_read() -> None:
    clip = clip_from_url(f"data:video/jpeg;base64,{frames(9, size=(1920, 1080))},{frames(99)}", "p")
    assert len({frame.shape for frame in clip.frames}) == 1
    assert clip.frames[0].shape[0] * clip.frames[0].shape[1] <= 768 * 28 * 28


def test_its_faults_name_the_frame() -> None:
    with pytest.raises(Refusal, match=r"frame 2 of p: this is not base64") as caught:
        clip_from_url(f"data:video/jpeg;base64,{frames(9)},@@@@", "p")
    assert caught.value.param == "p"
    with pytest.raises(Refusal, match=r"frame 3 of p: there are no bytes"):
        clip_from_url(f"data:video/jpeg;base64,{frames(9, 9)},", "p")
    clip_from_url("data:video/jpeg;base64," + frames(*[9] * 60), "p")
    with pytest.raises(Refusal, match="61 frames; at most 60"):
        clip_from_url("data:video/jpeg;base64," + frames(*[9] * 61), "p")
