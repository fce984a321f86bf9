"""Where a watch should turn on and off. Pure.

`on`: of all thresholds at which at least `precision` of what is called "on" is so, the one that finds the most; of
those that find as many, the one with the highest precision. `off`, below it, is the same thing upside down: at least
`precision` of what is called "off" is not so, and it finds the most of that. Both are put halfway between the
probabilities on their two sides, so that the next reading need not be as extreme as those of the samples; and `off`
stays APART below `on`, so that a reading which wavers does not turn the watch to and fro.
"""

from dataclasses import dataclass

import numpy as np

from askcam.server.judging.roc import counts
from askcam.server.judging.samples import Samples

APART = 0.1
LEAST_ON = 0.05
DIGITS = 6


@dataclass(frozen=True, slots=True)
class Thresholds:
    """As a watch takes them: `off` < `on`."""

    on: float
    off: float


def propose(samples: Samples, precision: float = 0.95) -> Thresholds | None:
    """None when no threshold is as precise, or there are not both kinds of samples."""
    on = best(samples, precision)
    if on is None:
        return None
    on = round(max(on, LEAST_ON), DIGITS)
    off = best(mirrored(samples), precision)
    highest = max(on - APART, on / 2)
    return Thresholds(on, round(highest if off is None else min(1.0 - off, highest), DIGITS))


def best(samples: Samples, precision: float) -> float | None:
    """The threshold `on`, as above."""
    if not 0 < samples.positives < len(samples):
        return None
    found = counts(samples)
    share = found.hits / (found.hits + found.alarms)
    good = np.flatnonzero((share >= precision) & (found.hits > 0))
    if not len(good):
        return None
    most = good[found.hits[good] == found.hits[good[-1]]]  # neither hits nor alarms fall from one to the next
    chosen = most[0]
    lower = found.thresholds[chosen + 1] if chosen + 1 < len(found.thresholds) else 0.0
    return float(found.thresholds[chosen] + lower) / 2


def mirrored(samples: Samples) -> Samples:
    """Of what is not so, how likely it is not so."""
    return Samples(1.0 - samples.probabilities, ~samples.truths, samples.pieces)


def precision_at(samples: Samples, threshold: float) -> float | None:
    """Of what is called "on", how much is so; None where nothing is."""
    called = samples.probabilities >= threshold
    return float(samples.truths[called].mean()) if called.any() else None


def recall_at(samples: Samples, threshold: float) -> float | None:
    """Of what is so, how much is called "on"."""
    held = samples.probabilities[samples.truths]
    return float((held >= threshold).mean()) if len(held) else None
