"""A calibration for people: its figures, and what is called so likely against how often it is so."""

from collections.abc import Iterator

from rich.table import Table

from askcam.features.calibration.report import ENOUGH_MOMENTS, ENOUGH_PIECES, Report
from askcam.features.calibration.wire import About
from askcam.server.terminal import say, words
from askcam.server.terminal.words import Words

told = Words(__name__)


def show(found: Report, about: About) -> None:
    say.console.print(f"[bold]{say.escape(about.question)}[/]  [dim]{say.escape(about.source)} · {about.model}[/]")
    say.console.print(_figures(found))
    say.console.print()
    say.console.print(_bins(found))
    for text in _notes(found):
        say.console.print(f"[yellow]{words.told('note')}[/] {say.escape(text)}")


def _figures(found: Report) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_column()
    counted = told("calibrate.counted", so=found.positives.moments, not_so=found.negatives.moments)
    table.add_row(told("calibrate.moments"), str(found.samples), counted)

    def row(name: str, label: str, value: float | None) -> None:
        interval = found.intervals.get(name)
        between = (
            "" if interval is None else told("calibrate.interval", low=_four(interval[0]), high=_four(interval[1]))
        )
        table.add_row(label, _four(value), between)

    row("auc", told("calibrate.auc"), found.auc)
    row("ece", told("calibrate.ece"), found.ece)
    row("brier", told("calibrate.brier"), found.brier)
    if found.proposed is not None and found.worth is not None:
        row("on", told("calibrate.on", precision=f"{found.precision:.0%}"), found.proposed.on)
        row("off", told("calibrate.off"), found.proposed.off)
        row("precision", told("calibrate.precision"), found.worth.precision)
        row("recall", told("calibrate.recall"), found.worth.recall)
    return table


def _bins(found: Report) -> Table:
    table = Table(box=None, pad_edge=False)
    headings = (told("calibrate.bin"), told("calibrate.count"), told("calibrate.likely"), told("calibrate.share"))
    for heading in headings:
        table.add_column(heading, justify="right")
    for one in found.bins:
        table.add_row(
            f"{one.start:.1f}-{one.end:.1f}", str(one.count), _four(one.mean_probability), _four(one.share_true)
        )
    return table


def _notes(found: Report) -> Iterator[str]:
    enough = {"enough": ENOUGH_MOMENTS, "pieces_enough": ENOUGH_PIECES}
    if not found.positives.enough:
        counted = {"moments": found.positives.moments, "pieces": found.positives.pieces}
        yield told("calibrate.few_so", **counted, **enough)
    if not found.negatives.enough:
        counted = {"moments": found.negatives.moments, "pieces": found.negatives.pieces}
        yield told("calibrate.few_not_so", **counted, **enough)
    if found.auc is not None and found.proposed is None:
        yield told("calibrate.no_threshold", precision=f"{found.precision:.0%}")
    if found.blind:
        yield told("calibrate.blind", moments=found.blind)


def _four(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
