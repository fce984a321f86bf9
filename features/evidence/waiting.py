"""Cases that wait to be written: bounded by count and by the memory of their pictures; what comes then is refused."""

import threading
from collections import Counter, deque
from concurrent.futures import Future

from askcam.server.answering.observing import Answered
from askcam.server.answers import owners

MAX_CASES = 32
MAX_BYTES = 256 << 20


class Waiting:
    """Any thread puts, one takes. Pictures that several cases share are counted once."""

    def __init__(self, max_cases: int = MAX_CASES, max_bytes: int = MAX_BYTES) -> None:
        self._max_cases, self._max_bytes = max_cases, max_bytes
        self._change = threading.Condition()
        self._cases: deque[Answered] = deque()  # the first one is being written once it was taken
        self._uses: Counter[int] = Counter()  # by id() of the array that owns the memory
        self._bytes = 0
        self._closed = False
        self._wishes: list[Future[int]] = []  # for room; each of their askers waits for its own

    def __len__(self) -> int:
        return len(self._cases)

    def put(self, case: Answered) -> bool:
        """False when there is no room for it, or when nobody takes any more."""
        memory = owners(case.pixels())
        with self._change:
            grown = sum(num_bytes for owner, num_bytes in memory.items() if not self._uses[owner])
            full = len(self._cases) >= self._max_cases or self._bytes + grown > self._max_bytes
            if self._closed or full:
                return False
            self._cases.append(case)
            self._uses.update(memory.keys())
            self._bytes += grown
            self._change.notify()
            return True

    def take(self, timeout_s: float) -> Answered | None:
        """The oldest, which counts as waiting until done(). None: nothing came in time, somebody wishes for room, or
        all is done and closed."""
        with self._change:
            self._change.wait_for(lambda: self._cases or self._closed or self._wishes, timeout_s)
            return self._cases[0] if self._cases else None

    def done(self) -> None:
        """The taken one is written, or never will be."""
        with self._change:
            for owner, num_bytes in owners(self._cases.popleft().pixels()).items():
                self._uses[owner] -= 1
                if not self._uses[owner]:
                    del self._uses[owner]
                    self._bytes -= num_bytes

    def wish(self) -> Future[int]:
        """Ask the taker to make room on its disk; what comes is how many answers gave way."""
        wished: Future[int] = Future()
        with self._change:
            if self._closed:
                wished.set_result(0)
            else:
                self._wishes.append(wished)
                self._change.notify()
        return wished

    def wishes(self) -> list[Future[int]]:
        """Those that nobody has seen to yet; the taker does now."""
        with self._change:
            found, self._wishes = self._wishes, []
        return found

    @property
    def closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        """Take no more; those that wait can still be taken."""
        with self._change:
            self._closed = True
            self._change.notify_all()
