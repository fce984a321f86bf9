"""Pictures that a healthy camera does not send."""

import numpy as np
import numpy.typing as npt

RANDOM = np.random.default_rng(0)


def dark(wall: float) -> npt.NDArray[np.uint8]:
    """A room with the light off: hardly more than the sensor's noise."""
    return RANDOM.integers(2, 12, (480, 640, 3), np.uint8)
