"""What one question holds of the live engine's memory: the window that it reads, rows and states of its own."""

from askcam.engine.live.kvpool import KVPool, PoolFull, Range
from askcam.engine.live.statepool import StatePool, TailState


class Holding:
    """Owned by the engine thread. All of it is held until release()."""

    __slots__ = ("_pool", "states", "tail", "window")

    def __init__(
        self, pool: KVPool, states: StatePool, num_rows: int, window: Range | None, *, goes_on: bool = True
    ) -> None:
        """`num_rows` of its own; `goes_on`: as of TailState. Raises PoolFull, and holds nothing then."""
        self._pool, self.window = pool, window  # None: the question brings all it is about in its tail
        self.tail = pool.take(num_rows)
        try:
            self.states = TailState(states, goes_on=goes_on)
        except PoolFull:
            pool.release(self.tail)
            raise
        if window is not None:
            pool.hold(window)

    def release(self) -> None:
        self._pool.release(self.tail)
        self.states.release()
        if self.window is not None:
            self._pool.release(self.window)
