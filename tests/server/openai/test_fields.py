"""Every field that clients send has its fate: taken, ignored for a reason, or refused by name; in each protocol."""

import json
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from house.fields_page import page
from openai.types.chat.completion_create_params import CompletionCreateParamsBase
from openai.types.realtime.realtime_response_create_params_param import RealtimeResponseCreateParamsParam
from openai.types.realtime.realtime_session_create_request_param import RealtimeSessionCreateRequestParam
from openai.types.responses.response_create_params import ResponseCreateParamsBase
from support.realtime_talk import Talk, only_error

from askcam.engine.question import JSON_OBJECT, Picture, Role, Sampling, Text
from askcam.server.access.limits import Limits
from askcam.server.errors import Refusal
from askcam.server.openai.chat import reading as chat_reading
from askcam.server.openai.chat.fields import CHAT
from askcam.server.openai.chat.request import read as read_chat
from askcam.server.openai.fates import Fate, FieldRefused, FieldTaken, Ignored
from askcam.server.openai.realtime.fields import RESPONSE, SESSION
from askcam.server.openai.responses import reading as responses_reading
from askcam.server.openai.responses.fields import RESPONSES
from askcam.server.openai.responses.request import read as read_response
from askcam.server.steps import Ask, ToolChoice
from askcam.server.wire.refusals import on_wire

TOOL = {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}
CALL = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
TOOLS = [{"type": "function", "function": TOOL}]
DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def chat(**body: Any) -> Ask:
    body = {"model": "lobby", "messages": [{"role": "user", "content": "What?"}]} | body
    return read_chat(chat_reading.read_body(json.dumps(body).encode()), Limits())


def response(**body: Any) -> Ask:
    given = responses_reading.read_body(json.dumps({"model": "lobby", "input": "What?"} | body).encode())
    return read_response(given, (), given.items, Limits(), 10_000)


def refusal(ask: Callable[..., Ask], **body: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        ask(**body)
    assert on_wire(caught.value).status == 400
    return caught.value


@pytest.mark.parametrize(
    ("of_openai", "fates"),
    [
        (CompletionCreateParamsBase, CHAT),
        (ResponseCreateParamsBase, RESPONSES),
        (RealtimeSessionCreateRequestParam, SESSION),
        (RealtimeResponseCreateParamsParam, RESPONSE),
    ],
)
def test_every_field_of_openai_has_a_fate(of_openai: type, fates: Mapping[str, Fate]) -> None:
    assert set(typing.get_type_hints(of_openai)) <= fates.keys()


@pytest.mark.parametrize("fates", [CHAT, RESPONSES, SESSION, RESPONSE])
def test_every_field_that_is_not_taken_says_why(fates: Mapping[str, Fate]) -> None:
    assert all(isinstance(fate, FieldTaken) or fate.why for fate in fates.values())


CHAT_REFUSED = sorted(name for name, fate in CHAT.items() if isinstance(fate, FieldRefused))
RESPONSES_REFUSED = sorted(name for name, fate in RESPONSES.items() if isinstance(fate, FieldRefused))


def said(*contents: Any, **more: Any) -> list[dict[str, Any]]:
    """Turns of the user and the assistant, one after the other; `more` is of the last one."""
    turns = [{"role": ("user", "assistant")[i % 2], "content": content} for i, content in enumerate(contents)]
    return [*turns[:-1], turns[-1] | more]


ON = {"not": "off"}  # by any table


@pytest.mark.parametrize("name", CHAT_REFUSED)
def test_chat_refuses_by_name_what_would_change_the_answer(name: str) -> None:
    error = refusal(chat, **{name: ON})
    assert (error.param, error.code) == (name, "unsupported_parameter")
    for off in (None, *CHAT[name].off):  # type: ignore[union-attr]
        assert chat(**{name: off}) is not None


@pytest.mark.parametrize("name", RESPONSES_REFUSED)
def test_responses_refuse_by_name_what_would_change_the_answer(name: str) -> None:
    error = refusal(response, **{name: ON})
    assert (error.param, error.code) == (name, "unsupported_parameter")
    for off in (None, *RESPONSES[name].off):  # type: ignore[union-attr]
        assert response(**{name: off}) is not None


@pytest.mark.parametrize("name", sorted(name for name, fate in SESSION.items() if isinstance(fate, FieldRefused)))
def test_realtime_refuses_by_name_what_would_change_the_answer(name: str) -> None:
    told = Talk().say({"type": "session.update", "event_id": "e1", "session": {name: ON}})
    error = only_error(told)
    assert (error["param"], error["code"], error["event_id"]) == (f"session.{name}", "unsupported_parameter", "e1")
    for off in (None, *SESSION[name].off):  # type: ignore[union-attr]
        (updated,) = Talk().say({"type": "session.update", "session": {name: off}})
        assert updated["type"] == "session.updated"
    talk = Talk()
    talk.user("What?")
    error = only_error(talk.say({"type": "response.create", "event_id": "e2", "response": {name: ON}}))
    assert (error["param"], error["event_id"]) == (f"response.{name}", "e2")


@pytest.mark.parametrize("value", [None, {}, [], "x", 1, 0.5, True, {"deep": [1, {"a": None}]}])
@pytest.mark.parametrize(("ask", "fates"), [(chat, CHAT), (response, RESPONSES)], ids=["chat", "responses"])
def test_what_changes_nothing_is_let_pass_whatever_it_says(
    ask: Callable[..., Ask], fates: Mapping[str, Fate], value: Any
) -> None:
    ignored = {name: value for name, fate in fates.items() if isinstance(fate, Ignored)}
    assert len(ignored) > 20
    assert ask(**ignored, something_new=value).camera == "lobby"


@pytest.mark.parametrize(("ask", "fates"), [(chat, CHAT), (response, RESPONSES)], ids=["chat", "responses"])
def test_null_is_the_same_as_nothing_in_every_field(ask: Callable[..., Ask], fates: Mapping[str, Fate]) -> None:
    nulls = dict.fromkeys(set(fates) - {"model", "messages", "input"})
    assert ask(**nulls).sampling == ask().sampling


def test_null_is_the_same_as_nothing_inside_messages_tools_and_items() -> None:
    nothing = dict.fromkeys(("name", "refusal", "tool_calls", "function_call", "audio", "tool_call_id", "annotations"))
    part = {"type": "text", "text": "What?", "image_url": None, "input_audio": None, "file": None, "refusal": None}
    called = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}, "custom": None}
    asked = chat(
        messages=[
            {"role": "user", "content": [part]} | nothing,
            {"role": "assistant", "content": None} | nothing | {"tool_calls": [called]},
            {"role": "tool", "content": "it"} | nothing | {"tool_call_id": "c"},
        ],
        tools=[{"type": "function", "function": {**TOOL, "strict": None, "description": None}, "custom": None}],
        stream_options={"include_usage": None},
        response_format={"type": "text", "json_schema": None},
    )
    assert [message.role for message in asked.messages] == [Role.USER, Role.ASSISTANT, Role.TOOL]
    item = dict.fromkeys(("id", "status", "call_id", "name", "arguments", "output", "phase", "type"))
    parts = [{"type": "input_text", "text": "What?", "image_url": None, "file_id": None, "detail": None}]
    assert response(input=[item | {"role": "user", "content": parts}], text={"format": None}).messages


