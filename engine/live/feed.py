"""One camera inside the engine: its encoded pairs, and its windows for every head that is being asked with.

Owned by the engine thread. `see` takes in what the camera's window holds now; `pieces` says what is to be computed.
"""

from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from askcam.engine.interface import SeenPace, WindowSource
from askcam.engine.live.prompts import Head
from askcam.engine.live.seam import Seam
from askcam.engine.live.vision import EncodedPairs
from askcam.engine.live.windows import KVWindow, plan
from askcam.stream.window import Anchors, Pair, View

PACE_PAIRS = 6  # over which it is measured how fast frames are taken in
LEAST_PAIRS = 3  # ... at least: a beginning tells nothing
MAX_HEADS = 3  # the default one and the two asked with last
HEAD_IDLE_S = 60.0  # another head than the default is forgotten after so long without a question


@dataclass(slots=True, eq=False)
class Track:
    """The windows of one camera for one head."""

    head: Head
    seam: Seam
    windows: dict[int, KVWindow] = field(default_factory=dict)  # by start
    asked_at: float = 0.0


@dataclass(frozen=True, slots=True)
class TakenPair:
    """A pair as it was taken in: the `number` of it among all that the camera ever brought, counted by it."""

    at: float  # time.monotonic()
    number: int
    captured: float  # likewise


@dataclass(frozen=True, slots=True, eq=False)
class ProvisionalPair:
    """A provisional pair that a question was given."""

    pair: Pair
    encoded: EncodedPairs
    at: float  # time.monotonic()


@dataclass(frozen=True, slots=True, eq=False)
class Encode:
    """A piece of work: one pair through the vision tower."""

    feed: "Feed"
    pair: Pair


@dataclass(frozen=True, slots=True, eq=False)
class Append:
    """A piece of work: one encoded pair to the windows of one track that lack it."""

    feed: "Feed"
    pair: Pair
    track: Track
    windows: tuple[KVWindow, ...]


Piece = Encode | Append


