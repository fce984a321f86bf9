"""Cameras that a living shard is to let go of, since they are to be elsewhere or nobody wants them. Pure.

Their owner is told to let go, and owns them until it says that it has: so what it still has to tell of them is
delivered under its own epoch first. If it has heard that and doesn't do it, it owns them for LEAVE_S; if it doesn't
hear it, until it is lost. Room is kept for them where they go. One that nobody wanted, and somebody wants again
meanwhile, goes nowhere until then.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from askcam.cluster.renewal import Renewal

LEAVE_S = 10.0  # for so long is it waited for who knows that it is to let go


@dataclass(slots=True)
class Move:
    holder: str
    target: str | None  # None: nowhere
    first: int | None = None  # the first renewal whose answer left the camera out; None: none was answered so far
    known_s: float | None = None  # when the holder was seen to have heard that; None: it was not


class Moves:
    """Owned by the Owners."""

    def __init__(self) -> None:
        self._moves: dict[str, Move] = {}
        self._of: dict[str, set[str]] = {}  # by holder
        self.incoming: Counter[str] = Counter()  # by target

    def __contains__(self, camera: str) -> bool:
        return camera in self._moves

    def __iter__(self) -> Iterator[str]:
        return iter(self._moves)

    def start(self, camera: str, holder: str, target: str | None) -> None:
        assert camera not in self._moves
        self._moves[camera] = Move(holder, target)
        self._of.setdefault(holder, set()).add(camera)
        if target is not None:
            self.incoming[target] += 1

    def stop(self, camera: str) -> str | None:
        """Where it was to go; None: nowhere, or it was not on its way."""
        move = self._moves.pop(camera, None)
        if move is None:
            return None
        self._of[move.holder].discard(camera)
        if not self._of[move.holder]:
            del self._of[move.holder]
        if move.target is not None:
            self.incoming[move.target] -= 1
            if not self.incoming[move.target]:
                del self.incoming[move.target]
        return move.target

    def target(self, camera: str) -> str | None:
        """Where it is to go; None: nowhere, or it is not on its way."""
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

    def released(self, renewal: Renewal, now_s: float) -> list[str]:
        """Cameras that this shard has let go of since it heard that it should."""
        released = []
        for camera in sorted(self._of.get(renewal.shard, ())):
            move = self._moves[camera]
            if move.first is None or renewal.heard < move.first:
                continue
            if camera not in renewal.holds:
                released.append(camera)
            elif move.known_s is None:
                move.known_s = now_s
        return released

    def late(self, now_s: float) -> list[str]:
        """Cameras whose owner has known for LEAVE_S that it is to let go."""
        known = ((camera, move.known_s) for camera, move in self._moves.items())
        return sorted(camera for camera, known_s in known if known_s is not None and now_s - known_s > LEAVE_S)
