"""Which size a picture of any shape is given. Pure; sizes are (height, width) in pixels, grids (rows, columns)."""

import math
from collections.abc import Sequence

from askcam.stream.fit import Fit

MAX_RATIO = 200  # Qwen's own bound on width : height and back
SMALL_STRETCH = 1.13  # smart_resize itself bends a 4:3 picture on 6x9 tokens by 1.125


def smart_resize(height: int, width: int, factor: int, min_pixels: int, max_pixels: int) -> tuple[int, int]:
    """The size nearest to `height` x `width` whose sides are multiples of `factor` and whose area is within bounds.

    The rule of Qwen's processors, number for number. Raises ValueError for empty pictures and for shapes beyond 200:1.
    """
    if min(height, width) < 1 or max(height, width) > MAX_RATIO * min(height, width):
        raise ValueError(f"a picture of {width}x{height} pixels cannot be read; want a shape within {MAX_RATIO}:1")
    new_height = max(factor, round(height / factor) * factor)
    new_width = max(factor, round(width / factor) * factor)
    if new_height * new_width > max_pixels:
        scale = math.sqrt(height * width / max_pixels)
        new_height = max(factor, math.floor(height / scale / factor) * factor)
        new_width = max(factor, math.floor(width / scale / factor) * factor)
    elif new_height * new_width < min_pixels:
        scale = math.sqrt(min_pixels / (height * width))
        new_height = math.ceil(height * scale / factor) * factor
        new_width = math.ceil(width * scale / factor) * factor
    return new_height, new_width


def fit_to_grids(width: int, height: int, factor: int, grids: Sequence[tuple[int, int]]) -> Fit:
    """The trained grid that suits the picture best, for a model that knows only `grids`.

    A grid of nearly the picture's shape takes it whole, bent by at most SMALL_STRETCH. Otherwise the picture keeps its
    shape and black bars fill the rest of the grid on which it covers the largest share. Nothing is turned or cut off:
    a phone held upright stands between two bars.
    """
    by_stretch = min(grids, key=lambda grid: _bend(width, height, grid))
    if _bend(width, height, by_stretch) <= SMALL_STRETCH:
        return Fit.stretch(width, height, by_stretch[1] * factor, by_stretch[0] * factor)
    rows, columns = max(grids, key=lambda grid: (1 / _bend(width, height, grid), grid[0] * grid[1]))
    canvas_width, canvas_height = columns * factor, rows * factor
    scale = min(canvas_width / width, canvas_height / height)
    content_width = min(canvas_width, max(1, round(width * scale)))
    content_height = min(canvas_height, max(1, round(height * scale)))
    return Fit(canvas_width, canvas_height, (0, 0, width, height), content_width, content_height)


def _bend(width: int, height: int, grid: tuple[int, int]) -> float:
    """How far the grid's shape is from the picture's: 1.0 is the same. Its inverse is the share a letterbox covers."""
    ratio = (width / height) / (grid[1] / grid[0])
    return max(ratio, 1 / ratio)
