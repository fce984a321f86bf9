"""THE way of one question: a place in the engine's queue, its events as they come, and the record of what was seen.

Whatever protocol a question came by, it passes here. Freshness is the engine's: it takes the newest frame when it
starts on the question and refuses what is too old. This room turns engine events (engine thread) into steps (event
loop), says what the answer saw, keeps the record and counts.
"""

import asyncio
import secrets
import string
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from askcam.client.protocol import Saw
from askcam.engine.question import (
    Event,
    Failed,
    Finished,
    First,
    Message,
    Piece,
    Question,
    Reason,
    Role,
    Sampling,
    Started,
    Text,
    Timings,
    Usage,
)
from askcam.server.answers import Answers, Record
from askcam.server.cameras import Cameras
from askcam.server.errors import ApiError, as_api_error
from askcam.server.metrics import Metrics
from askcam.server.model import Model
from askcam.server.saw import what_it_saw
from askcam.stream.window import View

ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Ask:
    """One question as a protocol hands it over."""

    messages: tuple[Message, ...]
    camera: str | None = None  # None: about the pictures in the messages, if any
    sampling: Sampling = field(default_factory=Sampling)
    max_age_s: float | None = None
    tools: tuple[Mapping[str, Any], ...] = ()
    received: float = field(default_factory=time.monotonic)  # when the server had all of it; ttft_ms counts from here


@dataclass(frozen=True, slots=True)
class Begun:
    """The question has its place in the queue."""

    answer_id: str


@dataclass(frozen=True, slots=True)
class Delta:
    """Some more text: whole characters."""

    text: str


@dataclass(frozen=True, slots=True)
class Done:
    """The answer is complete, or was cancelled."""

    reason: Reason
    text: str
    saw: Saw
    usage: Usage
    timings: Timings


Step = Begun | Delta | Done


def new_answer_id() -> str:
    """Unguessable, since whoever knows it may read the answer's frames."""
    return "ans_" + "".join(secrets.choice(ALPHABET) for _ in range(24))


class Asking:
    """Owned by the event loop. One instance serves all protocols."""

    def __init__(self, model: Model, cameras: Cameras, answers: Answers, metrics: Metrics) -> None:
        self._model, self._cameras, self._answers, self._metrics = model, cameras, answers, metrics

    async def ask(self, ask: Ask) -> AsyncGenerator[Step, None]:
        """Begun, Delta..., Done. Raises ApiError. Closing the generator early ends the engine's work on it.

        At most `sampling.max_tokens` events wait for a slow reader.
        """
        events: asyncio.Queue[Event] = asyncio.Queue()
        answer_id = new_answer_id()
        try:
            ticket = self._queue(ask, asyncio.get_running_loop(), events.put_nowait)
        except Exception as exc:
            raise self._refused(exc) from exc
        hearing = _Hearing(self, ask, answer_id)
        try:
            yield Begun(answer_id)
            while True:
                step = hearing.hear(await events.get())
                if step is not None:
                    yield step
                if isinstance(step, Done):
                    return
        finally:
            self._model.engine.cancel(ticket)  # no effect once it has ended

    def _queue(self, ask: Ask, loop: asyncio.AbstractEventLoop, put: Callable[[Event], None]) -> int:
        def on_event(event: Event) -> None:  # on the engine thread
            if not loop.is_closed():
                loop.call_soon_threadsafe(put, event)

        if ask.camera is not None:
            self._cameras.get(ask.camera)
        question = Question(ask.messages, ask.camera, ask.sampling, ask.max_age_s, ask.tools)
        return self._model.engine.ask(question, on_event)

    def _refused(self, exc: Exception) -> ApiError:
        error = as_api_error(exc)
        self._metrics.refused(error.code or error.type)
        return error

    def _done(self, hearing: "_Hearing", event: Finished) -> Done:
        info = self._model.engine.info
        ask, view = hearing.ask, hearing.view
        saw = what_it_saw(hearing.answer_id, info, view, hearing.health, hearing.frame_age_s, hearing.ttft_s)
        self._metrics.answered(ask.camera, event.reason.value, event.timings, event.usage, hearing.frame_age_s)
        frames = () if view is None else view.frames
        self._answers.put(Record(saw, question_text(ask), event.text, event.reason, event.usage, event.timings, frames))
        return Done(event.reason, event.text, saw, event.usage, event.timings)


class _Hearing:
    """Turns one question's events into steps."""

    def __init__(self, asking: Asking, ask: Ask, answer_id: str) -> None:
        self.asking, self.ask, self.answer_id = asking, ask, answer_id
        self.queued = time.monotonic()
        self.view: View | None = None
        self.health: tuple[str, ...] = ()
        self.frame_age_s: float | None = None
        self.ttft_s: float | None = None

    def hear(self, event: Event) -> Step | None:
        match event:
            case Started():
                self.view = event.view
                if self.ask.camera is not None:
                    self.health = self.asking._cameras.health(self.ask.camera)
                return None
            case First():
                self.frame_age_s = event.frame_age_s
                self.ttft_s = self.queued - self.ask.received + event.first_token_s
                return None
            case Piece():
                return Delta(event.text) if event.text else None
            case Finished():
                return self.asking._done(self, event)
            case Failed():
                raise self.asking._refused(event.error) from event.error


def question_text(ask: Ask) -> str:
    """The last thing the user said, for the record."""
    for message in reversed(ask.messages):
        if message.role is Role.USER:
            return " ".join(part.text for part in message.parts if isinstance(part, Text))
    return ""
