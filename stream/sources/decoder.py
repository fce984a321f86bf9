"""Demuxes and decodes one video stream with PyAV, one frame at a time, on one thread."""

import logging
import struct
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol

import av
import av.error

from askcam.stream.packets import PacketTrack
from askcam.stream.sources.ffmpeg_errors import explain, no_video
from askcam.stream.sources.pacer import GAP_S
from askcam.stream.sources.tracks import film, has_cover
from askcam.stream.sources.yuv import SQUARE
from askcam.stream.stills.jpeg import too_costly

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

log = logging.getLogger(__name__)

_STILLS = ("image2", "_pipe", "tty")  # FFmpeg's names of formats that are pictures or text, not video


class PacketDecoder(Protocol):
    """Gives a camera's packets to one thread, and makes pictures of them on another."""

    @property
    def label(self) -> str: ...
    @property
    def format(self) -> str: ...
    @property
    def codec(self) -> str: ...
    @property
    def seconds(self) -> float | None: ...
    @property
    def sar(self) -> Fraction: ...
    @property
    def undecodable(self) -> int: ...
    @property
    def track(self) -> PacketTrack: ...
    @property
    def came_at(self) -> float | None: ...
    def packets(self) -> "Iterator[Packet[VideoStream]]": ...
    def decode(self, packet: "Packet[VideoStream]") -> "list[VideoFrame]": ...
    def lean(self, lean: bool) -> None: ...
    def forget(self) -> None: ...
    def close(self) -> None: ...


class _Phases:
    """FFmpeg opens a stream in two phases, and PyAV reads the limit before each: to connect and agree, then to have the
    first packet. Where that ran out FFmpeg would make do with what it has, and call it the whole packet."""

    def __init__(self, *limits_s: float) -> None:
        self._limits_s = list(limits_s)

    def __float__(self) -> float:
        return float(self._limits_s.pop(0) if len(self._limits_s) > 1 else self._limits_s[0])


