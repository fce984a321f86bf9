"""A JPEG's size and cost, from its markers, before anything decodes it. Pure.

Each scan of a JPEG is a pass over the samples that it names; a progressive one has about ten, and a hostile one as many
thousands as its bytes allow. So scans are counted without decoding them: within a scan's data FF is always followed by
00, a restart marker or another FF, so the next marker ends it, in libjpeg as here.
"""

import re
from itertools import islice

from askcam.stream.stills.exif import orientation
from askcam.stream.stills.kinds import Header, PictureError, check_size, cut_short, damaged

MAX_SEGMENTS = 2000  # of any kind; profiles and panoramas of telephones take a few hundred
MAX_SCANS = 100
MAX_SAMPLES = 420_000_000  # in all scans: half a second; a progressive 48 megapixel photo has 384 million
MAX_COEFFICIENTS = 80_000_000  # kept between the scans where there are several, two bytes each
SAMPLES_PER_PIXEL = 10  # of work: so many samples of a JPEG take as long as one pixel of what is decoded whole

_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")
_FILL = re.compile(rb"\xff+")
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # these have no length
_SOI, _EOI, _SOS, _APP0, _APP1, _APP14, _COM, _DNL, _DRI = 0xD8, 0xD9, 0xDA, 0xE0, 0xE1, 0xEE, 0xFE, 0xDC, 0xDD
_DHT, _DQT, _DAC = 0xC4, 0xDB, 0xCC
_HUFFMAN = (0xC0, 0xC1, 0xC2)  # sequential, extended, progressive
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {_DHT, 0xC8, _DAC})
_DROPPED = frozenset({*range(0xE1, 0xEE), 0xEF, _COM, _DNL})


class _Frame:
    """What a start of frame says."""

    def __init__(self, marker: int, body: bytes) -> None:
        if marker not in _HUFFMAN:
            raise PictureError("is a lossless, arithmetic or layered JPEG: save it anew as a plain JPEG")
        if len(body) < 6 or len(body) < 6 + 3 * body[5]:
            raise damaged("its header names no size")
        bits, self.height, self.width, count = body[0], int.from_bytes(body[1:3]), int.from_bytes(body[3:5]), body[5]
        if bits != 8:
            raise PictureError(f"is a JPEG of {bits} bits: save it anew as a plain JPEG")
        if not self.height or not self.width:
            raise damaged("its header names no size")
        check_size("JPEG", self.width, self.height)
        if count not in (1, 3, 4):
            raise damaged(f"it has {count} colour channels")
        parts = [body[6 + 3 * i : 9 + 3 * i] for i in range(count)]
        across, down = [p[1] >> 4 for p in parts], [p[1] & 15 for p in parts]
        if not all(1 <= n <= 4 for n in (*across, *down)):
            raise damaged("its colours are laid out in no known way")
        whole = self.width * self.height / (max(across) * max(down))
        self.samples = {p[0]: int(whole * a * d) + 1 for p, a, d in zip(parts, across, down, strict=True)}
        if len(self.samples) != count:
            raise damaged("two colours have one name")
        self.progressive = marker == 0xC2


def size(data: bytes) -> tuple[int, int]:
    """(width, height) as the header has them, and no look at what follows it. Raises PictureError."""
    at = 2
    for _ in range(MAX_SEGMENTS if data[:2] == b"\xff\xd8" else 0):
        fill = _FILL.match(data, at)
        if fill is None or fill.end() + 3 > len(data):
            break
        marker, at = data[fill.end()], fill.end() + 1
        if marker in (_EOI, _SOS):  # the picture ends or its data begins: too late for a size
            break
        if marker in _FRAMES:
            frame = _Frame(marker, data[at + 2 : at + int.from_bytes(data[at : at + 2])])
            return frame.width, frame.height
        if marker not in _ALONE:
            at += int.from_bytes(data[at : at + 2])
    raise damaged("its header names no size")


