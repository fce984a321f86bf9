"""How much evidence is kept. Pure."""

from dataclasses import dataclass

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class EvidenceBounds:
    """What is beyond one of them goes, oldest first."""

    max_answers: int
    max_bytes: int  # of documents and pictures; the index's own pages come on top
    max_days: float

    def exceeded(self, num_answers: int, num_bytes: int, oldest: float, now: float) -> bool:
        """Whether the oldest answer, created at `oldest`, is to go. Seconds since the epoch."""
        return num_answers > self.max_answers or num_bytes > self.max_bytes or now - oldest > self.max_days * DAY_S


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
