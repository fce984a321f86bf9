"""Whether a picture is of the kind that a model was trained on, by what its folder states of that. Pure.

The statement ("domain" in askcam.json) is a logistic model over the flatness of a picture: a drawn scene is made of
flat parts and sharp edges; what a lens and a sensor see has grain, texture and soft edges nearly everywhere, and light
falls even on a bare wall in curves and in more than one colour. Fitted and judged by benchmarks/real_scenes.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from askcam.stream.frame import Pixels

MEASURE = "flatness-1"  # of this file; another one needs other weights
BLOCK = 8  # pixels, both ways
SHARES = (0.7, 1.2, 2.0, 4.0, 8.0)  # gray values: shares of blocks that differ less from a plane
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
FLAT = 1.2  # gray values: blocks that differ less from a plane are taken for a part of a wall
BENDS = (0.5, 0.9)  # quantiles of how light and colour change along such parts
FEW = 12  # bends: fewer tell nothing of the light
SOFT = (FLAT, 8.0)  # gray values: blocks in between have soft edges or texture, those beyond hard edges
NUM_FEATURES = len(SHARES) + len(QUANTILES) + 1 + 2 * len(BENDS)
BAR = 8  # gray values: rows and columns at the edge that are no brighter are bars, not picture
LEAST = 4 * BLOCK  # pixels, both ways, of what can be judged
LARGEST = 320  # pixels, both ways: models see frames of about this size, and so is the measure made for
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True, slots=True)
class Domain:
    """What tells known pictures from others. `remedy` is a model for the others, as --model takes it."""

    bias: float
    weights: tuple[float, ...]
    remedy: str = ""

    def logit(self, pixels: Pixels) -> float:
        """Above 0: `pixels` (height, width, 3) uint8 RGB are known. Half a millisecond."""
        found = features(pixels)
        return 1.0 if found is None else float(found @ np.asarray(self.weights)) + self.bias

    def holds(self, pictures: Sequence[Pixels]) -> bool:
        """Whether they are known, taken together. Nothing to look at is known."""
        return sum(self.logit(pixels) for pixels in pictures) >= 0


def read_domain(data: Mapping[str, Any] | None) -> Domain | None:
    """As askcam.json states it; None: the model is for all pictures. Raises ValueError, TypeError, KeyError."""
    if data is None:
        return None
    if data["measure"] != MEASURE:
        raise ValueError(f"domain is measured by {data['measure']!r}; this askcam knows {MEASURE!r}")
    weights = tuple(float(weight) for weight in data["weights"])
    if len(weights) != NUM_FEATURES:
        raise ValueError(f"domain has {len(weights)} weights, want {NUM_FEATURES}")
    return Domain(float(data["bias"]), weights, str(data.get("remedy", "")))


def features(pixels: Pixels) -> npt.NDArray[np.float64] | None:
    """How far blocks of a picture are from planes of one colour and a steady light; None for next to no picture."""
    pixels = _inside(_small(pixels))
    if min(pixels.shape[:2]) < LEAST:
        return None
    rows, columns = (side // BLOCK for side in pixels.shape[:2])
    rgb = pixels[: rows * BLOCK, : columns * BLOCK].astype(np.float32)
    blocks = (rgb @ LUMA).reshape(rows, BLOCK, columns, BLOCK).swapaxes(1, 2).reshape(-1, BLOCK * BLOCK)
    off = np.sqrt(np.mean(np.square(blocks - blocks @ PLANES), axis=1))
    spread = np.log(np.quantile(off, QUANTILES) + 0.3)
    shares = [float(np.mean(off < limit)) for limit in SHARES]
    flat, hard = (float(np.mean(off < limit)) for limit in SOFT)
    shares.append(float(np.log((hard - flat + 0.01) / (1 - hard + 0.01))))
    means = rgb.reshape(rows, BLOCK, columns, BLOCK, 3).mean((1, 3))
    return np.concatenate((spread, shares, _bends(means, (off < FLAT).reshape(rows, columns))))


def _bends(means: npt.NDArray[np.float32], flat: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """How light bends, and colour changes, along flat parts: `means` (rows, columns, 3) of blocks, and which are."""
    luma = means @ LUMA
    colour = 255 * means[..., :2] / (means.sum(2, keepdims=True) + 24)  # in the dark, colours are mostly noise
    light, tint = [], []
    for axis in (0, 1):
        a, b, c = (np.take(flat, range(i, flat.shape[axis] - 2 + i), axis) for i in range(3))
        here = a & b & c
        light.append(np.abs(np.diff(luma, 2, axis))[here])
        tint.append(np.abs(_over_two(colour, axis)).max(2)[here])
    bends, tints = np.concatenate(light), np.concatenate(tint)
    if len(bends) < FEW:
        bends = tints = np.full(1, 2.0, np.float32)
    found = (np.quantile(bends, BENDS), np.quantile(tints, BENDS))
    return np.log(np.concatenate(found) + 0.1)


def _over_two(values: npt.NDArray[np.float32], axis: int) -> npt.NDArray[np.float32]:
    """The difference to the block after the next."""
    size = values.shape[axis]
    return np.take(values, range(2, size), axis) - np.take(values, range(size - 2), axis)


def _planes() -> npt.NDArray[np.float32]:
    """What takes a block, as a row, to the plane that is nearest to it."""
    y, x = np.mgrid[0:BLOCK, 0:BLOCK].reshape(2, -1) - (BLOCK - 1) / 2
    base = np.stack([np.ones(BLOCK * BLOCK), x, y], 1)
    return np.asarray(base @ np.linalg.pinv(base), np.float32)


PLANES = _planes()


def _small(pixels: Pixels) -> Pixels:
    """A large picture as a model would see it."""
    height, width = pixels.shape[:2]
    scale = LARGEST / max(height, width, 1)
    if scale >= 1:
        return pixels
    import cv2  # only for attached pictures: frames have the model's size

    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _inside(pixels: Pixels) -> Pixels:
    """Without the black bars around it."""
    bright = pixels.max(2) > BAR
    rows, columns = np.flatnonzero(bright.any(1)), np.flatnonzero(bright.any(0))
    if not len(rows):
        return pixels[:0]
    return pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
