"""Looks at a live playlist beside FFmpeg, which reads its segments: when does each appear, what is it dated?"""

import threading
import time
from urllib.parse import urljoin

from askcam.stream.errors import SourceError
from askcam.stream.frame import AgeBasis
from askcam.stream.sources import address
from askcam.stream.sources.address import SourceAddress
from askcam.stream.sources.http_get import PORTS, Getter
from askcam.stream.sources.playlist import Playlist, PlaylistClock, parse

GET_S = 2.0  # for one look
MAX_BYTES = 256 << 10
LOOK_S = 0.3  # between looks: so well is it known when segments appear ...
LOOK_SLOW_S = 1.0  # ... where looks are slow, at the most
SHARE = 0.2  # of the time that looks may take, where they are slow: up to LOOK_SLOW_S between them
MAX_FAILED = 20  # in a row: then it is left alone


class PlaylistWatch:
    """A thread of its own; captured() is for one other, interrupt() for any."""

    def __init__(self, at: SourceAddress, shown: str) -> None:
        self._at, self._shown = at, shown
        self._getter = Getter(at, shown)
        self._lock = threading.Lock()
        self._clock = PlaylistClock(time.time() - time.monotonic())
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="askcam-playlist", daemon=True)

    def look(self) -> bool:
        """One look, by the caller's thread; whether there is a playlist."""
        asked = time.monotonic()
        playlist = self._read()
        if playlist is not None and playlist.variant is not None:  # all variants are cut alike
            moved = address.split(urljoin(self._at.bare_url, playlist.variant[: address.MAX_CHARS]))
            if moved is None or moved.scheme not in PORTS:
                return False
            same = (moved.scheme, moved.host, moved.port) == (self._at.scheme, self._at.host, self._at.port)
            self._at = address.with_userinfo(moved, self._at.userinfo if same else None)
            self._getter = Getter(self._at, self._shown)
            playlist = self._read()
        if playlist is None or playlist.variant is not None:
            return False
        with self._lock:
            self._clock.look(playlist, asked, time.monotonic())
        return True

    def join_stream(self) -> bool:
        """FFmpeg has begun with the newest segment of the last look; False where another one has appeared since."""
        with self._lock:
            first = self._clock.join()
        self.look()
        with self._lock:
            return self._clock.newest == first

    def start(self) -> None:
        self._thread.start()

    def captured(self, pts: float | None) -> tuple[float, AgeBasis] | None:
        """See PlaylistClock.captured()."""
        with self._lock:
            return None if pts is None else self._clock.captured(pts)

    def interrupt(self) -> None:
        self._stop.set()
        self._getter.interrupt()

    def close(self) -> None:
        self.interrupt()
        if self._thread.is_alive():
            self._thread.join(GET_S)

    def _read(self) -> Playlist | None:
        try:
            reply = self._getter.get(GET_S, MAX_BYTES, whole=True)
        except SourceError:
            return None  # FFmpeg reads it too, and says what is wrong
        return parse(reply.body.decode("utf-8", "replace"))

    def _run(self) -> None:
        failed, wait_s = 0, LOOK_S
        while failed < MAX_FAILED and not self._stop.wait(wait_s):
            began = time.monotonic()
            failed = 0 if self.look() else failed + 1
            wait_s = max(LOOK_S, min(LOOK_SLOW_S, (time.monotonic() - began) / SHARE))