class Feed:
    """One attached camera."""

    def __init__(self, source: WindowSource, anchors: Anchors, clocked: bool) -> None:
        """`clocked`: the model reads the rate at which frames were sampled."""
        self.source, self._anchors, self._clocked = source, anchors, clocked
        self.fps = self.own_fps = 0.0  # sampled now; sampled when nothing is wrong
        self.tracks: OrderedDict[Head, Track] = OrderedDict()
        self.pairs: tuple[Pair, ...] = ()  # complete ones of the camera's window
        self.encoded: dict[int, EncodedPairs] = {}  # by index, of `pairs`
        self.made: ProvisionalPair | None = None  # the last provisional pair
        self.shape: tuple[int, int, float] | None = None  # height, width, fps of the windows
        self.settled = False  # nothing is left to compute until more is seen
        self.taken: deque[TakenPair] = deque(maxlen=PACE_PAIRS)  # its last ones
        self._last = -1  # of them, by index
        self._brought = 0  # pairs, over all emptied windows

    def took(self, pair: Pair, now: float) -> None:
        """A pair is in a window: the first time counts."""
        if pair.index > self._last:
            self._last = pair.index
            number = self._brought - (self.pairs[-1].index - pair.index) if self.pairs else self._brought
            self.taken.append(TakenPair(now, number, pair.second.mono))

    def pace(self, now: float) -> SeenPace | None:
        """None until it can be told. Any thread."""
        taken, fps, wanted = tuple(self.taken), self.fps, self.own_fps
        if len(taken) < LEAST_PAIRS or not fps or not wanted:
            return None
        oldest = None if self.settled else next((piece.pair.second.mono for piece in self.pieces()), None)
        behind_s = 0.0 if oldest is None else max(0.0, now - oldest)
        first, last = taken[0], taken[-1]
        each_s = (last.at - first.at) / (len(taken) - 1) / 2
        brought_s = (last.captured - first.captured) / max(1, last.number - first.number) / 2
        if behind_s > 2 / wanted:  # the next one is overdue
            each_s = max(each_s, (now - last.at) / 2)
        if fps < wanted:  # it brings less because the machine was too slow
            each_s, brought_s = max(each_s, 1 / fps), brought_s * fps / wanted
        return SeenPace(each_s, 1 / wanted, max(brought_s, 1 / wanted), behind_s)

    def see(self, view: View) -> list[KVWindow]:
        """Take in a view's complete pairs; returns the windows that are no longer needed, for release."""
        pairs = view.pairs[:-1] if view.provisional else view.pairs
        most = self._anchors.max_pairs
        assert len(pairs) <= most, f"{view.camera!r} shows {len(pairs)} pairs; by Engine.anchors it may hold {most}"
        self.fps, self.own_fps = view.fps, max(view.fps, self.own_fps)
        shape = (view.newest.height, view.newest.width, view.fps if self._clocked else 1.0)
        gone: list[KVWindow] = []
        if shape != self.shape or not self._continues(pairs):
            gone = self.forget()
            self.shape = shape
        if pairs:
            self._brought += pairs[-1].index - (self.pairs[-1].index if self.pairs else -1)
        self.pairs, self.settled = pairs, False
        first = pairs[0].index if pairs else 0
        self.encoded = {index: found for index, found in self.encoded.items() if index >= first}
        for track in self.tracks.values():
            for start in plan(tuple(track.windows), first, first + len(pairs), self._anchors).close:
                gone.append(track.windows.pop(start))
        return gone

    def forget(self) -> list[KVWindow]:
        """Another stream begins; returns all windows, for release. Heads are kept, their windows begin anew."""
        gone = [window for track in self.tracks.values() for window in track.windows.values()]
        self.tracks.clear()
        self.pairs, self.encoded, self.made, self.shape = (), {}, None, None
        self._last = -1
        return gone

    def starts(self, track: Track) -> tuple[int, ...]:
        """Windows that the track must begin."""
        first = self.pairs[0].index if self.pairs else 0
        return plan(tuple(track.windows), first, first + len(self.pairs), self._anchors).open

    def idle_heads(self, now: float, default: Head, pressed: bool = False) -> list[KVWindow]:
        """Forget heads that nobody asks with, the oldest first; `pressed`: all but the default. For release."""
        gone: list[KVWindow] = []
        for head, track in list(self.tracks.items()):
            crowded = len(self.tracks) > MAX_HEADS
            if head != default and (pressed or crowded or now - track.asked_at > HEAD_IDLE_S):
                gone += self.tracks.pop(head).windows.values()
        return gone

    def pieces(self, only: Track | None = None, upto: KVWindow | None = None) -> Iterator[Piece]:
        """What is left to compute, oldest pair first; of one track and window, if wanted. Do each before the next."""
        tracks = (only,) if only is not None else tuple(self.tracks.values())
        nexts = [window.next_pair for track in tracks for window in tuple(track.windows.values())]
        for pair in self.pairs[min(nexts) - self.pairs[0].index :] if nexts and self.pairs else ():
            for track in tracks:
                chosen = tuple(track.windows.values()) if upto is None else (upto,)
                lacking = tuple(window for window in chosen if window.next_pair == pair.index)
                if lacking:
                    if pair.index not in self.encoded:
                        yield Encode(self, pair)
                    yield Append(self, pair, track, lacking)

    def _continues(self, pairs: tuple[Pair, ...]) -> bool:
        """Whether these pairs go on from, or are, the known ones: by identity of their frames. Those that all come
        later share no window with known ones, so that nothing could be mistaken."""
        known = {pair.index: pair for pair in self.pairs}
        both = [pair for pair in pairs if pair.index in known]
        if not both:
            return not self.pairs or (bool(pairs) and pairs[0].index > self.pairs[-1].index)
        return all(pair == known[pair.index] for pair in both)
