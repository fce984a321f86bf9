"""Which codes were seen in the last seconds, how often, and where. Pure: time comes in as an argument."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from askcam.features.desk.reading import Code, Corners

KEEP_S = 4.0  # after it was last seen, a code counts for so long
MAX_HELD = 16  # codes; those seen longest ago go first
TWICE = 2  # readings that verify a code whose own check is weak


@dataclass(frozen=True, slots=True)
class Sighting:
    """One code over time. Wall times are seconds since the epoch, mono ones those of time.monotonic()."""

    text: str
    format: str
    reads: int  # pictures it was read from
    first_wall: float
    last_wall: float
    last_mono: float
    corners: Corners  # in the newest picture it was read from
    sure: bool
    retail: str | None  # the number of goods it holds, if it does

    @property
    def verified(self) -> bool:
        """Good enough by itself; verified() below looks at the others, too."""
        return self.sure or self.reads >= TWICE

    def place(self) -> tuple[float, float]:
        """Its middle, in pixels."""
        x, y = (sum(corner[i] for corner in self.corners) / len(self.corners) for i in (0, 1))
        return x, y

    def age_s(self, now: float) -> float:
        """Seconds since it was last seen, at `now` on time.monotonic()."""
        return max(0.0, now - self.last_mono)


class Sightings:
    """Owned by one desk's thread."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], Sighting] = {}
        self._shown: set[tuple[str, str]] = set()  # by the picture that was read last

    def add(self, codes: Iterable[Code], wall: float, mono: float) -> None:
        """These were read from the picture captured then."""
        self._shown = set()
        for code in codes:
            key = (code.format, code.text)
            self._shown.add(key)
            known = self._held.pop(key, None)
            self._held[key] = Sighting(
                code.text,
                code.format,
                1 if known is None else known.reads + 1,
                wall if known is None else known.first_wall,
                wall,
                mono,
                code.corners,
                code.sure or (known is not None and known.sure),
                code.retail,
            )
        self._drop(mono)

    def still(self, wall: float, mono: float) -> None:
        """The picture captured then shows what the one before showed."""
        for key, each in self._held.items():
            if key in self._shown:
                self._held[key] = replace(each, last_wall=wall, last_mono=mono)
        self._drop(mono)

    def _drop(self, mono: float) -> None:
        self._held = {key: each for key, each in self._held.items() if each.age_s(mono) <= KEEP_S}
        while len(self._held) > MAX_HELD:
            del self._held[min(self._held, key=lambda key: self._held[key].last_mono)]

    def now(self, mono: float) -> tuple[Sighting, ...]:
        """Those that count at `mono`, the last seen first."""
        kept = [each for each in self._held.values() if each.age_s(mono) <= KEEP_S]
        return tuple(sorted(kept, key=lambda each: -each.last_mono))


def verified(codes: Iterable[Sighting]) -> tuple[Sighting, ...]:
    """Those good enough to be told as facts. Where two different numbers were read from the same place, one of them is
    a misreading: only the one that is sure is told, or was read at least twice as often as the other."""
    known = tuple(codes)
    return tuple(each for each in known if each.verified and not any(_disputes(other, each) for other in known))


def _disputes(other: Sighting, code: Sighting) -> bool:
    """Whether both are numbers of goods at one place, and `code` not clearly the likelier. A short code may have been
    read in a long one."""
    if other is code or code.sure or other.retail is None or code.retail is None:
        return False
    if not other.sure and code.reads >= TWICE * other.reads:
        return False
    # A reader may have seen only a line of one of them: its box is then thin, but as wide as the code.
    reach = max(math.dist(each.corners[0], each.corners[2]) for each in (code, other))
    return math.dist(code.place(), other.place()) < reach / 2
