"""Sprite sheets: every object drawn in a few open-licensed styles (LICENCES.md), 96 pixels a side."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from askcam.demo.objects import HERE

SHEETS = HERE / "sprites"
STYLES = ("fluent-3d", "noto")


@cache
def _meta() -> dict[str, Any]:
    meta: dict[str, Any] = json.loads((SHEETS / "meta.json").read_text(encoding="utf-8"))
    return meta


@cache
def _sheet(path: Path) -> npt.NDArray[np.uint8]:
    """(height, width, 4) RGBA of a whole sheet."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGBA"))


def sprite(style: str, index: int) -> npt.NDArray[np.uint8]:
    """(size, size, 4) uint8 RGBA of one object, not premultiplied."""
    size, columns = _meta()["size"], _meta()["cols"]
    row, column = divmod(index, columns)
    sheet = _sheet(SHEETS / f"{style}.webp")
    return sheet[row * size : (row + 1) * size, column * size : (column + 1) * size]


def color(style: str, index: int) -> str | None:
    """The one colour that this drawing plainly has, by name; None for a motley one."""
    return _meta()["styles"][style]["colors"][index] or None
