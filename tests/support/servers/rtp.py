"""Cuts H.264 into RTP packets over an RTSP connection (RFC 6184, interleaved as in RFC 2326). Pure but for chance."""

import random
import struct

CLOCK_HZ = 90_000
_MTU = 1400  # bytes of payload
_NTP_EPOCH = 2208988800  # seconds from 1900 to 1970


def nal_units(annexb: bytes) -> list[bytes]:
    """The NAL units of one access unit in Annex B form, without start codes."""
    parts = annexb.split(b"\0\0\1")
    return [unit for unit in (part.rstrip(b"\0") for part in parts[1:]) if unit]


class Packer:
    """One subscriber's RTP stream, on interleaved channel `channel` (its RTCP goes to the next)."""

    def __init__(self, channel: int) -> None:
        self.channel = channel
        self._sequence = random.randrange(1 << 16)
        self._ssrc = random.getrandbits(32)
        self._packets = self._bytes = 0
        self._reported = 0.0

    def pack(self, units: list[bytes], wall: float) -> bytes:
        """One access unit captured at `wall`, with a sender report once a second."""
        timestamp = int(wall * CLOCK_HZ) & 0xFFFFFFFF
        out = bytearray()
        for number, unit in enumerate(units):
            last = number == len(units) - 1
            if len(unit) <= _MTU:
                out += self._packet(unit, timestamp, last)
                continue
            indicator, kind, body = (unit[0] & 0xE0) | 28, unit[0] & 31, unit[1:]
            for at in range(0, len(body), _MTU - 2):
                begins, ends = at == 0, at + _MTU - 2 >= len(body)
                header = bytes([indicator, begins << 7 | ends << 6 | kind])
                out += self._packet(header + body[at : at + _MTU - 2], timestamp, last and ends)
        if wall - self._reported > 1:
            self._reported = wall
            out += self._report(timestamp, wall)
        return bytes(out)

    def _packet(self, payload: bytes, timestamp: int, marker: bool) -> bytes:
        head = struct.pack("!BBHII", 0x80, 96 | marker << 7, self._sequence, timestamp, self._ssrc)
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._packets += 1
        self._bytes += len(payload)
        return self._framed(self.channel, head + payload)

    def _report(self, timestamp: int, wall: float) -> bytes:
        ntp = int((wall + _NTP_EPOCH) * (1 << 32))
        counts = (self._packets & 0xFFFFFFFF, self._bytes & 0xFFFFFFFF)
        return self._framed(
            self.channel + 1, struct.pack("!BBHIQIII", 0x80, 200, 6, self._ssrc, ntp, timestamp, *counts)
        )

    @staticmethod
    def _framed(channel: int, data: bytes) -> bytes:
        return b"$" + bytes([channel]) + struct.pack("!H", len(data)) + data
