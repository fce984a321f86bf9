"""Quiet hours: "22:00-06:30" of a time zone's days, over midnight and through changes of the clock. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Every day from `start` until just before `end`, by the clocks on the wall there; `end` may be on the next day."""

    start: time
    end: time

    @classmethod
    def read(cls, text: str) -> "QuietHours":
        """Raises ValueError."""
        found = HOURS.fullmatch(text)
        if not found or found[1] + found[2] == found[3] + found[4]:
            raise ValueError(f"{text!r} is no span of hours; write it like '22:00-06:30'")
        hours, minutes, end_hours, end_minutes = map(int, found.groups())
        return cls(time(hours, minutes), time(end_hours, end_minutes))

    def holds(self, at: time) -> bool:
        if self.start < self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end


def is_quiet(hours: Iterable[QuietHours], where: ZoneInfo, wall: float) -> bool:
    """At `wall`, in seconds since the epoch."""
    local = datetime.fromtimestamp(wall, where).time()
    return any(span.holds(local) for span in hours)
