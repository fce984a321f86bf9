"""Which anchored windows a camera has, and what each lacks. Pure: pairs are numbers here, pool ranges stay opaque.

Anchors stand at every hop-th pair of a stream (stream/window.py); every anchor that a question may still need has a
window of its own, growing from there. So the window a question reads always begins where the camera's view begins.
"""

from dataclasses import dataclass, field

from askcam.engine.live.kvpool import Range
from askcam.engine.live.statepool import Slot
from askcam.stream.window import Anchors


@dataclass(slots=True, eq=False)
class KVWindow:
    """The keys, values and states of one window. Owned by the engine thread; grows, never changes what it has."""

    start: int  # index of its first pair
    held: Range
    head: Slot  # states after its head, which all windows of one head share
    state: Slot  # states after all that it holds; another slot after each growth
    ends: list[int] = field(default_factory=list)  # tokens after the head, after one pair, after two, ...

    @property
    def num_pairs(self) -> int:
        return len(self.ends) - 1

    @property
    def length(self) -> int:
        return self.ends[-1]

    @property
    def next_pair(self) -> int:
        """Index of the pair that it lacks first."""
        return self.start + self.num_pairs


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """What must happen so that the windows fit the stream."""

    close: tuple[int, ...]  # starts of windows that nobody will need
    open: tuple[int, ...]  # starts of windows to begin


def plan(have: tuple[int, ...], first: int, num_seen: int, anchors: Anchors) -> WindowPlan:
    """For a camera whose view begins at pair `first` after `num_seen` pairs, and windows that start at `have`.

    A view that follows another rule than `anchors` gets the one window it shows.
    """
    wanted = [first]
    if anchors.start(num_seen) == first:
        wanted += [start for start in anchors.live(num_seen) if first < start < num_seen]
    return WindowPlan(
        close=tuple(start for start in have if start not in wanted),
        open=tuple(start for start in wanted if start not in have),
    )


def max_windows(anchors: Anchors) -> int:
    """How many windows a camera has at most, at once."""
    return max(len(anchors.live(num_pairs)) for num_pairs in range(1, 2 * (anchors.keep + anchors.hop) + 1))
