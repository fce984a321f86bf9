"""A camera that offers its picture at an address, one JPEG at a time (http://host/snap.jpg): it is polled."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from askcam.stream.errors import SourceError
from askcam.stream.frame import AgeBasis, Pixels
from askcam.stream.sources.address import SourceAddress
from askcam.stream.sources.http_get import Getter, HttpReply
from askcam.stream.sources.push import KEPT_PIXELS, MAX_BYTES, MAX_PIXELS, PushedPicture
from askcam.stream.stills import jpeg as jpegs
from askcam.stream.stills.decoding import decode
from askcam.stream.stills.kinds import PictureError

GET_S = 5.0  # for one picture, from the request to its last byte
MOST_FPS = 10.0
BUSY_S = 10.0  # to wait when the camera says that it is asked too often, but not for how long
MAX_BROKEN = 5  # pictures in a row that cannot be decoded


@dataclass(slots=True)
class StillPace:
    """When the camera may be asked again; outlives its readers. Times on time.monotonic()."""

    interval_s: float
    not_before: float = 0.0
    still: bool = False  # whether it was a single picture the last time
    lock: threading.Lock = field(default_factory=threading.Lock)

    def wait_s(self, now: float) -> float:
        with self.lock:
            return max(0.0, self.not_before - now)

    def told_to_wait(self, now: float, seconds: float) -> None:
        with self.lock:
            self.not_before = max(self.not_before, now + seconds)


class StillCamera:
    """Asks for one picture at a time, no more often than they are looked at; a late one makes the next one later.

    A picture counts as captured when it was asked for: it is not older, unless the camera keeps pictures back. One that
    has not changed (304, or the same bytes) is what the camera shows now, and is given again with the new time; that a
    camera repeats itself for ever is for the camera's health to say.
    """

    def __init__(self, at: SourceAddress, shown: str, pace: StillPace, get_s: float = GET_S) -> None:
        self._getter, self._shown, self._pace, self._get_s = Getter(at, shown), shown, pace, get_s
        self._stop = threading.Event()
        self._next = 0.0  # when the next picture is due
        self._last: tuple[bytes, Pixels] | None = None
        self._known: dict[str, str] = {}  # headers of a conditional request
        self._broken = 0  # in a row
        self._dropped = {"undecodable": 0}

    @property
    def dropped(self) -> Mapping[str, int]:
        return dict(self._dropped)

    def open(self) -> None:
        """Nothing is held open between pictures."""
        self._heed()

    def read(self, convert: bool) -> PushedPicture | None:
        while True:
            now = time.monotonic()
            if self._next > now and self._stop.wait(self._next - now):
                return None
            self._next = max(self._next, time.monotonic()) + self._pace.interval_s
            reply = self._getter.get(self._get_s, MAX_BYTES, whole=True, headers=self._known)
            self._heed(reply)
            pixels = self._decoded(reply)
            if pixels is not None:
                now = time.monotonic()
                wall = time.time() - (now - reply.asked_at)
                return PushedPicture(wall, reply.asked_at, AgeBasis.ARRIVAL, pixels)

    def _heed(self, reply: HttpReply | None = None) -> None:
        """Raise SourceError while the camera wants to be left alone."""
        now = time.monotonic()
        if reply is not None and reply.status in (429, 503):
            self._pace.told_to_wait(now, BUSY_S if reply.retry_after_s is None else reply.retry_after_s)
        wait_s = self._pace.wait_s(now)
        if wait_s > 0:
            raise SourceError(
                f"{self._shown} wants to be asked less often (429 or 503), and is in {wait_s:.0f} s; "
                "sample it with fewer fps"
            )

    def _decoded(self, reply: HttpReply) -> Pixels | None:
        if reply.status == 304 and self._last is not None:
            return self._last[1]
        if self._last is not None and self._last[0] == reply.body:
            return self._last[1]
        if not reply.kind.startswith("image/") and not reply.body.startswith(b"\xff\xd8"):
            raise SourceError(f"{self._shown} sends {reply.kind or 'something'} and no picture any more")
        try:
            width, height = jpegs.size(reply.body)
            if width * height > MAX_PIXELS:
                raise SourceError(
                    f"{self._shown} sends pictures of {width}x{height}; at most {MAX_PIXELS // 1_000_000} megapixels "
                    "are taken: make them smaller in its settings",
                    permanent=True,
                )
            pixels = decode(jpegs.examine(reply.body), KEPT_PIXELS)
        except PictureError as error:
            self._undecodable(f"it {error}")
            return None
        self._broken, self._last = 0, (reply.body, pixels)
        tags = {"If-None-Match": reply.etag, "If-Modified-Since": reply.modified}
        self._known = {name: value for name, value in tags.items() if value}
        return pixels

    def _undecodable(self, why: str) -> None:
        self._dropped["undecodable"] += 1
        self._broken += 1
        self._known = {}
        if self._broken >= MAX_BROKEN:
            raise SourceError(f"{self._shown}: {MAX_BROKEN} pictures in a row cannot be decoded ({why})")

    def interrupt(self) -> None:
        self._stop.set()
        self._getter.interrupt()

    def close(self) -> None:
        """Nothing is held."""
