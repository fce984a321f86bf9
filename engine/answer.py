"""One answer as it grows: from tokens to events. No model in here."""

import time
from collections import deque
from collections.abc import Callable, Collection

from askcam.engine.errors import Stale, TooSlow
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
    TokenLogprob,
    Trace,
    Usage,
)
from askcam.engine.text import AnswerText
from askcam.stream.window import View


class Answer:
    """Takes the tokens of one answer and tells First and Piece. Owned by the engine thread."""

    def __init__(
        self,
        asked: Asked,
        question: Question,
        view: View | None,
        text: AnswerText,
        end_tokens: Collection[int],
        tell: Callable[[Asked, Event], None],
        trace: Trace | None = None,
        capture_s: float = 0.0,
    ) -> None:
        """`capture_s`: the age of the camera's newest picture when the engine took the question up; whatever a frame is
        older at the first token, the engine made it. `trace` is told with the first token, and the tokens with the
        text; None: neither."""
        self._asked, self._question, self._view = asked, question, view
        self._text, self._end_tokens, self._tell = text, end_tokens, tell
        self._capture_s = capture_s
        self._reason = Reason.LENGTH  # unless something else ends it
        self._over = False
        self._first_at: float | None = None
        self._logprobs = None if question.sampling.logprobs is None else Alongside()
        self._trace = trace
        self._tokens: list[int] = []
        self._num_told = 0  # of the tokens
        self.num_tokens = 0

    def take(self, token: int, logprob: TokenLogprob | None = None) -> bool:
        """The next token; returns whether the answer is over. Raises Stale at the first, if the frames grew too old.

        `logprob` is the token's, and is there when the question wants logprobs.
        """
        if self._over:  # on Apple's GPUs generate() notices one token late
            return True
        self.num_tokens += 1
        self._tokens.append(token)
        if self.num_tokens == 1:
            self._first()
        if token in self._end_tokens:
            self._reason, self._over = Reason.STOP, True
            return True
        start = self._text.num_taken
        text = self._text.add(token)
        if self._logprobs is not None and not self._text.silent:
            assert logprob is not None, "the question wants logprobs"
            self._logprobs.add(start, logprob)
        self._say(text)
        if self._text.stopped:
            self._reason = Reason.STOP
        elif self._asked.cancelled:
            self._reason = Reason.CANCELLED
        self._over = self._reason is not Reason.LENGTH
        return self._over

    def cancel(self) -> None:
        """The asker wants no more of it; finish() comes next."""
        self._reason = Reason.CANCELLED

    def finish(self, usage: Usage, timings: Timings) -> Finished:
        """The last event; text that was held back goes out as a piece before it. Fills in what only an answer knows.

        An answer without a single token is one that was cancelled before it began.
        """
        self._say(self._text.finish())
        now = time.monotonic()
        first_at = now if self._first_at is None else self._first_at
        return Finished(
            Reason.CANCELLED if self.num_tokens == 0 else self._reason,
            self._text.text,
            usage,
            Timings(
                wait_s=timings.wait_s,
                preprocess_s=timings.preprocess_s,
                vision_s=timings.vision_s,
                prefill_s=timings.prefill_s,
                first_token_s=first_at - self._asked.at,
                decode_s=now - first_at,
                total_s=now - self._asked.at,
            ),
            () if self._logprobs is None else tuple(self._logprobs.told),
            () if self._trace is None else tuple(self._tokens),
        )

    def _say(self, text: str) -> None:
        if thought := self._text.thought():
            self._tell(self._asked, Thought(thought, self.num_tokens))
        if text:
            logprobs = () if self._logprobs is None else self._logprobs.upto(self._text.num_told)
            tokens = () if self._trace is None else tuple(self._tokens[self._num_told :])
            self._num_told = self.num_tokens
            self._tell(self._asked, Piece(text, self.num_tokens, logprobs, tokens))

    def _first(self) -> None:
        now = self._first_at = time.monotonic()
        age_s = None if self._view is None else refuse_stale(self._question, self._view, self._capture_s)
        engine_s = None if age_s is None else max(0.0, age_s - self._capture_s)
        self._tell(self._asked, First(age_s, now - self._asked.at, self._trace, engine_s))


class Alongside:
    """Logprobs on their way beside the text, which may be held back: each is told with the text that its token begins
    in, and one whose text never comes isn't told. Pure."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, TokenLogprob]] = deque()
        self.told: list[TokenLogprob] = []

    def add(self, start: int, logprob: TokenLogprob) -> None:
        """The next token, whose text begins in character `start` of the answer. One without text is left out."""
        if logprob.raw is not None:
            self._waiting.append((start, logprob))

    def upto(self, end: int) -> tuple[TokenLogprob, ...]:
        """Those that are told along with the answer's text up to character `end`."""
        ready = []
        while self._waiting and self._waiting[0][0] < end:
            ready.append(self._waiting.popleft()[1])
        self.told += ready
        return tuple(ready)


def refuse_stale(question: Question, view: View, capture_s: float | None = None) -> float:
    """The age of the newest frame now, in seconds. Raises Stale when that is more than the question allows: TooSlow
    when most of it is not the camera's own age, `capture_s`."""
    age_s = view.age_s(time.monotonic())
    if question.max_age_s is not None and age_s > question.max_age_s:
        if capture_s is not None and capture_s < age_s / 2:
            raise TooSlow(view.camera, age_s, question.max_age_s, age_s - capture_s)
        raise Stale(view.camera, age_s, question.max_age_s)
    return age_s