def test_a_null_inside_a_schema_is_the_schema_s() -> None:
    schema = {"type": "object", "properties": {"a": {"enum": ["x", None]}, "b": {"const": None}}}
    for form in (
        {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "strict": None, "schema": schema}}},
        {"guided_json": schema},
        {"guided_json": json.dumps(schema)},
        {"structured_outputs": {"json": schema, "regex": None}},
        {"json_schema": schema},
        {"format": schema},
    ):
        held = chat(**form).sampling.response_format
        assert held is not None
        assert json.loads(held.schema or "") == schema
    text = {"format": {"type": "json_schema", "name": "a", "strict": None, "schema": schema}, "verbosity": "low"}
    held = response(text=text).sampling.response_format
    assert held is not None
    assert json.loads(held.schema or "") == schema


@pytest.mark.parametrize("value", ["json", "JSON"])
def test_ollama_s_format(value: str) -> None:
    if value == "json":
        assert chat(format=value).sampling.response_format == JSON_OBJECT
    else:
        assert refusal(chat, format=value).param == "format"
    assert chat(format="").sampling.response_format is None


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"structured_outputs": {"regex": "a+"}}, "structured_outputs.regex"),
        ({"structured_outputs": {"choice": ["a"]}}, "structured_outputs.choice"),
        ({"structured_outputs": {"grammar": "root ::= x"}}, "structured_outputs.grammar"),
        ({"guided_json": "no"}, "guided_json"),
        ({"guided_json": [1]}, "guided_json"),
        ({"chat_template_kwargs": {"thinking": False, "add_vision_id": 1}}, "chat_template_kwargs.add_vision_id"),
        ({"format": "json", "response_format": {"type": "json_schema", "json_schema": {"schema": {}}}}, "format"),
        ({"tools": [{"type": "web_search_preview"}]}, "tools[0].type"),
        ({"tools": [*TOOLS, {"type": "custom", "custom": {"name": "x"}}]}, "tools[1].type"),
        ({"messages": said([{"type": "input_audio", "input_audio": {}}])}, "messages[0].content[0].type"),
        ({"messages": said([{"type": "file", "file": {}}])}, "messages[0].content[0].type"),
        ({"messages": said("x", "y", prefix=True)}, "messages[1].prefix"),
        ({"messages": [{"role": "function", "name": "f", "content": "x"}]}, "messages[0].name"),
        ({"messages": said("")}, "messages[0].content"),
        ({"messages": said(" \n")}, "messages[0].content"),
        ({"messages": said(None)}, "messages[0].content"),
        ({"messages": said([])}, "messages[0].content"),
        ({"messages": said([{"type": "text", "text": ""}])}, "messages[0].content"),
        ({"messages": [{"role": "system", "content": "x"}, {"role": "user", "content": ""}]}, "messages[1].content"),
        ({"messages": [{"role": "assistant", "content": "Hello!"}]}, "messages"),
    ],
)
def test_chat_names_its_own_field(fields: dict[str, Any], param: str) -> None:
    assert refusal(chat, **fields).param == param


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"input": ""}, "input"),
        ({"input": "  "}, "input"),
        ({"input": []}, "input"),
        ({"input": said("  ")}, "input[0].content"),
        ({"input": said("a", "b", "")}, "input[2].content"),
        ({"input": said([{"type": "input_file", "file_id": "x"}])}, "input[0].content[0].type"),
        ({"input": said([{"type": "input_text"}])}, "input[0].content[0].text"),
        ({"input": [*said("a"), CALL]}, "input[1]"),
        ({"text": {"format": {"type": "json_schema", "name": "a"}}}, "text.format"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": []}}, "tool_choice.tools"),
        ({"truncation": "middle"}, "truncation"),
        ({"top_logprobs": 3}, "top_logprobs"),
    ],
)
def test_responses_name_their_own_field(fields: dict[str, Any], param: str) -> None:
    assert refusal(response, **fields).param == param


