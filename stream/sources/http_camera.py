"""A camera at an http(s) address: endless JPEGs, a single one to be polled, or HLS and others for FFmpeg; which it is,
it says itself."""

import time
from collections.abc import Mapping

from askcam.stream.errors import Refused, SourceError
from askcam.stream.packets import PacketListener
from askcam.stream.sources.address import SourceAddress
from askcam.stream.sources.base import DecodedPicture, OpeningProgress
from askcam.stream.sources.http_get import Getter, HttpReply
from askcam.stream.sources.mjpeg import MJPEGDecoder
from askcam.stream.sources.playlist_watch import PlaylistWatch
from askcam.stream.sources.pyav import OPEN_S, READ_S, PyAVSource
from askcam.stream.sources.replies import plain
from askcam.stream.sources.still_camera import MOST_FPS, StillCamera, StillPace

HEAD = 4096  # bytes that are looked at

_BEGINNINGS = ((b"\x89PNG", "a PNG"), (b"GIF8", "a GIF"), (b"RIFF", "a WebP or AVI"), (b"%PDF", "a PDF"))


class HTTPCamera:
    """Looks first at what is there. JPEGs are read by ourselves, bounded before they are decoded; FFmpeg is given the
    rest, and what is no video for it, is named."""

    def __init__(
        self, at: SourceAddress, shown: str, pace: StillPace, open_s: float = OPEN_S, read_s: float = READ_S
    ) -> None:
        self._at, self._shown, self._pace, self._open_s, self._read_s = at, shown, pace, open_s, read_s
        self._getter = Getter(at, shown)
        self._stopped = False
        self._inner: PyAVSource | StillCamera = PyAVSource(at.url, shown, open_s, read_s)
        self._listener: PacketListener | None = None

    @property
    def dropped(self) -> Mapping[str, int]:
        return self._inner.dropped

    @property
    def interval_s(self) -> float:
        """Seconds between two pictures, where it has to be asked for each."""
        return self._pace.interval_s

    def progress(self) -> OpeningProgress:
        inner = self._inner
        return inner.progress() if isinstance(inner, PyAVSource) else OpeningProgress()

    def allow_silence(self, silence_s: float) -> None:
        self._read_s = max(self._read_s, silence_s)
        if isinstance(self._inner, PyAVSource):
            self._inner.allow_silence(silence_s)

    def tell_packets(self, listener: PacketListener) -> None:
        self._listener = listener

    def open(self) -> None:
        still = StillCamera(self._at, self._shown, self._pace)
        if self._pace.still:  # it was one the last time
            still.open()
            self._inner = still
            return
        began, failed = time.monotonic(), None
        try:
            reply = self._getter.get(self._open_s, HEAD, whole=False, keep_s=self._read_s)
        except Refused:
            raise
        except SourceError as error:  # FFmpeg knows the way through proxies, and other dialects
            if time.monotonic() - began > self._open_s / 2:
                raise
            reply, failed = None, error
        if reply is not None and reply.stream is not None:
            decoder = MJPEGDecoder(reply.stream, self._shown, self._read_s)
            self._inner = PyAVSource(self._at.url, self._shown, self._open_s, self._read_s, decoder=decoder)
        elif reply is not None and _is_jpeg(reply):
            self._inner, self._pace.still = still, True
        elif reply is not None and reply.body.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"#EXTM3U"):
            watch = PlaylistWatch(self._at, self._shown)
            self._inner = PyAVSource(self._at.url, self._shown, self._open_s, self._read_s, playlist=watch)
        if self._stopped:
            self._inner.interrupt()
        if self._listener is not None and isinstance(self._inner, PyAVSource):
            self._inner.tell_packets(self._listener)
        try:
            self._inner.open()
        except SourceError as error:
            if self._inner is still:
                raise
            raise failed or (reply and _no_video(self._shown, reply)) or error from error

    def read(self, convert: bool) -> DecodedPicture | None:
        try:
            return self._inner.read(convert)
        except SourceError:
            if self._pace.wait_s(time.monotonic()) <= 0:
                self._pace.still = False  # look anew what it is
            raise

    def interrupt(self) -> None:
        self._stopped = True
        self._getter.interrupt()
        self._inner.interrupt()

    def close(self) -> None:
        self._getter.interrupt()
        self._inner.close()
        self._getter.close()


def pace_of(fps: float) -> StillPace:
    """How often a camera that is sampled `fps` times a second is asked for a picture."""
    return StillPace(1 / min(MOST_FPS, fps))


def _is_jpeg(reply: HttpReply) -> bool:
    if reply.status in (429, 503):
        return True  # not now: the one that polls knows how to wait
    return reply.body.startswith(b"\xff\xd8") and not reply.kind.startswith("multipart/")


def _no_video(shown: str, reply: HttpReply) -> SourceError | None:
    """What is there instead of a video, as far as one can tell; None where FFmpeg's own words are better."""
    head = reply.body.lstrip()[:512].lower()
    if not reply.body:
        return SourceError(f"{shown} is empty: is this stream switched on in the camera's settings?")
    if head.startswith((b"<!doctype html", b"<html", b"<head")) or reply.kind in ("text/html", "application/xhtml+xml"):
        return SourceError(
            f"{shown} is a web page and no video: take the stream's own address (see its manual, or Onvif)",
            permanent=True,
        )
    for beginning, kind in _BEGINNINGS:
        if reply.body.startswith(beginning) and reply.kind.startswith(("image/", "application/pdf", "text/")):
            return SourceError(
                f"{shown} is {kind} and no video: a camera's single pictures are taken as JPEG", permanent=True
            )
    if reply.kind.startswith(("text/", "application/json", "application/xml")) and not head.startswith(b"#extm3u"):
        return SourceError(f"{shown} is {plain(reply.kind)} and no video: check the address", permanent=True)
    if reply.kind.startswith("audio/"):
        return SourceError(f"{shown} has no picture, only sound: take the address of its video", permanent=True)
    return None
