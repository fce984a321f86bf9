"""What a live HLS playlist tells of time: when its segments appeared, and their own dates. Pure; times in seconds.

FFmpeg gives a segment's packets without a word on when they were recorded. The playlist says which segment that was.
One is published when it is over: so its end was recorded no later than it was first seen there, nor earlier than the
last look at which it was missing, but for what packaging takes.
"""

import re
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime

from askcam.stream.frame import AgeBasis

MAX_SEGMENTS = 4000  # of one playlist, at its end
REMEMBERED = 64  # segments that have been seen
LOOKED_BACK = 8  # of them, by which it is told when segments are published
AHEAD_S = 0.1  # a date that lies so far after its segment was seen is a clock's that is wrong ...
LONG_AGO_S = 10.0  # ... and so is one so long before: no packaging takes that


@dataclass(frozen=True, slots=True)
class Segment:
    number: int
    length_s: float
    date: float | None = None  # of its first frame, seconds since the epoch, as the playlist has it (or reckoned)


@dataclass(frozen=True, slots=True)
class Playlist:
    segments: tuple[Segment, ...]
    broken: bool  # timestamps begin anew within it
    variant: str | None  # it is a list of lists: the address of the first


def parse(text: str) -> Playlist | None:
    """None for what is no playlist."""
    lines = text.lstrip("\ufeff \r\n").splitlines()
    if not lines or not lines[0].startswith("#EXTM3U"):
        return None
    number, length, date, broken, variants = 0, None, None, False, False
    segments: list[Segment] = []
    for line in map(str.strip, lines):
        name, _, value = line.partition(":")
        match name:
            case "#EXT-X-MEDIA-SEQUENCE":
                number = int(value) if re.fullmatch(r"\d{1,18}", value) else 0
            case "#EXTINF":
                length = _seconds(value.partition(",")[0])
            case "#EXT-X-PROGRAM-DATE-TIME":
                date = _date(value)
            case "#EXT-X-DISCONTINUITY":
                broken, date = True, None
            case "#EXT-X-STREAM-INF":
                variants = True
            case _ if line and not line.startswith("#"):
                if variants:
                    return Playlist((), False, line)
                if length is not None:
                    segments.append(Segment(number, length, date))
                    date = None if date is None else date + length
                number, length = number + 1, None
    return Playlist(tuple(segments[-MAX_SEGMENTS:]), broken, None)


@dataclass(slots=True)
class _Seen:
    segment: Segment
    after: float | None  # the last look without it, by the steady clock; None: it was there at the first
    by: float  # the first look with it


class PlaylistClock:
    """When a frame of a playlist was recorded, by its timestamp. Not thread-safe."""

    def __init__(self, offset: float) -> None:
        """`offset`: seconds since the epoch at 0 of the steady clock."""
        self._offset = offset
        self._seen: OrderedDict[int, _Seen] = OrderedDict()
        self._looked_at: float | None = None
        self._first: int | None = None  # number of the segment with which it is joined
        self._start: float | None = None  # its first timestamp
        self._ends: dict[int, float] = {}  # timestamps at which segments end
        self._lost = False

    def look(self, playlist: Playlist, asked: float, now: float) -> None:
        """What the playlist held, asked for and read at these moments of the steady clock."""
        self._lost |= playlist.broken
        for segment in playlist.segments:
            if segment.number not in self._seen:
                if self._seen and segment.number < next(reversed(self._seen)):
                    self._lost = True  # it began anew
                self._seen[segment.number] = _Seen(segment, self._looked_at, now)
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        self._looked_at = asked

    @property
    def newest(self) -> int | None:
        """The number of the newest segment."""
        return next(reversed(self._seen), None)

    def join(self) -> int | None:
        """The newest segment is where reading begins."""
        self._first = self.newest
        return self._first

    def captured(self, pts: float) -> tuple[float, AgeBasis] | None:
        """When the frame was recorded, by the steady clock; None where the playlist doesn't tell."""
        if self._start is None:
            self._start = pts
        if self._lost or self._first is None or pts < self._start - 1.0:
            return None
        self._reckon(self._first, self._start)
        dated = self._by_date(pts)
        if dated is not None:
            return dated, AgeBasis.CAPTURE
        offset = self._by_appearance()
        return None if offset is None else (pts + offset, AgeBasis.ARRIVAL)

    def _reckon(self, first: int, start: float) -> None:
        """The timestamp at which each segment ends."""
        number, end = (max(self._ends), max(self._ends.values())) if self._ends else (first - 1, start)
        while (seen := self._seen.get(number + 1)) is not None:
            number, end = number + 1, end + seen.segment.length_s
            self._ends[number] = end
        for old in [each for each in self._ends if each < number - REMEMBERED]:
            del self._ends[old]

    def _by_date(self, pts: float) -> float | None:
        if not self._dates_hold():
            return None
        for number, end in self._ends.items():
            seen = self._seen.get(number)
            if seen is not None and pts < end and seen.segment.date is not None:
                return seen.segment.date - self._offset + pts - (end - seen.segment.length_s)
        return None

    def _dates_hold(self) -> bool:
        """By the newest segment that was seen to appear. Of one that was there before it can't be said that it is not
        as old as it claims: a camera that has died leaves such playlists."""
        for seen in reversed(self._seen.values()):
            if seen.segment.date is None:
                return False
            old_s = seen.by - (seen.segment.date - self._offset + seen.segment.length_s)
            if seen.after is not None:
                return -AHEAD_S <= old_s <= LONG_AGO_S
            return old_s >= -AHEAD_S
        return False

    def _by_appearance(self) -> float | None:
        """The steady clock at timestamp 0, if segments were published at once."""
        known = [
            (seen.after - end, seen.by - end)
            for number, end in [*self._ends.items()][-LOOKED_BACK:]
            if (seen := self._seen.get(number)) is not None and seen.after is not None
        ]
        if known:
            return min(max(low for low, _ in known), min(high for _, high in known))
        first = None if self._first is None else self._seen.get(self._first)
        if first is None or self._first is None:
            return None
        return first.by - first.segment.length_s - self._ends[self._first]  # it may have been there for so long


def _seconds(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 < value < 3600 else None


def _date(text: str) -> float | None:
    try:
        when = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
