"""One question under way in the live engine: what it reads, where its own tokens go, how its next token is chosen."""

from dataclasses import dataclass

from torch import Tensor

from askcam.engine.answer import Answer
from askcam.engine.inbox import Asked
from askcam.engine.live.holding import Holding
from askcam.engine.live.ops import RowSpan
from askcam.engine.live.sampling import Chooser
from askcam.engine.live.seam import Ints
from askcam.engine.question import Finished, Timings, TokenLogprob, Usage

MAX_ROWS = 512  # of one prompt in one pass
SHORT_ROWS = 128  # a prompt that is run whole in any case, as those of questions about a camera's window are


@dataclass(slots=True, eq=False)
class PromptRows:
    """The part of a question that is still to be run: everything that the window does not hold."""

    x: Tensor  # (rows, hidden) on the device
    positions: Ints  # (3, rows)
    extras: tuple[Tensor, ...] = ()  # deepstack, as x; zero where text is

    def rest(self, num_rows: int) -> "PromptRows | None":
        """What is left after so many rows."""
        if num_rows == self.x.shape[0]:
            return None
        return PromptRows(
            self.x[num_rows:], self.positions[:, num_rows:], tuple(extra[num_rows:] for extra in self.extras)
        )


@dataclass(slots=True, eq=False)
class Costs:
    """Where the time before the first token went, in seconds."""

    preprocess_s: float = 0.0
    vision_s: float = 0.0
    prefill_s: float = 0.0


@dataclass(slots=True, eq=False)
class PoolPlace:
    """A question's place in the pool: what it reads, and how far it is."""

    held: Holding
    window_len: int  # tokens of the window that it sees: what was there when it was asked
    prompt: PromptRows | None  # what is left to be run of it; None: answering
    next_position: int  # of the next token
    usage: Usage
    costs: Costs
    tail_len: int = 0
    last_token: int = 0

    def span(self, max_rows: int = MAX_ROWS) -> RowSpan:
        """Its rows in the next pass: the prompt, or as much of it as one pass takes, or one token."""
        left = 1 if self.prompt is None else self.prompt.x.shape[0]
        num_rows = left if left <= SHORT_ROWS else min(left, max_rows)
        window, tail, states = self.held.window, self.held.tail, self.held.states
        base = 0 if window is None else window.base
        end = self.tail_len + num_rows
        return RowSpan(num_rows, base, self.window_len, tail.base, end, states.read, states.write)

    def chooses(self, span: RowSpan) -> bool:
        """Whether the logits of that pass's last row choose a token: else more of the prompt is to come."""
        return self.prompt is None or span.num_rows == self.prompt.x.shape[0]

    def ran(self, span: RowSpan) -> None:
        """That pass is done."""
        self.tail_len = span.tail_len
        self.held.states.ran()
        if self.prompt is None:
            self.next_position += 1
        else:
            self.prompt = self.prompt.rest(span.num_rows)


@dataclass(slots=True, eq=False)
class RunningAnswer:
    """Owned by the engine thread."""

    asked: Asked
    answer: Answer
    chooser: Chooser
    place: PoolPlace
    started: float  # time.monotonic()
    logprobs: int | None  # how many of the likeliest tokens are told with each one; None: no logprobs

    def take(self, token: int, logprob: TokenLogprob | None) -> bool:
        """The chosen token, and its logprob if wanted; returns whether the answer is over. Raises Stale."""
        self.place.last_token = token
        self.chooser.took(token)
        ends = self.answer.take(token, logprob)
        return ends or self.answer.num_tokens >= self.chooser.max_tokens

    def finish(self) -> Finished:
        """The last event."""
        used, costs = self.place.usage, self.place.costs
        return self.answer.finish(
            Usage(used.prompt_tokens, used.vision_tokens, used.cached_tokens, self.answer.num_tokens),
            Timings(self.started - self.asked.at, costs.preprocess_s, costs.vision_s, costs.prefill_s),
        )
