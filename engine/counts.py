"""What the engine counts about itself. Any thread."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from askcam.engine.errors import Busy
from askcam.engine.interface import EngineStats
from askcam.engine.question import Failed, Finished, Reason, Scored


class Counts:
    """Counts since the start, and how long an answer takes lately."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked = self._answered = self._cancelled = self._failed = self._refused = self._tokens = 0
        self._seconds_each = 1.0  # a guess until the first answer

    @property
    def seconds_each(self) -> float:
        return self._seconds_each

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Around the queueing of a question: counts it, or its refusal with Busy."""
        try:
            yield
        except Busy:
            with self._lock:
                self._refused += 1
            raise
        with self._lock:
            self._asked += 1

    def token(self) -> None:
        with self._lock:
            self._tokens += 1

    def ended(self, event: Finished | Scored | Failed, took_s: float | None) -> None:
        """A question's last event; `took_s` seconds in the engine, None when it never left the queue."""
        with self._lock:
            if isinstance(event, Failed):
                self._failed += 1
            elif isinstance(event, Finished) and event.reason is Reason.CANCELLED:
                self._cancelled += 1
            else:
                self._answered += 1
            if took_s is not None:
                self._seconds_each += 0.2 * (took_s - self._seconds_each)

    def stats(self, waiting: int, answering: int) -> EngineStats:
        with self._lock:
            return EngineStats(
                asked=self._asked,
                answered=self._answered,
                cancelled=self._cancelled,
                failed=self._failed,
                refused=self._refused,
                waiting=waiting,
                answering=answering,
                tokens=self._tokens,
            )