MODEL_S_OWN = Sampling(max_tokens=Limits().max_tokens)


@pytest.mark.parametrize(
    ("fields", "want"),
    [
        ({"top_k": 0}, {"top_k": 0}),
        ({"top_k": -1}, {"top_k": 0}),
        ({"top_k": 40.0}, {"top_k": 40}),
        ({"top_p": 0}, {"top_p": 1.0}),
        ({"top_p": 0.0}, {"top_p": 1.0}),
        ({"stop": ""}, {}),
        ({"stop": []}, {}),
        ({"stop": ["", "END"]}, {"stop": ("END",)}),
        ({"seed": -1}, {}),
        ({"seed": 3.0}, {"seed": 3}),
        ({"temperature": 0}, {"temperature": 0.0}),
        ({"top_logprobs": 0}, {}),
        ({"min_tokens": 4.0}, {"min_tokens": 4}),
    ],
)
@pytest.mark.parametrize("ask", [chat, response], ids=["chat", "responses"])
def test_what_others_take_for_off_is_off(ask: Callable[..., Ask], fields: dict[str, Any], want: dict[str, Any]) -> None:
    found = ask(**fields).sampling
    for name in ("top_k", "top_p", "stop", "seed", "temperature", "logprobs", "min_tokens"):
        assert getattr(found, name) == want.get(name, getattr(MODEL_S_OWN, name)), name


@pytest.mark.parametrize("value", [-1, -2, -1.0])
def test_no_bound_on_tokens_is_the_server_s(value: float) -> None:
    assert chat(max_tokens=value).sampling.max_tokens == Limits().max_tokens
    assert chat(max_completion_tokens=value, max_tokens=5).sampling.max_tokens == 5
    assert chat(n_predict=value).sampling.max_tokens == Limits().max_tokens
    assert response(max_output_tokens=value).sampling.max_tokens == Limits().max_tokens


@pytest.mark.parametrize(
    ("wanted", "choice", "tools"),
    [
        ("any", ToolChoice("required"), 1),
        ("", ToolChoice(), 1),
        ({"type": "any"}, ToolChoice("required"), 1),
        ({"type": "auto"}, ToolChoice("auto"), 1),
        ({"type": "none"}, ToolChoice("none"), 1),
        ({"type": "function", "function": {"name": "get_weather"}}, ToolChoice("required", "get_weather"), 1),
        ({"function": {"name": "get_weather"}}, ToolChoice("required", "get_weather"), 1),
        ({"type": "function", "name": "get_weather"}, ToolChoice("required", "get_weather"), 1),
        ({"type": "tool", "name": "get_weather"}, ToolChoice("required", "get_weather"), 1),
    ],
)
def test_whom_others_let_choose(wanted: Any, choice: ToolChoice, tools: int) -> None:
    asked = chat(tools=TOOLS, tool_choice=wanted)
    assert (asked.choice, len(asked.tools), asked.server_tools) == (choice, tools, None)


