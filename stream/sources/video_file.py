"""A video file, played in real time as if it were a camera."""

import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from askcam.stream.errors import SourceError
from askcam.stream.frame import AgeBasis
from askcam.stream.packets import PacketListener, ShownPackets
from askcam.stream.sources.decoder import Decoder, seconds
from askcam.stream.sources.ffmpeg_errors import no_video
from askcam.stream.sources.film import open_film
from askcam.stream.sources.pacer import Pacer
from askcam.stream.sources.stills_file import StillsFile
from askcam.stream.sources.yuv import Converter, YUVPicture

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.stream import VideoStream

STILL_S = 0.5  # how often a film of one picture is shown anew, in a loop


class FileSource:
    """Plays `path` at its own pace, once or in a loop. A frame counts as captured when it is due to be shown.

    A time-lapse is shown picture by picture, two a second; told of their times are the film's own.
    """

    def __init__(self, path: str, label: str, loop: bool) -> None:
        self._path, self._label, self._loop = path, label, loop
        self._decoder: Decoder | StillsFile | None = None
        self._converter = Converter()
        self._pacer = Pacer()
        self._stop = threading.Event()
        self._num_frames = 0  # of this round
        self._begun: float | None = None  # of a time-lapse: when it was filmed, as if it had ended just now
        self._zero: float | None = None  # and its first timestamp
        self._undecodable = 0
        self._listener: PacketListener | None = None
        self._shown: ShownPackets | None = None

    @property
    def dropped(self) -> Mapping[str, int]:
        return {"undecodable": self._undecodable + (self._decoder.undecodable if self._decoder else 0)}

    def tell_packets(self, listener: PacketListener) -> None:
        self._listener = listener

    def open(self) -> None:
        self._decoder = open_film(self._path, self._label)
        self._num_frames = 0
        if self._decoder.lapses and not self._loop:
            self._pacer, self._begun = Pacer(lapses=True), time.time() - (self._decoder.seconds or 0.0)
        elif self._listener is not None and isinstance(self._decoder, Decoder):
            self._shown, self._decoder.heard = ShownPackets(self._decoder.track, self._listener), self._read_packet

    def _read_packet(self, packet: "Packet[VideoStream]") -> None:
        assert self._shown is not None
        self._shown.read(bytes(packet), packet.is_keyframe, seconds(packet))

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
            if self._num_frames == 1:  # a picture, shown again and again
                if self._stop.wait(STILL_S):
                    return None
                self._pacer = Pacer()
            self.close()
            self.open()
        self._num_frames += 1
        sar, stamp, now = self._decoder.sar, seconds(frame), time.monotonic()
        mono = self._pacer.due(stamp, now)
        if mono > now and self._stop.wait(mono - now):
            return None
        if self._shown is not None:
            self._shown.shown(stamp, mono)
        wall = time.time() + mono - time.monotonic()
        if self._begun is not None and stamp is not None:
            self._zero = stamp if self._zero is None else self._zero
            wall = min(wall, self._begun + stamp - self._zero)
        return YUVPicture(frame, self._converter, wall, mono, AgeBasis.CAPTURE, sar)

    def interrupt(self) -> None:
        self._stop.set()

    def close(self) -> None:
        if self._decoder is not None:
            self._undecodable += self._decoder.undecodable
            self._decoder.close()
            self._decoder = None
