"""One question as a protocol hands it over, and what comes of it, step by step. Plain values on the event loop."""

import contextlib
import time
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from askcam.client.protocol import CalledTool, CameraAnswer, Saw
from askcam.engine.calls import Call
from askcam.engine.question import Message, Reason, Sampling, Timings, TokenLogprob, Usage
from askcam.server.access.shares import NOBODY, ClientIdentity

Unwell = Literal["refuse", "answer"]
OnChange = Literal["tell", "answer_again"]
MadeBy = Literal["model", "listing", "probabilities"]


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """tool_choice: whether the model may call tools, must, or must call the one `name`."""

    mode: Literal["auto", "none", "required"] = "auto"
    name: str | None = None  # only with "required"


@dataclass(frozen=True, slots=True)
class Ask:
    """One question as a protocol hands it over."""

    messages: tuple[Message, ...]
    camera: str | None = None  # None: about the pictures in the messages, if any
    sampling: Sampling = field(default_factory=Sampling)
    max_age_s: float | None = None  # None: as the server usually has it
    max_wait_s: float = 0.0  # wait so long for a frame that is young enough, before the question is refused
    tools: tuple[Mapping[str, Any], ...] = ()  # the client's own functions, as chat completions write them
    choice: ToolChoice = ToolChoice()
    server_tools: tuple[str, ...] | None = None  # only these of the camera's server-side tools; None: all it may use
    parallel: bool = True  # several calls in one turn
    thinking: bool | None = None  # think before the answer, if the model can; None: as the server usually has it
    evidence: bool = True  # may be kept on disk, where the server does so
    unwell: Unwell | None = None  # what to do about a dark or frozen picture; None: as the camera is configured
    on_change: OnChange | None = None  # watch the scene while answering: None: don't
    zone: str | None = None  # which of the camera's zones is looked at; None: all of its picture
    model: str | None = None  # which of the models here answers; None: the camera's, without a camera the usual one
    said_in: str = "messages"  # the wire's name of what holds the messages, for refusals
    client: ClientIdentity = NOBODY  # who asks; an admin may change what is watched
    received: float = field(default_factory=time.monotonic)  # when the server had all of it; ttft_ms counts from here


@dataclass(frozen=True, slots=True)
class Begun:
    """The question has its place in the queue."""

    answer_id: str


@dataclass(frozen=True, slots=True)
class SeenStep:
    """The first token is there; this is what it was given from. Comes again when tools were called in between."""

    saw: Saw


@dataclass(frozen=True, slots=True)
class TextDelta:
    """Some more text: whole characters. With the logprobs of its tokens, where the question's sampling wants them."""

    text: str
    logprobs: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True)
class ThoughtDelta:
    """Some more of what the model says to itself before its answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Called:
    """The model calls a tool. `server` None: one of the client's, which Done.calls will hand over."""

    call: Call
    server: str | None


@dataclass(frozen=True, slots=True)
class Returned:
    """A server-side call is over, well or not: `tool.output` or `tool.error`."""

    call: Call
    tool: CalledTool


@dataclass(frozen=True, slots=True)
class Changed:
    """The scene is no longer what the answer under way was given from."""

    camera: str
    changed_at: str  # RFC 3339: capture time of the frame that shows it
    share: float  # of the picture that looks different, 0 to 1


@dataclass(frozen=True, slots=True)
class CameraAnswered:
    """One of several cameras that a question was put to has answered, or cannot."""

    answer: CameraAnswer


@dataclass(frozen=True, slots=True)
class Done:
    """The answer is complete, or was cancelled. With `calls`, the client is to carry them out and to ask again."""

    reason: Reason
    text: str
    saw: Saw
    usage: Usage
    timings: Timings
    logprobs: tuple[TokenLogprob, ...] = ()  # of all tokens in the text
    calls: tuple[Call, ...] = ()
    thought: str = ""  # before the text, of all rounds


@dataclass(frozen=True, slots=True)
class MergedDone(Done):
    """The end of an answer that is made of several cameras'. `usage`: of all of theirs, and of what made one of them;
    what a model server does not tell is 0."""

    made_by: MadeBy = "listing"


Step = Begun | SeenStep | ThoughtDelta | TextDelta | Called | Returned | Changed | CameraAnswered | Done


async def end_of(steps: AsyncGenerator[Step, None]) -> Done:
    """Of an answer of which nothing else is wanted. Raises what giving it does: Refusal."""
    async with contextlib.aclosing(steps):
        async for step in steps:
            if isinstance(step, Done):
                return step
    raise AssertionError("an answer ends with Done")
