"""One picture of one camera, and the values that travel with it."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]  # (height, width, 3) RGB
Part = tuple[float, float, float, float]  # left, top, right, bottom, in shares of the whole
WHOLE: Part = (0.0, 0.0, 1.0, 1.0)


class AgeBasis(StrEnum):
    """What a frame's capture time rests on."""

    CAPTURE = "capture"  # the camera's own clock, or the moment the driver handed the frame over
    ARRIVAL = "arrival"  # only the moment at which the frame reached this process


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture. Compared by identity; `pixels` must not be written to."""

    camera: str
    seq: int  # counts the camera's decoded frames since its start, over reconnects; strictly increasing
    wall: float  # capture time in seconds since the epoch
    mono: float  # the same instant on time.monotonic(); ages are computed from this one
    pixels: Pixels  # (height, width, 3) uint8 RGB, contiguous
    basis: AgeBasis = AgeBasis.CAPTURE
    part: Part | None = None  # which part of the camera's picture it shows, where it isn't all of it

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    def age_s(self, now_mono: float) -> float:
        """Seconds since capture, at `now_mono` on time.monotonic(); never negative."""
        return max(0.0, now_mono - self.mono)
