"""A camera's newest decoded picture, converted at most once for each use."""

import threading

from askcam.stream.fit import Fit, FitRule
from askcam.stream.frame import Frame, Pixels
from askcam.stream.sources.base import DecodedPicture, Unconverted


class Shot:
    """One decoded picture of one camera. Any thread may ask for its frames; ten that do convert once."""

    def __init__(self, camera: str, seq: int, picture: DecodedPicture, reader: object) -> None:
        self.camera, self.seq, self.picture = camera, seq, picture
        self.reader = reader  # who brought it; only compared
        self._lock = threading.Lock()
        self._fitted: dict[Fit, Frame] = {}  # at most one for each model that sees the camera
        self._full: Frame | None = None

    @property
    def has_pixels(self) -> bool:
        return not isinstance(self.picture, Unconverted)

    def fitted(self, rule: FitRule) -> Frame:
        """As a model sees it; two that see it alike share one. Raises SourceError, and whatever the rule raises for an
        absurd shape."""
        with self._lock:
            fit = rule(self.picture.width, self.picture.height)
            if fit not in self._fitted:
                self._fitted[fit] = self._frame(self.picture.rgb(fit))
            return self._fitted[fit]

    def full(self) -> Frame:
        """In full resolution. Raises SourceError."""
        with self._lock:
            if self._full is None:
                self._full = self._frame(self.picture.rgb())
            return self._full

    def _frame(self, pixels: Pixels) -> Frame:
        picture = self.picture
        return Frame(self.camera, self.seq, picture.wall, picture.mono, pixels, picture.basis)
