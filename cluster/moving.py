"""Cameras that are on their way from one living shard to another. Pure.

Their owner is told to let go, and owns them until it says that it has, or LEAVE_S have passed: so what it still has to
tell of them is delivered under its own epoch first. RankedShards is kept for them where they go.
"""

from collections import Counter
from dataclasses import dataclass

from askcam.cluster.renewal import Renewal

LEAVE_S = 10.0  # who has not let go by then is granted the camera no longer


@dataclass(slots=True)
class Move:
    """`first`: the number of the first renewal whose answer left the camera out; None: none was answered so far."""

    holder: str
    target: str
    since_s: float
    first: int | None = None


class Moves:
    """Owned by the Owners."""

    def __init__(self) -> None:
        self._moves: dict[str, Move] = {}
        self._of: dict[str, set[str]] = {}  # by holder
        self.incoming: Counter[str] = Counter()  # by target

    def __contains__(self, camera: str) -> bool:
        return camera in self._moves

    def __len__(self) -> int:
        return len(self._moves)

    def start(self, camera: str, holder: str, target: str, now_s: float) -> None:
        assert camera not in self._moves
        self._moves[camera] = Move(holder, target, now_s)
        self._of.setdefault(holder, set()).add(camera)
        self.incoming[target] += 1

    def stop(self, camera: str) -> str | None:
        """Where it was to go; None: it was not on its way."""
        move = self._moves.pop(camera, None)
        if move is None:
            return None
        self._of[move.holder].discard(camera)
        if not self._of[move.holder]:
            del self._of[move.holder]
        self.incoming[move.target] -= 1
        if not self.incoming[move.target]:
            del self.incoming[move.target]
        return move.target

    def target(self, camera: str) -> str | None:
        """Where it is to go; None: it is not on its way."""
        move = self._moves.get(camera)
        return None if move is None else move.target

    def of(self, holder: str) -> frozenset[str]:
        """Cameras that this shard is to let go of."""
        return frozenset(self._of.get(holder, ()))

    def towards(self, target: str) -> list[str]:
        """Cameras that are on their way to this shard."""
        return sorted(camera for camera, move in self._moves.items() if move.target == target)

    def told(self, holder: str, number: int) -> None:
        """The answer to this shard's renewal leaves its leaving cameras out."""
        for camera in self._of.get(holder, ()):
            move = self._moves[camera]
            if move.first is None:
                move.first = number

    def released(self, renewal: Renewal) -> list[str]:
        """Cameras that this shard has let go of since it heard that it should."""
        return sorted(
            camera
            for camera in self._of.get(renewal.shard, ())
            if camera not in renewal.holds
            and (first := self._moves[camera].first) is not None
            and renewal.heard >= first
        )

    def late(self, now_s: float) -> list[str]:
        """Cameras whose owner has had LEAVE_S."""
        return sorted(camera for camera, move in self._moves.items() if now_s - move.since_s > LEAVE_S)
