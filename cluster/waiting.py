"""Cameras without a live owner, until there is a place. Pure."""

from collections.abc import Iterator

from askcam.cluster.changes import Unplaced, Why
from askcam.cluster.placing import Constraint


class WaitingCameras:
    """By constraint, each in the order in which they came. Owned by the Owners."""

    def __init__(self) -> None:
        self._constraints: dict[Constraint, dict[str, None]] = {}
        self._constraint_of: dict[str, Constraint] = {}
        self._why: dict[Constraint, Why] = {}
        self._untold: dict[Constraint, set[str]] = {}

    def __len__(self) -> int:
        return len(self._constraint_of)

    def __contains__(self, camera: str) -> bool:
        return camera in self._constraint_of

    def __iter__(self) -> Iterator[str]:
        return iter(self._constraint_of)

    def add(self, camera: str, constraint: Constraint) -> None:
        """It may wait already, under another constraint."""
        if self._constraint_of.get(camera) == constraint:
            return
        self.drop(camera)
        self._constraint_of[camera] = constraint
        self._constraints.setdefault(constraint, {})[camera] = None
        self._untold.setdefault(constraint, set()).add(camera)

    def drop(self, camera: str) -> None:
        """It has a place, or nobody wants it; no effect if it doesn't wait."""
        constraint = self._constraint_of.pop(camera, None)
        if constraint is None:
            return
        cameras = self._constraints[constraint]
        del cameras[camera]
        self._untold[constraint].discard(camera)
        if not cameras:
            del self._constraints[constraint], self._untold[constraint]
            self._why.pop(constraint, None)

    def constraints(self) -> list[Constraint]:
        """Those that may be in few places first."""
        return sorted(
            self._constraints, key=lambda constraint: (not constraint.only, constraint.only, constraint.apart)
        )

    def first(self, constraint: Constraint) -> str | None:
        """The camera under that constraint that has waited longest."""
        return next(iter(self._constraints.get(constraint, ())), None)

    def why(self, camera: str) -> Why | None:
        """Why it has no place; None: it isn't known yet, or the camera does not wait."""
        constraint = self._constraint_of.get(camera)
        return None if constraint is None else self._why.get(constraint)

    def tell(self, constraint: Constraint, why: Why) -> list[Unplaced]:
        """There is no place under that constraint: of whom that is not known yet, or was for another reason."""
        if constraint not in self._constraints:
            return []
        cameras = self._untold[constraint] if self._why.get(constraint) is why else self._constraints[constraint]
        told = [Unplaced(camera, why) for camera in sorted(cameras)]
        self._why[constraint] = why
        self._untold[constraint] = set()
        return told
