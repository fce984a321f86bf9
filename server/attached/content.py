"""Pictures and clips that come inside a message: data URLs and base64, checked before they cost anything.

Everything here is CPU work of up to a second: call it off the event loop (decoding.py). Every refusal is a Refusal
that names `param`, the value and the remedy.
"""

import base64
import re
from dataclasses import dataclass
from typing import Literal

from askcam.engine.errors import QuestionError
from askcam.engine.question import Clip, Picture
from askcam.server.attached.budget import Budget
from askcam.server.attached.clips import FPS, MAX_CLIP_S, MAX_FRAME_PIXELS, decode_clip, of_size
from askcam.server.attached.dataurl import DataURL, bytes_of, check_length, decode64, parse
from askcam.server.errors import Invalid, Refusal
from askcam.server.given_names import quoted
from askcam.stream.fit import FitRule, as_is, resize
from askcam.stream.frame import Pixels
from askcam.stream.stills.decoding import decode, examine
from askcam.stream.stills.kinds import Header, PictureError

MAX_PICTURE_BYTES = 8 << 20  # encoded
MAX_CLIP_BYTES = 32 << 20  # encoded
KEPT_PIXELS = 2_000_000  # of a picture; the model family reads 1280 tokens of one, which are a megapixel
MAX_FRAMES = int(MAX_CLIP_S * FPS)  # of a clip that comes as pictures
Kind = Literal["image", "video"]

_MIMES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif", "BMP": "image/bmp"}
_FRAMES = ("video/jpeg", "video/jpg")  # vLLM's: the frames' JPEGs, each in base64, commas between them


@dataclass(frozen=True, slots=True)
class Encoded:
    """A picture as it came: `data` are the bytes of a JPEG, PNG, WebP or GIF, `mime` is what they were found to be."""

    data: bytes
    mime: str

    @property
    def url(self) -> str:
        return f"data:{self.mime};base64,{base64.b64encode(self.data).decode()}"


def picture_from_url(url: str, param: str, budget: Budget | None = None) -> Picture:
    """A data URL's picture, upright, transparent parts on white. Raises Invalid.

    `budget` is what the whole question may still bring; None: this one alone.
    """
    return decode_picture(_data(url, param, "image", MAX_PICTURE_BYTES), param, budget)


def clip_from_url(url: str, param: str, budget: Budget | None = None) -> Clip:
    """A data URL's video, two frames a second of it, or its frames (_FRAMES), which are two a second.

    `budget` as above. Raises Invalid.
    """
    budget = budget or Budget()
    found = _parse(url, param, "video")
    if found.mime in _FRAMES and found.in_base64:
        return _clip_of_frames(found.payload, param, budget)
    return decode_clip(bytes_of(found, param, MAX_CLIP_BYTES), param, budget)


def picture_to_keep(url: str, param: str) -> Encoded:
    """The picture of a data URL, found sound but still encoded: small enough to keep in a conversation."""
    data = _data(url, param, "image", MAX_PICTURE_BYTES)
    header = _header(data, param)
    _pixels(header, param, KEPT_PIXELS)
    return Encoded(data, _MIMES[header.kind])


def jpeg_from_base64(text: str, param: str, max_bytes: int = MAX_PICTURE_BYTES) -> bytes:
    """The bytes of a pushed frame, bare base64 or a data URL. That they are a JPEG is for the camera to find."""
    if text.lstrip()[:5].lower() == "data:":
        return _data(text, param, "image", max_bytes)
    return decode64(text, param, max_bytes)


def decode_picture(
    data: bytes, param: str, budget: Budget | None = None, max_pixels: int | None = KEPT_PIXELS
) -> Picture:
    """The pixels of an encoded picture, made smaller than `max_pixels` (None: as it is), then as the budget's `fit` has
    them where that is fewer. `budget` as above.

    Raises Invalid, or TooMany when too much waits already.
    """
    budget = budget or Budget()
    return Picture(_decoded(_header(data, param), param, budget, max_pixels, budget.fit))


def remedy(kind: Kind) -> str:
    """What always works."""
    return f"send it as a data URL (data:{'image/jpeg' if kind == 'image' else 'video/mp4'};base64,...)"


def _decoded(header: Header, param: str, budget: Budget, max_pixels: int | None, fit: FitRule = as_is) -> Pixels:
    size = header.width * header.height
    kept = size if max_pixels is None else min(size, max_pixels)
    budget.take(max(kept, header.work), param)

    def make() -> Pixels:
        pixels = _pixels(header, param, max_pixels)
        height, width = pixels.shape[:2]
        try:
            wanted = fit(width, height)
        except QuestionError as exc:
            raise Invalid(f"the picture cannot be seen by the model: {exc}", param, "invalid_image") from exc
        if wanted.width * wanted.height >= width * height:  # enlarged here, it would not be counted
            return pixels
        found = resize(pixels, wanted)
        return found if found.flags.owndata else found.copy()  # it is counted until nobody holds its memory

    return budget.keep(kept, make)


def _clip_of_frames(payload: str, param: str, budget: Budget) -> Clip:
    num_frames = payload.count(",") + 1
    if num_frames > MAX_FRAMES:
        raise Invalid(
            f"the video has {num_frames} frames; at most {MAX_FRAMES} are read: send fewer", param, "too_long"
        )
    check_length(len(payload) * 3 // 4, param, MAX_CLIP_BYTES)
    frames: list[Pixels] = []
    for number, text in enumerate(payload.split(",")):
        at = f"frame {number + 1} of {param}"
        try:
            header = _header(decode64(text, param, MAX_PICTURE_BYTES), param)
            frame = _decoded(header, param, budget, MAX_FRAME_PIXELS)
        except Refusal as exc:
            raise exc.saying(f"{at}: {exc.message}", param) from exc
        frames.append(of_size(frame, *(frames or [frame])[0].shape[:2]))
    return Clip(tuple(frames), FPS)


def _data(url: str, param: str, kind: Kind, max_bytes: int) -> bytes:
    return bytes_of(_parse(url, param, kind), param, max_bytes)


def _parse(url: str, param: str, kind: Kind) -> DataURL:
    url = url.strip()
    if re.match(r"(https?|ftp|file)://", url, re.IGNORECASE):
        raise Invalid(f"this server does not fetch {shown(url)}: {remedy(kind)}", param, "unsupported_url")
    found = parse(url)
    if found is None:
        raise Invalid(f"{shown(url)} is not a data URL in base64: {remedy(kind)}", param, f"invalid_{kind}")
    what = found.mime.partition("/")[0]
    if what not in ("", kind) and found.mime != "application/octet-stream":
        raise Invalid(f"a data URL of type {quoted(found.mime)} is no {kind}: {remedy(kind)}", param, f"invalid_{kind}")
    return found


def shown(url: str) -> str:
    """As much of a URL as may stand in a message: no credentials, no query, not long."""
    plain = re.sub(r"//[^/@]*@", "//***@", url.partition("?")[0])
    return repr(plain if len(plain) <= 80 else plain[:77] + "...")


def _header(data: bytes, param: str) -> Header:
    try:
        return examine(data)
    except PictureError as exc:
        raise Invalid(f"the picture {exc}", param, exc.code) from exc


def _pixels(header: Header, param: str, max_pixels: int | None) -> Pixels:
    try:
        return decode(header, max_pixels)
    except PictureError as exc:
        raise Invalid(f"the picture {exc}", param, exc.code) from exc
