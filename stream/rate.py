"""How fast frames come, and how long a camera of such a rate may be silent. Pure; times in seconds."""

from collections import deque
from itertools import pairwise
from statistics import median

SPAN_S = 2.0  # seconds looked back on
AT_MOST = 128  # arrivals remembered
SLOW_CAMERA = 3.0  # frame intervals of silence that a camera is allowed
SLOWEST_S = 30.0  # ... but no more seconds than this, unless its `silence_s` is longer
STEADY = 4  # arrivals that say something of a camera's own rate


class FrameRate:
    """Frames per second, lately. It outlives readers. Owned by the capture thread; seconds on time.monotonic()."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=AT_MOST)
        self._learnt: float | None = None  # interval of the connection before

    def tick(self, now: float) -> None:
        """A frame arrived at `now`."""
        times = self._times
        times.append(now)
        while len(times) > 5 and times[0] < now - SPAN_S:
            times.popleft()

    @property
    def fps(self) -> float | None:
        """None until two frames have come."""
        interval = self.interval_s
        return 1.0 / interval if interval else None

    @property
    def interval_s(self) -> float | None:
        """Mean seconds between frames."""
        times = self._times
        if len(times) < 2 or times[-1] <= times[0]:
            return None
        return (times[-1] - times[0]) / (len(times) - 1)

    @property
    def usual_s(self) -> float | None:
        """Median seconds between frames; None while nothing is known. One long gap does not make a camera a slow one.

        Until four frames have come, it is what the connection before had.
        """
        if len(self._times) >= STEADY:
            return median(self._gaps)
        return None if self._learnt is None else max(self._learnt, *self._gaps, 0.0)

    @property
    def _gaps(self) -> list[float]:
        return [later - earlier for earlier, later in pairwise(self._times)]

    def restart(self) -> None:
        """A new connection. What was learnt of the camera stays, unless the last connection has refuted it: it brought
        one picture and no second one."""
        if len(self._times) >= STEADY:
            self._learnt = median(self._gaps)
        elif self._times:
            self._learnt = max(self._gaps, default=None)
        self._times.clear()


def silence_limit(stall_s: float, silence_s: float, usual_s: float | None, slow: bool) -> float:
    """Seconds without a picture after which a camera is stalled.

    `usual_s` is its own interval, as far as it is known. While it isn't, a camera that may be a `slow` one is given
    `silence_s`: from one picture nobody can tell whether the next is due in 40 ms or in 10 s.
    """
    if usual_s is None:
        return max(stall_s, silence_s) if slow else stall_s
    return max(stall_s, min(SLOW_CAMERA * usual_s, max(SLOWEST_S, silence_s)))


def grace(grace_s: float, usual_s: float | None) -> float:
    """Seconds more after which its reader is given up."""
    return max(grace_s, min(SLOWEST_S, usual_s or 0.0))
