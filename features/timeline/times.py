"""Minutes, hours and days of a place, and the times that people write. Pure."""

import re
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from askcam.server.given_names import quoted
from askcam.server.language.time_zone import zone
from askcam.server.wire.moments import rfc3339

CLOCK = re.compile(r"([01]?\d|2[0-3])[:：]([0-5]\d)(?:[:：]([0-5]\d))?")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
NOW_AND_THEN = {"now": None, "现在": None, "today": 0, "今天": 0, "yesterday": 1, "昨天": 1}  # days ago, at midnight


class Level(StrEnum):
    NOTE = "note"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


MERGED = (Level.MINUTE, Level.HOUR, Level.DAY)  # what notes are merged to, finest first


def local_zone(name: str) -> tzinfo | None:
    """None for "": the machine's own, as datetime understands it. Raises ValueError for a name that is none."""
    return zone(name) if name else None


def span(level: Level, wall: float, where: tzinfo | None) -> tuple[float, float]:
    """From when until when the minute, hour or day lasts that holds `wall`, in seconds since the epoch; half open."""
    here = datetime.fromtimestamp(wall, where).astimezone(where)
    if level is Level.DAY:
        return midnight(here.date(), where), midnight(here.date() + timedelta(days=1), where)
    offset = here.utcoffset()
    assert offset is not None, "astimezone() gives an aware time"
    shift, length = offset.total_seconds(), 60.0 if level is Level.MINUTE else 3600.0
    start = (wall + shift) // length * length - shift
    return start, start + length


def midnight(day: date, where: tzinfo | None) -> float:
    """When a day begins there."""
    return datetime.combine(day, time(), where).timestamp()


def moment(text: str, where: tzinfo | None, now: float) -> float:
    """ "14:00" (the last time that it was so), "2026-01-31", "yesterday", "yesterday 14:00", or ISO 8601, there unless
    a zone is named; in seconds since the epoch. Raises ValueError, for people."""
    try:
        return _moment(text.strip(), where, now)
    except (ValueError, OverflowError, OSError) as exc:
        raise ValueError(
            f"{quoted(text)} is no time; write it like 14:00, 2026-01-31, 'yesterday 14:00' or 2026-01-31T08:00:00Z"
        ) from exc


def exact(wall: float) -> float:
    """Seconds since the epoch as they come back from the wire, which knows microseconds."""
    return datetime.fromisoformat(rfc3339(wall)).timestamp()


def spoken(rfc3339: str, where: tzinfo | None) -> str:
    """A moment of the wire as the clocks there show it: 2026-01-31 14:00:05."""
    return datetime.fromisoformat(rfc3339).astimezone(where).strftime("%Y-%m-%d %H:%M:%S")


def _moment(text: str, where: tzinfo | None, now: float) -> float:
    today = datetime.fromtimestamp(now, where).date()
    first, _, rest = text.partition(" ")
    if (at := _clock(text)) is not None:
        found = datetime.combine(today, at, where).timestamp()
        return found if found <= now else datetime.combine(today - timedelta(days=1), at, where).timestamp()
    if first.casefold() in NOW_AND_THEN:
        ago = NOW_AND_THEN[first.casefold()]
        if ago is None:
            return now
        at = _clock(rest) if rest else time()
        if at is None:
            raise ValueError(rest)
        return datetime.combine(today - timedelta(days=ago), at, where).timestamp()
    if DAY.fullmatch(text):
        return midnight(date.fromisoformat(text), where)
    found_at = datetime.fromisoformat(text)
    return (found_at if found_at.tzinfo else found_at.replace(tzinfo=where)).timestamp()


def _clock(text: str) -> time | None:
    found = CLOCK.fullmatch(text.strip())
    return None if found is None else time(int(found[1]), int(found[2]), int(found[3] or 0))
