"""A video file walked as fast as it decodes: not a camera, whose time is the clock's, but a reel on a desk."""

from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType

from askcam.stream.fit import FitRule
from askcam.stream.frame import AgeBasis, Pixels
from askcam.stream.sampler import Sampler
from askcam.stream.sources.decoder import seconds
from askcam.stream.sources.ffmpeg_errors import no_video
from askcam.stream.sources.film import open_film
from askcam.stream.sources.yuv import Converter, YUVPicture

BACK_S = 1.0  # a timestamp that jumps back by more than this begins a new piece of time: the file was put together
FRAME_S = 1 / 25  # taken for the length of a frame where nothing is said


@dataclass(frozen=True, slots=True, eq=False)
class Still:
    """One sampled picture. `at_s` counts from the first picture; `pixels` (height, width, 3) uint8 RGB, as fitted."""

    at_s: float
    pixels: Pixels


class Reel:
    """An opened video file. Used by one thread; a context manager. Holds one picture at a time.

    `seconds` is the length that the file claims, None where it doesn't say; `undecodable` counts damaged packets,
    which are skipped.
    """

    def __init__(self, path: str) -> None:
        """Raises SourceError for what is no video."""
        self._path = path
        self._decoder = open_film(path, path)
        self.seconds = self._decoder.seconds
        self.end_s = 0.0  # where the last decoded picture stands

    @property
    def undecodable(self) -> int:
        return self._decoder.undecodable

    def stills(self, fps: float, fit: FitRule) -> Iterator[Still]:
        """`fps` pictures a second of the film's time, by `fit`. Raises SourceError where it cannot be read on."""
        sampler, converter = Sampler(fps), Converter()
        start = previous = None
        shift = 0.0  # what earlier pieces of time took
        while (frame := self._decoder.next()) is not None:
            stamp = seconds(frame)
            if stamp is None:
                stamp = 0.0 if previous is None else previous + FRAME_S
            if start is None or previous is None:
                start = stamp
            elif stamp < previous - BACK_S:
                shift, start = self.end_s + FRAME_S, stamp
            previous = stamp
            self.end_s = max(0.0, shift + stamp - start)
            if sampler.take(self.end_s):
                picture = YUVPicture(frame, converter, self.end_s, self.end_s, AgeBasis.CAPTURE, self._decoder.sar)
                yield Still(self.end_s, picture.rgb(fit(picture.width, picture.height)))
        if previous is None:
            raise no_video(self._path, "it holds not a single picture")

    def __enter__(self) -> "Reel":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._decoder.close()