class Decoder:
    """One opened video. Used by one thread only."""

    def __init__(
        self,
        url: str,
        label: str,
        options: Mapping[str, str],
        timeout_s: tuple[float, float] | None = None,
        first_s: float = 0.0,
    ) -> None:
        """Open it; `timeout_s` are those of opening and of each read, `first_s` of the first packet where that is more.

        Raises SourceError.
        """
        self.url, self.label = url, label
        self._timeout_s = timeout_s or (0.0, 0.0)
        self.undecodable = 0  # damaged packets, skipped
        self.came_at: float | None = None  # FFmpeg doesn't say when a packet's first byte came
        self.heard: Callable[[Packet[VideoStream]], None] | None = None  # is told of what next() reads
        try:
            limits: Any = timeout_s and (_Phases(timeout_s[0], max(timeout_s[0], first_s)), timeout_s[1])
            self._container: InputContainer = av.open(url, options=dict(options), timeout=limits)
        except av.error.FFmpegError as error:
            raise explain(error, url, label, self._timeout_s[0]) from error
        try:
            self._stream = self._pick()
        except BaseException:
            self._container.close()
            raise
        self._told = self._stream.sample_aspect_ratio  # by the container, or else by the codec
        self._differs = self._told != self._stream.codec_context.sample_aspect_ratio
        self._first: Fraction | None = None  # what the codec says at the first picture
        self._jpegs = self._stream.codec_context.name == "mjpeg"
        self._frames = self._decode()

    @property
    def format(self) -> str:
        """FFmpeg's name of the container: "rtsp", "hls", "mpjpeg", "mov,mp4,..."."""
        return str(self._container.format.name)

    @property
    def codec(self) -> str:
        """FFmpeg's name of the codec: "h264", "hevc", "mjpeg"..."""
        return str(self._stream.codec_context.name)

    @property
    def track(self) -> PacketTrack:
        """What its packets are. Before they are decoded."""
        codec = self._stream.codec_context
        return PacketTrack(self.codec, bytes(codec.extradata or b""), codec.width, codec.height)

    @property
    def seconds(self) -> float | None:
        """The length that the container or the stream claims; None where neither says (a camera has none)."""
        if self._container.duration:
            return float(self._container.duration / av.time_base)
        stream = self._stream
        return None if not stream.duration or stream.time_base is None else float(stream.duration * stream.time_base)

    @property
    def lapses(self) -> bool:
        """Whether it says that it is a time-lapse: less than a picture every GAP_S seconds."""
        rate = self._stream.average_rate
        return rate is not None and 0 < rate * GAP_S < 1

    def _pick(self) -> "VideoStream":
        if any(still in self.format for still in _STILLS):
            raise no_video(self.label, "it is a still picture or a text")
        stream = film(self._container)
        if stream is None:
            what = (
                "it is sound with a cover picture" if has_cover(self._container) else "it has no picture (only sound?)"
            )
            raise no_video(self.label, what)
        stream.codec_context.thread_count = 1  # half the CPU of the default, and a shorter delay
        stream.codec_context.copy_opaque = True  # a frame knows its packet
        return stream

    @property
    def sar(self) -> Fraction:
        """How much wider than high the pixels of the frame that came last are. The container's word counts, as with
        players, until the codec changes its own."""
        now = self._stream.codec_context.sample_aspect_ratio or None
        if self._first is None:
            self._first = now
        if self._differs and now == self._first:
            return self._told or SQUARE
        return now or self._told or SQUARE

    def next(self) -> "VideoFrame | None":
        """The next frame; None at the end (a camera that hung up looks the same). Raises SourceError."""
        try:
            return next(self._frames, None)
        except av.error.EOFError:
            return None
        except av.error.FFmpegError as error:
            raise explain(error, self.url, self.label, self._timeout_s[1]) from error

    def _decode(self) -> "Iterator[VideoFrame]":
        for packet in self._container.demux(self._stream):
            if self.heard is not None:
                self.heard(packet)
            yield from self.decode(packet)

    def packets(self) -> "Iterator[Packet[VideoStream]]":
        """The packets, for who decodes them elsewhere; the last one is empty: what is still held comes out for it.

        Raises SourceError.
        """
        try:
            yield from self._container.demux(self._stream)
        except av.error.EOFError:
            return
        except av.error.FFmpegError as error:
            raise explain(error, self.url, self.label, self._timeout_s[1]) from error

    def decode(self, packet: "Packet[VideoStream]") -> "list[VideoFrame]":
        """A packet's frames; none of a damaged one, which is counted. `frame.opaque` is the packet's."""
        if self._jpegs and packet.size and too_costly(bytes(packet)):
            self.undecodable += 1  # hours of a core, and no camera's
            return []
        try:
            return packet.decode()
        except av.error.InvalidDataError:
            self.undecodable += 1
            return []

    def lean(self, lean: bool) -> None:
        """Whether to leave out frames on which no other rests."""
        self._stream.codec_context.skip_frame = "NONREF" if lean else "DEFAULT"

    def forget(self) -> None:
        """Packets were left out: the next one is a keyframe, and nothing before it counts."""
        self._stream.codec_context.flush_buffers()

    def close(self) -> None:
        try:
            self._container.close()
        except av.error.FFmpegError as error:  # it is going anyway
            log.debug("closing %s: %s", self.label, error)


def seconds(timed: "VideoFrame | Packet[VideoStream]") -> float | None:
    """A frame's or packet's timestamp; None for those that FFmpeg could not tell (the first of an RTSP stream)."""
    return None if timed.pts is None or timed.time_base is None else float(timed.pts * timed.time_base)


def reported_wall_us(packet: "Packet[VideoStream]") -> int | None:
    """A packet's time by the camera's wall clock, microseconds since the epoch, if RTCP sender reports have told it.

    They come as "prft" side data, with each packet: FFmpeg reckons from the last report."""
    if packet.pts is None or not packet.has_sidedata("prft"):
        return None
    data = bytes(packet.get_sidedata("prft"))
    if len(data) < 8:
        return None
    (microseconds,) = struct.unpack_from("<q", data)
    return int(microseconds)
