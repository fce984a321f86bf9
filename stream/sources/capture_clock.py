"""When a network camera's frames were captured, from their timestamps. Pure; times in seconds."""

from askcam.stream.frame import AgeBasis

WINDOW_S = 15.0  # the fastest frame of the last one to two windows sets the pace; longer would trust a drifting clock
JUMP_S = 10.0  # a timestamp that leaps further than this begins a new count
LEAST_DELAY_S = -0.1  # a camera whose clock runs ahead by more is not believed
MOST_DELAY_S = 2.0  # nor one whose fastest frame seems to have taken longer than this


class CaptureClock:
    """Tells a camera's frames' delay: capture to arrival.

    The camera's own wall clock (RTCP sender reports) is believed when its fastest frames have taken a likely time.
    Otherwise a frame counts as captured when it arrived, less what it came later than the fastest one did by its
    timestamp: so a burst after a hitch of the network is known to be old.
    """

    def __init__(self) -> None:
        self._camera_wall: float | None = None  # the camera's wall clock at timestamp 0
        self._floors: list[float] = []  # least arrival - pts, of the window before and of this one
        self._since = 0.0
        self._last = 0.0

    def camera_says(self, pts: float, wall: float) -> None:
        """A sender report: timestamp `pts` is `wall`, seconds since the epoch, on the camera's clock."""
        self._camera_wall = wall - pts

    def delay(self, pts: float | None, arrival: float) -> tuple[float, AgeBasis]:
        """Seconds from capture to `arrival` (seconds since the epoch), and what they rest on."""
        if pts is None:
            return 0.0, AgeBasis.ARRIVAL
        lag = arrival - pts
        floor = self._floor(lag, arrival)
        if self._camera_wall is not None and LEAST_DELAY_S <= floor - self._camera_wall <= MOST_DELAY_S:
            return max(0.0, lag - self._camera_wall), AgeBasis.CAPTURE
        return lag - floor, AgeBasis.ARRIVAL

    def _floor(self, lag: float, arrival: float) -> float:
        if not self._floors or abs(lag - self._last) > JUMP_S:
            self._floors, self._since = [lag], arrival
        elif arrival - self._since > WINDOW_S:
            self._floors, self._since = [self._floors[-1], lag], arrival
        else:
            self._floors[-1] = min(self._floors[-1], lag)
        self._last = lag
        return min(self._floors)
