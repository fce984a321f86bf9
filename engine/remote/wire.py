"""A question becomes the body of a request, in a dialect's words. Pure; docs/remote.md says what is lost on the way."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from askcam.engine.calls import MARKERS, TAGS
from askcam.engine.errors import QuestionError
from askcam.engine.question import JSON_OBJECT, Clip, Form, Message, Picture, Question, Role, Sampling, Text
from askcam.engine.remote.dialects import Dialect, Shape
from askcam.engine.tool_turns import without_tools

Body = dict[str, Any]
Part = dict[str, Any]  # of a message's content
Shown = Callable[[Picture | Clip], Sequence[Part]]  # what is sent of a picture or clip in the conversation

# Servers look for special tokens in whatever they are sent, and for calls; a blank keeps what others wrote from being
# taken for one. (A tokenizer of our own leaves the text as it was: engine/outside.py.)
_NAMES = "|".join(re.escape(name[1:]) for name in (*MARKERS, *TAGS, "<think>", "</think>"))
_MARKS = re.compile(rf"<(?=\||{_NAMES})")


def request(
    question: Question, window: Sequence[Part], shown: Shown, dialect: Dialect, model: str, *, words: bool = True
) -> Body:
    """The body of a streamed request; `window`: the camera's frames, as parts. Not `words`: of one that only wants the
    first token, in one piece. Raises QuestionError."""
    body: Body = {"model": model, "messages": messages(question, window, shown, dialect)}
    thinks = words and question.thinking
    if dialect.thinking == "template":
        body["chat_template_kwargs"] = {"enable_thinking": thinks}
    elif dialect.thinking == "effort" and not thinks:
        body["reasoning_effort"] = "none"  # left out, a model thinks that can
    if not words:
        return body | {"max_tokens": 1, "temperature": 0}
    body |= {"stream": True, **dialect.extra, **sampled(question.sampling, dialect)}
    form = question.sampling.response_format
    if form is not None:
        dialect.check_form(form)
        body |= _form(form)
    if question.tools and dialect.tools:
        body["tools"] = [plain(tool) for tool in question.tools]
        if dialect.chooses_tools and form is not None and form.calls is not None:
            body["tool_choice"] = "auto" if form.words else _choice(form)
            body["parallel_tool_calls"] = form.many
    return body


def video_or_pictures(urls: Sequence[str], shape: Shape) -> list[Part]:
    """Data URLs as parts of a message."""
    kind = "image_url" if shape is Shape.IMAGES else "video_url"
    return [{"type": kind, kind: {"url": url}} for url in urls]


def messages(question: Question, window: Sequence[Part], shown: Shown, dialect: Dialect) -> list[Body]:
    """The conversation; the camera's frames come first in the first user turn. Raises QuestionError."""
    turns = [_turn(message, shown) for message in question.messages]
    if window:
        first = next((turn for turn in turns if turn["role"] == Role.USER.value), None)
        if first is None:
            raise QuestionError("a question about a camera needs a user message", "messages")
        first["content"] = [*window, *_parts(first["content"])]
    if not dialect.tools:
        return without_tools(turns, [plain(tool) for tool in question.tools])
    return _numbered(turns)


def sampled(sampling: Sampling, dialect: Dialect) -> Body:
    """What is said of how tokens are chosen. Raises QuestionError for what the dialect leaves out without a word."""
    dialect.check(sampling)
    body: Body = {"max_tokens": sampling.max_tokens}
    usual = Sampling()
    for name, called in dialect.sampling.items():
        value = getattr(sampling, name)
        if value != getattr(usual, name):
            body[called] = list(value) if isinstance(value, tuple) else value
    if sampling.logprobs is not None:
        if dialect.logprobs == "none":
            raise QuestionError(
                f"the model runs behind {dialect.title}, which tells no logprobs: leave them out", "logprobs"
            )
        body |= {"logprobs": True, "top_logprobs": sampling.logprobs}
    return body


def plain(value: Any) -> Any:
    """A text, or a value of JSON with all texts in it, in which no server finds a special token."""
    if isinstance(value, str):
        return _MARKS.sub("< ", value)
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _turn(message: Message, shown: Shown) -> Body:
    turn: Body = {"role": message.role.value}
    if all(isinstance(part, Text) for part in message.parts):
        turn["content"] = plain("".join(part.text for part in message.parts if isinstance(part, Text)))
    else:
        content: list[Part] = []
        for part in message.parts:
            content += [{"type": "text", "text": plain(part.text)}] if isinstance(part, Text) else shown(part)
        turn["content"] = content
    if message.tool_calls:
        turn["tool_calls"] = [_call(call) for call in message.tool_calls]
    return turn


def _call(call: Mapping[str, Any]) -> Body:
    """An earlier call: on the wire its arguments are a text."""
    function = call.get("function", call)
    arguments = function["arguments"]
    written = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return {"type": "function", "function": {"name": plain(function["name"]), "arguments": plain(written)}}


def _numbered(turns: list[Body]) -> list[Body]:
    """Calls get ids, and the results behind them say whose they are, in order."""
    waiting: list[str] = []
    number = 0
    for turn in turns:
        for call in turn.get("tool_calls", ()):
            call["id"] = f"call_{number}"
            waiting.append(call["id"])
            number += 1
        if turn["role"] == Role.TOOL.value and waiting:
            turn["tool_call_id"] = waiting.pop(0)
        elif turn["role"] == Role.TOOL.value:
            raise QuestionError("a tool's result needs the call that it belongs to before it", "messages")
    return turns


def _form(form: Form) -> Body:
    if form.schema is None:
        return {}
    if form == JSON_OBJECT:
        return {"response_format": {"type": "json_object"}}
    schema = {"name": "answer", "schema": json.loads(form.schema), "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": schema}}


def _choice(form: Form) -> Any:
    """Which tool is to be called, of a form that wants a call: that of the schema, or any."""
    assert form.calls is not None
    wanted = [each["properties"]["name"]["const"] for each in json.loads(form.calls)["anyOf"]]
    return {"type": "function", "function": {"name": wanted[0]}} if len(wanted) == 1 else "required"


def _parts(content: str | list[Part]) -> list[Part]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content
