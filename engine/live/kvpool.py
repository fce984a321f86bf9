"""Who has which rows of the KV pool. Pure bookkeeping; the tensor itself is the language model's."""

from dataclasses import dataclass

STEP = 16  # rows; ranges begin and end on multiples, so that freed ones fit others again


class PoolFull(Exception):
    """No free range is long enough just now."""


@dataclass(frozen=True, slots=True)
class PoolStats:
    """Rows in use and rows in all; ranges handed out and not yet back."""

    used_rows: int
    total_rows: int
    num_ranges: int


class Range:
    """Rows [base, base + capacity) of the pool. Counted: it is free again when the last holder let go."""

    __slots__ = ("base", "capacity", "refs")

    def __init__(self, base: int, capacity: int) -> None:
        self.base, self.capacity, self.refs = base, capacity, 1


class KVPool:
    """First fit over one flat run of rows. Owned by the engine thread."""

    def __init__(self, total_rows: int) -> None:
        self.total_rows = total_rows // STEP * STEP
        self._free: list[tuple[int, int]] = [(0, self.total_rows)]  # (base, length), by base, never touching
        self._used = self._ranges = 0

    def take(self, num_rows: int) -> Range:
        """A range of at least `num_rows` rows, held once. Raises PoolFull."""
        need = max(STEP, -(-num_rows // STEP) * STEP)
        for i, (base, length) in enumerate(self._free):
            if length >= need:
                self._free[i : i + 1] = [(base + need, length - need)] if length > need else []
                self._used += need
                self._ranges += 1
                return Range(base, need)
        raise PoolFull(f"{need} rows are wanted, {self.total_rows - self._used} of {self.total_rows} are free")

    def hold(self, held: Range) -> None:
        """One more holder."""
        assert held.refs > 0, "a free range cannot be held"
        held.refs += 1

    def release(self, held: Range) -> None:
        """One holder less; the last one frees it."""
        assert held.refs > 0, "released once too often"
        held.refs -= 1
        if held.refs:
            return
        self._used -= held.capacity
        self._ranges -= 1
        merged: list[tuple[int, int]] = []
        for base, length in sorted([*self._free, (held.base, held.capacity)]):
            if merged and sum(merged[-1]) == base:
                merged[-1] = (merged[-1][0], merged[-1][1] + length)
            else:
                merged.append((base, length))
        self._free = merged

    def stats(self) -> PoolStats:
        return PoolStats(self._used, self.total_rows, self._ranges)
