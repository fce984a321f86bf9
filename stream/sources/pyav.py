"""Network cameras through PyAV: RTSP over TCP, MJPEG over HTTP, HLS."""

import threading
import time
from collections.abc import Mapping

from askcam.stream.errors import SourceError
from askcam.stream.frame import AgeBasis
from askcam.stream.sources import address
from askcam.stream.sources.capture_clock import CaptureClock
from askcam.stream.sources.decoder import Decoder, seconds
from askcam.stream.sources.pacer import Pacer
from askcam.stream.sources.rtsp_errors import why_not
from askcam.stream.sources.yuv import Converter, YUVPicture

OPEN_S = 8.0  # to connect and to learn what is sent
READ_S = 5.0  # to wait for a packet; the camera's own watchdog is quicker, this ends a reader that it abandoned

_RTSP = {
    # TCP: no torn pictures, and it passes every firewall that lets the camera through. UDP only where it is refused.
    "rtsp_transport": "tcp+udp",
    "rtsp_flags": "prefer_tcp",
    "allowed_media_types": "video",
    # The SDP says all there is to know. So the first packet is no longer waited for than this, and as probing takes
    # only that one, it is kept ("nobuffer" would throw it away): it is often the keyframe, the next a second later.
    "probesize": "32",  # bytes
}
_HTTP = {"protocol_whitelist": "http,https,tls,tcp,crypto,hls,httpproxy,data"}  # a playlist must not name local files
_RECORDED = ("hls", "mov", "matroska", "avi", "webm")  # these come in bursts: played at their own pace


class PyAVSource:
    """An RTSP or HTTP camera. One thread decodes; any picture can be converted later, so `convert` is ignored."""

    def __init__(
        self, url: str, label: str, open_s: float = OPEN_S, read_s: float = READ_S, transport: str = ""
    ) -> None:
        """`transport`: "tcp" or "udp", where nothing else is to be tried (RTSP)."""
        self._url, self._label, self._transport = url, label, transport
        self._timeout_s = (open_s, read_s)
        self._decoder: Decoder | None = None
        self._converter = Converter()
        self._clock = CaptureClock()
        self._pacer: Pacer | None = None
        self._rtp = url.lower().startswith("rtsp")
        self._stop = threading.Event()

    @property
    def dropped(self) -> Mapping[str, int]:
        return {"undecodable": self._decoder.undecodable} if self._decoder else {}

    def open(self) -> None:
        self._decoder = self._opened()
        if any(name in self._decoder.format for name in _RECORDED):
            self._pacer = Pacer()

    def _opened(self) -> Decoder:
        """Raises SourceError; of an RTSP camera with what it says itself, for which it is asked once more."""
        if not self._rtp:
            return Decoder(self._url, self._label, _HTTP, self._timeout_s)
        options = dict(_RTSP)
        if self._transport:
            options["rtsp_transport"] = self._transport
            del options["rtsp_flags"]
        began = time.monotonic()
        try:
            return Decoder(self._url, self._label, options, self._timeout_s)
        except SourceError as error:
            at = address.split(self._url)
            if at is None or self._stop.is_set():
                raise
            raise why_not(at, self._label, began, self._timeout_s[0], error) from error

    def read(self, convert: bool) -> YUVPicture | None:
        decoder = self._decoder
        assert decoder is not None, "read before open"
        frame = decoder.next()
        if frame is None:
            if self._pacer is not None:
                return None
            raise SourceError(f"{self._label} hung up: was the camera switched off or restarted?")
        if self._pacer is not None:
            now = time.monotonic()
            mono = self._pacer.due(seconds(frame), now)
            if mono > now and self._stop.wait(mono - now):
                return None
            wall = time.time() + mono - time.monotonic()
            return YUVPicture(frame, self._converter, wall, mono, AgeBasis.ARRIVAL)
        wall, mono = time.time(), time.monotonic()
        if decoder.camera_wall is not None:
            self._clock.camera_says(*decoder.camera_wall)
        delay, basis = self._clock.delay(seconds(frame) if self._rtp else None, wall)
        return YUVPicture(frame, self._converter, wall - delay, mono - delay, basis)

    def interrupt(self) -> None:
        self._stop.set()

    def close(self) -> None:
        if self._decoder is not None:
            self._decoder.close()
