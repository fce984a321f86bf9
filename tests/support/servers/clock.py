"""A clock that survives a video codec: the wall clock in milliseconds as 40 black or white cells in the top row."""

import numpy as np
import numpy.typing as npt

BITS = 40  # enough for 34 years of milliseconds; an age needs no more
_BLACK, _WHITE = 16, 235
_MASK = (1 << BITS) - 1

Pixels = npt.NDArray[np.uint8]


def cell(width: int) -> int:
    """Side of one cell, in pixels."""
    return width // BITS


def draw(picture: Pixels, wall: float) -> None:
    """Draw `wall` (seconds since the epoch) into the top of a gray or colour picture, in place."""
    side, ms = cell(picture.shape[1]), int(wall * 1000) & _MASK
    for bit in range(BITS):
        picture[:side, bit * side : (bit + 1) * side] = _WHITE if (ms >> (BITS - 1 - bit)) & 1 else _BLACK


def age_s(picture: Pixels, now: float) -> float:
    """Seconds between the clock in the picture and `now` (seconds since the epoch)."""
    gray = picture if picture.ndim == 2 else picture[:, :, 1]
    side = cell(gray.shape[1])
    middle, reach = side // 2, max(1, side // 8)
    ms = 0
    for bit in range(BITS):
        x = bit * side + middle
        ms = ms << 1 | int(gray[middle - reach : middle + reach, x - reach : x + reach].mean() > 125)
    return ((int(now * 1000) & _MASK) - ms) / 1000


def backdrop(width: int, height: int) -> Pixels:
    """(height, width) gray: a noisy slope, so that an encoder has something to do."""
    y, x = np.mgrid[0:height, 0:width]
    noise = np.random.default_rng(0).integers(-12, 12, (height, width))
    return np.clip(((x * 255 // width + y * 64 // height) % 256) + noise, 0, 255).astype(np.uint8)
