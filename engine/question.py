"""What goes into an engine and comes out of it: questions in, events out. Plain values that cross threads; no torch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from askcam.stream.frame import Pixels
from askcam.stream.window import View


class Role(StrEnum):
    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A still picture in the conversation. `pixels` (height, width, 3) uint8 RGB of any size."""

    pixels: Pixels


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A video in the conversation: frames (height, width, 3) uint8 RGB, all of one size, `fps` of them a second."""

    frames: tuple[Pixels, ...]
    fps: float


Part = Text | Picture | Clip


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. `tool_calls` are an assistant's earlier calls, as the chat template takes them."""

    role: Role
    parts: tuple[Part, ...]
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    tool: str = ""  # whose words a tool's turn holds, where that is known


@dataclass(frozen=True, slots=True)
class Form:
    """JSON that a JSON Schema describes, on one line, its properties in the schema's order. schema.py says what schemas
    may use. An answer that max_tokens or a stop string cuts off is the beginning of such JSON.

    With `calls`, the schema of a tool call, the answer is a call instead, or several (calls.py); with both schemas
    it is one or the other; with `words` it is any words, and the calls between them are held to their schema.
    """

    schema: str | None  # as JSON
    calls: str | None = None  # as JSON: calls.call_schema()
    many: bool = False  # of calls
    words: bool = False  # only with `calls`, and without `schema`


JSON_OBJECT = Form('{"type": "object"}')  # any


MAX_LOGPROBS = 20  # OpenAI's bound


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are chosen, and what is told of them. None means: as the model's generation_config says."""

    max_tokens: int = 512
    temperature: float | None = None  # 0 is greedy
    top_p: float | None = None
    top_k: int | None = None
    repetition_penalty: float | None = None
    seed: int | None = None  # same seed, same window, same tokens
    stop: tuple[str, ...] = ()  # the answer ends before the first of these
    min_tokens: int = 0  # the model may not end the answer before so many
    response_format: Form | None = None  # the answer is of this form, whatever the rest says
    logprobs: int | None = None  # tell each token's logprob, and so many (0 to 20) of the likeliest; None: no logprobs


@dataclass(frozen=True, slots=True)
class Question:
    """One question. With a `camera`, its live window is put before the first user text when the engine starts on it."""

    messages: tuple[Message, ...]
    camera: str | None = None
    sampling: Sampling = field(default_factory=Sampling)
    max_age_s: float | None = None  # refuse (Stale) when the newest frame is older at the start or at the first token
    tools: tuple[Mapping[str, Any], ...] = ()  # function signatures for the chat template
    trace: bool = False  # tell what the answer can be repeated from: First.trace, and the tokens of pieces and the end
    window_s: float | None = None  # see only the newest of the camera's window, by View.recent; None: all of it
    known_only: bool = False  # refuse (UnknownScene) what is unlike all that the model states it was trained on
    thinking: bool = False  # the model may think first, if it can; an answer of a form never does
    asker: str = ""  # whose it is: of those who wait, whoever has fewest under way is next

    @property
    def plain(self) -> bool:
        """Whether it brings words alone, apart from its camera."""
        return all(isinstance(part, Text) for message in self.messages for part in message.parts)


@dataclass(frozen=True, slots=True)
class Scoring:
    """Questions about one camera of which only the first token matters: how likely is each of `choices`?

    All see the same moment, each as much of it as it wants. Each choice must be one token of the model ("yes", "no").
    """

    questions: tuple[Question, ...]
    choices: tuple[str, ...]

    @property
    def camera(self) -> str | None:
        return self.questions[0].camera


class Reason(StrEnum):
    """Why an answer ended."""

    STOP = "stop"  # the model ended it, or a stop string came
    LENGTH = "length"  # max_tokens
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Timings:
    """Where the time of one answer went, in seconds. `first_token_s` counts from ask() and so holds the wait."""

    wait_s: float = 0.0  # in the queue
    preprocess_s: float = 0.0  # pixels to patches, text to tokens
    vision_s: float = 0.0  # vision tower
    prefill_s: float = 0.0  # language model over the prompt, to the first logits
    first_token_s: float = 0.0
    decode_s: float = 0.0  # first token to last
    total_s: float = 0.0  # ask() to the end


@dataclass(frozen=True, slots=True)
class Usage:
    prompt_tokens: int = 0  # vision tokens included
    vision_tokens: int = 0
    cached_tokens: int = 0  # of the prompt, found computed
    completion_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        """Of both together."""
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.vision_tokens + other.vision_tokens,
            self.cached_tokens + other.cached_tokens,
            self.completion_tokens + other.completion_tokens,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Started:
    """The engine has taken the question up. `view` is exactly what it sees; None for a question without a camera."""

    view: View | None


Ids = npt.NDArray[np.int32]  # (tokens,)


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """With the frames of its view and its messages, all that an answer follows from."""

    prompt: Ids  # of the whole prompt, as stock code makes it: vision tokens are their placeholders
    sampling: Sampling  # as carried out: with the seed that was drawn, and no more max_tokens than there is room for


@dataclass(frozen=True, slots=True)
class First:
    """The first token is there. `frame_age_s` is the age of the newest frame used, at this moment."""

    frame_age_s: float | None
    first_token_s: float
    trace: Trace | None = None  # where the question wants it
    engine_s: float | None = None  # of the age, what the engine took since it took the frames; the rest came before


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """How likely the model held a token: the natural logarithm of its share in the model's own distribution.

    That is the softmax of the logits as the model gives them, in float32: before penalties, temperature, top_k, top_p
    and min_tokens have their say, so that it tells about the model and not about the question's sampling.
    """

    token: int  # its id
    text: str  # it alone; U+FFFD for bytes that are no whole character
    raw: bytes | None  # its bytes in an answer's UTF-8; None: a special token, which has none
    logprob: float
    top: tuple["TokenLogprob", ...] = ()  # the likeliest in its place, likeliest first; it may be one of them, or not


@dataclass(frozen=True, slots=True)
class Thought:
    """Some more of what the model says to itself before its answer, and nobody else is told as one."""

    text: str
    num_tokens: int  # of the answer so far: a thought's count, too


@dataclass(frozen=True, slots=True)
class Piece:
    """Some more text: whole characters only. `num_tokens` counts the answer's tokens so far.

    `logprobs`, where the question wants them, are of the tokens whose text begins in this piece: tokens come when their
    text does, and those that a stop string or the end cut off whole do not come. Special tokens have no text.

    `tokens`, where the question wants a trace, are all that came since the piece before, told in this text or not.
    """

    text: str
    num_tokens: int
    logprobs: tuple[TokenLogprob, ...] = ()
    tokens: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of an answer that came about (a cancelled one too)."""

    reason: Reason
    text: str  # the whole answer, without thoughts
    usage: Usage
    timings: Timings
    logprobs: tuple[TokenLogprob, ...] = ()  # those of all pieces
    tokens: tuple[int, ...] = ()  # where the question wants a trace: all, one that ended the answer among them


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """The last event of a scoring. `probabilities[question][choice]`, of the model's whole distribution."""

    views: tuple[View | None, ...]  # exactly what each question saw; None for questions without a camera
    probabilities: tuple[tuple[float, ...], ...]
    usage: Usage = Usage()  # of all questions together: their prompts; what a model server does not tell is 0


@dataclass(frozen=True, slots=True)
class Failed:
    """The last event of a question that was refused or failed: an EngineError or a stream.CameraUnavailable."""

    error: Exception


Event = Started | First | Thought | Piece | Finished | Failed  # of a question
ScoreEvent = Scored | Finished | Failed  # of a scoring; Finished only when it was cancelled
