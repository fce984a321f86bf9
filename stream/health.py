"""Whether a picture is worth asking about: frozen, dark, overexposed, blurred. Pure; all thresholds stand here."""

from enum import StrEnum

import cv2
import numpy as np
import numpy.typing as npt

from askcam.stream.frame import Pixels

Gray = npt.NDArray[np.uint8]  # (height, width) luma, 0..255

GRAY_WIDTH = 320  # pixels; every measure is taken at this width, so that thresholds mean the same for all cameras
FROZEN_S = 5.0  # seconds without the change of a single gray value; a real sensor's noise changes some in every frame
DARK_MEAN = 16.0  # mean luma of a capped lens or an unlit room ...
DARK_BRIGHT = 48.0  # ... in which even the brightest hundredth stays below this
OVER_WHITE = 250  # luma that counts as burnt out
OVER_SHARE = 0.75  # of the picture; a product on white paper stays below it
BLUR_RATIO = 0.01  # variance of the Laplacian over that of the picture: 0.06 and more in focus, a blur of 4 pixels
# at a width of 640 leaves 0.002 to 0.015 (two dozen photographs, a street camera, drawn scenes)
BLUR_VARIANCE = 25.0  # below this contrast there is nothing to be sharp about (a wall, the dark)
HOLD = 3  # samples in a row before a flag is raised or taken back, so that a badge does not flicker


class Health(StrEnum):
    FROZEN = "frozen"
    DARK = "dark"
    OVEREXPOSED = "overexposed"
    BLURRED = "blurred"


def gray(pixels: Pixels) -> Gray:
    """Luma of an RGB picture, no wider than GRAY_WIDTH."""
    height, width = pixels.shape[:2]
    luma = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    if width > GRAY_WIDTH:
        size = (GRAY_WIDTH, max(1, round(height * GRAY_WIDTH / width)))
        luma = cv2.resize(luma, size, interpolation=cv2.INTER_AREA)
    return np.asarray(luma, np.uint8)


def dark(luma: Gray) -> bool:
    """Next to nothing can be seen."""
    return bool(luma.mean() < DARK_MEAN and np.count_nonzero(luma >= DARK_BRIGHT) < 0.01 * luma.size)


def overexposed(luma: Gray) -> bool:
    """Most of the picture is burnt out."""
    return bool(np.count_nonzero(luma >= OVER_WHITE) > OVER_SHARE * luma.size)


def blurred(luma: Gray) -> bool:
    """Out of focus, or a smeared lens: contrast without any fine detail."""
    variance = _variance(luma)
    return variance >= BLUR_VARIANCE and _variance(cv2.Laplacian(luma, cv2.CV_16S)) < BLUR_RATIO * variance


def _variance(values: cv2.typing.MatLike) -> float:
    return float(cv2.meanStdDev(values)[1].item()) ** 2


def change(before: Gray, after: Gray) -> float:
    """Mean absolute difference of two pictures, 0..255; 255 when their sizes differ."""
    return float(cv2.absdiff(before, after).mean()) if before.shape == after.shape else 255.0


class HealthMonitor:
    """Follows one camera's sampled frames. Owned by its capture thread; time comes in as an argument."""

    def __init__(self) -> None:
        self._last: Gray | None = None
        self._changed_at = 0.0
        self._raised: tuple[Health, ...] = ()
        self._seen: dict[Health, int] = {}  # samples in a row that disagree with what is raised

    @property
    def flags(self) -> tuple[Health, ...]:
        return self._raised

    def see(self, luma: Gray, mono: float) -> tuple[Health, ...]:
        """Take the next sample in, captured at `mono` (seconds); returns what is wrong with the picture."""
        if self._last is None or self._last.shape != luma.shape or not np.array_equal(self._last, luma):
            self._last, self._changed_at = luma, mono
        now = {
            Health.FROZEN: mono - self._changed_at >= FROZEN_S,
            Health.DARK: dark(luma),
            Health.OVEREXPOSED: overexposed(luma),
            Health.BLURRED: blurred(luma),
        }
        raised = set(self._raised)
        for flag, wrong in now.items():
            self._seen[flag] = self._seen.get(flag, 0) + 1 if wrong != (flag in raised) else 0
            hold = 1 if flag is Health.FROZEN else HOLD  # frozen has waited FROZEN_S already
            if self._seen[flag] >= hold:
                raised ^= {flag}
                self._seen[flag] = 0
        self._raised = tuple(flag for flag in Health if flag in raised)
        return self._raised
