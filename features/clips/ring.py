"""The last packets of one camera, from keyframe to keyframe: what a clip is cut from. Pure, but for its lock; times in
seconds by the steady clock."""

import threading
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from askcam.stream.packets import EncodedPacket, PacketTrack

OVERHEAD = 450  # bytes that a packet takes beside its data


@dataclass(slots=True, eq=False)
class Group:
    """A keyframe and what rests on it, in the order in which they are decoded."""

    track: PacketTrack
    opening: bytes = b""  # the track's first keyframe: some cameras say their parameters there, and never again
    packets: list[EncodedPacket] = field(default_factory=list)
    num_bytes: int = 0
    last_at: float = 0.0  # when the newest came

    @property
    def began(self) -> float:
        """When its keyframe was captured, as far as is known by now."""
        return self.packets[0].captured()


class PacketRing:
    """Bounded in seconds and bytes: whole groups go from its front. A group that alone takes more than all of the bytes
    goes, too, and what comes is left out up to the next keyframe. One thread at a time adds; any reads."""

    def __init__(self, keep_s: float, max_bytes: int) -> None:
        self._keep_s, self._max_bytes = keep_s, max_bytes
        self._lock = threading.Lock()
        self._groups: deque[Group] = deque()
        self.num_bytes = 0
        self.dropped: Counter[str] = Counter()  # packets, by why they went before their time

    def bound(self, max_bytes: int) -> None:
        """From now on so many."""
        with self._lock:
            self._max_bytes = max_bytes
            self._shrink()

    def add(self, packet: EncodedPacket, now: float) -> None:
        with self._lock:
            newest = self._groups[-1] if self._groups else None
            if packet.key:
                opening = newest.opening if newest is not None and newest.track is packet.track else packet.data
                newest = Group(packet.track, opening)
                self._groups.append(newest)
                while len(self._groups) > 1 and self._groups[0].last_at < now - self._keep_s:
                    self._drop()
            elif newest is None or newest.track is not packet.track:
                self.dropped["without_keyframe"] += 1
                return
            size = len(packet.data) + OVERHEAD
            newest.packets.append(packet)
            newest.num_bytes += size
            newest.last_at = now
            self.num_bytes += size
            self._shrink()

    def groups(self) -> Sequence[Group]:
        """Oldest first. The newest may yet grow: of each its packets as they are now."""
        with self._lock:
            return [replace(each, packets=list(each.packets)) for each in self._groups]

    def newest(self) -> tuple[float, float] | None:
        """When the newest packet was captured, and when it came; None: there is none."""
        with self._lock:
            if not self._groups:
                return None
            group = self._groups[-1]
            packet, came = group.packets[-1], group.last_at
        return packet.captured(), came

    def clear(self) -> None:
        with self._lock:
            self._groups.clear()
            self.num_bytes = 0

    def _shrink(self) -> None:
        while self.num_bytes > self._max_bytes:
            self.dropped["memory"] += len(self._groups[0].packets)
            self._drop()

    def _drop(self) -> None:
        self.num_bytes -= self._groups.popleft().num_bytes
