"""When what is due: each on a grid of its own period, so that equal periods fall together. Pure."""

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


@dataclass(slots=True)
class Timetable(Generic[Key]):
    """Owned by its runner. A slot that passes while its predecessor is still under way is skipped and counted."""

    skipped: int = 0
    _every: dict[Key, float] = field(default_factory=dict)
    _due: dict[Key, float] = field(default_factory=dict)

    def put(self, key: Key, every_s: float, now: float) -> None:
        """From now on; due at once."""
        self._every[key], self._due[key] = every_s, now

    def drop(self, key: Key) -> None:
        self._every.pop(key, None)
        self._due.pop(key, None)

    def due(self, now: float) -> list[tuple[Key, float]]:
        """What is due, with how late it is by now, in seconds; the latest first."""
        found = [(key, now - at) for key, at in self._due.items() if at <= now]
        return sorted(found, key=lambda one: -one[1])

    def begun(self, key: Key, now: float) -> None:
        """Its next slot is the first one after `now`."""
        every = self._every[key]
        self.skipped += max(0, math.floor((now - self._due[key]) / every))
        self._due[key] = (math.floor(now / every) + 1) * every

    def next(self, wanted: Callable[[Key], bool] = lambda _: True) -> float | None:
        """When the next of those `wanted` is due; None: none ever is."""
        return min((at for key, at in self._due.items() if wanted(key)), default=None)
