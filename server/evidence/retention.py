"""How much evidence is kept. Pure."""

from dataclasses import dataclass

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is beyond one of them goes, oldest first."""

    max_answers: int
    max_bytes: int  # of documents and pictures; the index's own pages come on top
    max_days: float

    def exceeded(self, num_answers: int, num_bytes: int, oldest: float, now: float) -> bool:
        """Whether the oldest answer, created at `oldest`, is to go. Seconds since the epoch."""
        return num_answers > self.max_answers or num_bytes > self.max_bytes or now - oldest > self.max_days * DAY_S
