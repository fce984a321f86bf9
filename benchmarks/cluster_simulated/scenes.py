"""What happens before the cameras: something comes, and goes again. Each change has a number; a shard that watches the
camera sees it, if it differs from what it told last."""

import random
from collections import defaultdict
from typing import Protocol

from cluster_simulated.clock import Clock

THERE_S, AWAY_S = 60.0, 600.0  # how long something is there, and away: means


class Watcher(Protocol):
    def sees(self, camera: str) -> None: ...


class Scenes:
    def __init__(self, clock: Clock, rng: random.Random, cameras: list[str]) -> None:
        self._clock, self._rng = clock, rng
        self.there = dict.fromkeys(cameras, False)
        self.number = dict.fromkeys(cameras, 0)  # of the last change
        self.watchers: defaultdict[str, list[Watcher]] = defaultdict(list)
        self.calm = False  # nothing changes any more
        self.changes = self.unwatched = 0
        for camera in cameras:
            clock.after(rng.uniform(10.0, 2 * AWAY_S), self._change, camera)

    def _change(self, camera: str) -> None:
        if self.calm:
            return
        self.there[camera] = not self.there[camera]
        self.number[camera] += 1
        self.changes += 1
        self.unwatched += not self.watchers[camera]
        for watcher in list(self.watchers[camera]):
            watcher.sees(camera)
        stays_s = THERE_S if self.there[camera] else AWAY_S
        self._clock.after(self._rng.expovariate(1.0 / stays_s), self._change, camera)
