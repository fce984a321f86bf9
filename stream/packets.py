"""Packets as a camera sent them, for those who want them as they are: undecoded, each with the time of its picture."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from askcam.stream.listeners import Listeners

log = logging.getLogger(__name__)

MAX_AHEAD = 600  # packets that were read, of which no picture was shown yet; then the oldest are not told


@dataclass(frozen=True, slots=True, eq=False)
class PacketTrack:
    """What one opened connection, or one round of a film, sends. Compared by identity: what comes by another track
    rests on nothing of this one."""

    codec: str  # FFmpeg's name: "h264", "hevc", "mjpeg"...
    extradata: bytes  # the codec's parameters, as the container or the SDP has them; empty where neither does
    width: int  # 0: not known before the first picture
    height: int


@dataclass(frozen=True, slots=True, eq=False)
class EncodedPacket:
    """One encoded picture."""

    track: PacketTrack
    data: bytes = field(repr=False)
    key: bool
    captured: Callable[[], float]  # by the steady clock; the later it is asked, the better it is known. Any thread


PacketListener = Callable[[EncodedPacket], None]
"""Is told of each packet as it comes, on the thread that reads them, which it must not hold up. It must not raise."""


@runtime_checkable
class PacketSource(Protocol):
    """A source that has packets to tell of."""

    def tell_packets(self, listener: PacketListener) -> None:
        """Called at most once, before open()."""
        ...


class PacketListeners:
    """All of one camera. Any thread."""

    def __init__(self, camera: str, lock: threading.Lock) -> None:
        """`lock`: as of Listeners."""
        self._camera = camera
        self._all: Listeners[PacketListener] = Listeners(lock)

    def add(self, listener: PacketListener) -> Callable[[], None]:
        return self._all.add(listener)

    def while_counts(self, counts: Callable[[], bool]) -> PacketListener | None:
        """One that tells all of them, as long as `counts()`: a reader that was abandoned may still read. None: there is
        nobody."""

        def tell(packet: EncodedPacket) -> None:
            for listener in self._all if counts() else ():
                try:
                    listener(packet)
                except Exception:  # the camera goes on
                    log.exception("camera %s: a listener to its packets failed", self._camera)

        return tell if any(True for _ in self._all) else None


class ShownPackets:
    """Packets of a recording that is played: it is read ahead, so they are told when a picture that was read after them
    is shown. For one thread."""

    def __init__(self, track: PacketTrack, listener: PacketListener) -> None:
        self._track, self._listener = track, listener
        self._read: list[tuple[bytes, bool, float | None]] = []
        self._zero: float | None = None  # the steady clock at timestamp 0

    def read(self, data: bytes, key: bool, pts: float | None) -> None:
        """A packet was read; `pts` in seconds, None: it says none."""
        if data:
            self._read.append((data, key, pts))
            del self._read[:-MAX_AHEAD]

    def shown(self, pts: float | None, mono: float) -> None:
        """A picture is shown that was captured at `mono`, by the steady clock."""
        if pts is not None:
            self._zero = mono - pts
        zero, told = self._zero, self._read
        self._read = []
        for data, key, at in told:
            captured = mono if at is None or zero is None else zero + at
            self._listener(EncodedPacket(self._track, data, key, lambda captured=captured: captured))  # type: ignore[misc]
