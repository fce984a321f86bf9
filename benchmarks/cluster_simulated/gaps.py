"""How long cameras were without an owner whose events count, by what had happened."""

from collections import defaultdict
from dataclasses import dataclass

SEVERAL = "several of these at once"


@dataclass
class Gap:
    since_s: float
    why: str
    grants: int = 0  # it was given to so many, the last of whom will watch it
    amid: bool = False  # the front itself was away meanwhile


class Gaps:
    def __init__(self) -> None:
        self.seconds: defaultdict[str, list[float]] = defaultdict(list)
        self._open: dict[str, Gap] = {}

    def begin(self, camera: str, now_s: float, why: str) -> None:
        """No effect if it had none already."""
        self._open.setdefault(camera, Gap(now_s, why))

    def granted(self, camera: str) -> None:
        if camera in self._open:
            self._open[camera].grants += 1

    def front_was_away(self) -> None:
        for gap in self._open.values():
            gap.amid = True

    def end(self, camera: str, now_s: float) -> None:
        gap = self._open.pop(camera, None)
        if gap is not None:
            why = SEVERAL if gap.grants > 1 or gap.amid else gap.why
            self.seconds[why].append(now_s - gap.since_s)

    def never(self, camera: str) -> None:
        """It was cut off and is there again: what happened meanwhile counts."""
        self._open.pop(camera, None)

    @property
    def open(self) -> list[str]:
        return sorted(self._open)


def at(sorted_values: list[float], share: float) -> float:
    return sorted_values[min(len(sorted_values) - 1, int(share * len(sorted_values)))]
