"""Questions that bring pictures or clips: these are read piece by piece, so that nobody waits for all of them."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from askcam.engine.inbox import Asked, asker
from askcam.engine.live.answering import RunningAnswer

MOST = 4  # at once, each of another asker


@dataclass(frozen=True, slots=True, eq=False)
class Beginning:
    """`steps` give None after each piece but the last, then the answer that begins. Closed early, they hold nothing."""

    asked: Asked
    started: float  # time.monotonic()
    steps: Iterator[RunningAnswer | None]

    def close(self) -> None:
        self.steps.close()  # type: ignore[attr-defined]  # a generator's


class Beginnings:
    """Those under way, which take turns. Owned by the engine thread."""

    def __init__(self, quick: Callable[[Asked], bool]) -> None:
        """`quick`: whether a question is begun in one piece, and so need not be among them."""
        self._quick = quick
        self._turns: deque[Beginning] = deque()

    def __len__(self) -> int:
        return len(self._turns)

    def takes(self, asked: Asked) -> bool:
        """Whether this question may be begun now: one of an asker at a time."""
        askers = {asker(each.asked) for each in self._turns}
        return self._quick(asked) or (len(askers) < MOST and asker(asked) not in askers)

    def add(self, beginning: Beginning) -> None:
        self._turns.append(beginning)

    def turn(self) -> Beginning | None:
        """Whose turn it is; it is among them no more until it is added again."""
        return self._turns.popleft() if self._turns else None

    def leave(self, which: Callable[[Asked], bool]) -> list[Beginning]:
        """Close and drop some; returns them."""
        gone = [each for each in self._turns if which(each.asked)]
        self._turns = deque(each for each in self._turns if each not in gone)
        for each in gone:
            each.close()
        return gone
