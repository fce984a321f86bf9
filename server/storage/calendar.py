"""Which day it is, for whoever removes what is old. Pure."""

DAY_S = 86_400.0
LEAP_S = 3600.0  # a clock that goes ahead of the steady one by more than this has leapt
BELIEVE_S = DAY_S


class Calendar:
    """Which day it is, for whoever removes what is old. A wall clock that leaps ahead while we run would have all of it
    removed at once: it is believed after it has kept to its new time for a day. One that goes back removes nothing,
    and is believed at once."""

    def __init__(self) -> None:
        self._trusted: tuple[float, float] | None = None  # wall, mono
        self._leapt_at: float | None = None  # mono

    @property
    def leapt(self) -> bool:
        """Whether the wall clock is ahead of what is believed."""
        return self._leapt_at is not None

    def now(self, wall: float, mono: float) -> float:
        """Seconds since the epoch, as far as they are believed, from both clocks."""
        believed = wall
        if self._trusted is not None:
            steady = self._trusted[0] + mono - self._trusted[1]
            if wall - steady <= LEAP_S:
                self._leapt_at = None
            else:
                self._leapt_at = mono if self._leapt_at is None else self._leapt_at
                if mono - self._leapt_at < BELIEVE_S:
                    believed = steady
                else:
                    self._leapt_at = None
        self._trusted = believed, mono
        return believed
