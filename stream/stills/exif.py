"""A picture's orientation from its EXIF data. Pure; reads one entry, whatever the rest claims to be."""

import struct

MAX_ENTRIES = 512  # of the first directory
_ORIENTATION, _SHORT = 0x0112, 3


def orientation(exif: bytes) -> int:
    """1 to 8 as EXIF has it; 1, which is upright, where it is not said."""
    if exif[:6] == b"Exif\0\0":
        exif = exif[6:]
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None or len(exif) < 8:
        return 1
    (at,) = struct.unpack_from(f"{order}I", exif, 4)
    if at + 2 > len(exif):
        return 1
    (count,) = struct.unpack_from(f"{order}H", exif, at)
    for entry in range(min(count, MAX_ENTRIES)):
        here = at + 2 + 12 * entry
        if here + 12 > len(exif):
            return 1
        tag, kind, _, value = struct.unpack_from(f"{order}HHIH", exif, here)
        if tag == _ORIENTATION:
            return value if kind == _SHORT and 1 <= value <= 8 else 1
    return 1
