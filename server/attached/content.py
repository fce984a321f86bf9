"""Pictures and clips that come inside a message: data URLs and base64, checked before they cost anything.

Everything here is CPU work of up to a second: call it off the event loop. Every refusal is an ApiError 400 that names
`param`, the value and the remedy.
"""

import base64
import binascii
import io
import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from askcam.engine.question import Clip, Picture
from askcam.server.attached.budget import Budget
from askcam.server.attached.clips import decode_clip
from askcam.server.errors import ApiError, bad_request
from askcam.stream.frame import Pixels

MAX_PICTURE_BYTES = 8 << 20  # encoded
MAX_CLIP_BYTES = 32 << 20  # encoded
MAX_PIXELS = 16_000_000  # of one picture: 48 MB of RGB
MAX_SCANS = 100  # of a progressive JPEG; cameras write about ten, and each costs a pass over the picture
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")  # of an animated one, the first picture
Kind = Literal["image", "video"]

DATA_URL = re.compile(r"data:([a-z0-9.+-]+/[a-z0-9.+-]+)?((?:;[a-z0-9_.+-]+=[^;,]*)*);base64,", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Encoded:
    """A picture as it came: `data` are the bytes of a JPEG, PNG, WebP or GIF, `mime` is what they were found to be."""

    data: bytes
    mime: str

    @property
    def url(self) -> str:
        return f"data:{self.mime};base64,{base64.b64encode(self.data).decode()}"


def picture_from_url(url: str, param: str, budget: Budget | None = None) -> Picture:
    """A data URL's picture, upright, transparent parts on white. Raises ApiError 400.

    `budget` is what the whole question may still bring; None: this one alone.
    """
    return decode_picture(_data(url, param, "image", MAX_PICTURE_BYTES), param, budget)


def clip_from_url(url: str, param: str, budget: Budget | None = None) -> Clip:
    """A data URL's video, two frames a second of it. `budget` as above. Raises ApiError 400."""
    return decode_clip(_data(url, param, "video", MAX_CLIP_BYTES), param, budget or Budget())


def picture_to_keep(url: str, param: str) -> Encoded:
    """The picture of a data URL, found sound but still encoded: small enough to keep in a conversation."""
    data = _data(url, param, "image", MAX_PICTURE_BYTES)
    image = _open(data, param)
    mime = Image.MIME.get(image.format or "", "application/octet-stream")
    _load(image, param)
    return Encoded(data, mime)


def jpeg_from_base64(text: str, param: str, max_bytes: int = MAX_PICTURE_BYTES) -> bytes:
    """The bytes of a pushed frame, bare base64 or a data URL. That they are a JPEG is for the camera to find."""
    if text[:5].lower() == "data:":
        return _data(text, param, "image", max_bytes)
    return _decode64(text, param, max_bytes)


def decode_picture(data: bytes, param: str, budget: Budget | None = None) -> Picture:
    """The pixels of an encoded picture. `budget` as above. Raises ApiError 400."""
    image = _open(data, param)
    if budget is not None:
        budget.take(image.width * image.height, param)
    return Picture(_load(image, param))


def remedy(kind: Kind) -> str:
    """What always works."""
    return f"send it as a data URL (data:{'image/jpeg' if kind == 'image' else 'video/mp4'};base64,...)"


def _data(url: str, param: str, kind: Kind, max_bytes: int) -> bytes:
    if re.match(r"(https?|ftp|file)://", url, re.IGNORECASE):
        raise bad_request(f"this server does not fetch {shown(url)}: {remedy(kind)}", param, "unsupported_url")
    head = DATA_URL.match(url)
    if head is None:
        raise bad_request(f"{shown(url)} is not a data URL in base64: {remedy(kind)}", param, f"invalid_{kind}")
    mime = (head.group(1) or "").lower()
    if mime and not mime.startswith((f"{kind}/", "application/octet-stream")):
        raise bad_request(f"a data URL of type {mime!r} is no {kind}: {remedy(kind)}", param, f"invalid_{kind}")
    return _decode64(url[head.end() :], param, max_bytes)


def _decode64(text: str, param: str, max_bytes: int) -> bytes:
    if len(text) * 3 // 4 > max_bytes + 2:
        raise bad_request(
            f"{len(text) * 3 // 4:,} bytes are too many; at most {max_bytes:,} are read: make it smaller",
            param,
            "too_large",
        )
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise bad_request(f"this is not base64 ({exc}): encode the file's bytes", param, "invalid_base64") from exc
    if not data:
        raise bad_request("there are no bytes in it: send the file's bytes in base64", param, "invalid_base64")
    return data


def shown(url: str) -> str:
    """As much of a URL as may stand in a message: no credentials, no query, not long."""
    plain = re.sub(r"//[^/@]*@", "//***@", url.partition("?")[0])
    return repr(plain if len(plain) <= 80 else plain[:77] + "...")


def _open(data: bytes, param: str) -> Image.Image:
    """The picture's header, read; its size and make checked."""
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as exc:
        raise _too_many_pixels("more than 89 megapixels", param) from exc
    except UnidentifiedImageError as exc:
        raise _not_a_picture(data, param) from exc
    except (OSError, ValueError, SyntaxError, EOFError, RuntimeError) as exc:  # broken headers, by decoder
        raise _broken(param, exc) from exc
    if image.width * image.height > MAX_PIXELS:
        raise _too_many_pixels(
            f"{image.width}x{image.height} = {image.width * image.height / 1e6:.1f} megapixels", param
        )
    if image.format == "JPEG" and data.count(b"\xff\xda") > MAX_SCANS:
        raise bad_request(
            "this JPEG is stored in too many passes: save it anew as a plain JPEG", param, "invalid_image"
        )
    return image


def _load(image: Image.Image, param: str) -> Pixels:
    try:
        image.load()
        upright = ImageOps.exif_transpose(image)
        return _rgb(upright)
    except (OSError, ValueError, SyntaxError, EOFError, RuntimeError, TypeError, ZeroDivisionError) as exc:
        raise _broken(param, exc) from exc


def _rgb(image: Image.Image) -> Pixels:
    if image.mode.startswith("I"):  # 16 bits of grey: convert() would clip them
        grey = np.clip(np.asarray(image) // 256, 0, 255).astype(np.uint8)
        return np.ascontiguousarray(np.repeat(grey[:, :, None], 3, axis=2))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
    return np.ascontiguousarray(np.asarray(image.convert("RGB"), dtype=np.uint8))


def _not_a_picture(data: bytes, param: str) -> ApiError:
    return bad_request(
        f"these {len(data):,} bytes are not a picture that is read here: send a JPEG, PNG, WebP or GIF",
        param,
        "invalid_image",
    )


def _broken(param: str, exc: Exception) -> ApiError:
    return bad_request(f"the picture is damaged ({exc}): save it anew and send all of it", param, "invalid_image")


def _too_many_pixels(size: str, param: str) -> ApiError:
    return bad_request(
        f"the picture has {size}; at most {MAX_PIXELS / 1e6:.0f} megapixels are read: make it smaller",
        param,
        "too_many_pixels",
    )
