"""When frames come faster than they can be taken in: which camera is asked to sample less, and when it may again; and
when what nobody waits for has its turn beside answers. Pure.

Nothing is queued: what a camera's window holds is all there ever is to do. A pair must be in its windows before the
next one is complete. When that fails for a while, the camera that was asked longest ago halves its rate; when there is
calm, the one that was asked last gets it back.
"""

from collections.abc import Iterable
from dataclasses import dataclass

LOOK_S = 0.5  # between two looks at the lag
PATIENCE_S = 4.0  # a lag that lasts no longer is a camera's beginning or a burst of questions
CALM_S = 30.0  # without any lag, before a rate is given back
LEAST_FPS = 0.25


@dataclass(frozen=True, slots=True)
class CameraPace:
    """One camera as the scheduler sees it."""

    name: str
    fps: float  # as it is sampled now
    own_fps: float  # as it was configured
    asked_at: float  # of the last question about it, on any one clock
    lag_s: float  # how long its oldest pair that is not in its windows has been complete; 0: none


@dataclass(frozen=True, slots=True)
class PaceChange:
    """A camera is to be sampled at another rate."""

    name: str
    fps: float
    slower: bool


class Scheduler:
    """Time comes in as an argument, in seconds on any one clock. Owned by the engine thread."""

    def __init__(self) -> None:
        self._looked_at = 0.0
        self._lagging_since: float | None = None
        self._calm_since = 0.0

    def due(self, now: float) -> bool:
        """Whether it is time to look again."""
        return now >= self._looked_at + LOOK_S

    def look(self, now: float, cameras: Iterable[CameraPace]) -> PaceChange | None:
        """What must change, if anything."""
        paces = list(cameras)
        self._looked_at = now
        if any(pace.lag_s > 2 / pace.fps for pace in paces):
            self._calm_since = now
            if self._lagging_since is None:
                self._lagging_since = now
            if now < self._lagging_since + PATIENCE_S:
                return None
            able = [pace for pace in paces if pace.fps > LEAST_FPS]
            if not able:
                return None
            self._lagging_since = now  # patience again: the change must show first
            slackest = min(able, key=lambda pace: pace.asked_at)
            return PaceChange(slackest.name, max(LEAST_FPS, slackest.fps / 2), slower=True)
        self._lagging_since = None
        if now < self._calm_since + CALM_S:
            return None
        slowed = [pace for pace in paces if pace.fps < pace.own_fps]
        if not slowed:
            return None
        self._calm_since = now
        dearest = max(slowed, key=lambda pace: pace.asked_at)
        return PaceChange(dearest.name, min(dearest.own_fps, dearest.fps * 2), slower=False)


class BackgroundTurns:
    """When frames and scorings have theirs while somebody is being answered: after each, answers have the engine for as
    long. So half of its time is theirs, however slow the machine is, and however much there is to take in. Times in
    seconds, on any one clock. Owned by the engine thread."""

    def __init__(self) -> None:
        self._not_before = 0.0

    def due(self, now: float, *, somebody_waits: bool) -> bool:
        """Whether there may be one."""
        return not somebody_waits or now >= self._not_before

    def took(self, began: float, ended: float) -> None:
        """There was one."""
        self._not_before = ended + (ended - began)
