"""A whole question is counted, however it is cut into pieces; each bound at its edge, and one over it."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from askcam.engine.question import Message, Role, Text
from askcam.server.access.limits import Limits
from askcam.server.access.sizes import (
    MAX_DEPTH,
    MAX_MESSAGES,
    MAX_PARTS,
    MAX_VALUES,
    TOOLS,
    check_depth,
    check_messages,
    check_tools,
    check_values,
)
from askcam.server.errors import Refusal
from askcam.server.openai.chat.body import ChatRequest
from askcam.server.openai.chat.request import read as read_chat
from askcam.server.openai.realtime.client_events import EventRefused
from askcam.server.openai.realtime.client_events import read as read_event
from askcam.server.openai.responses.body import ResponseRequest
from askcam.server.openai.responses.items import InputItem, InputPart
from askcam.server.openai.responses.request import read as read_response
from askcam.server.wire.bodies import decode
from askcam.server.wire.refusals import on_wire

CHARS = Limits().max_question_chars


def chat(messages: list[Any], **more: Any) -> None:
    body = json.dumps({"model": "lobby", "messages": messages, **more}).encode()
    ask = read_chat(decode(body, ChatRequest), Limits())
    check_messages(ask.messages, CHARS, "messages")
    check_tools(ask.tools, CHARS)


def parted(num: int, chars: int) -> list[Any]:
    return [{"role": "user", "content": [{"type": "text", "text": "x" * chars} for _ in range(num)]}]


def turned(num: int, chars: int) -> list[Any]:
    return [{"role": "user", "content": "x" * chars} for _ in range(num)]


def called(num: int, chars: int) -> list[Any]:
    calls = [{"id": str(i), "function": {"name": "f", "arguments": "x" * chars}} for i in range(num)]
    return [{"role": "assistant", "tool_calls": calls}, {"role": "user", "content": "?"}]


def nested(depth: int) -> Any:
    value: Any = {}
    for _ in range(depth - 1):
        value = {"a": value}
    return value


def tool(**function: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "f", **function}}


@pytest.mark.parametrize(
    ("wanted", "param", "code"),
    [
        (lambda: chat(parted(240, CHARS)), "messages", "string_above_max_length"),
        (lambda: chat(parted(2, CHARS // 2 + 1)), "messages", "string_above_max_length"),
        (lambda: chat(turned(3, CHARS // 3 + 1)), "messages", "string_above_max_length"),
        (lambda: chat(called(4, CHARS // 3)), "messages", "string_above_max_length"),
        (lambda: chat(called(1, CHARS + 1)), "messages", "string_above_max_length"),
        (lambda: chat(turned(1, CHARS + 1)), "messages[0].content", "invalid_value"),
        (lambda: chat(turned(MAX_MESSAGES + 1, 0)), "messages", "too_many_messages"),
        (lambda: chat(parted(MAX_PARTS + 1, 0)), "messages", "too_many_parts"),
        (lambda: chat(parted(MAX_PARTS // 2 + 1, 0) * 2), "messages", "too_many_parts"),
        (lambda: chat(turned(100_000, 0)), None, "too_many_values"),
        (lambda: chat(turned(1, 1), tools=[tool(description="x" * TOOLS * CHARS)]), "tools", "string_above_max_length"),
        (lambda: chat(turned(1, 1), tools=[tool(parameters=nested(MAX_DEPTH))]), "tools", "invalid_value"),
        (
            lambda: chat(turned(1, 1), response_format={"type": "json_schema", "json_schema": {"schema": nested(221)}}),
            "response_format",
            "invalid_value",
        ),
    ],
)
def test_chat(wanted: Callable[[], None], param: str | None, code: str) -> None:
    with pytest.raises(Refusal) as told:
        wanted()
    assert (on_wire(told.value).status, told.value.param, told.value.code) == (400, param, code)


@pytest.mark.parametrize(
    "wanted",
    [
        lambda: chat(parted(2, CHARS // 2)),
        lambda: chat(parted(MAX_PARTS, CHARS // MAX_PARTS)),
        lambda: chat(turned(MAX_MESSAGES, CHARS // MAX_MESSAGES)),
        lambda: chat(turned(1, 1), tools=[tool(description="x" * (CHARS - 200))] * 1),
        lambda: check_depth(nested(MAX_DEPTH), "a"),
        lambda: check_values(b"," * MAX_VALUES),
    ],
)
def test_what_is_at_its_bound_passes(wanted: Callable[[], None]) -> None:
    wanted()


def test_responses_count_what_was_before() -> None:
    body = ResponseRequest("lobby", "x" * (CHARS // 2), instructions="x" * 10)
    before = [InputItem(role="user", content=[InputPart("input_text", "x" * (CHARS // 60))] * 30)]
    with pytest.raises(Refusal) as told:
        read_response(body, before, body.items, Limits(), CHARS)
    assert (told.value.param, told.value.code) == ("input", "string_above_max_length")
    less = ResponseRequest("lobby", "x" * (CHARS // 4))
    read_response(less, before, less.items, Limits(), CHARS)
    call = InputItem(type="function_call", call_id="c", name="f", arguments="{}")
    output = InputItem(type="function_call_output", call_id="c", output="x" * CHARS)
    with pytest.raises(Refusal, match="characters of text in all"):
        read_response(body, [call, output], body.items, Limits(), CHARS)


@pytest.mark.parametrize("many", [1, 2, 500])
def test_calls_that_are_nested_too_deeply_are_refused(many: int) -> None:
    deep = {"function": {"name": "f", "arguments": nested(many * 120)}}
    ask = (Message(Role.ASSISTANT, (Text("x"),), (deep,)),)
    if many == 1:
        check_messages(ask, CHARS, "messages")
        return
    with pytest.raises(Refusal, match="nested more than 220 deep"):
        check_messages(ask, CHARS, "messages")


BOMBS = {
    "brackets": "[" * 1_000_000,
    "brackets, fewer than values may be": "[" * 60_000,
    "braces": '{"a":' * 60_000,
    "a long whole number": '{"type": ' + "1" * 1_000_000 + "}",
    "a long number": '{"type": 1' + "0" * 500_000 + ".5e-9}",
    "a great exponent": '{"type": 1e999999999}',
    "many names": "{" + ",".join(f'"k{i}":1' for i in range(100_000)) + "}",
    "one name many times": "{" + ",".join(['"k":1'] * 100_000) + "}",
    "many zeros": "[" + ",".join(["0"] * 100_000) + "]",
    "an unknown field, deep": '{"type": "response.create", "x": ' + "[" * 900 + "]" * 900 + "}",
    "surrogates": '{"type": "\\ud800"}',
}


@pytest.mark.parametrize("name", BOMBS)
def test_json_that_explodes_is_refused_by_every_door(name: str) -> None:
    event = read_event(BOMBS[name], lambda kind: kind, CHARS)
    assert isinstance(event, EventRefused)
    assert on_wire(event.error).status == 400
    assert len(event.error.message) < 2100
    for kind in (ChatRequest, ResponseRequest):
        with pytest.raises(Refusal) as told:
            decode(BOMBS[name].encode(), kind)
        assert on_wire(told.value).status == 400
        assert len(told.value.message) < 2100


def test_a_refusal_does_not_repeat_megabytes() -> None:
    with pytest.raises(Refusal) as told:
        chat([{"role": "x" * 1_000_000, "content": ""}])
    assert len(told.value.message) < 2100
    assert len(msgspec.json.encode(on_wire(told.value).body())) < 3000
