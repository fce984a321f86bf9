"""Engine events become steps: one answer as it is heard, over all its rounds."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

import msgspec

from askcam.client.protocol import CalledTool, Fact, Saw
from askcam.engine.calls import Call
from askcam.engine.interface import Engine, ModelInfo
from askcam.engine.question import (
    Event,
    Failed,
    Finished,
    First,
    Piece,
    Reason,
    Started,
    Thought,
    Timings,
    TokenLogprob,
    Trace,
    Usage,
)
from askcam.server.answering.dialogue import Dialogue
from askcam.server.answering.facts import marks
from askcam.server.saw import seen_zone, what_it_saw
from askcam.server.steps import Ask, Called, Done, SeenStep, Step, TextDelta, ThoughtDelta
from askcam.server.tools.base import Tool
from askcam.stream.fitted_window import FittedWindow
from askcam.stream.shot import Shot
from askcam.stream.window import View


@dataclass(slots=True)
class AnswerSoFar:
    """What is known of an answer so far. Owned by the event loop."""

    ask: Ask
    answer_id: str
    model: str  # what the one that answers is called here
    engine: Engine  # ... and its engine
    dialogue: Dialogue
    runs: Mapping[str, Tool] = field(default_factory=dict)  # server-side tools that are offered
    facts: list[Fact] = field(default_factory=list)
    tools: list[CalledTool] = field(default_factory=list)
    instead: str | None = None  # what is said without asking the model
    unless_called: str | None = None  # what is said in place of this round's words, if it calls nothing
    window: FittedWindow | None = None  # of the camera, or of its zone
    strange: bool = False  # the scene is none that the model knows
    watched: bool = False  # whether the scene is looked at meanwhile
    changed: bool = False
    kept: bool = False
    # Of this round:
    queued: float = 0.0
    view: View | None = None
    shot: Shot | None = None
    health: tuple[str, ...] = ()
    trace: Trace | None = None  # from the first token on, where evidence is kept
    tokens: list[int] = field(default_factory=list)
    finished: Finished | None = None
    # Of all rounds:
    began: float = field(default_factory=time.monotonic)
    frame_age_s: float | None = None
    engine_s: float | None = None  # of it, what the engine took
    sees_every_ms: float | None = None  # where the machine cannot keep up with the camera
    saw: Saw | None = None  # from the first token on
    tools_s: float = 0.0  # waited for server-side calls
    usage: Usage = field(default_factory=Usage)
    timings: Timings = field(default_factory=Timings)
    logprobs: list[TokenLogprob] = field(default_factory=list)
    _thoughts: list[str] = field(default_factory=list)
    _thinking: bool = False  # there was a thought in this round
    _num_told: int = 0  # of the logprobs
    _num_tokens: int = 0  # of this round, so far

    @property
    def info(self) -> ModelInfo:
        """Of the model that answers."""
        return self.engine.info

    def begin(self) -> None:
        """A round begins."""
        self.queued, self.finished = time.monotonic(), None
        self.view = self.shot = self.trace = None
        self.tokens, self._num_tokens, self._thinking = [], 0, False

    def hear(self, event: Event) -> list[Step]:
        """Raises what the engine failed with."""
        match event:
            case Started():
                self.view = event.view
                return []
            case First():
                self.frame_age_s, self.trace = event.frame_age_s, event.trace
                self.engine_s = event.engine_s
                self.saw = self._see(self.queued - self.ask.received + event.first_token_s)
                return [SeenStep(self.saw)]
            case Thought():
                self._num_tokens = event.num_tokens
                if self._thoughts and not self._thinking:
                    self._thoughts.append("\n")  # behind those of an earlier round
                self._thinking = True
                self._thoughts.append(event.text)
                return [ThoughtDelta(event.text)]
            case Piece():
                self._num_tokens = event.num_tokens
                self.tokens += event.tokens
                self.logprobs += event.logprobs
                return self._steps(self.dialogue.hear(event.text))
            case Finished():
                self.finished = event
                self._sum_up(event)
                whole = event.reason is Reason.STOP
                return self._steps(self.dialogue.end(event.usage.completion_tokens, whole=whole))
            case Failed():
                raise event.error

    def say(self, text: str) -> list[Step]:
        """The answer ends with words that are not the model's. So it is nothing that could be repeated from its frames:
        there is no trace, and no token's logprob."""
        now = time.monotonic()
        steps: list[Step] = []
        if self.saw is None:
            self.frame_age_s = None if self.view is None else self.view.age_s(now)
            self.saw = self._see(now - self.ask.received)
            steps.append(SeenStep(self.saw))
        self.trace, self.logprobs = None, []
        if said := self.dialogue.say(text):
            steps.append(TextDelta(said))
        if self.finished is None:
            self.finished = Finished(Reason.STOP, text, Usage(), Timings(first_token_s=now - self.queued))
            self._sum_up(self.finished)
        self.finished = replace(self.finished, reason=Reason.STOP)
        return steps

    def _steps(self, parts: list[str | Call]) -> list[Step]:
        steps: list[Step] = []
        for part in parts:
            if isinstance(part, str):
                told, self._num_told = tuple(self.logprobs[self._num_told :]), len(self.logprobs)
                steps.append(TextDelta(part, told))
            else:
                steps.append(Called(part, None if self.dialogue.theirs(part) else self._server(part.name)))
        return steps

    def _server(self, name: str) -> str:
        return self.runs[name].server if name in self.runs else ""

    def done(self) -> Done:
        """The last step, of an answer whose last round is over."""
        assert self.finished is not None, "the engine is still at it"
        return self._ended(self.finished.reason, self.dialogue.handed_over)

    def _ended(self, reason: Reason, calls: tuple[Call, ...]) -> Done:
        text = self.dialogue.text
        saw = msgspec.structs.replace(
            self.saw or self._see(None),  # cancelled before its first token
            facts=self.facts,
            marks=list(marks(text, self.facts)),
            tools=self.tools,
            scene_changed=self.changed if self.watched else None,
        )
        self.saw = saw
        return Done(reason, text, saw, self.usage, self.timings, tuple(self.logprobs), calls, "".join(self._thoughts))

    def broken_off(self) -> Done:
        """How an answer ended that nobody wanted to hear to its end."""
        if self.finished is None:
            self.finished = Finished(
                Reason.CANCELLED,
                "",
                Usage(completion_tokens=self._num_tokens),
                Timings(first_token_s=((self.saw and self.saw.ttft_ms) or 0.0) / 1000),
                tokens=tuple(self.tokens),
            )
            self._sum_up(self.finished)
        return self._ended(Reason.CANCELLED, ())

    def _sum_up(self, event: Finished) -> None:
        earlier = self.usage
        self.usage = Usage(*(getattr(earlier, f.name) + getattr(event.usage, f.name) for f in fields(Usage)))
        summed = {f.name: getattr(self.timings, f.name) + getattr(event.timings, f.name) for f in fields(Timings)}
        first_s = self.queued - self.began + event.timings.first_token_s
        self.timings = Timings(**summed | {"first_token_s": first_s, "total_s": time.monotonic() - self.began})

    def _see(self, ttft_s: float | None) -> Saw:
        saw = what_it_saw(self.answer_id, self.info, self.view, self.health, self.frame_age_s, ttft_s, self.model)
        camera = self.ask.camera  # named even if nothing of it was looked at
        return msgspec.structs.replace(
            saw,
            camera=camera,
            zone=seen_zone(self.ask.zone, self.view),
            facts=self.facts,
            tools=list(self.tools),
            engine_ms=None if self.engine_s is None else round(self.engine_s * 1000, 1),
            sees_every_ms=self.sees_every_ms,
        )
