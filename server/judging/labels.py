"""Events that people have judged, as labels: how high a threshold each of them would have met. Pure.

An event is told once the watch's probability has been at its threshold `on` or above for `for_s`. So an event meets a
threshold if there is a stretch of readings around it, `for_s` long, none of which is below; the highest that it meets
is the largest such minimum. Readings are those that are kept with the event: some until it was decided, and some since.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from askcam.client.watches import Reading

ROUNDED_S = 0.001  # times are told in whole microseconds, so a stretch may look that much shorter than it was
MOST = 500  # labels of one watch that are looked at, the newest
NOT_JUDGED = "event {number} is about the camera itself: what a watch has told is judged"
BROKEN = 4  # rounds without a reading: what was before and what came after is not one stretch


class JudgedReadings(msgspec.Struct, frozen=True):
    """As much of client.watches.WatchEvent as is asked here."""

    kind: str
    question: str | None = None
    probability: float | None = None
    before: list[Reading] = []
    after: list[Reading] = []


@dataclass(frozen=True, slots=True)
class JudgedEvent:
    """One that somebody has judged."""

    at: float  # when it was decided, seconds since the epoch
    right: bool
    said: JudgedReadings


@dataclass(frozen=True, slots=True)
class AskedNow:
    """As much of a watch's setting as decides over this."""

    question: str
    every_s: float
    on: float
    off: float
    for_s: float


def highest_met(said: JudgedReadings, now: AskedNow) -> float | None:
    """The highest `on` at which it would be told; None where what is kept does not say: of a text, and of a watch whose
    `for_s` is longer than the readings that are kept."""
    if said.probability is None or not said.before:
        return None
    try:
        readings = [
            (datetime.fromisoformat(each.at).timestamp(), each.probability) for each in said.before + said.after
        ]
    except (ValueError, OverflowError):  # as no server of ours tells them
        return None
    first, last = _episode(readings, len(said.before) - 1, now)
    return _sustained(readings[first : last + 1], now.for_s)


def _episode(readings: Sequence[tuple[float, float]], decided: int, now: AskedNow) -> tuple[int, int]:
    """From which reading to which it was above `off` around the deciding one, without a break."""
    longest_s = BROKEN * now.every_s

    def goes_on(earlier: int, later: int, towards: int) -> bool:
        return readings[towards][1] > now.off and readings[later][0] - readings[earlier][0] <= longest_s

    first = last = decided
    while first > 0 and goes_on(first - 1, first, first - 1):
        first -= 1
    while last + 1 < len(readings) and goes_on(last, last + 1, last + 1):
        last += 1
    return first, last


def _sustained(readings: Sequence[tuple[float, float]], for_s: float) -> float | None:
    """The largest minimum over stretches of `for_s` seconds; None: it is shorter than that."""
    highest = None
    for first, (begun, _) in enumerate(readings):
        lowest = 1.0
        for at, probability in readings[first:]:
            lowest = min(lowest, probability)
            if at - begun >= for_s - ROUNDED_S:
                highest = lowest if highest is None else max(highest, lowest)
                break
    return highest
