"""Where the tokens of a growing window stand, one pair at a time. Pure; the same numbers as families/positions.py.

A window is a head (system prompt and so on), then units: a pair's vision tokens, for stamped families between a time
stamp and an end token. Whatever follows, a question or a provisional pair, stands after them. So all positions up to a
pair follow from the head's length and the pair's number: that is why a window's keys and values never change.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from askcam.engine.families.spec import FamilySpec
from askcam.engine.interface import Positions

Ints = npt.NDArray[np.int64]
Stamp = Callable[[float], tuple[int, ...]]  # seconds since the window's start -> token ids before a pair


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """What one pair adds to a window: `before` and `after` are text, the pair's tokens are between them."""

    before: tuple[int, ...]
    num_tokens: int  # of the pair
    after: tuple[int, ...]
    positions: Ints  # (3, length)

    @property
    def length(self) -> int:
        return int(self.positions.shape[1])


class Seam:
    """One kind of window: a head's length, a grid, a rate. Units are numbered from the window's start."""

    def __init__(
        self,
        spec: FamilySpec,
        rule: Positions,
        head_len: int,
        grid: tuple[int, int],
        fps: float,
        stamp: Stamp,
        pair_end: tuple[int, ...],
    ) -> None:
        """`grid`: rows and columns of tokens; `stamp` and `pair_end` matter for stamped families only."""
        self.head_len, self.grid, self.fps = head_len, grid, fps
        self._spec, self._rule, self._stamp, self._pair_end = spec, rule, stamp, pair_end
        rows, columns = grid
        axes = np.meshgrid([0], np.arange(rows), np.arange(columns), indexing="ij")
        self._cells: Ints = np.stack(axes).reshape(3, -1).astype(np.int64)
        self._units: list[Unit] = []  # as many as were ever asked for, at most a window's pairs
        self._starts = [head_len]  # stamped: where each unit begins

    def unit(self, number: int) -> Unit:
        """What the pair with this number adds."""
        while len(self._units) <= number:
            self._units.append(self._make(len(self._units)))
        return self._units[number]

    def text_start(self, num_pairs: int) -> int:
        """The position of the first text token after so many pairs."""
        if not num_pairs:
            return self.head_len
        if self._spec.stamped_pairs:
            self.unit(num_pairs - 1)
            return self._starts[num_pairs]
        widest = max(self.grid)
        if self._rule == "transformers":
            return self.head_len + widest
        return self.head_len + max(widest, self._time(num_pairs - 1) + 1)

    def length(self, num_pairs: int) -> int:
        """Tokens of a window of so many pairs."""
        if not self._spec.stamped_pairs:
            return self.head_len + num_pairs * int(self._cells.shape[1])
        return self.head_len + sum(self.unit(number).length for number in range(num_pairs))

    def _make(self, number: int) -> Unit:
        num_tokens = self._cells.shape[1]
        if not self._spec.stamped_pairs:
            positions = self._cells + self.head_len
            positions[0] += self._time(number)
            return Unit((), num_tokens, (), positions)
        before = self._stamp((2 * number + 0.5) / self.fps)  # the middle of its two frames
        start = self._starts[number]
        pair_at = start + len(before)
        after_at = pair_at + max(self.grid)
        text_before = np.tile(np.arange(start, pair_at), (3, 1))
        text_after = np.tile(np.arange(after_at, after_at + len(self._pair_end)), (3, 1))
        self._starts.append(after_at + len(self._pair_end))
        positions = np.concatenate((text_before, self._cells + pair_at, text_after), 1)
        return Unit(before, num_tokens, self._pair_end, positions)

    def _time(self, number: int) -> int:
        """A pair's temporal position, in float32 since transformers multiplies in it and cuts the product down."""
        if self._spec.tokens_per_second is None:
            return number
        step = self._spec.tokens_per_second * (2 / self.fps)
        return int(np.float32(number) * np.float32(step))
