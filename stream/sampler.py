"""Which of a camera's frames go into its window. Pure; runs on capture time."""

from askcam.stream.health import Gray, change

EARLY = 0.1  # of a period: a frame this much before its due time counts as on time (a 2 fps camera jitters)
QUIET_S = 5.0  # the motion gate lets one frame pass after so long, so that a window never grows old of stillness


class Sampler:
    """`fps` frames a second, free of drift: due times stand on a grid, whatever the frames' own rhythm.

    Owned by the capture thread. Times in seconds on any one clock.
    """

    def __init__(self, fps: float) -> None:
        assert fps > 0, fps
        self.period_s = 1.0 / fps
        self._due: float | None = None

    def wants(self, t: float) -> bool:
        """Whether a frame captured at `t` would be sampled; changes nothing."""
        if self._due is None:
            return True
        return t >= self._due - EARLY * self.period_s or t < self._due - 2 * self.period_s  # the clock was set back

    def take(self, t: float) -> bool:
        """As wants(), and counts the frame as sampled if so."""
        if not self.wants(t):
            return False
        on_grid = self._due is not None and abs(t - self._due) < self.period_s
        self._due = (self._due if on_grid and self._due is not None else t) + self.period_s
        return True

    def restart(self) -> None:
        """The next frame is due at once (a reconnect)."""
        self._due = None


class MotionGate:
    """Lets a due frame pass when it differs from the last that passed by `threshold` (mean of |difference|, 0..255)."""

    def __init__(self, threshold: float, quiet_s: float = QUIET_S) -> None:
        self.threshold, self.quiet_s = threshold, quiet_s
        self._last: Gray | None = None
        self._passed_at = 0.0

    def passes(self, luma: Gray, t: float) -> bool:
        """Whether the frame with this luma, captured at `t` seconds, is worth a place in the window."""
        if (
            self._last is not None
            and 0 <= t - self._passed_at < self.quiet_s
            and change(self._last, luma) < self.threshold
        ):
            return False
        self._last, self._passed_at = luma, t
        return True
