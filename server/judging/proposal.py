"""A higher threshold, out of what people have judged: it would have kept back wrong ones, and none of the right ones.
Pure.

It is put below the least likely of the right ones, halfway to the next one (thresholds.py). How many labels that takes
follows from what is said of it:

- Of n right ones none would have been lost. Then, if what comes yet is like what was judged, the share of right ones
  that is lost is above x in at most (1 - x)^n of all watches, whatever their probabilities are like (Wilks 1941: below
  the least of n lies no more than that). With 95 in 100 it is at most 1 - 0.05^(1/n), which is told. A proposal is made
  from where that is a quarter: from 11 right ones.
- Of m wrong ones k would have been kept back. If probabilities told nothing at all, the k least likely of n + m would
  all be wrong ones by chance in C(m, k) of C(n + m, k) cases: a proposal is made where these are at most 5 in 100.
"""

from collections.abc import Iterable, Sequence
from math import comb

from askcam.client.watches import JudgedThreshold, WatchJudged
from askcam.server.judging.labels import AskedNow, JudgedEvent, highest_met
from askcam.server.judging.samples import Sample, Samples
from askcam.server.judging.thresholds import DIGITS, best, precision_at
from askcam.server.wire.moments import rfc3339

CHANCE = 0.05  # in which what is said of a proposal may be wrong
MOST_LOST = 0.25  # of the right ones that come yet, as far as that can be said


def lost_at_most(num_right: int) -> float:
    """The share of right ones to come that lies below all of so many that were judged; more in 5 of 100."""
    return float(1.0 - CHANCE ** (1.0 / num_right)) if num_right else 1.0


def by_chance(num_right: int, num_wrong: int, kept_back: int) -> float:
    """How often the least likely `kept_back` of all would be wrong ones if probabilities told nothing."""
    return comb(num_wrong, kept_back) / comb(num_right + num_wrong, kept_back)


LEAST_RIGHT = next(number for number in range(1, 1000) if lost_at_most(number) <= MOST_LOST)


def judged(events: Iterable[JudgedEvent], now: AskedNow) -> WatchJudged | None:
    """What there is to say of a watch that asks the same as when these were told; None: nothing. Those that asked
    something else are left out, and so are those that it would not tell as it is set now."""
    told = [(event, highest_met(event.said, now)) for event in events if event.said.question == now.question]
    told = [(event, met) for event, met in told if met is None or met >= now.on]
    if not told:
        return None
    labels = [(met, event.right) for event, met in told if met is not None]
    return WatchJudged(
        judged=len(told),
        wrong=sum(not event.right for event, _ in told),
        since=rfc3339(min(event.at for event, _ in told)),
        proposed=proposed(labels) if len(labels) == len(told) else None,
    )


def proposed(labels: Sequence[tuple[float, bool]]) -> JudgedThreshold | None:
    """`labels`: the highest threshold that each would meet, and whether it was judged right. None: no proposal, since
    there are too few, or none would help."""
    right = [met for met, was_right in labels if was_right]
    wrong = [met for met, was_right in labels if not was_right]
    if len(right) < LEAST_RIGHT or not wrong:
        return None
    samples = Samples.of(Sample(met, was_right, piece) for piece, (met, was_right) in enumerate(labels))
    precision = precision_at(samples, min(right))
    on = None if precision is None else best(samples, precision)
    if on is None:
        return None
    on = round(on, DIGITS)
    kept_back = sum(met < on for met in wrong)
    if by_chance(len(right), len(wrong), kept_back) > CHANCE:
        return None
    lost = sum(met < on for met in right)
    return JudgedThreshold(on, len(wrong), kept_back, len(right), lost, round(lost_at_most(len(right)), 3))
