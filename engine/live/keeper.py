"""All cameras' windows: kept as long and as complete as their streams, one piece of work at a time."""

import logging
import time
from collections.abc import Iterator

import torch

from askcam.engine.interface import LiveSource, PacedSource, SeenPace, WindowSource
from askcam.engine.live.feed import Append, Encode, Feed, Track
from askcam.engine.live.kvpool import PoolFull
from askcam.engine.live.model import LiveModel
from askcam.engine.live.prompts import Head, LivePrompter
from askcam.engine.live.scheduler import CameraPace, PaceChange
from askcam.engine.live.vision import EncodedPairs
from askcam.engine.live.windows import KVWindow
from askcam.stream.window import Anchors, View

log = logging.getLogger("askcam.engine")

ASIDE_S = 30.0


class Keeper:
    """Owned by the engine thread."""

    def __init__(self, model: LiveModel, prompter: LivePrompter, anchors: Anchors) -> None:
        self._model, self._prompter, self._anchors = model, prompter, anchors
        self._clocked = prompter.clocked
        self._default: Head = prompter.default_head()
        self._feeds: dict[str, Feed] = {}
        self._starved: set[str] = set()  # cameras for which the pool had no room; said once each
        self._aside: dict[str, float] = {}  # cameras that are not kept until then (time.monotonic())
        self._at_work: Feed | None = None  # whose pair is being encoded or appended
        self._growing: Iterator[None] | None = None  # windows that are growing just now
        self._encoding: tuple[Encode, Iterator[EncodedPairs | None]] | None = (
            None  # a pair that is being encoded just now
        )

    def feed(self, source: WindowSource) -> Feed:
        """The camera's feed; a new one for a new source."""
        feed = self._feeds.get(source.name)
        if feed is None or feed.source is not source:
            self.drop(source.name)
            feed = self._feeds[source.name] = Feed(source, self._anchors, self._clocked)
        return feed

    def drop(self, name: str) -> None:
        """The camera is gone. Answers that read its windows hold them until they end."""
        feed = self._feeds.pop(name, None)
        self._starved.discard(name)
        self._aside.pop(name, None)
        if feed is not None:
            self.release(feed.forget())

    def see(self, source: WindowSource, view: View | None) -> Feed:
        """Take in what the camera's window holds now."""
        feed = self.feed(source)
        self.release(feed.forget() if view is None else feed.see(view))
        if view is not None:
            self.release(feed.idle_heads(time.monotonic(), self._default))
            self.track(feed, self._default)
        return feed

    def track(self, feed: Feed, head: Head) -> Track:
        """The feed's windows for a head, which begin to be kept with the first call."""
        track = feed.tracks.get(head)
        if track is None:
            assert feed.shape is not None, "a feed has seen a view before anything is computed"
            track = feed.tracks[head] = Track(head, self._prompter.seam(head, feed.shape))
        feed.settled = False
        feed.tracks.move_to_end(head)  # the first ones are those that were not asked with for longest
        return track

    def window(self, feed: Feed, track: Track, start: int) -> KVWindow:
        """The window that begins at the pair `start`, an anchor of the camera's; opened if need be. Raises PoolFull."""
        return track.windows.get(start) or self._open(feed, track, start)

    def complete(self, feed: Feed, track: Track, window: KVWindow) -> None:
        """Compute what the window still lacks."""
        self._finish_growing()
        for piece in feed.pieces(track, window):
            if isinstance(piece, Encode):
                self._encode(piece)
            else:
                self._append(piece)
                self._finish_growing()

    def work(self) -> bool:
        """The most urgent piece that frames brought. Returns whether there was any."""
        if self._growing is not None:
            self._grow_on()
            return True
        if self._encoding is not None:
            self._encode_on()
            return True
        now = time.monotonic()
        waiting = [feed for name, feed in self._feeds.items() if not feed.settled and now >= self._aside.get(name, 0.0)]
        for feed in sorted(waiting, key=_deadline):
            self._at_work = feed
            if self._advance(feed):
                return True
            feed.settled = True
        return False

    def set_aside(self, exc: Exception) -> None:
        """The device's memory was too small for what work() did: its camera, or else the newest, is not kept for a
        while. Questions about it are answered from nothing, or refused where that does not fit either."""
        feed = self._at_work if self._at_work in self._feeds.values() else None
        feed = feed or next(reversed(self._feeds.values()), None)
        self._encoding = self._growing = self._at_work = None
        if feed is not None:
            name = feed.source.name
            log.error(
                "out of GPU memory: camera %r is not kept ahead for %g s; fewer pixels (max_pixels), a smaller "
                "pool (kv_gb) or fewer cameras help (%s)",
                name,
                ASIDE_S,
                exc,
            )
            self.release(feed.forget())
            self._aside[name] = time.monotonic() + ASIDE_S
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def lagging(self) -> set[str]:
        """Cameras whose windows lack a pair. Any thread; what is true the next moment may differ."""
        return {feed.source.name for feed in tuple(self._feeds.values()) if next(feed.pieces(), None) is not None}

    def paces(self, now: float) -> list[CameraPace]:
        """Every camera's rate and lag. Those that cannot be slowed down are left out."""
        found = []
        for name, feed in self._feeds.items():
            if isinstance(feed.source, PacedSource) and feed.fps and now >= self._aside.get(name, 0.0):
                oldest = now if feed.settled else next((piece.pair.second.mono for piece in feed.pieces()), now)
                asked_at = max((track.asked_at for track in feed.tracks.values()), default=0.0)
                found.append(CameraPace(name, feed.fps, feed.own_fps, asked_at, max(0.0, now - oldest)))
        return found

    def seen_paces(self, now: float) -> dict[str, SeenPace]:
        """How fast frames are taken in, of cameras whose frames are read as they come. Any thread."""
        ahead = [(name, feed) for name, feed in tuple(self._feeds.items()) if isinstance(feed.source, LiveSource)]
        found = {name: feed.pace(now) for name, feed in ahead}
        return {name: pace for name, pace in found.items() if pace is not None}

    def change(self, change: PaceChange) -> None:
        """Have a camera sampled at another rate, and say so."""
        source = self._feeds[change.name].source
        assert isinstance(source, PacedSource)
        source.pace(change.fps, anew=self._clocked)
        if change.slower:
            log.warning("camera %r is sampled at %g fps: the model cannot keep up", change.name, change.fps)
        else:
            log.info("camera %r is sampled at %g fps again", change.name, change.fps)

    def forget_all(self) -> None:
        """All windows begin anew, from the cameras' own windows."""
        self._encoding = None
        for name in list(self._feeds):
            self.drop(name)

    def release(self, windows: list[KVWindow]) -> None:
        if windows:
            self._growing = None  # one of them may be growing; what else was begins again
        for window in windows:
            self._model.end_window(window)

    def _advance(self, feed: Feed) -> bool:
        name = feed.source.name
        try:
            for track in list(feed.tracks.values()):
                for start in feed.starts(track):
                    self._open(feed, track, start)
                    return True
        except PoolFull as exc:
            if name not in self._starved:
                self._starved.add(name)
                log.warning(
                    "no memory for the windows of camera %r: it is answered from nothing, slowly (%s)", name, exc
                )
            return False
        self._starved.discard(name)
        for piece in feed.pieces():
            if isinstance(piece, Encode):
                self._encoding = (piece, self._model.encoding([piece.pair]))
                self._encode_on()
            else:
                self._append(piece)
            return True
        return False

    def _open(self, feed: Feed, track: Track, start: int) -> KVWindow:
        like = next(iter(track.windows.values()), None)
        capacity = track.seam.length(self._anchors.max_pairs)
        try:
            window = self._model.begin_window(start, track.head, capacity, like)
        except PoolFull:
            self.make_room(feed)
            window = self._model.begin_window(start, track.head, capacity, like)
        track.windows[start] = window
        return window

    def make_room(self, but: Feed | None) -> None:
        """The pool is full: let go of all windows for other heads than the default, `but` one camera's."""
        for feed in self._feeds.values():
            if feed is not but:
                self.release(feed.idle_heads(time.monotonic(), self._default, pressed=True))

    def _encode(self, piece: Encode) -> None:
        """To the end; another pair's encoding that is under way may wait."""
        if self._encoding is not None and self._encoding[0].pair is piece.pair:
            while self._encoding is not None:
                self._encode_on()
        else:
            (piece.feed.encoded[piece.pair.index],) = self._model.encode([piece.pair])

    def _encode_on(self) -> None:
        """One step further with the pair that is being encoded, if its camera's window still holds it."""
        assert self._encoding is not None
        (piece, steps), self._encoding = self._encoding, None
        if piece.pair in piece.feed.pairs:
            found = next(steps)
            if found is None:
                self._encoding = (piece, steps)
            else:
                piece.feed.encoded[piece.pair.index] = found.pair(0)

    def _append(self, piece: Append) -> None:
        piece.feed.took(piece.pair, time.monotonic())
        self._growing = self._model.grow(piece.windows, piece.track.seam, piece.feed.encoded[piece.pair.index])
        self._grow_on()

    def _grow_on(self) -> None:
        """One step further; between steps answers get their tokens."""
        if self._growing is not None and next(self._growing, self) is self:
            self._growing = None

    def _finish_growing(self) -> None:
        while self._growing is not None:
            self._grow_on()


def _deadline(feed: Feed) -> float:
    """When the first pair that the feed's windows lack was captured: who waits longest comes first."""
    return next((piece.pair.second.mono for piece in feed.pieces()), float("inf"))
