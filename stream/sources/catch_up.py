"""What is done when packets come faster than they can be decoded. Pure; times in seconds."""

from dataclasses import dataclass
from enum import Enum, auto

BEHIND_S = 0.4  # a packet that has waited for longer before it is decoded: behind
CAUGHT_UP_S = 0.2  # ... until one has waited for less than this ...
CALM_S = 5.0  # ... and none for longer than BEHIND_S for so long
START_S = 2.0  # a stream may begin with a backlog, which is no fault of this machine
LONGEST_S = 4.0  # a backlog longer than this is thrown away, though no keyframe is at hand
KEYFRAME_S = 10.0  # to wait for one after that; a new connection often begins with one
INTRA = 8  # keyframes in a row, at the least, of streams that have nothing else ...
INTRA_S = 0.1  # ... and for which it costs nothing to go on with the newest one


class Step(Enum):
    """What to do with the packet at the head of the queue."""

    DECODE = auto()
    JUMP = auto()  # leave all out up to the newest keyframe that waits
    EMPTY = auto()  # leave all out that waits, and wait for a keyframe
    RECONNECT = auto()


@dataclass(frozen=True, slots=True)
class Head:
    """The packet that would be decoded next."""

    lag_s: float  # for how long it has waited
    key: bool
    key_behind: bool  # a keyframe waits behind it


class CatchUp:
    """Keeps a decoder that is too slow near the present. Owned by the thread that decodes.

    Each measure is taken when the one before was not enough: frames that no other needs are left out (`lean`), then
    all up to the newest keyframe, then all, then the connection is made anew, since that often begins with a keyframe.
    """

    def __init__(self, now: float) -> None:
        self._began = now
        self._late_at: float | None = None  # when a packet was last late
        self._emptied_at: float | None = None
        self._keys = 0
        self.lean = False
        self.worst_s = 0.0  # lag, since it fell behind

    @property
    def behind(self) -> bool:
        return self._late_at is not None

    def next(self, head: Head, now: float) -> Step:
        late = head.lag_s > BEHIND_S and now - self._began > START_S
        if late:
            self._late_at = now
            self.worst_s = max(self.worst_s, head.lag_s)
        elif self._late_at is not None and head.lag_s < CAUGHT_UP_S and now - self._late_at > CALM_S:
            self._late_at, self.worst_s = None, 0.0
        self.lean = late or (self.lean and head.lag_s > CAUGHT_UP_S)
        self._keys = self._keys + 1 if head.key else 0
        if head.key:
            self._emptied_at = None
        if self._emptied_at is not None:
            return Step.RECONNECT if now - self._emptied_at > KEYFRAME_S else Step.EMPTY
        if head.key_behind and head.lag_s > (INTRA_S if self._keys >= INTRA else BEHIND_S):
            return Step.JUMP
        if head.lag_s > LONGEST_S and not head.key:
            self._emptied_at = now
            return Step.EMPTY
        return Step.DECODE
