"""Data URLs (RFC 2397) and base64 in the forms in which programs write them. Pure."""

import base64
import binascii
import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from askcam.server.errors import Invalid

_SPACE = b" \t\r\n\f\v"
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")  # the URL-safe alphabet
_ODD = re.compile(rb"[^A-Za-z0-9+/]")
_MAX_HEAD = 1000  # characters before the data: a type and its parameters


@dataclass(frozen=True, slots=True)
class DataURL:
    """`mime` in lower case, perhaps empty; `payload` as it stands behind the comma."""

    mime: str
    in_base64: bool
    payload: str


def parse(url: str) -> DataURL | None:
    """None for what is no data URL."""
    head, comma, payload = url[:_MAX_HEAD].partition(",")
    head = head.strip()
    if not comma or head[:5].lower() != "data:":
        return None
    mime, *params = (part.strip().lower() for part in head[5:].split(";"))
    if mime == "base64" and not params:  # "data:base64,": some leave everything out
        mime, params = "", ["base64"]
    return DataURL(mime, "base64" in params, payload + url[_MAX_HEAD:])


def bytes_of(url: DataURL, param: str, max_bytes: int) -> bytes:
    """What it holds. Raises Invalid."""
    if url.in_base64:
        return decode64(url.payload, param, max_bytes)
    check_length(len(url.payload) - 2 * url.payload.count("%"), param, max_bytes)
    data = unquote_to_bytes(url.payload)
    if not data:
        raise _nothing(param)
    return data


def decode64(text: str, param: str, max_bytes: int) -> bytes:
    """The bytes of base64: with line breaks or spaces, with or without padding, in either alphabet, percent-encoded or
    not. Raises Invalid."""
    given = unquote_to_bytes(text) if "%" in text else text.encode("utf-8", "replace")
    plain = given.translate(_TO_STANDARD, _SPACE).rstrip(b"=")
    check_length(len(plain) * 3 // 4, param, max_bytes)
    if not plain:
        raise _nothing(param)
    if (odd := _ODD.search(plain)) is not None:
        at, what = odd.start(), plain[odd.start() : odd.start() + 1].decode("ascii", "replace")
        why = "padding (=) stands in the middle of it" if what == "=" else f"{what!r} at {at} is no letter of it"
        raise Invalid(f"this is not base64 ({why}): encode the file's bytes", param, "invalid_base64")
    if len(plain) % 4 == 1:
        raise Invalid("this is not base64 (a letter is missing at its end): send all of it", param, "invalid_base64")
    try:
        return base64.b64decode(plain + b"=" * (-len(plain) % 4))
    except (binascii.Error, ValueError) as exc:
        raise Invalid(f"this is not base64 ({exc}): encode the file's bytes", param, "invalid_base64") from exc


def check_length(num_bytes: int, param: str, max_bytes: int) -> None:
    """Raises Invalid."""
    if num_bytes > max_bytes:
        raise Invalid(
            f"{num_bytes:,} bytes are too many; at most {max_bytes:,} are read: make it smaller", param, "too_large"
        )


def _nothing(param: str) -> Exception:
    return Invalid("there are no bytes in it: send the file's bytes in base64", param, "invalid_base64")
