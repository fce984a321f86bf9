"""A network camera's packets, read by a thread that does nothing else: so their time of arrival is true."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from askcam.stream.errors import SourceError
from askcam.stream.frame import AgeBasis
from askcam.stream.sources.capture_clock import CaptureClock, Stamp
from askcam.stream.sources.decoder import PacketDecoder, reported_wall_us, seconds

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.stream import VideoStream

MAX_BYTES = 32 << 20  # of packets that wait to be decoded
MAX_PACKETS = 4096
WAITED_S = 0.03  # a read that took so long had to wait for the camera: what came before it was all there was
LONE = 4  # ... so many times as long, where the packet before didn't: who sends a backlog may be kept from its core
SETTLE_S = 1.0  # what comes without a pause for so long is no backlog but the camera's pace
LONGEST_SEGMENT_S = 15.0  # of a recording that is played while it is written
SEGMENT_S = 0.3  # between two packets: another segment has been waited for
PAUSE_S = 1.0  # a backlog may follow on such a pause


@dataclass(frozen=True, slots=True, eq=False)
class Arrived:
    packet: "Packet[VideoStream]"
    stamp: Stamp
    key: bool
    read_at: float  # when it joined the queue, by the steady clock


class Arrivals:
    """The thread, and the packets that wait to be decoded. It alone reads `decoder`'s container, and closes it.

    When the queue is full, the thread of a recording (`waits`) stops reading; that of a live camera throws all away up
    to the next keyframe, and counts it. take() is for one thread, the rest for any.
    """

    def __init__(
        self,
        decoder: PacketDecoder,
        clock: CaptureClock,
        name: str,
        *,
        waits: bool,
        timed: bool,
        held_from: float | None,
        heard: Callable[[Arrived], None] | None = None,
    ) -> None:
        """`timed`: timestamps say something. `heard` is told of each packet, on this thread.

        `held_from` is given where FFmpeg holds each packet back until the next one begins (H.264 over RTP says where a
        picture ends, but FFmpeg doesn't listen): then a packet has come when the one before was read, and the first
        one may have come from then on.
        """
        self._decoder, self._clock, self._waits, self._timed = decoder, clock, waits, timed
        self._held_from, self._heard = held_from, heard
        self._news = threading.Condition()
        self._queue: deque[Arrived] = deque()
        self._bytes = self._keys = 0
        self._skipping = False  # the queue was full: up to a keyframe
        self._over = self._stopped = False
        self._error: SourceError | None = None
        self._since = time.monotonic()  # when the packet that is being read began to be waited for
        self._paused = False  # the last packet was waited for
        self._settle_at: float | None = None  # a backlog may be coming in, until then at the latest
        self._segment: tuple[float, float] | None = None  # timestamps at its start and end, as far as it came
        self._segment_s: float | None = None  # length of the shortest
        self.overflow = 0  # packets that found the queue full
        self.heard_at: float | None = None  # when the last packet came, by the steady clock
        self._thread = threading.Thread(target=self._run, name=f"askcam-{name}-packets", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def take(self) -> Arrived | None:
        """The next packet; waits for it. None once all is over, or after stop(). Raises SourceError."""
        with self._news:
            while not self._queue and not self._over and not self._stopped:
                self._news.wait()
            if self._stopped:
                return None
            if self._queue:
                return self._pop()
            if self._error is not None:
                raise self._error
            return None

    def skip_to_key(self) -> tuple["Arrived | None", int]:
        """Throw away all before the newest keyframe; returns that, if there is one, and how many were thrown away."""
        with self._news:
            number = 0
            while self._queue and self._keys:
                one = self._pop()
                if one.key and not self._keys:
                    return one, number
                number += 1
            return None, number

    def empty(self) -> int:
        """Throw away all that waits up to a keyframe; returns how many."""
        with self._news:
            number = 0
            while self._queue and not self._queue[0].key:
                self._pop()
                number += 1
            return number

    @property
    def waiting(self) -> bool:
        """Whether there is a packet to be taken, or an end to be told."""
        with self._news:
            return bool(self._queue) or self._over or self._stopped

    @property
    def key_waits(self) -> bool:
        with self._news:
            return self._keys > 0

    def captured(self, stamp: Stamp) -> tuple[float, AgeBasis]:
        """See CaptureClock.captured(). A segment is published when it is over, and asked for once in its length: so of
        a recording that is still written the age may be less by that, but is never more."""
        with self._news:
            mono, basis = self._clock.captured(stamp)
            return mono - self._segment_length_s, basis

    @property
    def settled(self) -> bool:
        """Whether no backlog is coming in: then even what was just read may be old, and nobody can tell how old."""
        with self._news:
            if self._settle_at is None:
                return True
            now = time.monotonic()
            pause_s = self._pause_s() * (1 if self._paused else LONE)
            if now > self._settle_at or (not self._over and now - self._since > pause_s):
                self._settle_at = None
                return True
            return False

    def _pause_s(self) -> float:
        usual = self._clock.usual_s if self._timed else None
        return WAITED_S if usual is None else min(WAITED_S, usual / 2)

    def stop(self) -> None:
        """Tell it to end, and whoever waits to return."""
        with self._news:
            self._stopped = True
            self._queue.clear()
            self._news.notify_all()

    def join(self, timeout_s: float) -> bool:
        """Wait for the thread, which first ends the read that it is in; whether it has ended."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _pop(self) -> Arrived:
        one = self._queue.popleft()
        self._bytes -= one.packet.size
        self._keys -= one.key
        self._news.notify_all()
        return one

    # -- the thread

    def _run(self) -> None:
        error: SourceError | None = None
        try:
            for packet in self._decoder.packets():
                one = self._arrived(packet, time.monotonic())
                if self._heard is not None and packet.size:
                    self._heard(one)
                if self._stopped:
                    break
        except SourceError as exc:
            error = exc
        except Exception as exc:
            error = SourceError(f"{self._decoder.label}: reading failed: {type(exc).__name__}")
            error.__cause__ = exc
        finally:
            with self._news:
                self._over, self._error = True, error
                self._news.notify_all()
            self._decoder.close()

    def _arrived(self, packet: "Packet[VideoStream]", now: float) -> Arrived:
        with self._news:
            waited, first = now - self._since, self.heard_at is None
            paused = waited > self._pause_s()
            if first or waited > PAUSE_S:
                self._settle_at, paused = now + SETTLE_S, False
            elif paused and self._paused:
                self._settle_at = None
            self._paused = paused
            self.heard_at = now
            if self._waits:
                self._measure(seconds(packet), waited)
            timed = self._timed
            arrival = now if self._decoder.came_at is None else self._decoder.came_at
            if self._held_from is not None:
                timed = timed and not first
                arrival, self._held_from = self._held_from, now
            stamp = self._clock.arrived(seconds(packet) if timed else None, arrival, reported_wall_us(packet))
            one = Arrived(packet, stamp, packet.is_keyframe, now)
            self._put(one)
            self._since = time.monotonic()
            return one

    def _measure(self, pts: float | None, waited: float) -> None:
        if pts is None:
            return
        if self._segment is None or waited > SEGMENT_S or pts < self._segment[0]:
            if self._segment is not None:
                length = self._segment[1] - self._segment[0]
                self._segment_s = length if self._segment_s is None else min(length, self._segment_s)
            self._segment = (pts, pts)
        self._segment = (self._segment[0], max(pts, self._segment[1]))

    @property
    def _segment_length_s(self) -> float:
        """Of a recording that comes in segments, as far as can be told from those that came."""
        if self._segment is None:
            return 0.0
        newest = self._segment[1] - self._segment[0]
        return min(LONGEST_SEGMENT_S, newest if self._segment_s is None else self._segment_s)

    def _put(self, one: Arrived) -> None:
        while self._waits and self._full and not self._stopped:
            self._news.wait()
        if self._full:
            self.overflow += len(self._queue)
            self._queue.clear()
            self._bytes = self._keys = 0
            self._skipping = True
        if self._skipping and not one.key:
            self.overflow += 1
            return
        self._skipping = False
        self._queue.append(one)
        self._bytes += one.packet.size
        self._keys += one.key
        self._news.notify_all()

    @property
    def _full(self) -> bool:
        return self._bytes > MAX_BYTES or len(self._queue) >= MAX_PACKETS
