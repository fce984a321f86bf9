"""When a camera's scene has changed so that a note is due: once it rests again, and not too often. Pure; one thread."""

import math
from collections import deque
from dataclasses import dataclass

from askcam.stream.frame import Frame
from askcam.stream.scene import CHANGED, Blocks, blocks, share_apart

REST_S = 1.0  # a scene that stands still for so long is described ...
PATIENCE_S = 2.0  # ... or one that has been another for so long, if it never rests
HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class NotePace:
    """How often one camera's scene is described at most. Seconds of the frames' time."""

    min_interval_s: float = 5.0
    max_per_hour: int = 120


@dataclass(frozen=True, slots=True, eq=False)
class Due:
    """The scene is another one: `since` is the first frame that showed it, `frame` the newest that does."""

    since: Frame
    frame: Frame


@dataclass(frozen=True, slots=True, eq=False)
class _SeenNote:
    frame: Frame
    blocks: Blocks


class Noticing:
    """Of one camera. Keeps no pixels but those of the last frame and of the first that showed something else.

    What comes and goes again while nothing may be noted yet is not told: `passed` counts it.
    """

    def __init__(self, pace: NotePace) -> None:
        self._pace = pace
        self._described: Blocks | None = None  # as the last note saw it
        self._since: Frame | None = None  # since when it is another
        self._last: _SeenNote | None = None
        self._rests_since = 0.0  # steady seconds
        self._noted: deque[float] = deque(maxlen=pace.max_per_hour)
        self.passed = 0

    @property
    def last_seq(self) -> int:
        """Of the newest frame that was seen; frames up to it are old."""
        return -1 if self._last is None else self._last.frame.seq

    @property
    def last_mono(self) -> float:
        """When that was captured, in steady seconds."""
        return -math.inf if self._last is None else self._last.frame.mono

    def see(self, frame: Frame) -> Due | None:
        """Take the next sampled frame; whether a note is due of what it shows. Asked again with each frame until
        noted()."""
        seen, last = _SeenNote(frame, blocks(frame.pixels)), self._last
        self._last = seen
        if last is None or share_apart(last.blocks, seen.blocks) >= CHANGED:
            self._rests_since = frame.mono
        rests = frame.mono - self._rests_since >= REST_S
        if self._described is not None and share_apart(self._described, seen.blocks) < CHANGED:
            if rests and self._since is not None:
                self._since = None
                self.passed += 1
            return None
        if self._since is None:
            self._since = frame
        ready = rests or frame.mono - self._since.mono >= PATIENCE_S
        return Due(self._since, frame) if ready and self._may(frame.mono) else None

    def noted(self, due: Due) -> None:
        """It was described, as of `due.frame`, and what came since is news."""
        self._described = blocks(due.frame.pixels)
        self._noted.append(due.frame.mono)
        self._since = None
        last = self._last
        if last is not None and share_apart(self._described, last.blocks) >= CHANGED:
            self._since = last.frame  # it went on while the model was busy

    def _may(self, at: float) -> bool:
        if not self._noted:
            return True
        full = len(self._noted) == self._pace.max_per_hour and at - self._noted[0] < HOUR_S
        return not full and at - self._noted[-1] >= self._pace.min_interval_s
