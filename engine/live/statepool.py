"""Who has which slot of recurrent states, in models of which some layers keep one. Pure bookkeeping; no tensors.

A state can't be taken back and not be written twice: it is the sum of all that came before. So whoever computes reads
one slot and writes another, and a slot that somebody reads is never written. A pass that raises has then changed
nothing, and a window that grows piece by piece is seen by answers as it was until the last piece is done.
"""

from dataclasses import dataclass

from askcam.engine.live.kvpool import PoolFull

NOTHING, SCRATCH = 0, 1  # always zero, where all begin · written by what needs no state afterwards, never read
OWN = 2  # the first that can be taken


@dataclass(frozen=True, slots=True)
class StateStats:
    """Slots in use and in all."""

    used: int
    total: int


class Slot:
    """One window's or answer's states, of all layers. Counted: free again when the last holder let go."""

    __slots__ = ("index", "refs")

    def __init__(self, index: int) -> None:
        self.index, self.refs = index, 1


class StatePool:
    """Owned by the engine thread. Of a model that keeps no states all slots are `nothing`, and nothing is counted."""

    def __init__(self, num_slots: int = 0, spare: int = 0) -> None:
        """`num_slots` to be taken, `spare` of them only for windows that grow."""
        self.num_slots, self._spare = num_slots, spare
        self._free = list(range(num_slots + OWN - 1, OWN - 1, -1))
        self.nothing = Slot(NOTHING)
        self.scratch = Slot(SCRATCH) if num_slots else self.nothing

    def take(self, *, growing: bool = False) -> Slot:
        """A slot, held once. What is in it is what the last holder left. Raises PoolFull."""
        if not self.num_slots:
            return self.nothing
        if len(self._free) <= (0 if growing else self._spare):
            raise PoolFull(f"no state is free; {self.num_slots} fit, {self._spare} of them for windows that grow")
        return Slot(self._free.pop())

    def hold(self, slot: Slot) -> Slot:
        """One more holder; returns the slot."""
        assert slot.refs > 0, "a free slot cannot be held"
        if slot.index >= OWN:
            slot.refs += 1
        return slot

    def release(self, slot: Slot) -> None:
        """One holder less; the last one frees it."""
        assert slot.refs > 0, "released once too often"
        if slot.index < OWN:
            return
        slot.refs -= 1
        if not slot.refs:
            self._free.append(slot.index)

    def stats(self) -> StateStats:
        return StateStats(self.num_slots - len(self._free), self.num_slots)


class TailState:
    """The states along one question's own rows: read from one slot, written to another, which change places when a
    pass is done. The first pass reads what the window left."""

    def __init__(self, pool: StatePool, *, goes_on: bool) -> None:
        """Unless it `goes_on` one pass is all, and its states are not kept. Raises PoolFull, and holds nothing then."""
        self._pool = pool
        self._next: list[Slot] = []  # to be written, by turns
        try:
            for _ in range(2 if goes_on else 0):
                self._next.append(pool.take())
        except PoolFull:
            self._let_go()
            raise
        self._read: Slot | None = pool.nothing
        self._first = True

    def begin(self, seen: Slot) -> None:
        """Before its first pass: that one goes on from a window's states."""
        assert self._first
        self._read = self._pool.hold(seen)

    @property
    def read(self) -> int:
        assert self._read is not None, "its states are not kept"
        return self._read.index

    @property
    def write(self) -> int:
        return self._next[0].index if self._next else self._pool.scratch.index

    def ran(self) -> None:
        """A pass is done: the next one goes on from what it wrote."""
        before, self._read = self._read, self._next.pop(0) if self._next else None
        assert before is not None
        if self._first:
            self._pool.release(before)
            self._first = False
        else:
            self._next.append(before)

    def release(self) -> None:
        """Give all back."""
        if self._read is not None:
            self._next.append(self._read)
            self._read = None
        self._let_go()

    def _let_go(self) -> None:
        while self._next:
            self._pool.release(self._next.pop())
