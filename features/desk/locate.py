"""Where in a picture bars stand side by side, whether or not anybody can read them. Pure.

A bar code is a patch in which nearly all edges run the same way, from light to dark and back: the structure tensor
says where. Edges are those of the full picture, so that thin bars count; where they agree is looked at in cells.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Luma = npt.NDArray[np.uint8]  # (height, width)

CELLS = 240  # so many cells stand side by side in a picture; each holds the mean of its pixels' edges
COHERENCE = 0.5  # 0: edges run every way, 1: all the same way
BOTH_WAYS = 0.5  # 1: light turns dark in one direction only, as at an outline; 0: and back, as at bars
EDGES = 7.0  # mean gradient of a patch, in luma per pixel
MIN_AREA = 0.0008  # of the picture
MIN_ACROSS, MIN_ALONG = 48.0, 10.0  # pixels: at half a pixel per module nothing is left of a code
MIN_EDGES = 16  # light to dark or back, from the first bar to the last; an EAN-13 has 60, a letter some
MAX_REGIONS = 3


@dataclass(frozen=True, slots=True)
class Region:
    """A patch of parallel bars, in pixels of the whole picture. `angle`: degrees by which the line across the bars is
    turned from the horizontal, -90 to 90."""

    center: tuple[float, float]
    across: float  # its length from the first bar to the last
    along: float  # the bars' length
    angle: float

    def corners(self) -> tuple[tuple[float, float], ...]:
        """Top left, top right, bottom right, bottom left, as the code stands."""
        cos, sin = math.cos(math.radians(self.angle)), math.sin(math.radians(self.angle))
        halves = ((-1, -1), (1, -1), (1, 1), (-1, 1))
        return tuple(
            (
                self.center[0] + cos * x * self.across / 2 - sin * y * self.along / 2,
                self.center[1] + sin * x * self.across / 2 + cos * y * self.along / 2,
            )
            for x, y in halves
        )


def locate(luma: Luma) -> list[Region]:
    """The patches that most look like bar codes, largest first; at most MAX_REGIONS."""
    height, width = luma.shape
    side = max(1, round(width / CELLS))
    size = (max(1, width // side), max(1, height // side))
    gx = cv2.Sobel(luma, cv2.CV_32F, 1, 0, scale=0.25)
    gy = cv2.Sobel(luma, cv2.CV_32F, 0, 1, scale=0.25)
    parts = (gx * gx, gy * gy, gx * gy, gx, gy, np.abs(gx), np.abs(gy))
    pooled = [cv2.blur(cv2.resize(each, size, interpolation=cv2.INTER_AREA), (5, 5)) for each in parts]
    xx, yy, xy, mean_x, mean_y, size_x, size_y = pooled
    trace = xx + yy
    coherent = (xx - yy) ** 2 + 4 * xy * xy > (COHERENCE * trace) ** 2
    both_ways = mean_x**2 + mean_y**2 < BOTH_WAYS**2 * (size_x**2 + size_y**2)
    mask = (coherent & both_ways & (trace > EDGES * EDGES)).astype(np.uint8)
    mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)), np.uint8)
    mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8)), np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    largest = sorted(range(1, count), key=lambda k: -int(stats[k, cv2.CC_STAT_AREA]))[: 4 * MAX_REGIONS]
    found: list[Region] = []
    for label in largest:
        if stats[label, cv2.CC_STAT_AREA] < MIN_AREA * mask.size or len(found) == MAX_REGIONS:
            break
        region = _region(labels == label, xx, yy, xy, side)
        if region is not None and num_edges(profile(straighten(luma, region, 1.0, 0.0)[0])) >= MIN_EDGES:
            found.append(region)
    return found


def _region(
    inside: npt.NDArray[np.bool_], xx: cv2.typing.MatLike, yy: cv2.typing.MatLike, xy: cv2.typing.MatLike, side: int
) -> Region | None:
    """The patch as a box along its edges' common direction; None for what cannot be a code."""
    mean_xx, mean_yy, mean_xy = (float(part[inside].mean()) for part in (xx, yy, xy))
    angle = 0.5 * math.atan2(2 * mean_xy, mean_xx - mean_yy)  # across the bars
    y, x = np.nonzero(inside)
    cos, sin = math.cos(angle), math.sin(angle)
    u, v = x * cos + y * sin, y * cos - x * sin
    (u0, u1), (v0, v1) = (np.percentile(each, (0.5, 99.5)) for each in (u, v))
    across, along = float(u1 - u0 + 1) * side, float(v1 - v0 + 1) * side
    filled = inside.sum() * side * side / (across * along)
    if across < MIN_ACROSS or along < MIN_ALONG or across < 0.4 * along or filled < 0.45:
        return None
    middle_u, middle_v = (u0 + u1) / 2, (v0 + v1) / 2
    center = ((middle_u * cos - middle_v * sin + 0.5) * side, (middle_u * sin + middle_v * cos + 0.5) * side)
    return Region((float(center[0]), float(center[1])), across, along, math.degrees(angle))


def profile(upright: Luma, share: float = 0.4) -> npt.NDArray[np.float32]:
    """Mean luma along the bars, over the middle `share` of their length: noise goes, bars stay."""
    height = upright.shape[0]
    rows = max(1, round(height * share / 2))
    middle = height // 2
    return np.asarray(upright[max(0, middle - rows) : middle + rows].mean(axis=0, dtype=np.float32), np.float32)


def num_edges(line: npt.NDArray[np.float32]) -> int:
    """How often a profile crosses its own running mean by more than a tenth of its range."""
    low, high = np.percentile(line, (2, 98))
    side = max(3, len(line) // 8) | 1
    even = cv2.blur(line[None], (side, 1))[0]
    clear = line[np.abs(line - even) > 0.1 * (high - low)] > even[np.abs(line - even) > 0.1 * (high - low)]
    return int(np.count_nonzero(clear[1:] != clear[:-1]))


def straighten(luma: Luma, region: Region, scale: float, margin: float = 0.12) -> tuple[Luma, npt.NDArray[np.float64]]:
    """The patch upright and `scale` times as large, with some of its surroundings; and the 2x3 matrix that brings its
    pixels back to the picture's."""
    cos, sin = math.cos(math.radians(region.angle)), math.sin(math.radians(region.angle))
    width, height = region.across * (1 + 2 * margin), region.along
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    back = np.array(
        [
            [cos / scale, -sin / scale, region.center[0] - (cos * width - sin * height) / 2],
            [sin / scale, cos / scale, region.center[1] - (sin * width + cos * height) / 2],
        ]
    )
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    upright = cv2.warpAffine(luma, back, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(upright, np.uint8), back
