"""One answer from a model server as it grows: from deltas to events. No sockets in here."""

import json
import time
from collections.abc import Callable, Sequence

from askcam.engine.answer import Alongside, refuse_stale
from askcam.engine.calls import CLOSE, OPEN
from askcam.engine.errors import EngineFailure
from askcam.engine.inbox import Asked
from askcam.engine.question import (
    Event,
    Finished,
    First,
    Piece,
    Question,
    Reason,
    Thought,
    Timings,
    Trace,
    Usage,
)
from askcam.engine.remote.deltas import BROKEN_OFF, AnswerDelta, CallDelta
from askcam.engine.text import AnswerText
from askcam.engine.thoughts import ThoughtSplit
from askcam.stream.window import View

MAX_CALLS = 64
MAX_CALL_CHARS = 65_536
REASONS = {"length": Reason.LENGTH}  # all others are an end of the model's own


class StreamedAnswer:
    """Takes deltas and tells First, Thought and Piece. Owned by the engine thread."""

    def __init__(
        self,
        asked: Asked,
        question: Question,
        view: View | None,
        tell: Callable[[Asked, Event], None],
        capture_s: float = 0.0,
        trace: Trace | None = None,
    ) -> None:
        """`capture_s`: the age of the camera's newest picture when the question was taken up."""
        self._asked, self._question, self._view, self._tell = asked, question, view, tell
        self._capture_s, self._trace = capture_s, trace
        self._said: list[str] = []  # what is not decided yet, as AnswerText's tokens
        self._text = AnswerText(self._joined, question.sampling.stop, ThoughtSplit(False))
        self._logprobs = None if question.sampling.logprobs is None else Alongside()
        self._calls: dict[int, list[str]] = {}  # by number: name and arguments, as far as they have come
        self._reason: str | None = None
        self._usage: Usage | None = None
        self._first_at: float | None = None
        self._num_deltas = 0

    @property
    def begun(self) -> bool:
        """Whether its first word is there."""
        return self._first_at is not None

    @property
    def over(self) -> bool:
        """Whether nothing more is wanted: a stop string has come."""
        return self._text.stopped

    @property
    def num_tokens(self) -> int:
        """So far; a delta is a token, unless the server tells how many there were."""
        return max(self._num_deltas, 0 if self._usage is None else self._usage.completion_tokens)

    def take(self, delta: AnswerDelta) -> None:
        """The next delta. Raises Stale at the first that says something, if the frames grew too old meanwhile, and
        EngineFailure for one that says that the answer is none."""
        self._reason = delta.reason or self._reason
        self._usage = delta.usage or self._usage
        if delta.reason in BROKEN_OFF:
            raise EngineFailure(f"the model server gives no whole answer: {BROKEN_OFF[delta.reason]}")
        if not delta.says or self.over:
            return
        if not self.begun:
            self._first()
        self._num_deltas += 1
        for call in delta.calls:
            self._call(call)
        if delta.thought:
            self._tell(self._asked, Thought(delta.thought, self.num_tokens))
        if delta.text:
            self._add(delta)

    def finish(self, usage: Usage, timings: Timings, *, cancelled: bool = False) -> Finished:
        """The last event; what was held back goes out as a piece before it. `usage` is what is known besides. Raises
        EngineFailure for an answer that the server has not brought to its end."""
        if not (cancelled or self.over or self._reason is not None):
            raise EngineFailure("the model server's stream ended in the middle of an answer (no finish_reason)")
        if not cancelled:
            self._write_calls()
        self._say(self._text.finish())
        now = time.monotonic()
        first_at = now if self._first_at is None else self._first_at
        told = self._usage or Usage()
        reason = Reason.STOP if self.over else REASONS.get(self._reason or "", Reason.STOP)
        return Finished(
            Reason.CANCELLED if cancelled else reason,
            self._text.text,
            Usage(told.prompt_tokens, usage.vision_tokens, told.cached_tokens, self.num_tokens),
            Timings(
                wait_s=timings.wait_s,
                preprocess_s=timings.preprocess_s,
                prefill_s=max(0.0, first_at - self._asked.at - timings.wait_s - timings.preprocess_s),
                first_token_s=first_at - self._asked.at,
                decode_s=now - first_at,
                total_s=now - self._asked.at,
            ),
            () if self._logprobs is None else tuple(self._logprobs.told),
        )

    def _first(self) -> None:
        now = self._first_at = time.monotonic()
        age_s = None if self._view is None else refuse_stale(self._question, self._view, self._capture_s)
        engine_s = None if age_s is None else max(0.0, age_s - self._capture_s)
        self._tell(self._asked, First(age_s, now - self._asked.at, self._trace, engine_s))

    def _add(self, delta: AnswerDelta) -> None:
        start = self._text.num_taken
        self._said.append(delta.text)
        text = self._text.add(len(self._said) - 1)
        if self._logprobs is not None and not self._text.silent:
            for logprob in delta.logprobs:
                self._logprobs.add(start, logprob)
                start += len(logprob.text)
        self._say(text)

    def _joined(self, numbers: Sequence[int]) -> str:
        return "".join(self._said[number] for number in numbers)

    def _say(self, text: str) -> None:
        if thought := self._text.thought():
            self._tell(self._asked, Thought(thought, self.num_tokens))
        if text:
            logprobs = () if self._logprobs is None else self._logprobs.upto(self._text.num_told)
            self._tell(self._asked, Piece(text, self.num_tokens, logprobs))

    def _call(self, call: CallDelta) -> None:
        name, arguments = self._calls.setdefault(call.index, ["", ""])
        self._calls[call.index] = [name + call.name, arguments + call.arguments]
        if len(self._calls) > MAX_CALLS or len(arguments) + len(call.arguments) > MAX_CALL_CHARS:
            raise EngineFailure(
                f"the model called more than {MAX_CALLS} tools in one answer, or one with more than "
                f"{MAX_CALL_CHARS} characters"
            )

    def _write_calls(self) -> None:
        """Calls join the text, in the words that calls.py reads."""
        for _, (name, arguments) in sorted(self._calls.items()):
            self._said.append(written(name, arguments))
            self._say(self._text.add(len(self._said) - 1))


def written(name: str, arguments: str) -> str:
    """A call as CallParser reads it, whatever its arguments hold."""
    try:
        given = json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        given = arguments  # CallParser says what is wrong with it
    call = json.dumps({"name": name, "arguments": given}, ensure_ascii=False)
    return f"\n{OPEN}\n{call.replace('<', chr(92) + 'u003c')}\n{CLOSE}"
