"""A calibration as a picture: ROC and reliability side by side. Needs matplotlib, which is loaded when it is drawn."""

from pathlib import Path
from typing import TYPE_CHECKING

from askcam.features.calibration.report import Report
from askcam.server.config_errors import Mendable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's: told apart by the colour-blind, and by their marks in gray.
BLUE, ORANGE, GRAY = "#0072B2", "#D55E00", "#767676"
INCHES, DPI = (9.0, 4.3), 100
FORMATS = (".png", ".svg", ".pdf")
FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "PingFang SC",
    "Microsoft YaHei",
    "WenQuanYi Zen Hei",
)


class PlotError(Mendable):
    """The message names the remedy."""


def check(path: Path) -> None:
    """Before minutes of work, not after them: raises PlotError where it could not be drawn."""
    if path.suffix.lower() not in FORMATS:
        raise PlotError(f"--plot {path}: its name must end with one of {', '.join(FORMATS)}")
    if not path.parent.is_dir():
        raise PlotError(f"--plot {path}: there is no folder {path.parent}; make it first")
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as exc:
        raise PlotError('plots need matplotlib: pip install "askcam[plots]", or leave --plot out') from exc


def draw(report: Report, title: str, path: Path) -> None:
    """Raises PlotError where the file cannot be written."""
    from matplotlib import font_manager, rc_context
    from matplotlib.figure import Figure

    known = set(font_manager.get_font_names())
    with rc_context({"font.family": ["DejaVu Sans", *(name for name in FONTS if name in known)], "font.size": 9}):
        figure = Figure(figsize=INCHES, dpi=DPI, layout="constrained")
        left, right = figure.subplots(1, 2)
        figure.suptitle(_drawable(title, any(name in known for name in FONTS)))
        _roc(left, report)
        _reliability(right, report)
        try:
            figure.savefig(path)
        except OSError as exc:
            raise PlotError(f"cannot write {path}: {exc.strerror}") from exc


def _drawable(title: str, chinese: bool) -> str:
    """Boxes instead of letters help nobody."""
    title = title if len(title) <= 90 else f"{title[:89]}…"
    return title if chinese or all(ord(letter) < 0x2E80 for letter in title) else ""


def _roc(axes: "Axes", report: Report) -> None:
    axes.plot((0, 1), (0, 1), color=GRAY, linestyle=":", linewidth=1, label="chance")
    if report.roc:
        across = [point.false_positive_rate for point in report.roc]
        up = [point.true_positive_rate for point in report.roc]
        axes.plot(across, up, color=BLUE, linewidth=2, label=f"this watch, area {report.auc:.4f}")
    if report.proposed is not None and report.worth is not None:
        at = _at(report, report.proposed.on)
        axes.plot(*at, color=ORANGE, marker="D", markersize=8, linestyle="", label=f"on = {report.proposed.on:.4g}")
    axes.set(title="ROC", xlabel='called "on", of what is not so', ylabel='called "on", of what is so')
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    axes.legend(loc="lower right", frameon=False)


def _at(report: Report, threshold: float) -> tuple[float, float]:
    """Where the threshold stands on the curve."""
    reached = [point for point in report.roc if point.threshold is None or point.threshold >= threshold]
    return reached[-1].false_positive_rate, reached[-1].true_positive_rate


def _reliability(axes: "Axes", report: Report) -> None:
    axes.plot((0, 1), (0, 1), color=GRAY, linestyle=":", linewidth=1, label="as sure as it is right")
    filled = [one for one in report.bins if one.count]
    across, up = [one.mean_probability or 0.0 for one in filled], [one.share_true or 0.0 for one in filled]
    most = max(one.count for one in filled)
    sizes = [25 + 175 * one.count / most for one in filled]  # areas, so that a bin of one moment looks like little
    axes.scatter(across, up, s=sizes, color=BLUE, zorder=3, label=f"ten bins, with their moments; ECE {report.ece:.4f}")
    for one, x, y in zip(filled, across, up, strict=True):
        beside = (-10 if x > 0.9 else 10, -12 if y > 0.5 else 8)
        side = "right" if x > 0.9 else "left"
        axes.annotate(f"{one.count}", (x, y), beside, textcoords="offset points", ha=side, color=GRAY, fontsize=8)
    axes.set(title="Reliability", xlabel="how likely the watch held it", ylabel="how often it was so")
    axes.set(xlim=(-0.04, 1.04), ylim=(-0.04, 1.04), aspect="equal")
    axes.legend(loc="upper left", frameon=False)