def test_only_allowed_tools_may_be_called() -> None:
    more = [*TOOLS, {"type": "function", "function": {**TOOL, "name": "get_time"}}]
    allowed = {"mode": "required", "tools": [TOOLS[0], {"type": "function", "function": {"name": "clock"}}]}
    asked = chat(tools=more, tool_choice={"type": "allowed_tools", "allowed_tools": allowed})
    assert [tool["function"]["name"] for tool in asked.tools] == ["get_weather"]
    assert (asked.choice, asked.server_tools) == (ToolChoice("required"), ("clock",))
    flat = [{"type": "function", **TOOL}, {"type": "function", **TOOL, "name": "get_time"}]
    asked = response(
        tools=flat, tool_choice={"type": "allowed_tools", "tools": [{"type": "function", "name": "get_time"}]}
    )
    assert ([tool["function"]["name"] for tool in asked.tools], asked.server_tools) == (["get_time"], ())


def test_older_calls_and_ollama_s_are_read() -> None:
    asked = chat(
        messages=[
            {"role": "user", "content": "What?"},
            {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": '{"a": 1}'}},
            {"role": "function", "name": "f", "content": "it"},
        ]
    )
    assert [message.role for message in asked.messages] == [Role.USER, Role.ASSISTANT, Role.TOOL]
    assert asked.messages[1].tool_calls[0]["function"]["arguments"] == {"a": 1}
    asked = chat(
        messages=[
            {"role": "user", "content": "What?"},
            {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "f", "arguments": {"a": None}}}]},
            {"role": "tool", "tool_name": "f", "content": "it"},
        ]
    )
    assert asked.messages[1].tool_calls[0]["function"]["arguments"] == {"a": None}


def test_parts_of_other_clients_are_read() -> None:
    parts = ["one", {"type": "input_text", "text": "two"}, {"type": "thinking", "thinking": "hm"}, {"text": "three"}]
    asked = chat(messages=[{"role": "user", "content": parts}])
    assert asked.messages[0].parts == (Text("one"), Text("two"), Text("three"))
    asked = chat(messages=[{"role": "user", "content": "What?", "images": [DOT]}])
    assert asked.messages[0].parts[0] == Text("What?")
    assert isinstance(asked.messages[0].parts[1], Picture)
    refused = [{"role": "user", "content": "a"}, {"role": "assistant", "content": None, "refusal": "No."}]
    asked = chat(messages=[*refused, {"role": "user", "content": "b"}])
    assert asked.messages[1].parts == (Text("No."),)


def test_what_a_model_has_thought_is_passed_over() -> None:
    thought = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "xyz", "content": [{"type": "y"}]}
    said = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "phase": "final"}
    words = [{"type": "output_text", "text": "A cup.", "annotations": [], "logprobs": []}]
    asked = response(
        input=[
            {"role": "user", "content": "What?"},
            thought,
            said | {"content": words},
            said | {"content": [{"type": "refusal", "refusal": "No."}]},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "And?"}]},
        ],
        reasoning={"effort": "high", "summary": "auto"},
        include=["reasoning.encrypted_content", "file_search_call.results"],
        truncation="auto",
    )
    assert [message.role.value for message in asked.messages] == ["user", "assistant", "assistant", "user"]


@pytest.mark.parametrize("read", [chat_reading.read_body, responses_reading.read_body], ids=["chat", "responses"])
def test_a_body_nested_without_end_is_refused(read: Callable[[bytes], Any]) -> None:
    for depth in (2_000, 100_000):
        data = b'{"a":' * depth + b"1" + b"}" * depth
        with pytest.raises(Refusal) as caught:
            read(data)
        assert caught.value.code in ("invalid_json", "too_many_values")


def test_the_page_lists_every_field() -> None:
    written = (Path(__file__).parents[3] / "docs" / "fields.md").read_text()
    assert written == page(), "make it anew: python tests/house/fields_page.py > docs/fields.md"


def test_instructions_with_the_input_that_says_nothing_are_what_is_asked() -> None:
    (asked,) = response(instructions="Describe it.", input=said("")).messages
    assert (asked.role, asked.parts) == (Role.USER, (Text("Describe it."),))
    for empty in ("", " ", said(" "), said([{"type": "input_text", "text": ""}]), said("a", "b", "")):
        assert refusal(response, instructions="Describe it.", input=empty).code == "nothing_asked"
