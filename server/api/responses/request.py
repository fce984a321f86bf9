"""What POST /v1/responses takes, and how it becomes a question. Pure.

Fields that would change the answer and that are not supported are refused by name; fields that only concern OpenAI's
own service (`user`, `service_tier`, `prompt_cache_key`, ...) are let pass.
"""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from askcam.client.protocol import AskcamRequest
from askcam.engine.question import JSON_OBJECT, Form, Message, Role, Sampling
from askcam.server.access.limits import Limits
from askcam.server.access.sizes import Size
from askcam.server.api.bounds import check_chance, check_top_logprobs, form_of, max_tokens
from askcam.server.api.chat.request import ObjectFormat, TextFormat, bounded_text
from askcam.server.api.chat.tools import ChosenFunction, ChosenTool, Function, FunctionTool, choice, signatures
from askcam.server.api.models import MODEL
from askcam.server.api.responses.items import InputItem, turns
from askcam.server.api.wishes import with_wishes
from askcam.server.attached.budget import Budget
from askcam.server.errors import bad_request
from askcam.server.steps import Ask

MAX_ITEMS = 256
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


class PlainFunctionTool(msgspec.Struct, tag="function"):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class ChosenPlainTool(msgspec.Struct, tag="function"):
    name: str


class ResponseRequest(msgspec.Struct):
    model: str
    input: str | list[InputItem]
    instructions: str | None = None
    stream: bool | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    text: TextConfig | None = None
    tools: list[PlainFunctionTool] | None = None
    tool_choice: Literal["auto", "none", "required"] | ChosenPlainTool | None = None
    parallel_tool_calls: bool | None = None
    metadata: dict[str, str] | None = None
    previous_response_id: str | None = None
    store: bool | None = None
    include: list[str] | None = None
    top_logprobs: int | None = None
    askcam: AskcamRequest | None = None
    # Refused unless they say what happens anyway.
    background: bool | None = None
    conversation: Any = None
    prompt: Any = None
    reasoning: dict[str, Any] | None = None
    truncation: str | None = None
    max_tool_calls: int | None = None

    @property
    def items(self) -> tuple[InputItem, ...]:
        """The turns that it adds."""
        if isinstance(self.input, str):
            return (InputItem(role="user", content=self.input),)
        return tuple(self.input)

    @property
    def with_logprobs(self) -> bool:
        return LOGPROBS in (self.include or ())


def read(
    body: ResponseRequest,
    before: Sequence[InputItem],
    limits: Limits,
    max_age_s: float | None,
    budget: Budget | None = None,
) -> Ask:
    """The question that `body` asks after the turns `before`. Raises ApiError naming the field at fault.

    Decodes pictures, which cost `budget`: call it off the event loop.
    """
    refuse_unsupported(body)
    items = body.items
    if not items:
        raise bad_request("'input' is empty: send a text, or at least one item", "input")
    if len(before) + len(items) > MAX_ITEMS:
        raise bad_request(f"the conversation has more than {MAX_ITEMS} items: begin a new one", "input")
    size = Size(limits.max_question_chars, "input")
    size.texts([body.instructions])
    for item in (*before, *items):
        size.parts(item.num_parts)
        size.texts(item.texts)
    messages = turns(before, items, limits, budget)
    if messages[-1].role not in (Role.USER, Role.TOOL):
        raise bad_request("the last item must be the user's message, or a function_call_output", "input")
    if body.instructions:
        said = bounded_text(body.instructions, "instructions", limits)
        messages = (Message(Role.SYSTEM, (said,)), *messages)
    ask = Ask(
        messages=messages,
        said_in="input",
        camera=None if body.model == MODEL else body.model,
        sampling=_sampling(body, limits),
        tools=signatures([_tool(tool) for tool in body.tools or ()], "tools[{i}].name"),
        choice=choice(_chosen(body.tool_choice)),
        parallel=body.parallel_tool_calls is not False,
    )
    return with_wishes(ask, body.askcam, max_age_s)


def refuse_unsupported(body: ResponseRequest) -> None:
    """Raises ApiError 400 for what could not be honoured."""
    for name, value, why in (
        ("background", bool(body.background), "ask, and wait for the answer"),
        ("conversation", body.conversation is not None, "use previous_response_id"),
        ("prompt", body.prompt is not None, "send the words in 'instructions' and 'input'"),
        ("reasoning", any((body.reasoning or {}).values()), "answers are not thought over"),
        ("text.verbosity", body.text is not None and body.text.verbosity not in (None, "medium"), "say it in words"),
        ("truncation", body.truncation not in (None, "disabled"), "leave old turns out yourself"),
        ("max_tool_calls", body.max_tool_calls is not None, "the server bounds its own tools"),
    ):
        if value:
            raise bad_request(f"{name!r} is not supported as given: {why}", name, "unsupported_parameter")
    for entry in body.include or ():
        if entry != LOGPROBS:
            raise bad_request(
                f"{entry[:80]!r} cannot be included; {LOGPROBS!r} can", "include", "unsupported_parameter"
            )
    pairs = body.metadata or {}
    if len(pairs) > 16 or any(len(key) > 64 or len(value) > 512 for key, value in pairs.items()):
        raise bad_request("metadata takes up to 16 strings of 512 characters, named by 64", "metadata")


def _sampling(body: ResponseRequest, limits: Limits) -> Sampling:
    check_chance(body.temperature, body.top_p)
    top = body.top_logprobs
    if top is not None:
        check_top_logprobs(top)
    if top and not body.with_logprobs:
        raise bad_request(f"top_logprobs={top} needs {LOGPROBS!r} in 'include'", "top_logprobs")
    return Sampling(
        max_tokens=max_tokens(body.max_output_tokens, "max_output_tokens", limits),
        temperature=body.temperature,
        top_p=body.top_p,
        response_format=_form(body),
        logprobs=(top or 0) if body.with_logprobs else None,
    )


def _form(body: ResponseRequest) -> Form | None:
    """What the answer has to look like; the engine checks the schema."""
    match body.text and body.text.format:
        case SchemaTextFormat(schema=schema):
            return form_of(schema)
        case ObjectFormat():
            return JSON_OBJECT
        case _:
            return None


def _tool(tool: PlainFunctionTool) -> FunctionTool:
    return FunctionTool(Function(tool.name, tool.description, tool.parameters, tool.strict))


def _chosen(
    wanted: Literal["auto", "none", "required"] | ChosenPlainTool | None,
) -> Literal["auto", "none", "required"] | ChosenTool | None:
    return ChosenTool(ChosenFunction(wanted.name)) if isinstance(wanted, ChosenPlainTool) else wanted
