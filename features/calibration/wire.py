"""A report as the wire has it. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from askcam.client import calibration as wire
from askcam.features.calibration.report import ENOUGH_MOMENTS, ENOUGH_PIECES, Report
from askcam.server.wire.moments import rfc3339

DIGITS = 6


@dataclass(frozen=True, slots=True)
class About:
    """What was calibrated, and on what."""

    watch: str | None
    camera: str | None
    question: str
    source: str
    model: str


def told(report: Report, about: About, at_wall: float) -> wire.Calibration:
    """`at_wall`: now, seconds since the epoch."""
    proposed, worth = report.proposed, report.worth
    return wire.Calibration(
        watch=about.watch,
        camera=about.camera,
        question=about.question,
        source=about.source[:200],
        model=about.model[:200],
        made_at=rfc3339(at_wall),
        samples=report.samples,
        positives=report.positives.moments,
        blind=report.blind,
        enough=report.enough,
        ece=_short(report.ece),
        brier=_short(report.brier),
        auc=_maybe(report.auc),
        precision=report.precision,
        proposed=None if proposed is None else wire.Proposed(proposed.on, proposed.off),
        worth=None if worth is None else wire.Worth(_maybe(worth.precision), _maybe(worth.recall)),
        intervals={
            name: None if found is None else (_short(found[0]), _short(found[1]))
            for name, found in report.intervals.items()
        },
        roc=[(_short(x), _short(y), _maybe(at)) for x, y, at in _points(report)],
        bins=[
            wire.CalibrationBin(one.start, one.end, one.count, _maybe(one.mean_probability), _maybe(one.share_true))
            for one in report.bins
        ],
        notes=list(notes(report)),
        object="askcam.calibration",
    )


def notes(report: Report) -> Iterator[str]:
    """What must be known before these figures are trusted."""
    for kind, name in ((report.positives, "is so"), (report.negatives, "is not so")):
        if not kind.enough:
            yield (
                f"not enough to go by: {kind.moments} moments in {kind.pieces} separate spans at which it {name}; "
                f"have at least {ENOUGH_MOMENTS} in {ENOUGH_PIECES}"
            )
    if report.auc is not None and report.proposed is None:
        yield f"no threshold is right in {report.precision:.0%} of what it calls on: ask otherwise, or want less"
    if report.blind:
        yield f"{report.blind} further moments at which the model began its answer with other words: a watch skips them"


def _points(report: Report) -> Iterator[tuple[float, float, float | None]]:
    for point in report.roc:
        yield point.false_positive_rate, point.true_positive_rate, point.threshold


def _short(value: float) -> float:
    return min(1.0, max(0.0, round(value, DIGITS)))


def _maybe(value: float | None) -> float | None:
    return None if value is None else _short(value)
