"""The unmodified `openai` package calls functions of its own through chat completions: offered, called, answered."""

import json
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI
from support.products import data_url, product
from support.servers.askcam_server import LiveServer

LOOKUP = {
    "type": "function",
    "function": {
        "name": "lookup_product",
        "description": "Look up a product's price, stock and delivery time.",
        "parameters": {
            "type": "object",
            "properties": {"query": {"type": "string", "description": "product name"}},
            "required": ["query"],
            "additionalProperties": False,
        },
    },
}
FOUND = json.dumps({"name": "banana", "price": "2.49", "currency": "EUR", "stock": 12})
TOLD = {"role": "tool", "tool_call_id": "call_1", "content": "2"}
CALLING = {"role": "user", "content": "?", "tool_calls": [{"id": "a", "function": {"name": "x"}}]}


@pytest.fixture(scope="module")
def client(live_server: LiveServer) -> Any:
    with OpenAI(base_url=f"{live_server.url}/v1", api_key="none", timeout=60) as client:
        yield client


def asked(question: str = "How much is this?") -> list[Any]:
    picture = {"type": "image_url", "image_url": {"url": data_url(product("banana"))}}
    return [{"role": "user", "content": [picture, {"type": "text", "text": question}]}]


def ask(client: Any, messages: list[Any], **more: Any) -> Any:
    return client.chat.completions.create(
        model="askcam", messages=messages, **({"tools": [LOOKUP], "temperature": 0} | more)
    )


@pytest.mark.parametrize(
    ("question", "answer"),
    [("How much is this?", "The banana costs 2.49 EUR."), ("这个多少钱？", "香蕉的价格是2.49 EUR。")],
)
def test_a_function_is_called_and_its_words_are_in_the_answer(client: Any, question: str, answer: str) -> None:
    messages = asked(question)
    (choice,) = ask(client, messages).choices
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content is None
    (call,) = choice.message.tool_calls
    assert (call.type, call.function.name) == ("function", "lookup_product")
    assert json.loads(call.function.arguments) == {"query": "banana"}
    messages += [choice.message, {"role": "tool", "tool_call_id": call.id, "content": FOUND}]
    (choice,) = ask(client, messages).choices
    assert (choice.finish_reason, choice.message.content) == ("stop", answer)


def test_a_streamed_call_is_put_together_by_the_sdk(client: Any) -> None:
    with client.chat.completions.stream(
        model="askcam",
        messages=asked(),
        tools=[LOOKUP | {"function": LOOKUP["function"] | {"strict": True}}],  # type: ignore[operator, dict-item]
    ) as stream:
        kinds = [event.type for event in stream]
        (choice,) = stream.get_final_completion().choices
    assert "tool_calls.function.arguments.done" in kinds
    assert choice.finish_reason == "tool_calls"
    assert choice.message.tool_calls[0].function.parsed_arguments == {"query": "banana"}


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "lookup_product"}}])
def test_a_call_can_be_demanded(client: Any, choice: Any) -> None:
    (found,) = ask(client, asked("What is this?"), tool_choice=choice).choices
    assert found.finish_reason == "tool_calls"
    assert set(json.loads(found.message.tool_calls[0].function.arguments)) == {"query"}


def test_no_call_is_made_where_none_is_wanted(client: Any) -> None:
    (found,) = ask(client, asked(), tool_choice="none").choices
    assert found.finish_reason == "stop"
    assert found.message.tool_calls is None


def test_earlier_turns_are_remembered(client: Any) -> None:
    messages = [*asked("What is this?"), {"role": "assistant", "content": "It's a banana."}]
    messages.append({"role": "user", "content": "What color is it?"})
    (found,) = ask(client, messages, tools=openai.NOT_GIVEN).choices
    assert "yellow" in found.message.content


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"tools": [LOOKUP, LOOKUP]}, "tools[1].function.name"),
        ({"tools": [{"type": "function", "function": {"name": "no good"}}]}, "tools[0].function.name"),
        ({"tools": [LOOKUP] * 65}, "tools"),
        ({"tool_choice": {"type": "function", "function": {"name": "other"}}}, "tool_choice"),
        ({"tools": [], "tool_choice": "required"}, "tool_choice"),
        ({"messages": [*asked(), TOLD]}, "messages[1].tool_call_id"),
        ({"messages": [CALLING]}, "messages[0].tool_calls"),
        ({"extra_body": {"askcam": {"tools": ["clock"]}}}, "askcam.tools"),
        ({"extra_body": {"askcam": {"max_wait_ms": 1e9}}}, "askcam.max_wait_ms"),
        ({"extra_body": {"askcam": {"on_scene_change": "answer_again"}}, "stream": True}, "askcam.on_scene_change"),
        ({"extra_body": {"functions": [LOOKUP["function"]]}}, "functions"),
    ],
)
def test_what_is_wrong_is_refused_by_name(client: Any, change: dict[str, Any], param: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client, **({"messages": asked()} | change))
    assert caught.value.param == param


def test_a_schema_that_a_forced_call_cannot_keep_is_refused(client: Any) -> None:
    bad = {"type": "function", "function": {"name": "x", "parameters": {"type": "object", "not": {}}}}
    with pytest.raises(openai.BadRequestError, match="'not'") as caught:
        ask(client, asked(), tools=[bad], tool_choice="required")
    assert caught.value.param == "tools"


def test_a_request_that_sends_nonsense_for_tools_is_refused(live_server: LiveServer) -> None:
    body = {"model": "askcam", "messages": asked(), "tools": "clock"}
    reply = httpx.post(f"{live_server.url}/v1/chat/completions", json=body, timeout=60)
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, "tools")
