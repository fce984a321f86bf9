"""From a chat completion's body, as any client writes it, to the request that this server knows. Pure.

Names and forms of other servers and of older clients become OpenAI's own; what can't be honoured is refused by name.
"""

import json
from typing import Any

from askcam.server.errors import Invalid, Refusal
from askcam.server.given_names import quoted
from askcam.server.openai.chat.body import ChatRequest
from askcam.server.openai.chat.fields import CHAT, INTEGERS, MESSAGE, PARTS
from askcam.server.openai.fates import (
    FORM,
    FORM_HERE,
    drop_off,
    is_off,
    refused,
    sort_out,
    whole,
    without_nulls,
)
from askcam.server.openai.thinking import read_template
from askcam.server.wire.bodies import convert, plain

ALIASES = {"n_predict": "max_tokens", "random_seed": "seed", "stop_sequences": "stop"}
RESPONSES_PARTS = ("input_image", "input_video")  # whose address is no object
FORMS = ("guided_json", "structured_outputs", "json_schema", "format")  # that other servers have for response_format


def read_body(data: bytes) -> ChatRequest:
    """The request in a body. Raises Invalid naming the field at fault. CPU work, by the body's length."""
    values = plain(data)
    if not isinstance(values, dict):
        return convert(values, ChatRequest)  # which says what it is not
    try:
        values = sort_out(without_nulls(values), CHAT)
    except RecursionError as exc:
        raise Invalid("the body is nested too deeply: send a plainer one", None, "invalid_json") from exc
    for other, name in ALIASES.items():
        if other in values:
            values.setdefault(name, values.pop(other))
    whole(values, INTEGERS)
    drop_off(values)
    _chances(values)
    _form(values)
    read_template(values)
    _choice(values)
    check_tools(values)
    if isinstance(values.get("messages"), list):
        values["messages"] = _Messages().read(values["messages"])
    return convert(values, ChatRequest)


def _chances(values: dict[str, Any]) -> None:
    """top_logprobs 0 without logprobs says nothing."""
    if values.get("top_logprobs") == 0 and not values.get("logprobs") and values["top_logprobs"] is not False:
        del values["top_logprobs"]


def _form(values: dict[str, Any]) -> None:
    """The one form that other servers' fields name, as response_format."""
    for name in FORMS:
        given = values.pop(name, None)
        if given is None or is_off(given, ("", {}, False)):
            continue
        form = _form_of(name, given)
        if form is None:
            continue
        if values.get("response_format") not in (None, {"type": "text"}, form):
            raise Invalid(f"{name!r} and 'response_format' both say what the answer looks like: send one", name)
        values["response_format"] = form


def _form_of(name: str, given: Any) -> dict[str, Any] | None:
    if name == "structured_outputs" and isinstance(given, dict):
        wanted = {key: value for key, value in given.items() if value is not None and value is not False}
        for key in wanted.keys() - {"json", "json_object"}:
            if key not in ("disable_any_whitespace", "whitespace_pattern", "disable_additional_properties"):
                raise refused(f"structured_outputs.{key}", FORM)
        if "json" not in wanted:
            return {"type": "json_object"} if "json_object" in wanted else None
        name, given = "structured_outputs.json", wanted["json"]
    if name == "format" and given == "json":
        return {"type": "json_object"}
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError) as exc:
            raise Invalid(f"{name!r} is no JSON Schema, and {FORM_HERE}", name) from exc
    if not isinstance(given, dict):
        raise Invalid(f"{name!r} is no JSON Schema, and {FORM_HERE}", name)
    return {"type": "json_schema", "json_schema": {"schema": given}}


def _choice(values: dict[str, Any]) -> None:
    """tool_choice as OpenAI writes it. Anthropic's and Mistral's "any" is "required"."""
    wanted = values.get("tool_choice")
    if isinstance(wanted, dict) and "function" not in wanted and "allowed_tools" not in wanted:
        match wanted:
            case {"type": "function" | "tool", "name": str(name)}:
                wanted = {"type": "function", "function": {"name": name}}
            case {"type": str(mode)}:
                wanted = mode
    if isinstance(wanted, dict) and "function" in wanted:
        wanted = {"type": "function"} | wanted
    if wanted == "any":
        wanted = "required"
    if wanted == "":
        values.pop("tool_choice")
    elif wanted is not None:
        values["tool_choice"] = wanted


def check_tools(values: dict[str, Any]) -> None:
    """Raises Invalid for tools that are no functions of the client's."""
    tools = values.get("tools")
    for i, tool in enumerate(tools if isinstance(tools, list) else ()):
        if isinstance(tool, dict) and (kind := tool.get("type", "function")) != "function":
            raise Invalid(
                f"tools of type {quoted(kind)} do not run here: send functions; those of this server are named in "
                "askcam.tools",
                f"tools[{i}].type",
                "unsupported_parameter",
            )


