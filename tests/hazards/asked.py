"""What became of every question that was asked amid chaos: exactly one last event, in order, of a known kind."""

import threading
from collections import Counter, deque
from dataclasses import dataclass
from typing import Any

from hazards.faults import Planted

from askcam.engine.errors import EngineError, EngineFailure
from askcam.engine.question import (
    Failed,
    Finished,
    First,
    Piece,
    Question,
    Reason,
    Scored,
    Scoring,
    Started,
)
from askcam.stream.errors import StreamError
from askcam.stream.window import View

LAST = (Finished, Failed, Scored)
OUT_OF_MEMORY = "the GPU's memory is full"


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that can be computed once more: the question was greedy, and `view` is all that it saw."""

    question: Question
    view: View
    text: str
    num_tokens: int


class Tally:
    """All questions. `over` and `wrong` are the engine thread's to write; any thread may read."""

    def __init__(self, keep: int) -> None:
        """`keep` of the last greedy answers are kept whole."""
        self.num_asked = 0
        self.over: Counter[str] = Counter()  # by kind of the last event
        self.wrong: list[str] = []  # what the door does not promise
        self.answers: deque[Answered] = deque(maxlen=keep)
        self.prompt_tokens = self.cached_tokens = 0  # of answers about a camera
        self._open: dict[int, Asked] = {}
        self._change = threading.Condition()

    @property
    def open(self) -> list["Asked"]:
        """Those that have had no last event, the oldest first."""
        with self._change:
            return list(self._open.values())

    def asking(self, question: Question | Scoring, cancel_at: int | None) -> "Asked":
        """Its events go to what is returned. `cancel_at`: it wants to be cancelled at its so manieth event."""
        with self._change:
            self.num_asked += 1
            asked = self._open[self.num_asked] = Asked(self, self.num_asked, question, cancel_at)
            return asked

    def refused(self, asked: "Asked", error: Exception) -> None:
        """ask() raised: no event may come."""
        if not isinstance(error, EngineError):
            self.wrong.append(f"ask() raised {error!r}")
        asked.over = True
        self._close(asked, f"refused {type(error).__name__}")

    def wait(self, asked: list["Asked"], timeout_s: float) -> bool:
        """Until all of these are over; whether they are."""
        with self._change:
            return self._change.wait_for(lambda: all(each.over for each in asked), timeout_s)

    def ended(self, asked: "Asked", event: Finished | Failed | Scored) -> None:
        self._close(asked, self._kind(asked, event))

    def _close(self, asked: "Asked", kind: str) -> None:
        with self._change:
            self.over[kind] += 1
            self._open.pop(asked.number, None)
            self._change.notify_all()

    def _kind(self, asked: "Asked", event: Finished | Failed | Scored) -> str:
        if isinstance(event, Failed):
            return self._failed(event.error)
        if isinstance(event, Scored):
            assert isinstance(asked.question, Scoring)
            want = (len(asked.question.questions), len(asked.question.choices))
            found = {(len(event.probabilities), len(row)) for row in event.probabilities}
            if found != {want} or not all(0 <= p <= 1 for row in event.probabilities for p in row):
                self.wrong.append(f"{want} probabilities were wanted, {event.probabilities} came")
            return "scored"
        if event.reason is Reason.CANCELLED:
            if not asked.cancelled:
                self.wrong.append("an answer was cancelled that nobody cancelled")
            return "cancelled"
        if asked.view is not None:
            self.prompt_tokens += event.usage.prompt_tokens
            self.cached_tokens += event.usage.cached_tokens
            if isinstance(asked.question, Question) and asked.question.sampling.temperature == 0:
                number = event.usage.completion_tokens
                self.answers.append(Answered(asked.question, asked.view, event.text, number))
        return "answered"

    def _failed(self, error: Exception) -> str:
        if not isinstance(error, EngineError | StreamError):
            self.wrong.append(f"a question failed with {error!r}")
        elif isinstance(error, EngineFailure) and not _planted(error):
            self.wrong.append(f"the engine failed by itself: {error!r}, from {error.__cause__!r}")
        return f"failed {type(error).__name__}"


class Asked:
    """One question, and the on_event of its asker. Called on the engine thread."""

    def __init__(self, tally: Tally, number: int, question: Question | Scoring, cancel_at: int | None) -> None:
        self.number, self.question = number, question
        self.over = self.cancelled = False
        self.view: View | None = None
        self.cancel: Any = None  # set once the ticket is known
        self._tally, self._cancel_at = tally, cancel_at
        self._heard = ""  # a letter per kind of event

    def __call__(self, event: Any) -> None:
        if self.over:
            self._tally.wrong.append(f"{event!r} came after the last event ({self._heard})")
            return
        self._heard = self._heard[-20:] + type(event).__name__[:2]
        self._check_order(event)
        if isinstance(event, Started):
            self.view = event.view
        if self._cancel_at is not None and self.cancel is not None:
            self._cancel_at -= 1
            if self._cancel_at <= 0:
                self.cancel()
        if isinstance(event, LAST):
            self.over = True
            self._tally.ended(self, event)
            self.view = None

    def _check_order(self, event: Any) -> None:
        before = self._heard[:-2][-2:]
        allowed = {Started: ("",), First: ("St",), Piece: ("Fi", "Pi")}.get(type(event))
        if allowed is not None and before not in allowed:
            self._tally.wrong.append(f"{event!r} came out of order: {self._heard}")


def _planted(error: EngineFailure) -> bool:
    return isinstance(error.__cause__, Planted) or OUT_OF_MEMORY in str(error)
