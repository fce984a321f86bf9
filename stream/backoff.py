"""When to try a lost camera again. Pure."""

FIRST_S = 0.25  # the first try comes quickly: most losses are a camera that restarts
EARLY_MAX_S = 2.0  # between tries during the first EARLY_S
EARLY_S = 30.0
MAX_S = 10.0  # afterwards
PERMANENT_S = 30.0  # a wrong password is tried again this rarely, since many cameras lock their door after a few


class Backoff:
    """How long to wait before each try. Times in seconds on one clock."""

    def __init__(self) -> None:
        self._lost_at: float | None = None
        self._next_s = FIRST_S

    def failed(self, now: float, *, permanent: bool = False) -> float:
        """A reader failed at `now`; returns the seconds to wait before the next."""
        if self._lost_at is None:
            self._lost_at = now
        delay = self._next_s
        cap = EARLY_MAX_S if now - self._lost_at < EARLY_S else MAX_S
        self._next_s = min(2 * delay, cap)
        return PERMANENT_S if permanent else min(delay, cap)

    def succeeded(self) -> None:
        """A frame came."""
        self._lost_at = None
        self._next_s = FIRST_S
