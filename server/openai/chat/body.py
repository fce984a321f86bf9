"""The body of POST /v1/chat/completions. What becomes of it stands in request.py."""

from typing import Annotated, Any, Literal

import msgspec

from askcam.client.protocol import AskcamRequest
from askcam.server.openai.chat.tools import AllowedTools, ChosenTool, FunctionTool, ToolCall
from askcam.server.wire.bodies import bounds


class Url(msgspec.Struct):
    url: str
    detail: str | None = None


class TextPart(msgspec.Struct, tag="text"):
    text: str


class ImagePart(msgspec.Struct, tag="image_url"):
    image_url: Url | str  # OpenAI's form, and the bare address that many servers take too


class VideoPart(msgspec.Struct, tag="video_url"):
    video_url: Url | str


ContentPart = TextPart | ImagePart | VideoPart


class ChatMessage(msgspec.Struct):
    role: Annotated[str, bounds(enum=["system", "developer", "user", "assistant", "tool"])]
    content: str | list[ContentPart] | None = None
    tool_calls: list[ToolCall] | None = None  # of an assistant
    tool_call_id: str | None = None  # of a tool


class StreamOptions(msgspec.Struct):
    include_usage: bool = False


class TextFormat(msgspec.Struct, tag="text", forbid_unknown_fields=True):
    """As without a response_format."""


class ObjectFormat(msgspec.Struct, tag="json_object", forbid_unknown_fields=True):
    """Any JSON object."""


class JsonSchema(msgspec.Struct, forbid_unknown_fields=True):
    """OpenAI's: its name and description are for people, and it is kept in full whether it is `strict` or not."""

    schema: dict[str, Any]
    name: str | None = None
    description: str | None = None
    strict: bool | None = None


class SchemaFormat(msgspec.Struct, tag="json_schema", forbid_unknown_fields=True):
    json_schema: JsonSchema


class ChatRequest(msgspec.Struct):
    model: str
    messages: Annotated[list[ChatMessage], bounds(minItems=1)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: Annotated[int | None, bounds(minimum=1)] = None
    max_completion_tokens: Annotated[int | None, bounds(minimum=1)] = None
    temperature: Annotated[float | None, bounds(minimum=0, maximum=2)] = None
    top_p: Annotated[float | None, bounds(minimum=0, maximum=1)] = None
    top_k: Annotated[int | None, bounds(minimum=-1)] = None  # as vLLM and others take it
    repetition_penalty: Annotated[float | None, bounds(exclusiveMinimum=0, maximum=10)] = None
    min_tokens: int | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int | None, bounds(minimum=0, maximum=20)] = None
    response_format: TextFormat | ObjectFormat | SchemaFormat | None = None
    tools: list[FunctionTool] | None = None
    tool_choice: Literal["auto", "none", "required"] | ChosenTool | AllowedTools | None = None
    parallel_tool_calls: bool | None = None
    reasoning_effort: str | None = None  # "none" and "minimal": answer at once; else think first
    enable_thinking: bool | None = None  # likewise, and before it
    askcam: AskcamRequest | None = None
