"""The body of POST /v1/responses. What becomes of it stands in request.py."""

from typing import Annotated, Any, Literal

import msgspec

from askcam.client.protocol import AskcamRequest
from askcam.server.openai.chat.body import ObjectFormat, TextFormat
from askcam.server.openai.responses.items import InputItem
from askcam.server.wire.bodies import bounds

LOGPROBS = "message.output_text.logprobs"


class SchemaTextFormat(msgspec.Struct, tag="json_schema"):
    """OpenAI's: its name and description are for people, and it is kept in full whether it is `strict` or not."""

    schema: dict[str, Any]
    name: str | None = None
    description: str | None = None
    strict: bool | None = None


class TextConfig(msgspec.Struct):
    format: TextFormat | ObjectFormat | SchemaTextFormat | None = None
    verbosity: str | None = None


class Reasoning(msgspec.Struct):
    effort: str | None = None


class PlainFunctionTool(msgspec.Struct, tag="function"):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class ChosenPlainTool(msgspec.Struct, tag="function"):
    name: str


class AllowedPlainTools(msgspec.Struct, tag="allowed_tools"):
    """Only these functions may be called."""

    tools: list[ChosenPlainTool]
    mode: Literal["auto", "required"] = "auto"


class ResponseRequest(msgspec.Struct):
    model: str
    input: str | list[InputItem]
    instructions: str | None = None
    stream: bool | None = None
    max_output_tokens: Annotated[int | None, bounds(minimum=1)] = None
    temperature: Annotated[float | None, bounds(minimum=0, maximum=2)] = None
    top_p: Annotated[float | None, bounds(minimum=0, maximum=1)] = None
    text: TextConfig | None = None
    tools: list[PlainFunctionTool] | None = None
    tool_choice: Literal["auto", "none", "required"] | ChosenPlainTool | AllowedPlainTools | None = None
    parallel_tool_calls: bool | None = None
    metadata: Annotated[dict[str, str] | None, bounds(maxProperties=16)] = None
    previous_response_id: str | None = None
    store: bool | None = None
    include: list[str] | None = None
    top_logprobs: Annotated[int | None, bounds(minimum=0, maximum=20)] = None
    truncation: Literal["auto", "disabled"] | None = None
    reasoning: Reasoning | None = None  # effort "none" and "minimal": answer at once; else think first
    askcam: AskcamRequest | None = None
    # Besides OpenAI's own.
    reasoning_effort: str | None = None  # as chat completions have it
    enable_thinking: bool | None = None  # before it
    top_k: Annotated[int | None, bounds(minimum=-1)] = None
    repetition_penalty: Annotated[float | None, bounds(exclusiveMinimum=0, maximum=10)] = None
    min_tokens: int | None = None
    seed: int | None = None
    stop: str | list[str] | None = None

    @property
    def items(self) -> tuple[InputItem, ...]:
        """The turns that it adds."""
        if isinstance(self.input, str):
            return (InputItem(role="user", content=self.input),)
        return tuple(self.input)

    @property
    def with_logprobs(self) -> bool:
        return LOGPROBS in (self.include or ())
