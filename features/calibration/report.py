"""A calibration's figures in one value, and whether there was enough to go by. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from askcam.features.calibration.bootstrap import Figure, Interval, intervals
from askcam.features.calibration.reliability import Bin, bins, brier, ece
from askcam.server.judging.roc import RocPoint, auc, curve
from askcam.server.judging.samples import Sample, Samples
from askcam.server.judging.thresholds import Thresholds, precision_at, propose, recall_at

ENOUGH_MOMENTS = 30  # of either kind, and ...
ENOUGH_PIECES = 5  # ... from so many pieces; what is less says little


@dataclass(frozen=True, slots=True)
class ThresholdWorth:
    """What a pair of thresholds, or one, is worth on these samples. None: nothing was called so."""

    precision: float | None
    recall: float | None


@dataclass(frozen=True, slots=True)
class FigureKind:
    """How much there is of what is so, or of what is not."""

    moments: int
    pieces: int

    @property
    def enough(self) -> bool:
        return self.moments >= ENOUGH_MOMENTS and self.pieces >= ENOUGH_PIECES


@dataclass(frozen=True, slots=True)
class Report:
    """`blind` moments, at which the model began its answer with other words, are no samples."""

    samples: int
    positives: FigureKind
    negatives: FigureKind
    blind: int
    precision: float  # that was asked for
    ece: float
    brier: float
    auc: float | None
    roc: tuple[RocPoint, ...]
    bins: tuple[Bin, ...]
    proposed: Thresholds | None
    worth: ThresholdWorth | None  # of the proposed `on`
    intervals: dict[str, Interval | None] = field(
        default_factory=dict
    )  # 95%, of ece, brier, auc, on, precision, recall

    @property
    def enough(self) -> bool:
        return self.positives.enough and self.negatives.enough


def report(samples: Sequence[Sample], blind: int, precision: float) -> Report:
    """Raises ValueError, for people, when there is not one sample."""
    if not samples:
        raise ValueError(f"there is not one reading to go by ({blind} moments at which the model said something else)")
    found = Samples.of(samples)
    proposed = propose(found, precision)
    figures: dict[str, Figure] = {"ece": ece, "brier": brier, "auc": auc}
    worth = None
    if proposed is not None:
        on = proposed.on
        worth = ThresholdWorth(precision_at(found, on), recall_at(found, on))
        figures |= {"precision": lambda drawn: precision_at(drawn, on), "recall": lambda drawn: recall_at(drawn, on)}
        figures["on"] = lambda drawn: None if (one := propose(drawn, precision)) is None else one.on
    return Report(
        samples=len(found),
        positives=_kind(samples, True),
        negatives=_kind(samples, False),
        blind=blind,
        precision=precision,
        ece=ece(found),
        brier=brier(found),
        auc=auc(found),
        roc=curve(found),
        bins=bins(found),
        proposed=proposed,
        worth=worth,
        intervals=intervals(found, figures),
    )


def _kind(samples: Sequence[Sample], true: bool) -> FigureKind:
    of = [one.piece for one in samples if one.true is true]
    return FigureKind(len(of), len(set(of)))
