"""A PNG's size, from its header, and the parts that make its picture. Pure.

Texts and profiles (a few bytes can unpack to gigabytes) and the later pictures of an animated one are left out.
"""

import zlib

from askcam.stream.stills.exif import orientation
from askcam.stream.stills.kinds import Header, check_size, cut_short, damaged

MAX_CHUNKS = 20_000  # libpng writes one per 8 KiB
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEPT = frozenset({b"PLTE", b"tRNS", b"IDAT"})
_BITS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}  # by colour type


def examine(data: bytes) -> Header:
    """Raises PictureError."""
    at, turned = len(_SIGNATURE), 1
    kept: list[bytes] = [_SIGNATURE]
    width = height = 0
    for number in range(MAX_CHUNKS):
        if at + 12 > len(data):
            raise cut_short()
        end = at + 12 + int.from_bytes(data[at : at + 4])
        name = data[at + 4 : at + 8]
        if end > len(data):
            raise cut_short()
        if (number == 0) != (name == b"IHDR"):
            raise damaged("its header is not where it belongs")
        if name == b"IHDR":
            if end - at != 12 + 13:
                raise damaged("its header is wrong")
            width, height = int.from_bytes(data[at + 8 : at + 12]), int.from_bytes(data[at + 12 : at + 16])
            bits, colour, packing, filtering, interlace = data[at + 16 : at + 21]
            if bits not in _BITS.get(colour, ()) or packing or filtering or interlace > 1:
                raise damaged("its header names no PNG that there is")
            check_size("PNG", width, height)
            kept.append(data[at:end])
        elif name == b"IEND":
            kept.append(data[at:end])
            return Header("PNG", width, height, b"".join(kept), width * height, turned)
        elif name in _KEPT:
            if zlib.crc32(data[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end]):  # Pillow lets it pass
                raise damaged("its checksum is wrong")
            kept.append(data[at:end])
        elif name == b"eXIf":
            turned = orientation(data[at + 8 : end - 4])
        at = end
    raise damaged("it is in too many pieces")
