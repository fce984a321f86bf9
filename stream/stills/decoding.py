"""THE door of every picture from outside: its cost is read from its header, bounded, and only then it is decoded.

What is larger than it is wanted is decoded smaller: a JPEG by its DCT, at a fraction of the cost, others right after.
"""

import io
import threading
from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image

from askcam.stream.frame import Pixels
from askcam.stream.stills import bmp, gif, jpeg, png, webp
from askcam.stream.stills.kinds import READ, Header, PictureError, damaged, described, kind_of

LARGE_PIXELS = 2_200_000  # one picture above this is decoded at a time in the whole process: it takes up to 160 MB

_EXAMINERS: Mapping[str, Callable[[bytes], Header]] = {
    "JPEG": jpeg.examine,
    "PNG": png.examine,
    "WEBP": webp.examine,
    "GIF": gif.examine,
    "BMP": bmp.examine,
}
_large = threading.Lock()


def examine(data: bytes) -> Header:
    """What a picture is and costs, decoding nothing: milliseconds. Raises PictureError."""
    if not data:
        raise PictureError("is empty: send the file's bytes")
    kind = kind_of(data)
    if kind not in READ:
        raise PictureError(f"is not a picture that is read here ({described(data)}): send a JPEG, PNG, WebP or GIF")
    return _EXAMINERS[kind](data)


def decode(header: Header, max_pixels: int | None = None) -> Pixels:
    """(height, width, 3) uint8 RGB, upright, transparent parts on white; of `max_pixels` at most, in its proportions.

    Up to half a second; any thread, off the event loop. Raises PictureError for a damaged one.
    """
    if header.width * header.height <= LARGE_PIXELS:
        return _decode(header, max_pixels)
    with _large:
        return _decode(header, max_pixels)


def _decode(header: Header, max_pixels: int | None) -> Pixels:
    try:
        image = Image.open(io.BytesIO(header.data), formats=(header.kind,))
        if image.size != (header.width, header.height):
            raise damaged(f"it is {image.width}x{image.height} and says {header.width}x{header.height}")
        wanted = _wanted(image.width, image.height, max_pixels)
        if header.kind == "JPEG" and wanted != image.size:
            image.draft(None, wanted)
        image.load()
        return _turned(_rgb(image, wanted), header.orientation)
    except PictureError:
        raise
    except (OSError, ValueError, SyntaxError, EOFError, RuntimeError, TypeError, ArithmeticError, LookupError) as exc:
        raise damaged(exc) from exc  # by decoder
    except Image.DecompressionBombError as exc:
        raise damaged(exc) from exc


def _wanted(width: int, height: int, max_pixels: int | None) -> tuple[int, int]:
    if max_pixels is None or width * height <= max_pixels:
        return width, height
    scale = (max_pixels / (width * height)) ** 0.5
    smaller = max(1, int(width * scale)), max(1, int(height * scale))
    return min(smaller[0], max_pixels // smaller[1] or 1), min(smaller[1], max_pixels // smaller[0] or 1)


def _rgb(image: Image.Image, wanted: tuple[int, int]) -> Pixels:
    if image.mode.startswith("I"):  # 16 bits of grey: convert() would clip them
        image = Image.fromarray(np.clip(np.asarray(image) // 256, 0, 255).astype(np.uint8))
    clear = image.has_transparency_data
    if clear and image.mode != "RGBA":
        image = image.convert("RGBA")
    elif image.mode not in ("L", "RGB", "RGBA", "CMYK"):
        image = image.convert("RGB")
    if image.size != wanted:
        image = image.resize(wanted, Image.Resampling.BOX)
    if clear:
        image = Image.alpha_composite(Image.new("RGBA", image.size, (255, 255, 255, 255)), image)
    return np.ascontiguousarray(np.asarray(image.convert("RGB"), dtype=np.uint8))


def _turned(pixels: Pixels, orientation: int) -> Pixels:
    """Upright, by EXIF's orientation."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
