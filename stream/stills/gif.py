"""A GIF's size, from its header, and the parts that make its first picture. Pure."""

from askcam.stream.stills.kinds import Header, check_size, cut_short, damaged

MAX_BLOCKS = 4096  # of texts, profiles and the like before the first picture: a megabyte
_EXTENSION, _PICTURE, _CONTROL = 0x21, 0x2C, 0xF9


def examine(data: bytes) -> Header:
    """Raises PictureError."""
    if len(data) < 13:
        raise cut_short()
    screen = int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
    check_size("GIF", *screen)
    at = 13 + _colours(data[10])
    kept, control, blocks = data[:at], b"", 0
    while at < len(data):
        if data[at] == _PICTURE:
            left, top, width, height = (int.from_bytes(data[at + i : at + i + 2], "little") for i in (1, 3, 5, 7))
            if left + width > screen[0] or top + height > screen[1]:
                raise damaged("its first picture reaches over its edge")
            end, blocks_end = at + 10, 0
            if end >= len(data):
                raise cut_short()
            blocks_end = _blocks_end(data, end + _colours(data[at + 9]) + 1)
            whole = kept + control + data[at:blocks_end] + b"\x3b"
            return Header("GIF", *screen, whole, screen[0] * screen[1])
        if data[at] != _EXTENSION or at + 2 > len(data):
            raise damaged("there is no picture in it")
        begin = at
        is_control, at = data[at + 1 : at + 2] == bytes([_CONTROL]), at + 2
        while at < len(data) and data[at]:
            at += 1 + data[at]
            blocks += 1
            if blocks > MAX_BLOCKS:
                raise damaged("too much stands before its first picture")
        at += 1
        blocks += 1
        if blocks > MAX_BLOCKS:
            raise damaged("too much stands before its first picture")
        if is_control:
            control = data[begin:at]
    raise cut_short()


def _colours(flags: int) -> int:
    """Bytes of a colour table."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _blocks_end(data: bytes, at: int) -> int:
    """Where a picture's data ends; all of what there is when it is in more pieces than a picture can need."""
    for _ in range(200_000):  # of up to 255 bytes
        if at >= len(data):
            raise cut_short()
        if not data[at]:
            return at + 1
        at += 1 + data[at]
    raise damaged("its picture is in too many pieces")
