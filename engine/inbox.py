"""The bounded queue of waiting questions. Any thread may put, cancel and nudge; the engine thread takes."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from askcam.engine.errors import Busy, EngineFailure
from askcam.engine.interface import Grammar
from askcam.engine.question import Failed, Finished, Question, Reason, Scoring, Timings, Usage


@dataclass(slots=True, eq=False)
class Asked:
    """A question on its way. `cancelled` is set by any thread and read by the engine thread at every token."""

    ticket: int
    question: Question | Scoring
    tell: Callable[[Any], None]  # with Event, or ScoreEvent for a scoring
    at: float  # time.monotonic() of ask()
    grammar: Grammar | None = None  # of the form that its answer is to have
    cancelled: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Departed:
    """A question that left the queue unanswered; the engine thread tells its asker."""

    asked: Asked
    event: Finished | Failed


class Inbox:
    """Whoever has fewest questions under way is next, and of those who came first; questions before scorings, since
    nobody sits and waits for those. More than `max_waiting` are refused with Busy. Nothing here calls an asker."""

    def __init__(self, max_waiting: int) -> None:
        self._max_waiting = max_waiting
        self._change = threading.Condition()
        self._waiting: deque[Asked] = deque()
        self._gone: list[Departed] = []  # at most what was waiting
        self._running: dict[int, Asked] = {}  # by ticket: being answered
        self._nudged = False
        self._tickets = 0
        self._closed = False

    @property
    def closed(self) -> bool:
        return self._closed

    def counts(self) -> tuple[int, int]:
        """How many questions wait and how many are being answered."""
        with self._change:
            return len(self._waiting), len(self._running)

    def put(
        self,
        question: Question | Scoring,
        tell: Callable[[Any], None],
        seconds_each: float,
        grammar: Grammar | None = None,
    ) -> int:
        """Queue a question; returns its ticket. Raises Busy, with a guess from `seconds_each` answer, when full."""
        with self._change:
            if self._closed:
                raise EngineFailure("the engine is closed")
            if len(self._waiting) >= self._max_waiting:
                raise Busy(len(self._waiting), max(1.0, len(self._waiting) * seconds_each))
            self._tickets += 1
            self._waiting.append(Asked(self._tickets, question, tell, time.monotonic(), grammar))
            self._change.notify()
            return self._tickets

    def take(self) -> Asked | None:
        """The last question is over: wait for the next one. None: only some that left, or close().

        For an engine thread that answers one at a time; `poll`, `over` and `wait` are for one that answers many.
        """
        with self._change:
            self._running.clear()
            self._change.wait_for(lambda: self._waiting or self._gone or self._closed)
            return self._next()

    def poll(self, *, scorings: bool = True, wanted: Callable[[Asked], bool] = lambda asked: True) -> Asked | None:
        """The next question to answer if one waits that is `wanted`, or the next scoring if these are, too.

        It counts as being answered until over().
        """
        if not self._waiting:  # read at every step, so without the lock
            return None
        with self._change:
            return self._next(scorings, wanted)

    def over(self, asked: Asked) -> None:
        """An answer has come to its end."""
        with self._change:
            self._running.pop(asked.ticket, None)

    def nudge(self) -> None:
        """Wake the engine thread: there is something else to do than questions."""
        with self._change:
            self._nudged = True
            self._change.notify_all()

    def wait(self, timeout_s: float | None) -> None:
        """Until there is a question, one that left, a nudge or close()."""
        with self._change:
            self._change.wait_for(lambda: self._waiting or self._gone or self._closed or self._nudged, timeout_s)
            self._nudged = False

    def done(self) -> None:
        """The question that take() gave has been answered, or has failed. The engine thread's call."""
        with self._change:
            self._running.clear()

    def gone(self) -> list[Departed]:
        """Those that left the queue since the last call."""
        if not self._gone:  # read at every token, so without the lock; one that comes just now is seen next time
            return []
        with self._change:
            gone, self._gone = self._gone, []
            return gone

    def cancel(self, ticket: int) -> None:
        """Mark the question being answered, or drop a waiting one. Unknown tickets have no effect."""
        with self._change:
            if ticket in self._running:
                self._running[ticket].cancelled = True
            self._drop(lambda asked: asked.ticket == ticket, cancelled)

    def fail(self, camera: str, error: Exception) -> None:
        """Drop the waiting questions about a camera."""
        with self._change:
            self._drop(lambda asked: asked.question.camera == camera, lambda _: Failed(error))

    def close(self) -> None:
        """Cancel everything and take nothing more."""
        with self._change:
            self._closed = True
            for asked in self._running.values():
                asked.cancelled = True
            self._drop(lambda _: True, cancelled)
            self._change.notify_all()

    def _next(self, scorings: bool = True, wanted: Callable[[Asked], bool] = lambda asked: True) -> Asked | None:
        asked = self._fairest(wanted)
        if asked is None and scorings:
            asked = next((each for each in self._waiting if isinstance(each.question, Scoring)), None)
        if asked is None:
            return None
        self._waiting.remove(asked)
        self._running[asked.ticket] = asked
        return asked

    def _fairest(self, wanted: Callable[[Asked], bool]) -> Asked | None:
        """The question whose turn it is."""
        running = Counter(asker(each) for each in self._running.values())
        questions = (each for each in self._waiting if not isinstance(each.question, Scoring) and wanted(each))
        return min(questions, key=lambda each: running[asker(each)], default=None)  # the first of several

    def _drop(self, which: Callable[[Asked], bool], event: Callable[[Asked], Finished | Failed]) -> None:
        leaving = [asked for asked in self._waiting if which(asked)]
        self._waiting = deque(asked for asked in self._waiting if not which(asked))
        self._gone += [Departed(asked, event(asked)) for asked in leaving]
        if leaving:
            self._change.notify_all()


def asker(asked: Asked) -> str | None:
    """Whose question it is; None for a scoring."""
    return None if isinstance(asked.question, Scoring) else asked.question.asker


def cancelled(asked: Asked, started: float | None = None) -> Finished:
    """The last event of a question that was cancelled while it waited, or once `started` on but before any token."""
    now = time.monotonic()
    waited_s = (now if started is None else started) - asked.at
    return Finished(Reason.CANCELLED, "", Usage(), Timings(wait_s=waited_s, total_s=now - asked.at))
