"""Tools in a realtime session: the client's own functions, and those that run in the server."""

import json
from typing import Any

import msgspec
import pytest
from support.realtime_talk import Talk, done, only_error, types

from askcam.client.protocol import CalledTool, ErrorBody
from askcam.engine.calls import Call
from askcam.engine.question import Role
from askcam.server.errors import Internal
from askcam.server.openai.realtime.prompt import messages
from askcam.server.openai.realtime.tools import choice, functions
from askcam.server.steps import Called, Done, Returned, SeenStep, TextDelta, ToolChoice

TOOL = {
    "type": "function",
    "name": "lookup_product",
    "description": "Find a price.",
    "parameters": {"type": "object", "properties": {"query": {"type": "string"}}},
}
CALL = Call("lookup_product", '{"query": "mug"}', "call_1")


def with_calls(*calls: Call) -> Done:
    plain = done("")
    return Done(plain.reason, "", plain.saw, plain.usage, plain.timings, calls=calls)


def returned(output: str | None, error: ErrorBody | None = None) -> Returned:
    return Returned(CALL, CalledTool("call_1", "lookup_product", "shop", CALL.arguments, output, error, 3.0))


def asked(talk: Talk, **response: Any) -> str:
    talk.user("How much is this?")
    return talk.ask(tools=[TOOL], **response).response_id


def output(talk: Talk, call_id: str = "call_1", text: str = '{"price": 4}', **event: Any) -> list[dict[str, Any]]:
    item = {"type": "function_call_output", "call_id": call_id, "output": text}
    return talk.say({"type": "conversation.item.create", "item": item, **event})


