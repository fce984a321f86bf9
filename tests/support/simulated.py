"""Network cameras simulated in time, whose true delay is known: what their timestamps say, and when packets come."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from askcam.stream.frame import AgeBasis
from askcam.stream.sources.capture_clock import CaptureClock

EPOCH = 1_800_000_000.0  # wall clock at 0 of the steady one


@dataclass(frozen=True)
class Packet:
    captured: float  # on the steady clock, as are all times here
    pts: float
    arrival: float
    wall_us: int | None  # by the last sender report


@dataclass(frozen=True)
class Stall:
    """The network holds all back from `at` to `at + for_s`; then it comes, `speed` times as fast as it was made."""

    at: float
    for_s: float
    speed: float = 100.0


@dataclass(frozen=True)
class Stream:
    """A camera and its network. Times in seconds."""

    fps: float = 25.0
    claim: float | None = None  # frames a second that its timestamps say; None: the truth
    delay_s: float = 0.05  # of the quickest packets
    jitter_s: float = 0.01
    backlog_s: float = 0.0  # what a server has kept, and sends at once to who connects
    stalls: Sequence[Stall] = ()
    jumps: Sequence[tuple[float, float]] = ()  # when its timestamps are set, and by how much
    pauses: Sequence[
        tuple[float, float]
    ] = ()  # when it makes no pictures and does not count the time, and for how long
    report_s: float | None = None  # between sender reports
    clock_error_s: float = 0.0
    clock_jumps: Sequence[tuple[float, float]] = ()  # when its wall clock is set, and by how much
    seed: int = field(default=0)

    def packets(self, seconds: float) -> list[Packet]:
        rng = random.Random(self.seed)
        claim = self.claim or self.fps
        made: list[tuple[float, float]] = []
        at, pts = -self.backlog_s, 1000.0
        shifts = sorted(self.jumps)
        pauses = sorted(self.pauses)
        while at < seconds:
            while shifts and at >= shifts[0][0]:
                pts += shifts.pop(0)[1]
            while pauses and at >= pauses[0][0]:
                at += pauses.pop(0)[1]
            made.append((at, pts))
            at += 1 / self.fps
            pts += 1 / claim
        out: list[Packet] = []
        last = 0.0
        report: tuple[float, float] | None = None  # timestamp, wall clock
        reported = -1e9
        for captured, stamp in made:
            arrival = max(0.0, captured) + self.delay_s + rng.random() * self.jitter_s
            for stall in self.stalls:
                if stall.at <= arrival < stall.at + stall.for_s * stall.speed / (stall.speed - 1):
                    arrival = max(arrival, stall.at + stall.for_s + (arrival - stall.at) / stall.speed)
            last = arrival = max(arrival, last + 1e-4)
            if self.report_s is not None and captured - reported >= self.report_s:
                reported = captured
                error = self.clock_error_s + sum(by for when, by in self.clock_jumps if captured >= when)
                report = (stamp, EPOCH + captured + error + rng.random() * 1e-4)
            wall = None if report is None else round((report[1] + stamp - report[0]) * 1e6)
            out.append(Packet(captured, stamp, arrival, wall))
        return out


@dataclass(frozen=True)
class Told:
    """One picture as it is taken up: when, how long after its capture, and what is told of that. Seconds."""

    at: float
    true_s: float
    told_s: float
    basis: AgeBasis


def told(stream: Stream, seconds: float, clock: CaptureClock | None = None, together_s: float = 0.02) -> list[Told]:
    """What `clock` tells of a camera's pictures. Those that come without a pause are taken up as the last one comes,
    but a second after the first at the latest: as Arrivals does."""
    clock = clock or CaptureClock(EPOCH)
    packets = stream.packets(seconds)
    out: list[Told] = []
    first: float | None = None  # arrival of the first one of those that come without a pause
    for packet, following in zip(packets, [*packets[1:], None], strict=True):
        stamp = clock.arrived(packet.pts, packet.arrival, packet.wall_us)
        first = packet.arrival if first is None else first
        pauses = following is None or following.arrival - packet.arrival > together_s
        if pauses or packet.arrival - first > 1:
            captured, basis = clock.captured(stamp)
            at = packet.arrival
            out.append(Told(at, at - packet.captured, at - captured, basis))
        if pauses:
            first = None
    return out
