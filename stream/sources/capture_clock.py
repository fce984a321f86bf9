"""When a network camera's frames were captured, from their arrival and their timestamps. Pure; times in seconds.

Arrival is by the steady clock, at the moment at which a packet had been read whole by a thread that does nothing else.
Nothing is captured later than it arrives. How much earlier, timestamps can tell, if they can be believed: cameras
count 25 frames a second and send 21, set their clocks, and begin anew.
"""

from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from askcam.stream.frame import AgeBasis

LOOK_S = 1.0  # lags are looked at in spans of at least this length
STANDING = 4  # packets in a row with the same timestamp: they say nothing
DRAIN = 0.05  # seconds per second by which a lag falls while a backlog comes in
BACK_S = 0.3  # a timestamp further back than this, and than frames are reordered, was set back
REORDERED_S = 0.15  # cameras whose frames are further apart don't send them in another order than they are shown
AHEAD_S = 0.5  # one that leaps by more than this, and than the camera's own steps, was set ahead (or some are missing)
LEAST_DELAY_S = -0.1  # a camera whose clock runs ahead by more is not believed
MOST_DELAY_S = 0.45  # nor one whose fastest frame seems to take longer: clocks that are wrong by a second are common
REPORTED_S = 30.0  # a camera that has told its clock within so long need not be guessed at
TICK_S = 2e-6  # sender reports are told in microseconds: what differs by more is a new one
LEAK = 1e-4  # seconds per second that two clocks may drift apart
RATES = (0.2, 5.0)  # seconds that a second of timestamps may really last
STEADY = 4  # steps between timestamps that say something of the camera's own ...
EARLY_S = 3.0  # after the first packet, timestamps that run slow from the start are looked for packet by packet:
EARLY_RISE_S = 0.15  # a lag that has risen by so much ...
EARLY_SLOPE = 0.1  # ... at this rate, seconds per second ...
EARLY = 5  # ... over so many packets and more, which came as evenly as no network that falls behind brings them ...
EARLY_MOST = 64
EVEN = 0.8  # ... but for a few, on a busy machine ...
HITCH = 3.0  # ... none of which took so many times as long as usual
_REMEMBERED = 16  # ... and so many are looked at


@dataclass(frozen=True, slots=True)
class Stamp:
    """What is known of a packet as it arrives. `media`: its place in the camera's time; None without a timestamp."""

    media: float | None
    arrival: float


