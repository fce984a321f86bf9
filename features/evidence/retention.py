"""How much evidence is kept. Pure.

By which clock it grows old is not its business: see server/storage/calendar.py.
"""

from dataclasses import dataclass

from askcam.server.storage.calendar import DAY_S


@dataclass(frozen=True, slots=True)
class EvidenceBounds:
    """What is beyond one of them goes, oldest first."""

    max_answers: int
    max_bytes: int  # of documents and pictures; the index's own pages come on top
    max_days: float

    def exceeded(self, num_answers: int, num_bytes: int, oldest: float, now: float) -> bool:
        """Whether the oldest answer is to go.

        `oldest`, when it was created, and `now` are seconds since the epoch.
        """
        many = num_answers > self.max_answers
        large = num_bytes > self.max_bytes
        old = now - oldest > self.max_days * DAY_S
        return many or large or old
