"""What to do so that a code can be read: a rule over a few measurements. Pure; all thresholds stand here."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from askcam.features.desk.locate import Luma, Region, profile, straighten
from askcam.stream.health import Health

MODULES = 95  # of an EAN-13, from the first bar to the last
THIN_PX = 1.3  # pixels per module below which bars run into each other
WASHED_LUMA = 225  # a patch whose darkest tenth is lighter than this has lost its bars
WASHED_SHARE = 0.08  # of the code
CELLS = (6, 12)  # patches of a code, along and across its bars
BLUR_SHARE = 0.7  # of a module's width: more blur than this and bars run into each other
STEEP = (0.2, 1.15)  # length of bars by length of code; an EAN-13 held straight has 0.6 to 0.75


class Hint(StrEnum):
    CLOSER = "closer"
    GLARE = "glare"
    TURN = "turn it"
    HOLD = "hold still"
    FOCUS = "focus"
    LIGHT = "more light"


SAID = {
    Hint.CLOSER: "Hold the code closer to the camera.",
    Hint.GLARE: "Light is reflected by the code: tilt it a little.",
    Hint.TURN: "Turn the code to face the camera.",
    Hint.HOLD: "Hold it still for a moment.",
    Hint.FOCUS: "The code is out of focus: move it a little away, or focus the camera.",
    Hint.LIGHT: "It is too dark to read a code: more light, please.",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """How a patch of bars looks that nobody could read."""

    module_px: float  # width of the thinnest bar, if it is an EAN-13
    washed: float  # share of the patch that is white all over
    blur_px: float  # standard deviation of the blur
    shape: float  # length of its bars by its own length
    moving: bool  # the picture changed since the one before


def measure(luma: Luma, region: Region, moving: bool) -> Measured:
    """Look at one patch of the picture."""
    upright, _ = straighten(luma, region, 1.0, 0.0)
    rows, columns = (min(CELLS[i], upright.shape[i]) for i in (0, 1))
    cells = [part for band in np.array_split(upright, rows, axis=0) for part in np.array_split(band, columns, axis=1)]
    washed = sum(float(np.percentile(cell, 10)) > WASHED_LUMA for cell in cells) / len(cells)
    line = profile(upright)
    low, high = np.percentile(line, (2, 98))
    steepest = float(np.abs(np.diff(line)).max()) / max(1.0, float(high - low))
    return Measured(region.across / MODULES, washed, 0.4 / max(steepest, 1e-3), region.along / region.across, moving)


def advise(unread: Measured | None, health: Sequence[Health]) -> tuple[Hint, ...]:
    """What would help most first; nothing where no unread code is in sight."""
    if Health.DARK in health:
        return (Hint.LIGHT,)
    if unread is None:
        return ()
    hints: list[Hint] = []
    if unread.washed > WASHED_SHARE or Health.OVEREXPOSED in health:
        hints.append(Hint.GLARE)
    if not STEEP[0] <= unread.shape <= STEEP[1]:
        hints.append(Hint.TURN)
    if unread.module_px < THIN_PX:
        hints.append(Hint.CLOSER)
    elif unread.blur_px > BLUR_SHARE * unread.module_px or Health.BLURRED in health:
        hints.append(Hint.HOLD if unread.moving else Hint.FOCUS)
    if not hints and unread.moving:
        hints.append(Hint.HOLD)
    return tuple(hints)