class CaptureClock:
    """Tells how long before its arrival a frame was captured.

    Timestamps become a steady time, `media`: jumps are taken out, and it runs as fast as real time does. A packet's lag
    is its arrival less that. The least lag, `floor`, is that of a frame which came at once; what a frame's lag is above
    it, is its delay: so a burst after a hitch of the network is known to be old.

    Only sender reports (the camera's own wall clock, with RTSP) can tell a delay that grows from timestamps that run
    slow. Without them a lag that doesn't fall for two spans is the stamps' fault: a backlog comes faster than it grew.

    `fickle` streams have such timestamps; where they were written into a file, and packets come by the segment, they
    are believed. Not thread-safe.
    """

    def __init__(self, offset: float, *, fickle: bool = True) -> None:
        """`offset`: seconds since the epoch at 0 of the steady clock. Setting the wall clock later changes nothing."""
        self._offset, self._fickle = offset, fickle
        self._first = True
        self._top = 0.0  # highest timestamp since the last jump
        self._base = (0.0, 0.0)  # a timestamp, and its media time
        self._rate = 1.0  # seconds of media time per second of timestamps
        self._steps: deque[float] = deque(maxlen=_REMEMBERED)
        self._same = 0  # packets in a row with the same timestamp
        self._arrival = self._lag = 0.0  # of the last packet
        self._floor = 0.0
        self._span_at, self._span_count, self._span_low = 0.0, 0, 0.0
        self._span_waited = False
        self._low: float | None = None  # of the span before
        self._slope = 0.0  # between the two spans before
        self._reports = _Reports()
        self._early: deque[tuple[float, float]] | None = deque(maxlen=EARLY_MOST)  # timestamps and arrivals
        self._early_until = 0.0

    @property
    def usual_s(self) -> float | None:
        """Median step between timestamps; None until a few have come."""
        return median(self._steps) if len(self._steps) >= STEADY else None

    def arrived(self, pts: float | None, arrival: float, wall_us: int | None = None, waited: bool = True) -> Stamp:
        """A packet has arrived. `wall_us`: its capture time by the camera's last sender report, microseconds since the
        epoch. `waited`: whether it was waited for; one that lay ready may have come long ago."""
        if pts is None:
            return Stamp(None, arrival)
        if self._first:
            self._begin(pts, arrival)
        self._same = self._same + 1 if pts == self._top else 0
        if self._same > STANDING:
            return Stamp(None, arrival)
        step, gap = pts - self._top, arrival - self._arrival
        back = self._set_back(step, gap)
        if back:
            self._rebase(pts, arrival - self._lag)
        elif self._leaps(pts, step, gap, arrival):
            self._rebase(pts, arrival - self._floor)
        elif step > 0:
            self._steps.append(step)
        self._top = pts if back else max(self._top, pts)
        media = self._media(pts)
        if wall_us is not None:
            media = self._hear(pts, media, arrival, wall_us)
        lag = arrival - media
        if self._reported(arrival) or not self._fickle:
            self._floor += LEAK * max(0.0, gap)
        self._floor = min(self._floor, lag)
        self._reports.low = min(self._reports.low, lag)
        self._arrival, self._lag = arrival, lag
        self._span_waited |= waited
        if self._early is not None:
            self._look_early(self._early, pts, lag, arrival, gap, not back and step > 0)
        self._look(pts, lag, arrival)
        return Stamp(media, arrival)

    def captured(self, stamp: Stamp) -> tuple[float, AgeBasis]:
        """When the frame was captured, by the steady clock, and what that rests on. Asked as late as can be: packets
        that have come since tell whether this one was old."""
        if stamp.media is None:
            return stamp.arrival, AgeBasis.ARRIVAL
        delay = max(0.0, stamp.arrival - stamp.media - self._floor)
        if self._reports.wall is not None:
            fastest = self._floor + self._offset - self._reports.wall
            if LEAST_DELAY_S <= fastest <= MOST_DELAY_S:
                return stamp.arrival - delay - max(0.0, fastest), AgeBasis.CAPTURE
        return stamp.arrival - delay, AgeBasis.ARRIVAL

    # -- timestamps become media time

    def _begin(self, pts: float, arrival: float) -> None:
        self._first = False
        self._top = pts
        self._base = (pts, pts)
        self._arrival = self._span_at = arrival
        self._early_until = arrival + EARLY_S
        self._lag = self._floor = self._span_low = arrival - pts

    def _media(self, pts: float) -> float:
        at, media = self._base
        return media + (pts - at) * self._rate

    def _rebase(self, pts: float, media: float) -> None:
        self._base = (pts, media)
        self._top = pts

    def _set_back(self, step: float, gap: float) -> bool:
        """Whether a timestamp lies further back than a stall can make it (its step is the usual one, only late), or the
        order in which frames are sent."""
        usual = self.usual_s
        reordered = 0.0 if usual is not None and usual > REORDERED_S else 4 * (usual or 0.1)
        return min(gap, usual or 0.0) - step > BACK_S + reordered

    def _leaps(self, pts: float, step: float, gap: float, arrival: float) -> bool:
        usual = self.usual_s
        if usual is None or step < AHEAD_S + 3 * usual or gap > step - AHEAD_S:
            return False
        return arrival - self._media(pts) < self._floor - BACK_S

    # -- without sender reports: is the lag the stamps' fault?

    def _look(self, pts: float, lag: float, arrival: float) -> None:
        self._span_low = min(self._span_low, lag) if self._span_count else lag
        self._span_count += 1
        span_s = arrival - self._span_at
        if span_s < LOOK_S:
            return
        before, low, waited = self._low, self._span_low, self._span_waited
        self._low, self._span_at, self._span_count, self._span_waited = low, arrival, 0, False
        if before is None or not self._fickle or not waited or self._reported(arrival):
            return
        slope = (low - before) / span_s
        if slope < -DRAIN and low > self._floor + BACK_S:
            self._slope = 0.0
            return  # a backlog comes in: what was learnt before it holds
        self._floor = min(before, low)
        if _alike(slope, self._slope):
            self._run(pts, self._media(pts), slope)
            self._floor = low + max(0.0, slope * span_s)  # as high as the newest lags are
            self._low, self._slope = None, 0.0
        else:
            self._slope = slope

    def _look_early(
        self, early: deque[tuple[float, float]], pts: float, lag: float, arrival: float, gap: float, settled: bool
    ) -> None:
        if arrival > self._early_until or not self._fickle or self._reported(arrival):
            self._early = None
            return
        usual_gap = (early[-1][1] - early[0][1]) / max(1, len(early) - 1) if early else 0.0
        if not settled or (len(early) >= EARLY - 1 and gap > HITCH * usual_gap):
            early.clear()  # a stall is no pace
        early.append((pts, arrival))
        steps = [after[0] - before[0] for before, after in pairwise(early)]
        gaps = [after[1] - before[1] for before, after in pairwise(early)]
        rise = sum(gaps) - sum(steps)
        if (
            len(early) < EARLY
            or rise < max(EARLY_RISE_S, EARLY_SLOPE * sum(gaps))
            or not (_even(steps) and _even(gaps))
        ):
            return
        self._early = None
        self._run(pts, self._media(pts), rise / sum(gaps))
        self._floor, self._low, self._slope = lag, None, 0.0
        self._span_at, self._span_count, self._span_waited = arrival, 0, False

    def _run(self, pts: float, media: float, slope: float) -> None:
        """From (`pts`, `media`) on, let media time run so that lags don't rise by `slope` a second any more."""
        self._base = (pts, media)
        self._rate = min(RATES[1], max(RATES[0], self._rate / (1 - slope)))

    # -- sender reports

    def _reported(self, arrival: float) -> bool:
        return self._reports.count >= 2 and arrival - self._reports.at < REPORTED_S

    def _hear(self, pts: float, media: float, arrival: float, wall_us: int) -> float:
        """Take a packet's wall clock in; returns the packet's media time, which a new report may have corrected."""
        reports = self._reports
        ahead = wall_us * 1e-6 - pts
        if reports.wall is not None and abs(ahead - reports.ahead) <= TICK_S:
            return media
        reports.ahead = ahead
        wall = ahead + pts - media
        if reports.wall is None:
            reports.wall = wall
            reports.next(arrival - media, arrival - media, arrival)
            return media
        off, span_s = wall - reports.wall, arrival - reports.at
        lag = arrival - media
        low = min(reports.low, lag)
        risen = lag - reports.lag if abs(off) > BACK_S else low - reports.before
        if span_s > 0 and abs(risen - off) < abs(risen):
            # The camera's clock agrees with ours, and the timestamps with neither.
            media += off
            slope = off / span_s
            if _alike(slope, reports.slope):
                self._run(pts, media, slope)
                reports.slope = 0.0
            else:
                self._base, reports.slope = (pts, media), slope
            if off < 0:  # they ran fast: what seemed quickest was not
                self._floor -= off
                self._span_low -= off
            low -= off
            lag -= off
        else:
            reports.wall = wall  # its clock was set, or tells what was known
        reports.next(low, lag, arrival)
        return media


def _even(steps: list[float]) -> bool:
    usual = median(steps)
    return sum(abs(step - usual) < usual / 2 for step in steps) >= EVEN * len(steps)


def _alike(slope: float, before: float) -> bool:
    """Whether a slope lasts, and is no accident."""
    return 0.002 < abs(slope) < 0.95 and 0.5 < before / slope < 2


class _Reports:
    """What a camera's sender reports have told."""

    def __init__(self) -> None:
        self.count = 0
        self.wall: float | None = None  # the camera's wall clock at media time 0
        self.ahead = 0.0  # wall clock less timestamp
        self.at = 0.0  # arrival of the first packet after the last one
        self.lag = 0.0  # of that packet
        self.low = float("inf")  # least lag since then
        self.before = 0.0  # ... and between the two before
        self.slope = 0.0  # seconds per second by which timestamps ran slow between those

    def next(self, low: float, lag: float, arrival: float) -> None:
        self.count += 1
        self.before, self.low, self.lag, self.at = low, float("inf"), lag, arrival
