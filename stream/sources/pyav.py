"""Network cameras through PyAV: RTSP over TCP, MJPEG over HTTP, HLS."""

import threading
import time
from collections import Counter, deque
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from askcam.stream.errors import SourceError
from askcam.stream.frame import AgeBasis
from askcam.stream.packets import EncodedPacket, PacketListener, PacketTrack, ShownPackets
from askcam.stream.sources import address
from askcam.stream.sources.arrivals import Arrivals, Arrived
from askcam.stream.sources.base import OpeningProgress
from askcam.stream.sources.capture_clock import CaptureClock, Stamp
from askcam.stream.sources.catch_up import CatchUp, Head, Step
from askcam.stream.sources.decoder import Decoder, PacketDecoder, seconds
from askcam.stream.sources.pacer import Pacer
from askcam.stream.sources.playlist_watch import PlaylistWatch
from askcam.stream.sources.rtsp_errors import why_not
from askcam.stream.sources.yuv import Converter, YUVPicture

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

OPEN_S = 8.0  # to connect and to agree on what is sent
READ_S = 5.0  # to wait for a packet, at the least; the camera's own watchdog is quicker, this ends what it abandoned
CLOSE_S = 2.0  # longer than READ_S that a thread in FFmpeg is waited for
JOINS = 4  # times that a playlist is joined anew, since a segment appeared meanwhile
LOOK_S = 0.005  # between looks whether more is coming in

_RTSP = {
    # TCP: no torn pictures, and it passes every firewall that lets the camera through. UDP only where it is refused.
    "rtsp_transport": "tcp+udp",
    "rtsp_flags": "prefer_tcp",
    "allowed_media_types": "video",
    # The SDP says all there is to know. So the first packet is no longer waited for than this, and as probing takes
    # only that one, it is kept ("nobuffer" would throw it away): it is often the keyframe, the next a second later.
    "probesize": "32",  # bytes
}
_HTTP = {
    "protocol_whitelist": "http,https,tls,tcp,crypto,hls,httpproxy,data",  # a playlist must not name local files
    "live_start_index": "-1",  # the newest of a playlist's segments; the default is three behind
    "fpsprobesize": "0",  # a camera's rate is not guessed from its first twenty pictures: they may take minutes
}
_RECORDED = ("hls", "mov", "matroska", "avi", "webm")  # these come in bursts: played at their own pace
_HELD = ("h264", "hevc", "mpeg4", "mpeg2video")  # of these FFmpeg gives a packet when the next one begins, with RTP
_HELP = "lower its resolution or frame rate, name its second stream, or give this machine less to do"