class _Messages:
    """Messages as they are read, one after the other: a legacy answer belongs to the call before it."""

    def __init__(self) -> None:
        self._called: dict[str, str] = {}  # legacy calls: the function's name -> the id that it was given here

    def read(self, messages: list[Any]) -> list[Any]:
        return [self._one(each, f"messages[{i}]") for i, each in enumerate(messages)]

    def _one(self, message: Any, at: str) -> Any:
        if not isinstance(message, dict):
            return message
        name = message.get("name")
        message = sort_out(message, MESSAGE, f"{at}.")
        if (call := message.pop("function_call", None)) is not None and not message.get("tool_calls"):
            message["tool_calls"] = [self._legacy(call, at)]
        if message.get("role") == "function":
            message |= {"role": "tool", "tool_call_id": self._answered(name, at)}
        refusal = message.pop("refusal", None)
        if isinstance(refusal, str) and refusal and not message.get("content"):
            message["content"] = refusal
        if isinstance(content := message.get("content"), dict):
            message["content"] = [content]
        if isinstance(message.get("content"), list):
            message["content"] = _parts(message["content"], f"{at}.content")
        if images := message.pop("images", None):
            message["content"] = [*_as_parts(message.get("content")), *_pictures(images, f"{at}.images")]
        if isinstance(calls := message.get("tool_calls"), list):
            message["tool_calls"] = [_call(call, f"{at}.tool_calls[{j}]") for j, call in enumerate(calls)]
        return message

    def _legacy(self, call: Any, at: str) -> dict[str, Any]:
        name = call.get("name") if isinstance(call, dict) else None
        if not isinstance(name, str):
            raise Invalid("the function_call has no name", f"{at}.function_call")
        self._called[name] = f"call_{len(self._called)}_{name}"
        return {"id": self._called[name], "type": "function", "function": call}

    def _answered(self, name: Any, at: str) -> str:
        """The id of the call that a message of role function answers: that of the function `name`."""
        if not isinstance(name, str) or name not in self._called:
            raise Invalid(f"{quoted(name)} answers no function_call of an assistant's message before it", f"{at}.name")
        return self._called[name]


def _parts(parts: list[Any], at: str) -> list[Any]:
    """Content parts in OpenAI's forms; those that say nothing are left out."""
    found = []
    for j, part in enumerate(parts):
        if isinstance(part, str):
            part = {"type": "text", "text": part}
        if isinstance(part, dict):
            kind = part.get("type", "text" if "text" in part else None)
            known = PARTS.get(kind) if isinstance(kind, str) else None
            if known is None:
                raise no_part(kind, f"{at}[{j}].type", tuple(dict.fromkeys(filter(None, PARTS.values()))))
            if not known:
                continue
            part = {**part, "type": known}
            if kind == "refusal":
                part["text"] = part.get("refusal", "")
            if kind in RESPONSES_PARTS and isinstance(part.get(known), str):
                part[known] = {"url": part[known]}
        found.append(part)
    return found


def no_part(kind: Any, at: str, takes: tuple[str, ...]) -> Refusal:
    """400 for a part of a kind that no message takes."""
    return Invalid(
        f"a part of type {quoted(kind)} is not read here: send {', '.join(takes)}", at, "unsupported_content"
    )


def _as_parts(content: Any) -> list[Any]:
    match content:
        case None | "":
            return []
        case str():
            return [{"type": "text", "text": content}]
        case _:
            return list(content) if isinstance(content, list) else [content]


def _pictures(images: Any, at: str) -> list[dict[str, Any]]:
    if not isinstance(images, list) or not all(isinstance(one, str) for one in images):
        raise Invalid(f"{at!r} must be a list of pictures, each base64 or a data URL", at)
    return [{"type": "image_url", "image_url": {"url": _url(one)}} for one in images]


def _url(image: str) -> str:
    return image if image.startswith(("data:", "http:", "https:")) else f"data:image/jpeg;base64,{image}"


def _call(call: Any, at: str) -> Any:
    """An earlier call; Ollama has its arguments as an object."""
    function = call.get("function") if isinstance(call, dict) else None
    if isinstance(call, dict) and call.get("type", "function") != "function":
        raise Invalid(f"a call of type {quoted(call['type'])} is not read here", f"{at}.type", "unsupported_content")
    if isinstance(function, dict) and isinstance(function.get("arguments"), dict):
        return {**call, "function": {**function, "arguments": json.dumps(function["arguments"], ensure_ascii=False)}}
    return call
