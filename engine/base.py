"""What every engine has, wherever its model runs: cameras under their names, the queue of questions, counts. No torch.

Front (front.py) adds a model in this process, RemoteEngine (remote/engine.py) one behind somebody else's server.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace

from askcam.engine.answer import refuse_stale
from askcam.engine.counts import Counts
from askcam.engine.errors import QuestionError, TooLong
from askcam.engine.inbox import Asked, Inbox
from askcam.engine.interface import EngineMemory, EngineStats, ModelInfo, SeenPace, WindowSource
from askcam.engine.power import anchors_of
from askcam.engine.question import Event, Question, Role, Scored, Scoring
from askcam.engine.sampling_bounds import check_sampling
from askcam.stream.errors import CameraUnavailable
from askcam.stream.fit import Fit, FitRule
from askcam.stream.window import View

log = logging.getLogger("askcam.engine")

CLOSE_S = 5.0


class EngineBase:
    """Half of an interface.Engine. Sources are under a lock, questions in the inbox; `_thread` is the engine thread."""

    _thread: threading.Thread

    def __init__(self, info: ModelInfo, max_waiting: int) -> None:
        self.info = info
        self.anchors = anchors_of(info.power.low, info.max_pairs)
        self._inbox = Inbox(max_waiting)
        self._counts = Counts()
        self._sources: dict[str, WindowSource] = {}
        self._sources_lock = threading.Lock()

    # -- any thread

    def attach(self, source: WindowSource) -> None:
        with self._sources_lock:
            if source.name in self._sources:
                raise ValueError(f"a camera named {source.name!r} is attached already")
            self._sources[source.name] = source

    def detach(self, name: str) -> None:
        with self._sources_lock:
            self._sources.pop(name, None)
        self._inbox.fail(name, removed(name))

    def cancel(self, ticket: int) -> None:
        self._inbox.cancel(ticket)

    def paces(self) -> Mapping[str, SeenPace]:
        return {}

    def stats(self) -> EngineStats:
        return replace(self._counts.stats(*self._inbox.counts()), memory=self.memory())

    def memory(self) -> EngineMemory:
        """What the model takes of this machine now."""
        return EngineMemory()

    def trouble(self) -> str | None:
        return None

    def close(self) -> None:
        self._inbox.close()
        self._thread.join(CLOSE_S)
        if self._thread.is_alive():
            log.error("the engine thread did not end within %g s; it is left to itself", CLOSE_S)

    def _check(self, question: Question) -> None:
        """Raises QuestionError for one that makes no sense, whatever the model."""
        check_sampling(question.sampling)
        if not any(message.role is Role.USER for message in question.messages):
            raise QuestionError("a question needs a user message", "messages")
        if question.camera is not None and question.camera not in self._sources:
            raise QuestionError(f"there is no camera {question.camera!r}", "camera")

    def _scoring(self, questions: Sequence[Question], choices: Sequence[str]) -> Scoring:
        """What score() queues. Raises QuestionError for what makes no sense, whatever the model."""
        for question in questions:
            self._check(question)
        if len({question.camera for question in questions}) != 1:
            raise QuestionError("a scoring needs questions about one and the same camera", "questions")
        return Scoring(tuple(replace(question, thinking=False) for question in questions), tuple(choices))

    # -- the engine thread, and the rooms that work on it

    def look(self, question: Question) -> View | None:
        """The camera's window now, not at ask() time, and no older than the question allows. `seen` is a part of it."""
        if question.camera is None:
            return None
        view = self.source(question.camera).look()
        refuse_stale(question, view)
        return view

    def seen(self, question: Question, view: View | None) -> View | None:
        """As much of a view of its camera as the question sees."""
        if view is None or question.window_s is None:
            return view
        return view.recent(question.window_s, self.anchors.hop)

    def source(self, name: str) -> WindowSource:
        """The attached camera of that name. Raises CameraUnavailable."""
        source = self._sources.get(name)
        if source is None:
            raise removed(name)
        return source

    def room(self, num_tokens: int) -> int:
        """Tokens that an answer to a prompt of `num_tokens` may have. Raises TooLong when there is no room."""
        room = self.info.context_tokens - num_tokens
        if room < 1:
            raise TooLong(
                f"the question and what it sees are {num_tokens} tokens, the model takes "
                f"{self.info.context_tokens}: shorten it",
                "messages",
            )
        return room

    def tell(self, asked: Asked, event: Event | Scored) -> None:
        try:
            asked.tell(event)
        except Exception:
            log.exception("an asker's on_event raised; its answer goes on unheard")

    def _tell_gone(self) -> None:
        for gone in self._inbox.gone():
            self._counts.ended(gone.event, None)
            self.tell(gone.asked, gone.event)


def removed(name: str) -> CameraUnavailable:
    """What is told to who asks about a camera that was taken away."""
    return CameraUnavailable(name, "ended", "it was removed")


def fitted(rule: FitRule, width: int, height: int) -> Fit:
    """How a picture is made to fit by a family's rule. Raises QuestionError for absurd shapes."""
    try:
        return rule(width, height)
    except ValueError as exc:
        raise QuestionError(str(exc)) from exc
