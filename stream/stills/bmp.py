"""A BMP's size, from its header. Pure."""

from askcam.stream.stills.kinds import Header, PictureError, check_size, cut_short, damaged

_PLAIN, _BITFIELDS = 0, 3


def examine(data: bytes) -> Header:
    """Raises PictureError."""
    if len(data) < 26:
        raise cut_short()
    header = int.from_bytes(data[14:18], "little")
    if header == 12:
        width, height = int.from_bytes(data[18:20], "little"), int.from_bytes(data[20:22], "little")
        bits, packing = int.from_bytes(data[24:26], "little"), _PLAIN
    elif 40 <= header <= 124 and len(data) >= 34:
        width = int.from_bytes(data[18:22], "little", signed=True)
        height = abs(int.from_bytes(data[22:26], "little", signed=True))  # below 0: from the top down
        bits, packing = int.from_bytes(data[28:30], "little"), int.from_bytes(data[30:34], "little")
    else:
        raise damaged("its header is wrong")
    check_size("BMP", width, height)
    if packing not in (_PLAIN, _BITFIELDS):
        raise PictureError("is a packed BMP: save it anew as PNG or JPEG")
    if (width * bits + 31) // 32 * 4 * height > len(data):
        raise cut_short()
    return Header("BMP", width, height, data, width * height)
