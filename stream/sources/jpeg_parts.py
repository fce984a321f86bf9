"""Cuts pictures out of endless bytes of JPEGs, as cameras send them over HTTP (multipart/x-mixed-replace). Pure.

Boundaries and lengths are not looked at: cameras leave them out, misspell them, or lie. A JPEG says itself where it
ends, and so it is whole with its last byte, not when the next one begins.
"""

import re

from askcam.stream.sources.push import MAX_BYTES
from askcam.stream.stills.jpeg import MAX_SEGMENTS

MAX_BETWEEN = 256 << 10  # bytes without a JPEG: this is something else

_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_ALONE = frozenset({0x00, 0x01, *range(0xD0, 0xD8)})  # no length follows these
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")
_TAIL = 1024  # bytes before the next picture in which a boundary and its headers may stand


class JPEGParts:
    """Owned by one thread. Holds at most MAX_BYTES and what was fed last."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._at = 0  # how far it has been looked at
        self._begun = False  # it starts with a picture
        self._scanning = False  # within a scan's data, where the next marker has to be searched
        self._scans = self._segments = 0
        self._came_at = 0.0
        self.between = 0  # bytes since the last picture ended that belong to none
        self.refused = 0  # pictures that were too large, or had too many parts

    def feed(self, data: bytes, now: float) -> list[tuple[bytes, float]]:
        """What has become whole by `data`, and when its first byte came; `now` on the caller's clock."""
        self._data += data
        out: list[tuple[bytes, float]] = []
        while self._begin(now) and self._walk(out, now):
            pass
        if self._begun and len(self._data) > MAX_BYTES:
            self._refuse()
        return out

    def _begin(self, now: float) -> bool:
        """Whether a picture has begun; throws away what stands before it."""
        if self._begun:
            return True
        start = self._data.find(b"\xff\xd8\xff")
        gone = max(0, len(self._data) - 2) if start < 0 else start
        self.between += gone
        del self._data[:gone]
        if start < 0:
            return False
        self._restart(now)
        return True

    def _restart(self, now: float) -> None:
        self._begun, self._scanning, self._at, self._scans, self._segments = True, False, 2, 0, 0
        self._came_at, self.between = now, 0

    def _refuse(self) -> None:
        self.refused += 1
        self._begun = False
        del self._data[:2]  # its beginning

    def _walk(self, out: list[tuple[bytes, float]], now: float) -> bool:
        """Go on to the end of the picture; False when more bytes are needed for that."""
        data = self._data
        while True:
            if self._scanning:
                found = _MARKER.search(data, self._at)
                if found is None:
                    self._at = max(self._at, len(data) - 1)
                    return False
                self._at, self._scanning = found.start(), False
            if len(data) < self._at + 4:
                if len(data) == self._at + 2 and data[self._at :] == b"\xff\xd9":
                    return self._emit(self._at + 2, out)
                if len(data) < self._at + 2 or data[self._at + 1] != _EOI:
                    return False
            marker = data[self._at + 1]
            if data[self._at] != 0xFF or marker in _ALONE:
                self._at, self._scanning = self._at + 1, True
            elif marker == 0xFF:
                self._at += 1
            elif marker == _EOI:
                return self._emit(self._at + 2, out)
            elif marker == _SOI:  # the one before had no end
                if self._scans:
                    boundary = data.rfind(b"\r\n--", max(2, self._at - _TAIL), self._at)
                    out.append((bytes(data[: self._at if boundary < 0 else boundary]) + b"\xff\xd9", self._came_at))
                del data[: self._at]
                self._restart(now)
            else:
                end = self._at + 2 + max(2, int.from_bytes(data[self._at + 2 : self._at + 4]))
                if end > len(data):
                    return False
                self._segments += 1
                if self._segments > MAX_SEGMENTS:
                    self._refuse()
                    return True
                self._at, self._scanning = end, marker == _SOS
                self._scans += marker == _SOS

    def _emit(self, end: int, out: list[tuple[bytes, float]]) -> bool:
        if self._scans and end <= MAX_BYTES:
            out.append((bytes(self._data[:end]), self._came_at))
        else:
            self.refused += 1
        del self._data[:end]
        self._begun = False
        return True
