"""Which of a camera's frames are sampled, and in which of them nothing moves. Pure; runs on capture time."""

from askcam.stream.health import Gray, change

EARLY = 0.1  # of a period: a frame this much before its due time counts as on time (a 2 fps camera jitters)
QUIET_S = 5.0  # one pair is kept after so long, so that a window never grows old of stillness
EARLY_S = 0.25  # ... or this much less: frames come when the camera brings them


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
    """Says of sampled frames whether they are still: they show what the last pair that was kept ended with.

    `threshold` is a mean of |difference| of gray values, 0..255; with None no frame is still. What comes of it is the
    window's: a pair of two still frames is left out. Owned by the capture thread. Times in seconds on any one clock.
    """

    def __init__(self, threshold: float | None, quiet_s: float = QUIET_S) -> None:
        self.threshold, self.quiet_s = threshold, quiet_s
        self._last: Gray | None = None
        self._kept_at = 0.0

    def still(self, luma: Gray, t: float) -> bool:
        """Whether the frame with this luma, captured at `t`, differs too little, and a pair was kept not long ago."""
        return (
            self.threshold is not None
            and self._last is not None
            and 0 <= t - self._kept_at < self.quiet_s - EARLY_S
            and change(self._last, luma) < self.threshold
        )

    def kept(self, luma: Gray, t: float) -> None:
        """A pair was kept; this was its second frame."""
        self._last, self._kept_at = luma, t
