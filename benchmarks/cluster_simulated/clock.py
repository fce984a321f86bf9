"""Simulated time: what is due next, in order."""

import heapq
from collections.abc import Callable
from itertools import count


class Clock:
    """Seconds; nothing waits. Whatever is due at the same moment comes in the order in which it was asked for."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._due: list[tuple[float, int, Callable[..., None], tuple[object, ...]]] = []
        self._number = count()

    def at(self, when_s: float, do: Callable[..., None], *values: object) -> None:
        heapq.heappush(self._due, (when_s, next(self._number), do, values))

    def after(self, wait_s: float, do: Callable[..., None], *values: object) -> None:
        self.at(self.now_s + wait_s, do, *values)

    def run(self, until_s: float) -> None:
        while self._due and self._due[0][0] <= until_s:
            self.now_s, _, do, values = heapq.heappop(self._due)
            do(*values)
        self.now_s = until_s
