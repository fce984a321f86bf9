"""What POST /v1/responses gives, in OpenAI's shape: written from these types, and described by them."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from askcam.client.protocol import Saw
from askcam.server.openai.chat.shapes import TokenChances

Status = Literal["in_progress", "completed", "incomplete"]


class OutputText(msgspec.Struct, tag="output_text"):
    text: str
    annotations: list[None] = []  # none are made here
    logprobs: list[TokenChances] = []  # where they were asked for


class OutputMessage(msgspec.Struct, tag="message"):
    id: str
    status: Status
    content: list[OutputText]
    role: Literal["assistant"] = "assistant"


class OutputCall(msgspec.Struct, tag="function_call"):
    """A call that the client is to carry out. `arguments` are JSON, written by the model."""

    id: str
    call_id: str
    name: str
    arguments: str
    status: Status


class ReasoningText(msgspec.Struct, tag="reasoning_text"):
    text: str


class OutputReasoning(msgspec.Struct, tag="reasoning"):
    """What a model that thinks said to itself before its answer."""

    id: str
    status: Status
    content: list[ReasoningText]
    summary: list[str] = []  # nobody sums it up


class ReadTokens(msgspec.Struct):
    cached_tokens: int
    cache_write_tokens: int = 0  # nobody is charged for them here


class ReasoningTokens(msgspec.Struct):
    reasoning_tokens: int = 0  # answers are not thought over


class ResponseUsage(msgspec.Struct):
    input_tokens: int
    input_tokens_details: ReadTokens
    output_tokens: int
    output_tokens_details: ReasoningTokens
    total_tokens: int


class ResponseProblem(msgspec.Struct):
    """Why a response failed after it had begun."""

    code: Literal["server_error", "rate_limit_exceeded"]
    message: str


class IncompleteDetails(msgspec.Struct):
    reason: Literal["max_output_tokens"]


class Response(msgspec.Struct):
    """An answer in OpenAI's shape, and what it saw (null until there is a word, and where there never was one)."""

    id: str
    created_at: int
    model: str
    status: Literal["in_progress", "completed", "incomplete", "failed"]
    output: list[OutputReasoning | OutputMessage | OutputCall]
    instructions: str | None
    max_output_tokens: int | None
    metadata: Mapping[str, str]
    parallel_tool_calls: bool
    previous_response_id: str | None
    store: bool
    temperature: float | None  # null: as the model's own configuration has it
    text: dict[str, Any]
    tool_choice: str | dict[str, Any]
    tools: list[dict[str, Any]]
    top_p: float | None
    usage: ResponseUsage | None = None
    error: ResponseProblem | None = None
    incomplete_details: IncompleteDetails | None = None
    askcam: Saw | None = None
    background: bool = False
    truncation: Literal["auto", "disabled"] = "disabled"
    object: Literal["response"] = "response"


class ResponseEvent(msgspec.Struct):
    """One event of a streamed response; OpenAI's SDKs type each kind of them."""

    type: Literal[
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.reasoning_text.delta",
        "response.reasoning_text.done",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "response.completed",
        "response.incomplete",
        "response.failed",
    ]
    sequence_number: int
    response: Response | msgspec.UnsetType = msgspec.UNSET
    output_index: int | msgspec.UnsetType = msgspec.UNSET
    item: OutputReasoning | OutputMessage | OutputCall | msgspec.UnsetType = msgspec.UNSET
    item_id: str | msgspec.UnsetType = msgspec.UNSET
    content_index: int | msgspec.UnsetType = msgspec.UNSET
    part: OutputText | ReasoningText | msgspec.UnsetType = msgspec.UNSET
    delta: str | msgspec.UnsetType = msgspec.UNSET
    text: str | msgspec.UnsetType = msgspec.UNSET
    logprobs: list[TokenChances] | msgspec.UnsetType = msgspec.UNSET
    name: str | msgspec.UnsetType = msgspec.UNSET
    arguments: str | msgspec.UnsetType = msgspec.UNSET


class DeletedResponse(msgspec.Struct):
    id: str
    object: Literal["response"] = "response"
    deleted: bool = True
