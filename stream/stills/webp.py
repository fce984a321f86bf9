"""A WebP's size, from its header, and the parts that make its first picture. Pure."""

from askcam.stream.stills.exif import orientation
from askcam.stream.stills.kinds import Header, check_size, cut_short, damaged

MAX_CHUNKS = 4096
_PICTURES = (b"VP8 ", b"VP8L", b"ANMF")
_ALPHA, _ANIMATED = 0x10, 0x02  # flags of VP8X; those of profiles and texts are cleared, as they are left out


def examine(data: bytes) -> Header:
    """Raises PictureError."""
    end = min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    if end < 8 + int.from_bytes(data[4:8], "little"):
        raise cut_short()
    kept: list[bytes] = []
    size: tuple[int, int] | None = None
    turned, at, shown = 1, 12, False
    for number in range(MAX_CHUNKS):
        if at + 8 > end:
            break
        name, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body, after = at + 8, at + 8 + length + length % 2
        if body + length > len(data):
            raise cut_short()
        if number == 0:
            size = _size(name, data[body : body + min(length, 16)])
            check_size("WEBP", *size)
        if name == b"VP8X" and number == 0:
            flags = data[body] & (_ALPHA | _ANIMATED)
            kept.append(data[at:body] + bytes([flags]) + data[body + 1 : after])
        elif name in _PICTURES and not shown:
            shown = True
            kept.append(data[at:after])
        elif name in (b"ALPH", b"ANIM") and not shown:
            kept.append(data[at:after])
        elif name == b"EXIF":
            turned = orientation(data[body : body + min(length, 65_536)])
        at = after
    else:
        raise damaged("it is in too many pieces")
    if size is None or not shown:
        raise damaged("there is no picture in it")
    parts = b"WEBP" + b"".join(kept)
    whole = b"RIFF" + len(parts).to_bytes(4, "little") + parts
    return Header("WEBP", *size, whole, size[0] * size[1], turned)


def _size(name: bytes, body: bytes) -> tuple[int, int]:
    """Of the whole picture, on which an animation's are drawn."""
    match name:
        case b"VP8X" if len(body) >= 10:
            return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
        case b"VP8 " if len(body) >= 10 and body[3:6] == b"\x9d\x01\x2a":
            width, height = int.from_bytes(body[6:8], "little"), int.from_bytes(body[8:10], "little")
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L" if len(body) >= 5 and body[0] == 0x2F:
            bits = int.from_bytes(body[1:5], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    raise damaged("its header names no size")
