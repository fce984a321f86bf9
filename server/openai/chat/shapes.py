"""What chat completions look like, as types, for the description to be made from; they are written as plain objects."""

from typing import Any, Literal

import msgspec

from askcam.client.protocol import Saw


class TokenChance(msgspec.Struct):
    token: str
    logprob: float
    bytes: list[int] | None


class TokenChances(msgspec.Struct):
    token: str
    logprob: float
    bytes: list[int] | None
    top_logprobs: list[TokenChance]


class ChoiceLogprobs(msgspec.Struct):
    content: list[TokenChances]
    refusal: None


class CalledFunction(msgspec.Struct):
    """`arguments` are JSON, written by the model: check them before you rely on them."""

    name: str
    arguments: str


class MadeCall(msgspec.Struct):
    id: str
    type: Literal["function"]
    function: CalledFunction


class AnswerMessage(msgspec.Struct):
    role: Literal["assistant"]
    content: str | None
    refusal: None
    tool_calls: list[MadeCall] | msgspec.UnsetType = msgspec.UNSET
    reasoning_content: str | msgspec.UnsetType = msgspec.UNSET  # what a model that thinks said to itself


class Choice(msgspec.Struct):
    index: int
    message: AnswerMessage
    logprobs: ChoiceLogprobs | None
    finish_reason: Literal["stop", "length", "tool_calls"]


class CalledFunctionPiece(msgspec.Struct):
    name: str | msgspec.UnsetType = msgspec.UNSET
    arguments: str | msgspec.UnsetType = msgspec.UNSET


class ToolCallPiece(msgspec.Struct):
    index: int
    id: str | msgspec.UnsetType = msgspec.UNSET
    type: Literal["function"] | msgspec.UnsetType = msgspec.UNSET
    function: CalledFunctionPiece | msgspec.UnsetType = msgspec.UNSET


class Delta(msgspec.Struct):
    role: Literal["assistant"] | msgspec.UnsetType = msgspec.UNSET
    content: str | msgspec.UnsetType | None = msgspec.UNSET
    tool_calls: list[ToolCallPiece] | msgspec.UnsetType = msgspec.UNSET
    reasoning_content: str | msgspec.UnsetType = msgspec.UNSET  # before any content


class ChunkChoice(msgspec.Struct):
    index: int
    delta: Delta
    logprobs: ChoiceLogprobs | None
    finish_reason: Literal["stop", "length", "tool_calls"] | None


class CachedTokens(msgspec.Struct):
    cached_tokens: int


class CompletionUsage(msgspec.Struct):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: CachedTokens


class ChatCompletion(msgspec.Struct):
    """An answer in OpenAI's shape, and what it saw."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[Choice]
    usage: CompletionUsage
    askcam: Saw


class ChatChunk(msgspec.Struct):
    """A piece of an answer, in the `data` of a server-sent event. `askcam` comes with the finish_reason, `usage` last,
    where it was asked for."""

    id: str
    object: Literal["chat.completion.chunk"]
    created: int
    model: str
    choices: list[ChunkChoice]
    askcam_event: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET  # tool.called, tool.returned, scene.changed
    usage: CompletionUsage | msgspec.UnsetType = msgspec.UNSET
    askcam: Saw | msgspec.UnsetType = msgspec.UNSET
