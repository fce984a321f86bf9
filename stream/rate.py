"""How fast frames come. Pure."""

from collections import deque
from itertools import pairwise
from statistics import median

SPAN_S = 2.0  # seconds looked back on
AT_MOST = 128  # arrivals remembered
STEADY = 4  # arrivals that say something of a camera's own rate


class Rate:
    """Frames per second, lately. Owned by the capture thread; times in seconds on time.monotonic()."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=AT_MOST)

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
        """Median seconds between frames; None until four have come. One long gap does not make a camera a slow one."""
        if len(self._times) < STEADY:
            return None
        return median(later - earlier for earlier, later in pairwise(self._times))

    def restart(self) -> None:
        self._times.clear()
