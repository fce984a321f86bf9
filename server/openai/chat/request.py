"""What POST /v1/chat/completions takes, and how it becomes a question. Pure.

What becomes of other fields stands in fields.py; reading.py makes this of what clients write.
"""

from collections.abc import Sequence
from dataclasses import replace

from askcam.engine.question import JSON_OBJECT, Form, Message, Part, Role, Sampling, Text
from askcam.server.access.limits import Limits
from askcam.server.access.sizes import Size
from askcam.server.attached.budget import Budget
from askcam.server.attached.content import clip_from_url, picture_from_url
from askcam.server.errors import Invalid
from askcam.server.given_names import quoted
from askcam.server.openai.bounds import (
    check_chance,
    check_choosing,
    check_top_logprobs,
    form_of,
    max_tokens,
    min_tokens,
    stops,
)
from askcam.server.openai.chat.body import (
    ChatMessage,
    ChatRequest,
    ContentPart,
    ImagePart,
    ObjectFormat,
    SchemaFormat,
    TextPart,
    Url,
    VideoPart,
)
from askcam.server.openai.chat.tools import (
    choice,
    earlier,
    narrowed,
    signatures,
)
from askcam.server.openai.models import MODEL
from askcam.server.openai.question import question
from askcam.server.openai.thinking import thinks
from askcam.server.openai.wishes import with_wishes
from askcam.server.steps import Ask

ROLES = {
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
    "tool": Role.TOOL,
}


def shows(body: ChatRequest) -> bool:
    """Whether there are pictures or clips to decode."""
    return any(
        not isinstance(part, TextPart)
        for message in body.messages
        for part in (message.content if isinstance(message.content, list) else ())
    )


def read(body: ChatRequest, limits: Limits, budget: Budget | None = None) -> Ask:
    """The question that `body` asks; its pictures cost `budget`. Raises Refusal naming the field at fault."""
    if not body.messages:
        raise Invalid("'messages' is empty: send at least one user message", "messages")
    _check_size(body.messages, limits)
    budget = budget or Budget()
    names = {call.id or "": call.function.name for m in body.messages for call in m.tool_calls or ()}
    messages = tuple(
        replace(_message(m, i, limits, budget), tool=names.get(m.tool_call_id or "", ""))
        for i, m in enumerate(body.messages)
    )
    _check_calls(body.messages)
    tools = signatures(body.tools or [])
    ask = Ask(
        messages=question(messages, lambda at: "messages" if at is None else f"messages[{at}].content"),
        camera=None if body.model == MODEL else body.model,
        sampling=_sampling(body, limits),
        tools=tools,
        choice=choice(body.tool_choice),
        parallel=body.parallel_tool_calls is not False,
        thinking=thinks(body.reasoning_effort, body.enable_thinking),
    )
    return narrowed(with_wishes(ask, body.askcam), body.tool_choice)


def _check_size(messages: Sequence[ChatMessage], limits: Limits) -> None:
    """Before any picture is decoded. Raises Invalid."""
    size = Size(limits.max_question_chars, "messages")
    size.messages(len(messages))
    for message in messages:
        content, calls = message.content, message.tool_calls or ()
        if isinstance(content, list):
            size.parts(len(content))
            size.texts((part.text for part in content if isinstance(part, TextPart)), named=True)
        else:
            size.texts([content], named=True)
        size.texts(text for call in calls for text in (call.function.name, call.function.arguments))


def _check_calls(messages: Sequence[ChatMessage]) -> None:
    """Raises Invalid unless every tool's words answer a call."""
    called: set[str | None] = set()
    for i, message in enumerate(messages):
        called |= {call.id for call in message.tool_calls or ()}
        if message.tool_calls and message.role != "assistant":
            raise Invalid(
                f"only an assistant's message may hold tool_calls, not a {quoted(message.role)} one",
                f"messages[{i}].tool_calls",
            )
        if message.role == "tool" and message.tool_call_id not in called:
            raise Invalid(
                f"tool_call_id={quoted(message.tool_call_id)} answers no call of an assistant's message before it",
                f"messages[{i}].tool_call_id",
            )


def _message(message: ChatMessage, i: int, limits: Limits, budget: Budget) -> Message:
    at = f"messages[{i}]"
    role = ROLES.get(message.role)
    if role is None:
        raise Invalid(f"role {quoted(message.role)} is not one of {', '.join(ROLES)}", f"{at}.role")
    calls = tuple(earlier(call) for call in message.tool_calls or ())
    if message.content is None or isinstance(message.content, str):
        return Message(role, (bounded_text(message.content or "", f"{at}.content", limits),), calls)
    if role is not Role.USER and not all(isinstance(p, TextPart) for p in message.content):
        raise Invalid(f"only a user message may hold pictures, not a {quoted(message.role)} message", f"{at}.content")
    parts = tuple(_part(p, f"{at}.content[{j}]", limits, budget) for j, p in enumerate(message.content))
    return Message(role, parts, calls)


def _part(part: ContentPart, at: str, limits: Limits, budget: Budget) -> Part:
    match part:
        case TextPart():
            return bounded_text(part.text, f"{at}.text", limits)
        case ImagePart():
            return picture_from_url(*address(part.image_url, f"{at}.image_url"), budget)
        case VideoPart():
            return clip_from_url(*address(part.video_url, f"{at}.video_url"), budget)


def address(given: Url | str, at: str) -> tuple[str, str]:
    """A URL, and the field that holds it, of what stands at the field `at`."""
    return (given, at) if isinstance(given, str) else (given.url, f"{at}.url")


def bounded_text(text: str, param: str, limits: Limits) -> Text:
    """`text`, unless it is longer than anyone's question. Raises Invalid."""
    if len(text) > limits.max_question_chars:
        raise Invalid(
            f"the text has {len(text)} characters; at most {limits.max_question_chars} are read: shorten it", param
        )
    return Text(text)


def _sampling(body: ChatRequest, limits: Limits) -> Sampling:
    asked = body.max_completion_tokens if body.max_completion_tokens is not None else body.max_tokens
    check_chance(body.temperature, body.top_p)
    check_choosing(body.top_k, body.repetition_penalty)
    named = "max_tokens" if body.max_completion_tokens is None else "max_completion_tokens"
    most = max_tokens(asked, named, limits)
    return Sampling(
        max_tokens=most,
        min_tokens=min_tokens(body.min_tokens, most),
        temperature=body.temperature,
        top_p=body.top_p,
        top_k=body.top_k,
        repetition_penalty=body.repetition_penalty,
        seed=None if body.seed is None else body.seed % 2**63,
        stop=stops(body.stop),
        response_format=_form(body),
        logprobs=_logprobs(body),
    )


def _form(body: ChatRequest) -> Form | None:
    """What the answer has to look like; the engine checks the schema."""
    match body.response_format:
        case SchemaFormat(json_schema=given):
            return form_of(given.schema)
        case ObjectFormat():
            return JSON_OBJECT
        case _:
            return None


def _logprobs(body: ChatRequest) -> int | None:
    """How many of the likeliest tokens to tell with each one; None: no logprobs at all."""
    if body.top_logprobs is None:
        return 0 if body.logprobs else None
    if not body.logprobs:
        raise Invalid(
            f"top_logprobs={body.top_logprobs} needs logprobs=true: ask for both, or for neither", "top_logprobs"
        )
    check_top_logprobs(body.top_logprobs)
    return body.top_logprobs
