"""What H.264 and H.265 streams say of themselves: units, and the sets of parameters among them. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

START = b"\x00\x00\x00\x01"
SETS = {"h264": (7, 8), "hevc": (32, 33, 34)}  # kinds of units that are sets of parameters
PICTURES = {"h264": range(1, 6), "hevc": range(32)}  # ... and of those that are parts of pictures
LENGTH_AT = {"h264": (4, 7), "hevc": (21, 23)}  # in a record: where the length's size stands, how long the record is


def prefixed(extradata: bytes) -> bool:
    """Whether units have their length before them, as in MP4, by a record of parameters (ISO 14496-15). Else they have
    start codes."""
    return extradata[:1] == b"\x01"


def kind(codec: str, unit: bytes) -> int:
    return unit[0] & 31 if codec == "h264" else (unit[0] >> 1) & 63


def units(data: bytes) -> Iterator[bytes]:
    """Those of a stream with start codes, without these."""
    at = data.find(b"\0\0\1")
    while at >= 0:
        begin = at + 3
        at = data.find(b"\0\0\1", begin)
        unit = (data[begin:] if at < 0 else data[begin:at]).rstrip(b"\0")
        if unit:
            yield unit


def lengthy_units(data: bytes, size: int) -> Iterator[bytes]:
    """Those that have their length before them, `size` bytes of it. What is cut off at the end is left out."""
    at = 0
    while at + size <= len(data):
        length = int.from_bytes(data[at : at + size])
        unit = data[at + size : at + size + length]
        if unit and len(unit) == length:
            yield unit
        at += size + length


def length_size(codec: str, extradata: bytes) -> int:
    at, least = LENGTH_AT[codec]
    return (extradata[at] & 3) + 1 if len(extradata) >= least else 4


def with_start_codes(codec: str, data: bytes, extradata: bytes) -> bytes:
    """A packet as a stream has it, whichever form it came in."""
    if not prefixed(extradata):
        return data
    return b"".join(START + unit for unit in lengthy_units(data, length_size(codec, extradata)))


@dataclass(frozen=True, slots=True)
class Parameters:
    """What pictures rest on: sets of parameters, by kind, each once. Equal where one decoder reads both."""

    codec: str
    sets: tuple[tuple[int, tuple[bytes, ...]], ...] = ()

    @property
    def whole(self) -> bool:
        return len(self.sets) == len(SETS[self.codec])

    def data(self) -> bytes:
        """As a stream has them."""
        return b"".join(START + unit for _, found in self.sets for unit in found)


def parameters(codec: str, key: bytes, extradata: bytes) -> Parameters:
    """Those of a keyframe with start codes: its own, or else those of the container."""
    outside = units(extradata) if not prefixed(extradata) else _of_record(codec, extradata)
    found: dict[int, tuple[bytes, ...]] = {}
    for some in (outside, _before_picture(codec, key)):
        own: dict[int, tuple[bytes, ...]] = {}
        for unit in some:
            what = kind(codec, unit)
            if what in SETS[codec] and unit not in own.get(what, ()):
                own[what] = (*own.get(what, ()), unit)
        found |= own
    return Parameters(codec, tuple(sorted(found.items())))


def _before_picture(codec: str, key: bytes) -> Iterator[bytes]:
    for unit in units(key):
        if kind(codec, unit) in PICTURES[codec]:
            return
        yield unit


def _of_record(codec: str, record: bytes) -> Iterator[bytes]:
    """Units in an avcC or hvcC; as far as it goes."""
    if codec == "h264":
        at = 5
        for mask in (31, 255):
            count, at = (record[at] & mask if at < len(record) else 0), at + 1
            for _ in range(count):
                unit, at = _with_length(record, at)
                if unit:
                    yield unit
        return
    at = 23
    for _ in range(record[22] if len(record) > 22 else 0):
        count, at = int.from_bytes(record[at + 1 : at + 3]), at + 3
        for _ in range(count):
            if at >= len(record):
                return
            unit, at = _with_length(record, at)
            if unit:
                yield unit


def _with_length(record: bytes, at: int) -> tuple[bytes, int]:
    length = int.from_bytes(record[at : at + 2])
    return record[at + 2 : at + 2 + length], at + 2 + length
