"""What differs between model families, as one value. Pure; no torch.

A function per family (known.py) makes a FamilySpec from a model's config.json and its processor's limits; everything
else in the engine is written against the spec.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from askcam.engine.families.grids import fit_to_grids, smart_resize
from askcam.stream.fit import Fit

Grid = tuple[int, int]  # (rows, columns) of language-model tokens

MAX_PAIRS = 16  # of a window, where nothing is configured
LIVE_TOKENS = 256  # of one pair of a live window, unless max_pixels is set: sixteen pairs are then a 4k prompt
STILL_TOKENS = 1280  # of one attached picture, as Qwen's own examples bound it


@dataclass(frozen=True, slots=True)
class ModelLimits:
    """Pixels that one picture may have after resizing, both ends included."""

    min_pixels: int
    max_pixels: int


@dataclass(frozen=True, slots=True)
class FamilySpec:
    """One model's shapes and rules."""

    model_type: str
    patch: int  # pixels of a side of the vision tower's patch
    merge: int  # patches of a side that become one token
    frame: ModelLimits  # of a frame of a window or clip
    still: ModelLimits  # of an attached picture
    grids: tuple[Grid, ...] = ()  # the only grids that the model was trained on; empty: any
    tokens_per_second: float | None = None  # temporal positions follow the clock at this rate; None: they count pairs
    stamped_pairs: bool = False  # every pair stands alone in the prompt, behind its time stamp
    interleaved: bool = False  # neighbouring frequencies turn with time, row and column by turns; else in three blocks

    @property
    def factor(self) -> int:
        """Pixels of a side of one token; widths and heights are multiples of it."""
        return self.patch * self.merge

    def fit_frame(self, width: int, height: int) -> Fit:
        """How a camera's or clip's picture becomes a frame. Raises ValueError for shapes beyond 200:1."""
        return self._fit(width, height, self.frame)

    def fit_still(self, width: int, height: int) -> Fit:
        """How an attached picture becomes what the model sees. Raises ValueError for shapes beyond 200:1."""
        return self._fit(width, height, self.still)

    def num_tokens(self, width: int, height: int) -> int:
        """Vision tokens of one pair, or one still, of this size in pixels (already fitted)."""
        return (width // self.factor) * (height // self.factor)

    def _fit(self, width: int, height: int, limits: ModelLimits) -> Fit:
        new_height, new_width = smart_resize(height, width, self.factor, limits.min_pixels, limits.max_pixels)
        if self.grids and (new_height // self.factor, new_width // self.factor) not in self.grids:
            return fit_to_grids(width, height, self.factor, self.grids)
        return Fit.stretch(width, height, new_width, new_height)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a model's files say, as plain values: the input of a family's spec function."""

    config: Mapping[str, Any]  # config.json
    frame: ModelLimits | None  # the video processor's, None where it states none of its own
    still: ModelLimits | None  # the image processor's
    min_pixels: int | None = None  # of a frame, as the user set it
    max_pixels: int | None = None
    still_min_pixels: int | None = None  # of an attached picture, as the user set it
    still_max_pixels: int | None = None
    grids: tuple[Grid, ...] = ()

    def frame_limits(self, factor: int, own: ModelLimits | None) -> ModelLimits:
        """The user's limits, else the model's `own` bounded to LIVE_TOKENS, else from 4 tokens to LIVE_TOKENS."""
        own = own or ModelLimits(4 * factor**2, LIVE_TOKENS * factor**2)
        high = self.max_pixels or min(own.max_pixels, LIVE_TOKENS * factor**2)
        low = self.min_pixels or min(own.min_pixels, high)
        return _checked(low, high, factor)

    def still_limits(self, factor: int) -> ModelLimits:
        """The user's limits for a picture, else the model's own bounded to STILL_TOKENS."""
        own = self.still or ModelLimits(4 * factor**2, STILL_TOKENS * factor**2)
        high = self.still_max_pixels or max(factor**2, min(own.max_pixels, STILL_TOKENS * factor**2))
        return _checked(self.still_min_pixels or min(own.min_pixels, high), high, factor)


def _checked(low: int, high: int, factor: int) -> ModelLimits:
    """Raises ValueError for what no picture can be."""
    if not factor**2 <= high or low > high:
        raise ValueError(f"min_pixels {low} and max_pixels {high}: want {factor**2} <= max_pixels >= min_pixels")
    return ModelLimits(low, high)
