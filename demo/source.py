"""`synthetic:SEED`: a camera of the synthetic scene, 25 pictures a second, in real time."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from askcam.demo.scene import HEIGHT, WIDTH
from askcam.demo.synthetic import SyntheticScene
from askcam.stream.errors import SourceError
from askcam.stream.fit import Fit, resize
from askcam.stream.frame import AgeBasis, Pixels

FPS = 25  # pictures a second
MAX_SEED = 2**63 - 1


@dataclass(frozen=True, slots=True, eq=False)
class ScenePicture:
    """The scene at one moment. Drawn when asked for, on the asking thread: pictures that nobody wants cost nothing."""

    scene: SyntheticScene
    wall: float  # seconds since the epoch
    mono: float
    basis: AgeBasis = AgeBasis.CAPTURE
    width: int = WIDTH
    height: int = HEIGHT

    def rgb(self, fit: Fit | None = None) -> Pixels:
        """(height, width, 3) uint8 RGB, by `fit` if one is given. Any thread."""
        pixels = self.scene.at(self.wall)
        return pixels if fit is None else resize(pixels, fit)


class SyntheticSource:
    """A stream.sources.base.Source. Owned by its capture thread. Never ends.

    Picture k is taken at wall time k / 25 s, so two cameras of one seed show the same at the same time. A reader that
    comes late gets the newest picture; those between are never made.
    """

    def __init__(
        self,
        seed: int,
        *,
        wall: Callable[[], float] = time.time,
        mono: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._scene = SyntheticScene(seed)
        self._wall, self._mono, self._sleep = wall, mono, sleep
        self._last = 0  # number of the picture that was read last

    def open(self) -> None:
        """Ready at once: the first read() gives the picture of now."""
        self._scene.at(self._wall())  # art and fonts are loaded here, not in the first answer
        self._last = int(self._wall() * FPS) - 1

    def read(self, convert: bool) -> ScenePicture:
        """Wait for the next picture. `convert` changes nothing: a picture is drawn when its pixels are asked for."""
        while (number := int((now := self._wall()) * FPS)) <= self._last:
            if now * FPS < self._last - FPS:
                self._last = number - 1  # the clock was set back, perhaps while we slept
            else:
                self._sleep(max(0.0005, (self._last + 1) / FPS - now))
        self._last = number
        wall = number / FPS
        return ScenePicture(self._scene, wall, self._mono() - (now - wall))

    def close(self) -> None:
        """Nothing to give back."""


def open_synthetic(uri: str) -> SyntheticSource:
    """The source of `synthetic:SEED` (no seed: 0). Raises SourceError, permanent, for a seed that is none."""
    text = uri.partition(":")[2].removeprefix("//")
    if not text:
        return SyntheticSource(0)
    if not re.fullmatch(r"[0-9]{1,19}", text, re.ASCII) or int(text) > MAX_SEED:
        raise SourceError(
            f"cannot open {uri!r}: the seed must be a whole number from 0 to {MAX_SEED}, as in synthetic:7",
            permanent=True,
        )
    return SyntheticSource(int(text))
