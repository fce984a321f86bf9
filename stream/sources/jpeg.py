"""Reads a JPEG's size from its header, so that a huge or false one is refused before anything decodes it. Pure."""

from askcam.stream.errors import SourceError

_START = b"\xff\xd8"
_NO_LENGTH = frozenset({0x01, *range(0xD0, 0xD8)})  # TEM and restart markers stand alone
_NOT_FRAMES = frozenset({0xC4, 0xC8, 0xCC})  # among C0..CF: Huffman tables, reserved, arithmetic tables


def jpeg_size(data: bytes) -> tuple[int, int]:
    """(width, height) in pixels. Raises SourceError for what is no JPEG."""
    if data[:2] != _START:
        kind = _name(data)
        raise SourceError(f"the frame is {kind}, not a JPEG: send image/jpeg", permanent=True)
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            break
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
        elif marker in _NO_LENGTH:
            at += 2
        elif marker in (0xD9, 0xDA):  # the picture ends or its data begins: too late for a size
            break
        elif 0xC0 <= marker <= 0xCF and marker not in _NOT_FRAMES:
            if at + 9 > len(data):
                break
            height, width = int.from_bytes(data[at + 5 : at + 7]), int.from_bytes(data[at + 7 : at + 9])
            if not width or not height:
                break
            return width, height
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4])
    raise SourceError(f"the frame ({len(data)} bytes) is a broken JPEG: its header names no size", permanent=True)


def _name(data: bytes) -> str:
    if not data:
        return "empty"
    for magic, kind in ((b"\x89PNG", "a PNG"), (b"RIFF", "a WebP"), (b"GIF8", "a GIF"), (b"BM", "a BMP")):
        if data.startswith(magic):
            return kind
    return f"{len(data)} bytes of something"