class PyAVSource:
    """An RTSP or HTTP camera. One thread reads packets (arrivals.py), the caller's decodes; any picture can be
    converted later, so `convert` is ignored."""

    def __init__(
        self,
        url: str,
        label: str,
        open_s: float = OPEN_S,
        read_s: float = READ_S,
        transport: str = "",
        decoder: PacketDecoder | None = None,
        playlist: PlaylistWatch | None = None,
    ) -> None:
        """`transport`: "tcp" or "udp", where nothing else is to be tried (RTSP). `decoder`: what has been opened.
        `playlist`: that at `url`, which knows more of time than FFmpeg tells."""
        self._url, self._label, self._transport = url, label, transport
        self._open_s, self._read_s = open_s, read_s
        self._decoder = decoder
        self._playlist = playlist
        self._arrivals: Arrivals | None = None
        self._converter = Converter()
        self._pacer: Pacer | None = None
        self._live_file = False  # a recording that is still being written: HLS
        self._catch_up = CatchUp(0.0)
        self._rtp = url.lower().startswith("rtsp")
        self._stop = threading.Event()
        self._dropped: Counter[str] = Counter()
        self._resync = False  # packets were left out: the next one is a keyframe
        self._key_at: float | None = None  # when decoding could begin
        self._frames: deque[VideoFrame] = deque()  # decoded, not yet handed on: what one packet gave
        self._packets = 0
        self._listener: PacketListener | None = None
        self._track: PacketTrack | None = None
        self._shown: ShownPackets | None = None  # where packets are read long before they are shown

    @property
    def dropped(self) -> Mapping[str, int]:
        decoder, arrivals = self._decoder, self._arrivals
        return {
            "undecodable": decoder.undecodable if decoder else 0,
            "overflow": arrivals.overflow if arrivals else 0,
            **self._dropped,
        }

    def progress(self) -> OpeningProgress:
        arrivals = self._arrivals
        if arrivals is None:
            return OpeningProgress()
        waiting = behind = None
        if self._key_at is None and self._packets:
            waiting = (
                f"waiting for a keyframe: {self._packets} packets came, which need one before them "
                "(set a shorter keyframe or I-frame interval in the camera, and H.264+ or H.265+ off)"
            )
        if self._catch_up.behind:
            behind = f"decoding falls behind: pictures come {self._catch_up.worst_s:.1f} s late; {_HELP}"
        return OpeningProgress(arrivals.heard_at, waiting, behind)

    def allow_silence(self, silence_s: float) -> None:
        self._read_s = max(self._read_s, silence_s)

    def tell_packets(self, listener: PacketListener) -> None:
        self._listener = listener

    def open(self) -> None:
        began = time.monotonic()
        decoder = self._decoder = self._decoder or self._opened()
        for _ in range(JOINS):  # which segment it began with must be known
            if self._playlist is None or self._playlist.join_stream() or time.monotonic() - began > self._open_s:
                break
            decoder.close()
            decoder = self._decoder = self._opened()
        recorded = any(name in decoder.format for name in _RECORDED)
        if recorded:
            self._pacer, self._live_file = Pacer(), decoder.seconds is None
        clock = CaptureClock(time.time() - time.monotonic(), fickle=not recorded)
        held_from = began if self._rtp and decoder.codec in _HELD else None
        timed = self._rtp or recorded
        heard = self._tell if self._tells(decoder) else None
        self._arrivals = Arrivals(
            decoder, clock, self._label, waits=recorded, timed=timed, held_from=held_from, heard=heard
        )
        self._catch_up = CatchUp(time.monotonic())
        self._arrivals.start()
        if self._playlist is not None and self._live_file:
            self._playlist.start()
        if self._stop.is_set():
            self._arrivals.stop()

    def _tells(self, decoder: PacketDecoder) -> bool:
        """Whether packets are told as they arrive; those of a whole recording when they are shown."""
        if self._listener is None:
            return False
        self._track = decoder.track
        if self._pacer is not None and not self._live_file:
            self._shown = ShownPackets(self._track, self._listener)
        return self._shown is None

    def _tell(self, one: Arrived) -> None:
        assert self._listener is not None
        assert self._track is not None
        pts = None if self._playlist is None else seconds(one.packet)
        captured = partial(self._captured_at, one.stamp, pts)
        self._listener(EncodedPacket(self._track, bytes(one.packet), one.key, captured))

    def _captured_at(self, stamp: Stamp, pts: float | None) -> float:
        assert self._arrivals is not None
        return self._captured(self._arrivals, stamp, pts)[0]

    def _opened(self) -> Decoder:
        if self._playlist is not None:
            self._playlist.look()
        return self._connected()

    def _connected(self) -> Decoder:
        """Raises SourceError; of an RTSP camera with what it says itself, for which it is asked once more."""
        if not self._rtp:
            return Decoder(self._url, self._label, _HTTP, (self._open_s, self._read_s))
        options = dict(_RTSP)
        if self._transport:
            options["rtsp_transport"] = self._transport
            del options["rtsp_flags"]
        began = time.monotonic()
        try:
            first_s = self._read_s if self._rtp else 0.0  # FFmpeg gives a slow camera's when the second one begins
            return Decoder(self._url, self._label, options, (self._open_s, self._read_s), first_s)
        except SourceError as error:
            at = address.split(self._url)
            if at is None or self._stop.is_set():
                raise
            raise why_not(at, self._label, began, self._open_s, error) from error

    def read(self, convert: bool) -> YUVPicture | None:
        arrivals, decoder = self._arrivals, self._decoder
        assert arrivals is not None, "read before open"
        assert decoder is not None
        while (frame := self._decoded(arrivals, decoder)) is not None:
            if self._pacer is not None:
                return self._paced(frame, arrivals)
            if self._newest_of_backlog(arrivals):
                return self._picture(frame, arrivals, None)
            self._dropped["backlog"] += 1
        if self._stop.is_set() or self._pacer is not None:
            return None
        raise SourceError(f"{self._label} hung up: was the camera switched off or restarted?")

    def _decoded(self, arrivals: Arrivals, decoder: PacketDecoder) -> "VideoFrame | None":
        """The next frame; None at the end."""
        while not self._frames:
            one = self._next(arrivals, decoder)
            if one is None:
                return None
            one.packet.opaque = one.stamp
            if self._shown is not None:
                self._shown.read(bytes(one.packet), one.key, seconds(one.packet))
            self._frames.extend(decoder.decode(one.packet))
        return self._frames.popleft()

    def _next(self, arrivals: Arrivals, decoder: PacketDecoder) -> Arrived | None:
        """The packet that is to be decoded next; None at the end."""
        while (one := arrivals.take()) is not None:
            self._packets += 1
            step = Step.DECODE if self._pacer is not None else self._step(one, arrivals)
            if step is Step.RECONNECT:
                raise SourceError(f"{self._label}: decoding fell behind, and no keyframe came")
            if step is Step.JUMP:
                newest, number = arrivals.skip_to_key()
                self._dropped["behind"] += number + (newest is not None)
                self._resync = newest is not None
                one = newest or one
            elif step is Step.EMPTY:
                self._dropped["behind"] += 1 + arrivals.empty()
                self._key_at, self._packets, self._resync = None, 0, True
                continue
            if one.key and self._key_at is None:
                self._key_at = time.monotonic()
            if self._resync and one.key:
                self._resync = False
                decoder.forget()
            decoder.lean(self._catch_up.lean)
            return one
        return None

    def _step(self, one: Arrived, arrivals: Arrivals) -> Step:
        now = time.monotonic()
        return self._catch_up.next(Head(now - one.read_at, one.key, arrivals.key_waits), now)

    def _newest_of_backlog(self, arrivals: Arrivals) -> bool:
        """Wait until the camera makes a pause; False once more has come. Only then is it known how old a picture is."""
        while not arrivals.settled:
            if arrivals.waiting or self._stop.wait(LOOK_S):
                return False
        return True

    def _paced(self, frame: "VideoFrame", arrivals: Arrivals) -> YUVPicture | None:
        assert self._pacer is not None
        now = time.monotonic()
        due = self._pacer.due(seconds(frame), now)
        if due > now and self._stop.wait(due - now):
            return None
        while self._live_file and not arrivals.settled:  # the whole segment: its length is part of the age
            if self._stop.wait(LOOK_S):
                return None
        if self._shown is not None:
            self._shown.shown(seconds(frame), due)
        return self._picture(frame, arrivals, None if self._live_file else due)

    def _picture(self, frame: "VideoFrame", arrivals: Arrivals, mono: float | None) -> YUVPicture:
        basis = AgeBasis.ARRIVAL
        if mono is None:
            stamp = frame.opaque
            assert isinstance(stamp, Stamp), "a frame without its packet"
            mono, basis = self._captured(arrivals, stamp, seconds(frame))
        wall = time.time() - (time.monotonic() - mono)
        assert self._decoder is not None, "a frame without its decoder"
        return YUVPicture(frame, self._converter, wall, mono, basis, self._decoder.sar)

    def _captured(self, arrivals: Arrivals, stamp: Stamp, pts: float | None) -> tuple[float, AgeBasis]:
        """When a picture was captured, by the steady clock, and what that rests on."""
        told = None if self._playlist is None else self._playlist.captured(pts)
        return arrivals.captured(stamp) if told is None else (min(told[0], stamp.arrival), told[1])

    def interrupt(self) -> None:
        self._stop.set()
        if self._arrivals is not None:
            self._arrivals.stop()
        if self._playlist is not None:
            self._playlist.interrupt()

    def close(self) -> None:
        if self._playlist is not None:
            self._playlist.close()
        if self._arrivals is not None:
            self._arrivals.stop()
            self._arrivals.join(self._read_s + CLOSE_S)  # it closes the container
        elif self._decoder is not None:
            self._decoder.close()
