"""Endless JPEGs over HTTP, read by ourselves: each is there with its last byte, and its cost is known before FFmpeg
decodes it."""

import http.client
import time
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import av
import av.error

from askcam.stream.errors import SourceError
from askcam.stream.packets import PacketTrack
from askcam.stream.sources.http_get import CHUNK
from askcam.stream.sources.jpeg_parts import MAX_BETWEEN, JPEGParts
from askcam.stream.sources.push import MAX_PIXELS
from askcam.stream.sources.yuv import SQUARE
from askcam.stream.stills.jpeg import size, too_costly
from askcam.stream.stills.kinds import PictureError

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_MAX_REFUSED = 10  # in a row, before it is said


class MJPEGDecoder:
    """A PacketDecoder of a reply whose body are JPEGs. One thread reads packets, another decodes."""

    format, codec, seconds = "mpjpeg", "mjpeg", None

    def __init__(self, response: http.client.HTTPResponse, label: str, read_s: float) -> None:
        """`response`'s body has not been read; `read_s` are those of its socket."""
        self.label = label
        self.undecodable = 0  # damaged ones, too large or too costly ones
        self.came_at: float | None = None  # first byte of the packet that packets() gave last, time.monotonic()
        self._response, self._read_s = response, read_s
        self._context = av.CodecContext.create("mjpeg", "r")
        self._context.thread_count = 1
        self._context.copy_opaque = True

    def packets(self) -> "Iterator[Packet[VideoStream]]":
        parts, refused = JPEGParts(), 0
        while data := self._data():
            for jpeg, self.came_at in parts.feed(data, time.monotonic()):
                packet = cast("Packet[VideoStream]", av.Packet(jpeg))
                packet.is_keyframe = True
                refused = 0
                yield packet
            refused += parts.refused
            self.undecodable, parts.refused = self.undecodable + parts.refused, 0
            if refused >= _MAX_REFUSED:
                raise SourceError(f"{self.label}: its pictures are too large, or no JPEGs that we know")
            if parts.between > MAX_BETWEEN:
                raise SourceError(f"{self.label} sends parts that are no JPEGs: is this the address of its video?")

    def _data(self) -> bytes:
        """What has come, as soon as something has; empty at the end."""
        try:
            return self._response.read1(CHUNK)
        except TimeoutError as error:
            raise SourceError(f"{self.label}: nothing came for {self._read_s:g} s: is it still on?") from error
        except (http.client.HTTPException, OSError, ValueError, AttributeError) as error:  # closed meanwhile, too
            raise SourceError(f"{self.label} hung up in the middle of a picture: is it overloaded?") from error

    def decode(self, packet: "Packet[VideoStream]") -> "list[VideoFrame]":
        """The packet's frame; none of a damaged one, or one that would take too long: these are counted."""
        if not packet.size:
            return []
        jpeg = bytes(packet)
        try:
            width, height = size(jpeg)
        except PictureError:
            width = height = 0
        if not 0 < width * height <= MAX_PIXELS or too_costly(jpeg):
            self.undecodable += 1
            return []
        try:
            frames = self._context.decode(packet)
        except (av.error.InvalidDataError, av.error.PatchWelcomeError):
            frames = []
        self.undecodable += not frames
        return [frame for frame in frames if isinstance(frame, av.VideoFrame)]

    @property
    def track(self) -> PacketTrack:
        return PacketTrack(self.codec, b"", 0, 0)

    @property
    def sar(self) -> Fraction:
        return self._context.sample_aspect_ratio or SQUARE

    def lean(self, lean: bool) -> None:
        """Each picture stands by itself: none is left out."""

    def forget(self) -> None:
        """There is nothing that later pictures rest on."""

    def close(self) -> None:
        self._response.close()
