"""Is what is called 0.9 so in nine of ten? Pure.

Ten bins of equal width, [0, 0.1), [0.1, 0.2), ... [0.9, 1], and the expected calibration error over them: the distance
between mean probability and share of truth in each bin, weighted by its moments (Guo et al. 2017, "On calibration of
modern neural networks", with the probability of "on" in place of the top class's).
"""

from dataclasses import dataclass

import numpy as np

from askcam.server.judging.samples import Samples

NUM_BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Moments whose probability is in [start, end), of the last bin in [start, end]."""

    start: float
    end: float
    count: int
    mean_probability: float | None  # None: an empty bin
    share_true: float | None


def bins(samples: Samples, num_bins: int = NUM_BINS) -> tuple[Bin, ...]:
    where = np.minimum((samples.probabilities * num_bins).astype(np.int64), num_bins - 1)
    numbers = np.bincount(where, minlength=num_bins)
    likely = np.bincount(where, samples.probabilities, num_bins)
    true = np.bincount(where, samples.truths, num_bins)
    return tuple(
        Bin(
            i / num_bins,
            (i + 1) / num_bins,
            int(count),
            float(likely[i] / count) if count else None,
            float(true[i] / count) if count else None,
        )
        for i, count in enumerate(numbers)
    )


def ece(samples: Samples, num_bins: int = NUM_BINS) -> float:
    """The expected calibration error, 0 to 1. NaN of no samples."""
    where = np.minimum((samples.probabilities * num_bins).astype(np.int64), num_bins - 1)
    off = np.abs(np.bincount(where, samples.probabilities - samples.truths, num_bins))
    return float(off.sum() / len(samples)) if len(samples) else float("nan")


def brier(samples: Samples) -> float:
    """The mean squared distance from the truth, 0 to 1. NaN of no samples."""
    return float(np.mean((samples.probabilities - samples.truths) ** 2)) if len(samples) else float("nan")