def test_a_call_of_the_client_s_function_is_an_item_of_its_own() -> None:
    talk = Talk()
    name = asked(talk)
    assert functions(talk.start.settings.tools) == (
        {"type": "function", "function": {k: v for k, v in TOOL.items() if k != "type"}},
    )
    events = talk.hear(name, Called(CALL, None)) + talk.hear(name, with_calls(CALL))
    assert types(events) == [
        "response.output_item.added",
        "conversation.item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]
    assert (events[0]["item"]["arguments"], events[0]["item"]["status"]) == ("", "in_progress")
    assert (events[2]["delta"], events[3]["arguments"]) == (CALL.arguments, CALL.arguments)
    (item,) = events[-1]["response"]["output"]
    assert (item["type"], item["name"], item["call_id"]) == ("function_call", "lookup_product", "call_1")
    assert (item["arguments"], item["status"]) == (CALL.arguments, "completed")
    assert events[-1]["response"]["status"] == "completed"


def test_calls_that_only_the_end_tells_of_are_told_too() -> None:
    talk = Talk()
    name = asked(talk)
    second = Call("lookup_product", '{"query": "cup"}', "call_2")
    talk.hear(name, Called(CALL, None))
    events = talk.hear(name, with_calls(CALL, second))
    assert [item["call_id"] for item in events[-1]["response"]["output"]] == ["call_1", "call_2"]
    assert types(events).count("response.function_call_arguments.done") == 1
    assert {event["output_index"] for event in events if "output_index" in event} == {1}


def test_the_output_of_a_call_goes_into_the_next_prompt() -> None:
    talk = Talk()
    name = asked(talk)
    talk.hear(name, TextDelta("Let me see."))
    talk.hear(name, with_calls(CALL))
    assert types(output(talk)) == ["conversation.item.added", "conversation.item.done"]
    start = talk.ask()
    user, assistant, tool = messages("", start.items)
    assert (user.role, assistant.role, tool.role) == (Role.USER, Role.ASSISTANT, Role.TOOL)
    assert assistant.tool_calls == (CALL.turn(),)
    assert [part.text for part in assistant.parts] == ["Let me see."]  # type: ignore[union-attr]
    assert [part.text for part in tool.parts] == ['{"price": 4}']  # type: ignore[union-attr]


def test_a_call_without_its_output_says_nothing() -> None:
    talk = Talk()
    talk.hear(asked(talk), with_calls(CALL))
    talk.user("Never mind. What is it?")
    assert [turn.role for turn in messages("", talk.ask().items)] == [Role.USER, Role.USER]


def test_output_that_belongs_to_no_call_is_refused() -> None:
    error = only_error(output(Talk(), "call_9", event_id="e1"))
    assert (error["code"], error["param"], error["event_id"]) == ("call_not_found", "item.call_id", "e1")


def test_a_history_of_calls_can_be_given() -> None:
    talk = Talk()
    talk.user("How much is this?")
    call = {"type": "function_call", "name": "lookup_product", "call_id": "c7", "arguments": '{"query": "mug"}'}
    added, _ = talk.say({"type": "conversation.item.create", "item": call})
    assert added["item"]["arguments"] == '{"query": "mug"}'
    output(talk, "c7")
    assert [turn.role for turn in messages("", talk.ask().items)] == [Role.USER, Role.ASSISTANT, Role.TOOL]


def test_arguments_that_are_no_json_do_not_break_the_prompt() -> None:
    talk = Talk()
    talk.user("How much is this?")
    talk.say(
        {
            "type": "conversation.item.create",
            "item": {"type": "function_call", "name": "f", "call_id": "c", "arguments": "{no"},
        }
    )
    output(talk, "c")
    assert messages("", talk.ask().items)[1].tool_calls[0]["function"]["arguments"] == "{no"


def test_a_call_in_the_server_is_told_as_openai_tells_of_mcp() -> None:
    talk = Talk()
    name = asked(talk)
    talk.hear(name, SeenStep(done("").saw))
    events = talk.hear(name, Called(CALL, "shop")) + talk.hear(name, returned('{"price": 4}'))
    events += talk.words(name, "It costs 4 EUR.") + talk.hear(name, done("It costs 4 EUR."))
    assert types(events) == [
        "response.output_item.added",
        "conversation.item.added",
        "response.mcp_call_arguments.delta",
        "response.mcp_call_arguments.done",
        "response.mcp_call.in_progress",
        "response.mcp_call.completed",
        "response.output_item.done",
        "conversation.item.done",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]
    called, said = events[-1]["response"]["output"]
    assert (called["type"], called["server_label"], called["output"]) == ("mcp_call", "shop", '{"price": 4}')
    assert said["content"][0]["text"] == "It costs 4 EUR."
    assert [e["output_index"] for e in events if e["type"] == "response.output_item.done"] == [0, 1]
    talk.user("And is it in stock?")
    roles = [turn.role for turn in messages("", talk.ask().items)]
    assert roles == [Role.USER, Role.ASSISTANT, Role.TOOL, Role.ASSISTANT, Role.USER]


def test_a_call_in_the_server_that_failed_says_why() -> None:
    talk = Talk()
    name = asked(talk)
    talk.hear(name, Called(CALL, "shop"))
    events = talk.hear(name, returned(None, ErrorBody("the shop is closed", "server_error")))
    assert types(events)[0] == "response.mcp_call.failed"
    assert events[1]["item"]["error"] == {"type": "tool_execution_error", "message": "the shop is closed"}


@pytest.mark.parametrize("how", ["cancel", "fail"])
def test_an_answer_that_ends_in_the_middle_of_a_call_leaves_nothing_open(how: str) -> None:
    talk = Talk()
    name = asked(talk)
    talk.words(name, "Let me see.")
    talk.hear(name, Called(CALL, "shop"))
    if how == "cancel":
        events = talk.say({"type": "response.cancel"})
    else:
        events = talk.take(talk.session.failed(name, Internal("no", code="engine_failure")))
    assert "response.mcp_call.failed" in types(events)
    assert events[-1]["response"]["status"] == {"cancel": "cancelled", "fail": "failed"}[how]
    assert [item["type"] for item in events[-1]["response"]["output"]] == ["message", "mcp_call"]
    assert talk.hear(name, returned("late")) == []


def test_words_before_a_call_are_a_message_of_their_own() -> None:
    talk = Talk()
    name = asked(talk)
    told = talk.words(name, "Let me see.") + talk.hear(name, Called(CALL, "shop"))
    assert types(told).index("response.output_text.done") < types(told).index("response.mcp_call.in_progress")
    told += talk.hear(name, returned("4")) + talk.words(name, "Four.") + talk.hear(name, done("Let me see.Four."))
    texts = [event["text"] for event in told if event["type"] == "response.output_text.done"]
    assert texts == ["Let me see.", "Four."]


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        ("auto", ToolChoice()),
        ("none", ToolChoice("none")),
        ("required", ToolChoice("required")),
        ({"type": "function", "name": "lookup_product"}, ToolChoice("required", "lookup_product")),
    ],
)
def test_tool_choice_is_handed_on(wanted: Any, meant: ToolChoice) -> None:
    talk = Talk()
    asked(talk, tool_choice=wanted, parallel_tool_calls=False)
    assert choice(talk.start.settings.tool_choice) == meant
    assert talk.start.settings.parallel_tool_calls is False


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"tools": [{"type": "mcp", "server_label": "x"}]}, "session.tools[0].type", "unsupported_parameter"),
        ({"tools": [TOOL, TOOL]}, "session.tools[1].name", "invalid_value"),
        ({"tools": [{**TOOL, "name": "no name"}]}, "session.tools[0].name", "invalid_value"),
        ({"tool_choice": {"type": "mcp", "server_label": "x"}}, "session.tool_choice.type", "unsupported_parameter"),
        ({"parallel_tool_calls": "yes"}, "session.parallel_tool_calls", "invalid_value"),
        ({"prompt": {"id": "p1"}}, "session.prompt", "unsupported_parameter"),
    ],
)
def test_what_cannot_be_had_is_refused_by_name(fields: dict[str, Any], param: str, code: str) -> None:
    error = only_error(Talk().say({"type": "session.update", "session": fields}))
    assert (error["param"], error["code"]) == (param, code)


@pytest.mark.parametrize("kind", ["mcp_call", "mcp_list_tools", "mcp_approval_request", "mcp_approval_response", "x"])
def test_items_that_are_the_server_s_own_are_refused(kind: str) -> None:
    error = only_error(Talk().say({"type": "conversation.item.create", "item": {"type": kind, "id": "i"}}))
    assert (error["code"], error["param"]) == ("unsupported_item", "item.type")
    assert kind in error["message"]


@pytest.mark.parametrize(
    "kind",
    [
        "conversation.item.truncate",
        "input_audio_buffer.append",
        "input_audio_buffer.commit",
        "input_audio_buffer.clear",
        "output_audio_buffer.clear",
    ],
)
def test_what_is_about_audio_is_refused_by_its_event_id(kind: str) -> None:
    error = only_error(Talk().say({"type": kind, "event_id": "e9"}))
    assert (error["type"], error["code"], error["event_id"]) == ("invalid_request_error", "unsupported_event", "e9")
    assert kind in error["message"]


def test_what_has_no_effect_here_is_taken_and_told_back_as_nothing() -> None:
    fields = {"tracing": "auto", "include": ["item.input_audio_transcription.logprobs"], "audio": {}}
    (updated,) = Talk().say({"type": "session.update", "session": fields})
    assert (updated["session"]["tracing"], updated["session"]["include"]) == (None, None)


def test_what_is_told_is_json() -> None:
    talk = Talk()
    name = asked(talk)
    events = talk.hear(name, with_calls(CALL))
    assert json.loads(msgspec.json.encode(events)) == events
