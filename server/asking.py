"""THE way of one question: a place in the engine's queue, its events as they come, and the record of what was seen.

Whatever protocol a question came by, it passes here. Freshness is the engine's: it takes the newest frame when it
starts on the question and refuses what is too old. This room turns engine events (engine thread) into steps (event
loop), says what the answer saw, keeps the record and counts.
"""

import asyncio
import secrets
import string
import time
from collections.abc import AsyncGenerator, Callable

from askcam.client.protocol import Saw
from askcam.engine.door import Engine
from askcam.engine.question import (
    Event,
    Failed,
    Finished,
    First,
    Piece,
    Question,
    Reason,
    Role,
    Started,
    Text,
    Timings,
    Trace,
    Usage,
)
from askcam.server.answers import Answers, Record
from askcam.server.cameras import Cameras
from askcam.server.errors import ApiError, as_api_error
from askcam.server.evidence.case import Case
from askcam.server.evidence.writer import Writer
from askcam.server.metrics import Metrics
from askcam.server.model import Model
from askcam.server.saw import what_it_saw
from askcam.server.steps import Ask, Begun, Delta, Done, Seen, Step
from askcam.stream.shot import Shot
from askcam.stream.window import View

ALPHABET = string.ascii_letters + string.digits


def new_answer_id() -> str:
    """Unguessable, since whoever knows it may read the answer's frames."""
    return "ans_" + "".join(secrets.choice(ALPHABET) for _ in range(24))


class Asking:
    """Owned by the event loop. One instance serves all protocols."""

    def __init__(
        self, model: Model, cameras: Cameras, answers: Answers, metrics: Metrics, evidence: Writer | None = None
    ) -> None:
        """`evidence`: what writes it down; None: it isn't."""
        self._model, self._cameras, self._answers, self._metrics = model, cameras, answers, metrics
        self._evidence = evidence

    async def ask(self, ask: Ask) -> AsyncGenerator[Step, None]:
        """Begun, Seen, Delta..., Done. Raises ApiError. Closing the generator early ends the engine's work on it, and
        keeps what was said until then.

        At most `sampling.max_tokens` events wait for a slow reader.
        """
        events: asyncio.Queue[Event] = asyncio.Queue()
        answer_id = new_answer_id()
        form = ask.sampling.response_format
        try:
            if form is not None:  # compiled beside the event loop; _queue finds it done
                await asyncio.to_thread(self._model.engine.prepare, form)
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
            if hearing.saw is not None and not hearing.over:
                self._keep(hearing, hearing.broken_off())

    def _queue(self, ask: Ask, loop: asyncio.AbstractEventLoop, put: Callable[[Event], None]) -> int:
        def on_event(event: Event) -> None:  # on the engine thread
            if not loop.is_closed():
                loop.call_soon_threadsafe(put, event)

        if ask.camera is not None:
            self._cameras.get(ask.camera)
        question = Question(
            ask.messages, ask.camera, ask.sampling, ask.max_age_s, ask.tools, trace=self.keeps_evidence(ask)
        )
        return self._model.engine.ask(question, on_event)

    def keeps_evidence(self, ask: Ask) -> bool:
        """Whether what the answer is given from goes to the disk."""
        return self._evidence is not None and self._evidence.wants(ask.camera, ask.evidence)

    def _refused(self, exc: Exception) -> ApiError:
        error = as_api_error(exc)
        self._metrics.refused(error.code or error.type)
        return error

    def _keep(self, hearing: "_Hearing", end: Finished) -> None:
        """Count an answer, and keep it with its frames."""
        assert hearing.saw is not None, "an answer without a token is not kept"
        ask, frames = hearing.ask, () if hearing.view is None else hearing.view.frames
        self._metrics.answered(ask.camera, end.reason.value, end.timings, end.usage, hearing.frame_age_s)
        record = Record(hearing.saw, question_text(ask), end.text, end.reason, end.usage, end.timings, frames)
        self._answers.put(record)
        if self._evidence is not None and hearing.trace is not None:
            self._evidence.put(hearing.case(record, hearing.trace, end.tokens))


class _Hearing:
    """Turns one question's events into steps."""

    def __init__(self, asking: Asking, ask: Ask, answer_id: str) -> None:
        self.asking, self.ask, self.answer_id = asking, ask, answer_id
        self.queued = time.monotonic()
        self.engine: Engine = asking._model.engine
        self.view: View | None = None
        self.shot: Shot | None = None
        self.trace: Trace | None = None  # from the first token on, where evidence is kept
        self.frame_age_s: float | None = None
        self.saw: Saw | None = None  # from the first token on
        self.over = False
        self._health: tuple[str, ...] = ()
        self._text: list[str] = []
        self._num_tokens = 0
        self._tokens: list[int] = []

    def hear(self, event: Event) -> Step | None:
        match event:
            case Started():
                self.view = event.view
                if self.ask.camera is not None:
                    self._health = self.asking._cameras.health(self.ask.camera)
                    if self.asking.keeps_evidence(self.ask):
                        self.shot = self.asking._cameras.shot(self.ask.camera)
                return None
            case First():
                self.frame_age_s, self.trace = event.frame_age_s, event.trace
                return Seen(self._see(self.queued - self.ask.received + event.first_token_s))
            case Piece():
                self._text.append(event.text)
                self._num_tokens = event.num_tokens
                self._tokens += event.tokens
                return Delta(event.text, event.logprobs) if event.text else None
            case Finished():
                self.over = True
                saw = self.saw or self._see(None)  # cancelled before its first token
                self.asking._keep(self, event)
                return Done(event.reason, event.text, saw, event.usage, event.timings, event.logprobs)
            case Failed():
                self.over = True
                raise self.asking._refused(event.error) from event.error

    def _see(self, ttft_s: float | None) -> Saw:
        self.saw = what_it_saw(self.answer_id, self.engine.info, self.view, self._health, self.frame_age_s, ttft_s)
        return self.saw

    def broken_off(self) -> Finished:
        """How an answer ended that nobody wanted to hear to its end."""
        since_s = time.monotonic() - self.queued
        return Finished(
            Reason.CANCELLED,
            "".join(self._text),
            Usage(completion_tokens=self._num_tokens),
            Timings(first_token_s=((self.saw and self.saw.ttft_ms) or 0.0) / 1000, total_s=since_s),
            tokens=tuple(self._tokens),
        )

    def case(self, record: Record, trace: Trace, tokens: tuple[int, ...]) -> Case:
        """What is to be written of it."""
        ask, model = self.ask, self.engine.info
        return Case(record, ask.messages, ask.tools, trace, tokens, self.view, self.shot, model)


def question_text(ask: Ask) -> str:
    """The last thing the user said, for the record."""
    for message in reversed(ask.messages):
        if message.role is Role.USER:
            return " ".join(part.text for part in message.parts if isinstance(part, Text))
    return ""
