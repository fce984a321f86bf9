"""Whether a scene still looks as it did: how much of the picture is different. Pure."""

import cv2
import numpy as np
import numpy.typing as npt

from askcam.stream.frame import Pixels

Blocks = npt.NDArray[np.float32]  # (rows, columns, 3): a picture's mean colors

BLOCK = 16  # pixels of a picture WIDTH wide: a block is a twentieth of the picture's width
WIDTH = 320
DIFFERENT = 20.0  # mean of a block's red, green or blue, apart by so much (0..255): noise and compression stay below 8
CHANGED = 0.02  # of the blocks: something of a seventh of the picture's width has come, gone or moved


def share_changed(before: Pixels, now: Pixels) -> float:
    """The share of the picture, 0 to 1, that looks different; 1 when the two are not of one shape.

    Both (height, width, 3) uint8 RGB. A change of all blocks by the same amount (the light, an exposure that adapts)
    is no change.
    """
    return 1.0 if before.shape != now.shape else share_apart(blocks(before), blocks(now))


def share_apart(before: Blocks, now: Blocks) -> float:
    """The same of two pictures of which only the blocks were kept."""
    if before.shape != now.shape:
        return 1.0
    apart = now - before
    apart -= np.median(apart, axis=(0, 1))
    return float(np.mean(np.abs(apart).max(2) > DIFFERENT))


def blocks(pixels: Pixels) -> Blocks:
    """What of a picture is compared."""
    height, width = pixels.shape[:2]
    size = (WIDTH // BLOCK, max(1, round(height * WIDTH / width) // BLOCK))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.float32)
