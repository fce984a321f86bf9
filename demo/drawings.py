"""Sprite sheets: every object drawn in a few open-licensed styles (LICENCES.md)."""

from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image

from askcam.demo.objects import HERE

STYLES = ("fluent-3d", "noto")
SIDE = 96  # pixels of one drawing, both ways
COLUMNS = 21  # drawings in a row of a sheet


@cache
def _sheet(style: str) -> npt.NDArray[np.uint8]:
    """(height, width, 4) RGBA of a whole sheet."""
    with Image.open(HERE / "sprites" / f"{style}.webp") as image:
        return np.asarray(image.convert("RGBA"))


def sprite(style: str, index: int) -> npt.NDArray[np.uint8]:
    """(SIDE, SIDE, 4) uint8 RGBA of one object, not premultiplied. `index` is its place in objects.txt."""
    row, column = divmod(index, COLUMNS)
    return _sheet(style)[row * SIDE : (row + 1) * SIDE, column * SIDE : (column + 1) * SIDE]
