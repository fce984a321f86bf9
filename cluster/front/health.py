"""Whether a shard is there. Pure; time is handed in, in seconds on a steady clock."""

import enum
from dataclasses import dataclass


class Reach(enum.StrEnum):
    """How a shard was met last."""

    UNSEEN = "unseen"  # the front has just begun
    UP = "up"
    DOWN = "down"


class Met(enum.Enum):
    """What changes that."""

    HEARD = enum.auto()
    FAILED = enum.auto()  # it refuses connections, or says what no askcam server says
    SILENT = enum.auto()  # nothing was heard for too long


NEXT = {
    Reach.UNSEEN: {Met.HEARD: Reach.UP, Met.FAILED: Reach.DOWN, Met.SILENT: Reach.DOWN},
    Reach.UP: {Met.HEARD: Reach.UP, Met.FAILED: Reach.DOWN, Met.SILENT: Reach.DOWN},
    Reach.DOWN: {Met.HEARD: Reach.UP, Met.FAILED: Reach.DOWN, Met.SILENT: Reach.DOWN},
}


@dataclass(slots=True)
class ShardHealth:
    """Owned by the event loop. A refused connection is believed at once; of silence only a long one is: slow is not
    dead."""

    silent_s: float
    heard_at: float  # when it was heard last, or the front began
    state: Reach = Reach.UNSEEN
    why: str = "it was not asked yet"  # while it is not up

    def heard(self, now: float) -> bool:
        """It answered; whether that is news."""
        self.heard_at = now
        return self._met(Met.HEARD, "")

    def failed(self, why: str) -> bool:
        """Whether that is news."""
        return self._met(Met.FAILED, why)

    def look(self, now: float) -> bool:
        """Take note of silence; whether that is news."""
        if now - self.heard_at < self.silent_s:
            return False
        return self._met(Met.SILENT, f"it has said nothing for {self.silent_s:g} s")

    def _met(self, met: Met, why: str) -> bool:
        before, self.state = self.state, NEXT[self.state][met]
        if met is not Met.SILENT or before is not Reach.DOWN:  # why it went down says more than that it is still silent
            self.why = why
        return self.state is not before
