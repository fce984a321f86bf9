"""A camera's newest decoded picture, converted at most once for each use."""

import threading

from askcam.stream.fit import Fit, FitRule, resize
from askcam.stream.frame import Frame, Pixels
from askcam.stream.masks import NO_MASKS, Masks
from askcam.stream.sources.base import DecodedPicture, Unconverted


class Shot:
    """One decoded picture of one camera. Any thread may ask for its frames; ten that do convert once."""

    def __init__(self, camera: str, seq: int, picture: DecodedPicture, reader: object, masks: Masks = NO_MASKS) -> None:
        """`picture`: as its source gives it; `masks`: what nobody is to see of it."""
        self.camera, self.seq, self.masks = camera, seq, masks
        self.picture = picture if isinstance(picture, Unconverted) else masks.over(picture)
        self._bare = picture
        self.reader = reader  # who brought it; only compared
        self._lock = threading.Lock()
        self._fitted: dict[Fit, Frame] = {}  # at most one for each model that sees the camera
        self._full: Frame | None = None

    @property
    def has_pixels(self) -> bool:
        return not isinstance(self.picture, Unconverted)

    def masked_by(self, masks: Masks) -> "Shot":
        """The same picture, with other masks."""
        return Shot(self.camera, self.seq, self._bare, self.reader, masks)

    def fitted(self, rule: FitRule) -> Frame:
        """As a model sees it; two that see it alike share one. Raises SourceError, and whatever the rule raises for an
        absurd shape."""
        with self._lock:
            fit = rule(self.picture.width, self.picture.height)
            if fit not in self._fitted:
                self._fitted[fit] = self._cut(fit)
            return self._fitted[fit]

    def full(self) -> Frame:
        """In full resolution. Raises SourceError."""
        with self._lock:
            return self._whole()

    def _whole(self) -> Frame:
        if self._full is None:
            self._full = self._frame(self.picture.rgb())
        return self._full

    def _cut(self, fit: Fit) -> Frame:
        """Of a picture that is cut out of the whole several times, the whole is made once."""
        width, height = self.picture.width, self.picture.height
        if not fit.cropped(width, height) or self.masks:
            return self._frame(self.picture.rgb(fit), fit)
        return self._frame(resize(self._whole().pixels, fit), fit)

    def _frame(self, pixels: Pixels, fit: Fit | None = None) -> Frame:
        picture = self.picture
        part = None if fit is None else fit.part(picture.width, picture.height)
        return Frame(self.camera, self.seq, picture.wall, picture.mono, pixels, picture.basis, part)
