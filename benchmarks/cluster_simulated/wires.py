"""The network between shards and the front: it delays, loses, and is cut, one way or both."""

import random
from collections import Counter
from collections.abc import Callable

from cluster_simulated.clock import Clock

LOST = 0.005  # of all messages
USUAL_S, SLOW_S = 0.01, 1.5  # mean delays
SLOW = 0.01  # share of the messages that are slow


class Wires:
    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self._clock, self._rng = clock, rng
        self.up_cut: Counter[str] = Counter()  # by shard: how many troubles keep its messages from the front
        self.down_cut: Counter[str] = Counter()
        self.lost = 0

    def up(self, shard: str, do: Callable[..., None], *values: object) -> None:
        """To the front."""
        self._send(self.up_cut[shard] > 0, do, values)

    def down(self, shard: str, do: Callable[..., None], *values: object) -> None:
        self._send(self.down_cut[shard] > 0, do, values)

    def _send(self, cut: bool, do: Callable[..., None], values: tuple[object, ...]) -> None:
        if cut or self._rng.random() < LOST:
            self.lost += 1
            return
        mean_s = SLOW_S if self._rng.random() < SLOW else USUAL_S
        self._clock.after(self._rng.expovariate(1.0 / mean_s), do, *values)
