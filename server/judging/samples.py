"""Readings of a watch beside the truth. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sample:
    """One moment: how likely the watch held it, and whether it was so.

    `piece` is the labelled span, or the scene, that it comes from: moments of one piece are alike, so chance is
    reckoned over pieces and not over moments.
    """

    probability: float
    true: bool
    piece: int
    at_s: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Many of them: arrays of one length."""

    probabilities: Floats
    truths: Bools
    pieces: Ints

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> "Samples":
        listed = list(samples)
        return cls(
            np.array([one.probability for one in listed], np.float64),
            np.array([one.true for one in listed], np.bool_),
            np.array([one.piece for one in listed], np.int64),
        )

    def __len__(self) -> int:
        return len(self.truths)

    @property
    def positives(self) -> int:
        return int(self.truths.sum())

    def take(self, which: Ints) -> "Samples":
        """Those at the given places, each as often as it is named."""
        return Samples(self.probabilities[which], self.truths[which], self.pieces[which])
