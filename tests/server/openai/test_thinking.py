"""How requests ask for thoughts, and how these are told: never as a part of the answer."""

import json
from typing import Any

import msgspec
import pytest

from askcam.client.protocol import Saw
from askcam.engine.question import Reason, Timings, Usage
from askcam.server.access.limits import Limits
from askcam.server.errors import Refusal
from askcam.server.openai.chat import reading as chat_reading
from askcam.server.openai.chat.request import read as read_chat
from askcam.server.openai.chat.writer import ChatWriter
from askcam.server.openai.responses import reading as responses_reading
from askcam.server.openai.responses.request import read as read_response
from askcam.server.openai.responses.writer import ResponseWriter
from askcam.server.steps import Ask, Done, TextDelta, ThoughtDelta

ASKED = [
    ({}, None),
    ({"reasoning_effort": "none"}, False),
    ({"reasoning_effort": "minimal"}, False),
    ({"reasoning_effort": "high"}, True),
    ({"enable_thinking": True}, True),
    ({"think": True}, True),
    ({"think": "low"}, True),
    ({"chat_template_kwargs": {"enable_thinking": True}}, True),
    ({"chat_template_kwargs": {"enable_thinking": False}, "reasoning_effort": "high"}, False),
    ({"chat_template_kwargs": {"thinking": True, "clear_thinking": True}}, True),
]
SAW = Saw(None, None, None, 12.0, "ans_1", [], "live")
BODY = {"model": "askcam", "input": "Who is there?"}


def chat(**body: Any) -> Ask:
    given = {"model": "lobby", "messages": [{"role": "user", "content": "?"}], **body}
    return read_chat(chat_reading.read_body(json.dumps(given).encode()), Limits())


def response(**body: Any) -> Ask:
    given = responses_reading.read_body(json.dumps({"model": "lobby", "input": "?", **body}).encode())
    return read_response(given, (), given.items, Limits(), 10_000)


@pytest.mark.parametrize("ask", [chat, response])
@pytest.mark.parametrize(("body", "want"), ASKED)
def test_thinking_is_asked_for_as_clients_do(ask: Any, body: dict[str, Any], want: bool | None) -> None:
    assert ask(**body).thinking is want


def test_the_responses_api_has_its_own_way() -> None:
    assert response(reasoning={"effort": "low", "summary": "auto"}).thinking is True
    assert response(reasoning={"effort": "none"}, reasoning_effort="high").thinking is False
    assert response(reasoning={"summary": None}).thinking is None


@pytest.mark.parametrize("ask", [chat, response])
def test_what_else_a_template_could_be_told_is_refused(ask: Any) -> None:
    with pytest.raises(Refusal) as caught:
        ask(chat_template_kwargs={"enable_thinking": True, "add_vision_id": True})
    assert caught.value.param == "chat_template_kwargs.add_vision_id"


def done(thought: str, text: str, reason: Reason = Reason.STOP) -> Done:
    return Done(reason, text, SAW, Usage(10, 0, 0, 9), Timings(), thought=thought)


def test_a_chat_completion_has_the_thought_beside_its_content() -> None:
    writer = ChatWriter("askcam", with_usage=False, with_logprobs=False)
    message = writer.completion(done("A shape. A person.", "Anna."))["choices"][0]["message"]
    assert (message["content"], message["reasoning_content"]) == ("Anna.", "A shape. A person.")
    assert "reasoning_content" not in writer.completion(done("", "Anna."))["choices"][0]["message"]
    deltas = [
        chunk["choices"][0]["delta"]
        for step in (ThoughtDelta("A shape."), TextDelta("Anna."), done("A shape.", "Anna."))
        for chunk in writer.chunks(step)
    ]
    assert deltas == [{"reasoning_content": "A shape."}, {"content": "Anna."}, {}]


def test_a_response_has_the_thought_as_an_item_of_its_own() -> None:
    body = responses_reading.read_body(json.dumps(BODY).encode())
    writer = ResponseWriter(body)
    events = [*writer.begin()]
    for step in (ThoughtDelta("A shape. "), ThoughtDelta("A person."), TextDelta("An"), TextDelta("na.")):
        events += writer.step(step)
    events += writer.done(done("A shape. A person.", "Anna."))
    told = [msgspec.to_builtins(event) for event in events]
    assert [event["sequence_number"] for event in told] == list(range(len(told)))
    assert [event["type"].removeprefix("response.") for event in told] == [
        "created",
        "in_progress",
        "output_item.added",
        "reasoning_text.delta",
        "reasoning_text.delta",
        "reasoning_text.done",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert [event["output_index"] for event in told if "output_index" in event] == [0] * 5 + [1] * 7
    thought, message = msgspec.to_builtins(writer.response)["output"]
    assert thought["content"] == [{"type": "reasoning_text", "text": "A shape. A person."}]
    assert (thought["type"], thought["summary"], thought["status"]) == ("reasoning", [], "completed")
    assert message["content"][0]["text"] == "Anna."
    assert [item.role for item in writer.items()] == ["assistant"]  # the next question is not told what was thought


@pytest.mark.parametrize("reason", [Reason.STOP, Reason.LENGTH])
def test_a_thought_that_took_all_tokens_leaves_an_empty_answer(reason: Reason) -> None:
    whole = ResponseWriter(responses_reading.read_body(json.dumps(BODY).encode())).whole(done("hm", "", reason))
    thought, message = msgspec.to_builtins(whole)["output"]
    assert thought["status"] == ("completed" if reason is Reason.STOP else "incomplete")
    assert message["content"][0]["text"] == ""
    writer = ResponseWriter(responses_reading.read_body(json.dumps(BODY).encode()))
    writer.step(ThoughtDelta("hm"))
    assert len(writer.done(done("hm", "", reason))) > 0
    assert len(writer.response.output) == 2
