"""A video file, played in real time as if it were a camera."""

import threading
import time
from collections.abc import Mapping

from askcam.stream.errors import SourceError
from askcam.stream.frame import AgeBasis
from askcam.stream.sources.decoder import Decoder, seconds
from askcam.stream.sources.ffmpeg_errors import no_video
from askcam.stream.sources.pacer import Pacer
from askcam.stream.sources.yuv import Converter, YUVPicture

OPTIONS = {"protocol_whitelist": "file,crypto,data"}  # a playlist on disk must not reach for the network


class FileSource:
    """Plays `path` at its own pace, once or in a loop. A frame counts as captured when it is due to be shown."""

    def __init__(self, path: str, label: str, loop: bool) -> None:
        self._path, self._label, self._loop = path, label, loop
        self._decoder: Decoder | None = None
        self._converter = Converter()
        self._pacer = Pacer()
        self._stop = threading.Event()
        self._num_frames = 0  # of this round
        self._undecodable = 0

    @property
    def dropped(self) -> Mapping[str, int]:
        return {"undecodable": self._undecodable + (self._decoder.undecodable if self._decoder else 0)}

    def open(self) -> None:
        try:
            self._decoder = Decoder(self._path, self._label, OPTIONS)
        except SourceError as error:
            error.permanent = True  # a file does not get better
            raise
        self._num_frames = 0

    def read(self, convert: bool) -> YUVPicture | None:
        while True:
            assert self._decoder is not None, "read before open"
            try:
                frame = self._decoder.next()
            except SourceError as error:
                error.permanent = True
                raise
            if frame is not None:
                break
            if not self._num_frames:
                raise no_video(self._label, "it holds not a single picture")
            if not self._loop:
                return None
            self.close()
            self.open()
        self._num_frames += 1
        now = time.monotonic()
        mono = self._pacer.due(seconds(frame), now)
        if mono > now and self._stop.wait(mono - now):
            return None
        wall = time.time() + mono - time.monotonic()
        return YUVPicture(frame, self._converter, wall, mono, AgeBasis.CAPTURE)

    def interrupt(self) -> None:
        self._stop.set()

    def close(self) -> None:
        if self._decoder is not None:
            self._undecodable += self._decoder.undecodable
            self._decoder.close()
            self._decoder = None
