"""Still pictures as cameras, telephones and attackers make them."""

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

SOS = b"\xff\xda"


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def gradient(width: int = 80, height: int = 60) -> Image.Image:
    across = np.tile(np.linspace(0, 255, width, dtype=np.uint8), (height, 1))
    return Image.fromarray(np.stack([across, across[:, ::-1], np.full_like(across, 99)], axis=2))


def many_scans(data: bytes, times: int) -> bytes:
    """A progressive JPEG whose last scan comes `times` times."""
    last = data.rindex(SOS)
    return data[:last] + data[last:-2] * times + data[-2:]


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2) + body


def chunk(name: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4) + name + body + zlib.crc32(name + body).to_bytes(4)


def exif(orientation: int, order: str = "<", *, before: int = 0) -> bytes:
    """A TIFF header with one entry that says so, behind `before` others."""
    other = struct.pack(f"{order}HHII", 0x010F, 2, 4, 0)
    entry = struct.pack(f"{order}HHIHH", 0x0112, 3, 1, orientation, 0)
    mark = b"II*\0" if order == "<" else b"MM\0*"
    head = mark + struct.pack(f"{order}IH", 8, before + 1)
    return b"Exif\0\0" + head + other * before + entry + bytes(4)
