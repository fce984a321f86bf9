"""What a still picture is, by its first bytes, and what its header says before anything is decoded. Pure."""

import codecs
from dataclasses import dataclass

from askcam.stream.errors import SourceError

MAX_PIXELS = 16_000_000  # of a picture that can only be decoded whole: 64 MB while that lasts
MAX_JPEG_PIXELS = 51_000_000  # a JPEG is decoded at the size it is wanted: telephones take 48 and 50 megapixels
TEXT_BYTES = 4096  # by which a text is known
READ = ("JPEG", "PNG", "WEBP", "GIF", "BMP")

_BEGINNINGS = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"\0\0\1\0", "ICO"),
    (b"8BPS", "PSD"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"%PDF", "PDF"),
    (b"DDS ", "DDS"),
    (b"qoif", "QOI"),
    (b"v/1\x01", "OpenEXR"),
    (b"%!PS", "PostScript"),
    (b"<svg", "SVG"),
    (b"<?xml", "SVG or XML"),
    (b"<!DOCTYPE", "HTML"),
    (b"<html", "HTML"),
    (b"{", "JSON"),
)
_BRANDS = {b"avif": "AVIF", b"avis": "AVIF", b"mif1": "HEIC or AVIF", b"msf1": "HEIC or AVIF"}
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx")


class PictureError(SourceError):
    """A picture that is not decoded. The message goes on behind "the picture": "is cut short: send all of it"."""

    def __init__(self, message: str, code: str = "invalid_image") -> None:
        super().__init__(message, permanent=True)
        self.code = code  # "invalid_image" or "too_many_pixels"


@dataclass(frozen=True, slots=True)
class Header:
    """A picture whose cost is known and bounded. `width` and `height` as stored, before `orientation` is applied.

    `data` is what a decoder needs and nothing else: no profiles, texts, thumbnails, later pictures.
    """

    kind: str  # of READ
    width: int
    height: int
    data: bytes
    work: int  # in pixels of a picture that is decoded whole: what it costs in time
    orientation: int = 1  # EXIF's, 1 to 8


def kind_of(data: bytes) -> str | None:
    """A format's name, whether it is read here or not; None for what is not known."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        brand = data[8:12]
        return "HEIC" if brand in _HEIC else _BRANDS.get(brand, "video")
    return next((kind for start, kind in _BEGINNINGS if data.startswith(start)), None)


def described(data: bytes) -> str:
    """What a file is that begins so, in words, to stand behind "is": its kind, "a text", or nothing that is known."""
    if not data:
        return "empty"
    kind = kind_of(data)
    return kind or ("a text" if _is_text(data[:TEXT_BYTES]) else f"{len(data):,} bytes of something")


def _is_text(head: bytes) -> bool:
    """UTF-8, a character that is cut off at its end among it, without control characters."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return all(char.isprintable() or char in "\t\n\r\f\ufeff" for char in text)


def check_size(kind: str, width: int, height: int) -> None:
    """Raises PictureError for no size, or for too much."""
    if width < 1 or height < 1:
        raise PictureError(f"is a {kind} of {width}x{height} pixels: save it anew")
    most = MAX_JPEG_PIXELS if kind == "JPEG" else MAX_PIXELS
    if width * height > most:
        raise PictureError(
            f"has {width}x{height} = {width * height / 1e6:.1f} megapixels; at most {most / 1e6:.0f} megapixels "
            f"are read of a {kind}: make it smaller",
            "too_many_pixels",
        )


def cut_short() -> PictureError:
    return PictureError("is damaged (it is cut short): save it anew and send all of it")


def damaged(why: object) -> PictureError:
    return PictureError(f"is damaged ({why}): save it anew and send all of it")