def examine(data: bytes) -> Header:
    """Raises PictureError for what is no JPEG, broken, or too much work."""
    if data[:2] != b"\xff\xd8":
        raise damaged("it does not begin as a JPEG")
    kept: list[bytes] = [data[:2]]
    frame: _Frame | None = None
    turned: int | None = None
    once: set[int] = set()
    at, scans, work = 2, 0, 0
    for _ in range(MAX_SEGMENTS):
        found = _MARKER.search(data, at)
        if found is None:
            raise cut_short() if frame is not None else damaged("its header names no size")
        at = found.start()
        marker = data[at + 1]
        if marker == _EOI:
            if not scans or frame is None:
                raise damaged("there is no picture in it")
            kept.append(data[at : at + 2])
            work = max(work, frame.width * frame.height)
            return Header("JPEG", frame.width, frame.height, b"".join(kept), work // SAMPLES_PER_PIXEL, turned or 1)
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if marker == _SOI or end > len(data) or end < at + 4:
            raise cut_short() if end > len(data) and marker != _SOI else damaged("a part of its header is wrong")
        body = data[at + 4 : end]
        if marker in _FRAMES:
            if frame is not None:
                raise damaged("it has two headers")
            frame = _Frame(marker, body)
            kept.append(data[at:end])
        elif marker == _SOS:
            scans += 1
            work += _scan(frame, body)
            _check_work(frame, scans, work)
            after = _MARKER.search(data, end)
            if after is None:
                raise cut_short()
            end = after.start()
            kept.append(data[at:end])
        elif marker in (_APP0, _APP14):  # they say which colours these are
            if marker not in once:
                once.add(marker)
                kept.append(data[at:end])
        elif marker == _APP1:
            if turned is None and body[:6] == b"Exif\0\0":
                turned = orientation(body)
        elif marker in (_DHT, _DQT, _DRI):
            kept.append(data[at:end])
        elif marker not in _DROPPED:
            raise damaged(f"it has a part FF{marker:02X} that no JPEG has")
        at = end
    raise PictureError("is a JPEG in too many parts: save it anew as a plain JPEG")


def _scan(frame: _Frame | None, body: bytes) -> int:
    """How many samples a scan goes over."""
    if frame is None:
        raise damaged("its data comes before its header")
    count = body[0] if body else 0
    if not 1 <= count <= 4 or len(body) < 4 + 2 * count:
        raise damaged("a scan of it is wrong")
    names = [body[1 + 2 * i] for i in range(count)]
    if len(set(names)) != count or any(name not in frame.samples for name in names):
        raise damaged("a scan of it names no colour of its")
    return sum(frame.samples[name] for name in names)


def _check_work(frame: _Frame | None, scans: int, work: int) -> None:
    assert frame is not None, "a scan was counted without a frame"
    several = frame.progressive or scans > 1
    if several and sum(frame.samples.values()) > MAX_COEFFICIENTS:
        raise PictureError(
            f"has {frame.width}x{frame.height} pixels, too many for a JPEG that is stored in several passes: "
            "make it smaller, or save it as a plain JPEG",
            "too_many_pixels",
        )
    if scans > MAX_SCANS or work > MAX_SAMPLES:
        raise PictureError(
            f"is a JPEG of {frame.width}x{frame.height} pixels stored in too many passes ({scans} so far): "
            "save it anew as a plain JPEG"
        )


def too_costly(data: bytes, num_pixels: int | None = None) -> bool:
    """Whether a JPEG may take a decoder longer than any camera's, by a quick look from above: every scan counts for all
    samples. `num_pixels` is what size() found, for libjpeg, which takes no second one.

    None: of the largest size that stands anywhere, since FFmpeg forgives much.
    """
    scans = data.count(b"\xff\xda")
    if scans <= 4:  # a plain JPEG, or one with a thumbnail or three
        return False
    if scans > MAX_SCANS:
        return True
    if num_pixels is None:
        found = list(islice(_SIZES.finditer(data), MAX_SEGMENTS))
        if len(found) == MAX_SEGMENTS:
            return True
        num_pixels = max((int.from_bytes(each[1]) * int.from_bytes(each[2]) for each in found), default=0)
    return scans * num_pixels > MAX_SAMPLES


_SIZES = re.compile(rb"\xff[\xc0-\xc3\xc5-\xc7\xc9-\xcb\xcd-\xcf]...(..)(..)", re.DOTALL)
