"""The receiver operating characteristic: what each threshold finds, and what it takes for it by mistake. Pure.

A threshold t calls a moment "on" when its probability is t or more, as a watch does.
"""

from dataclasses import dataclass

import numpy as np

from askcam.server.judging.samples import Floats, Ints, Samples


@dataclass(frozen=True, slots=True, eq=False)
class RocCounts:
    """At each distinct probability, falling, taken as the threshold: how many moments it calls "on"."""

    thresholds: Floats
    hits: Ints  # of those that are so
    alarms: Ints  # of those that are not


@dataclass(frozen=True, slots=True)
class RocPoint:
    false_positive_rate: float
    true_positive_rate: float
    threshold: float | None  # None: above all probabilities, so that nothing is called "on"


def counts(samples: Samples) -> RocCounts:
    order = np.argsort(-samples.probabilities, kind="stable")
    sorted_, true = samples.probabilities[order], samples.truths[order]
    last = np.flatnonzero(np.diff(sorted_, append=-np.inf) != 0)  # of each run of equal ones
    hits = np.cumsum(true, dtype=np.int64)[last]
    return RocCounts(sorted_[last], hits, last + 1 - hits)


def auc(samples: Samples) -> float | None:
    """The share of pairs (one true, one not) of which the true one is held likelier; ties count half.

    None while there are not both kinds.
    """
    num_true = samples.positives
    num_false = len(samples) - num_true
    if not num_true or not num_false:
        return None
    found = counts(samples)
    hits = np.diff(found.hits, prepend=0)
    alarms = np.diff(found.alarms, prepend=0)
    below = num_false - found.alarms  # held less likely than this threshold
    return float((hits * (below + alarms / 2)).sum() / (num_true * num_false))


def curve(samples: Samples, most: int = 200) -> tuple[RocPoint, ...]:
    """From (0, 0) to (1, 1), the corners only; `most` of them at most, evenly picked. Empty without both kinds."""
    num_true = samples.positives
    num_false = len(samples) - num_true
    if not num_true or not num_false:
        return ()
    found = counts(samples)
    corners = _corners(found)
    if len(corners) > most - 1:
        corners = corners[np.unique(np.linspace(0, len(corners) - 1, most - 1).round().astype(np.int64))]
    points = [
        RocPoint(float(found.alarms[i] / num_false), float(found.hits[i] / num_true), float(found.thresholds[i]))
        for i in corners
    ]
    return (RocPoint(0.0, 0.0, None), *points)


def _corners(found: RocCounts) -> Ints:
    """Places where the curve changes its direction, and its end."""
    hits, alarms = np.diff(found.hits, prepend=0), np.diff(found.alarms, prepend=0)
    bends = hits[:-1] * alarms[1:] != hits[1:] * alarms[:-1]
    return np.append(np.flatnonzero(bends), len(found.hits) - 1)
