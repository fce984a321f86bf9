"""The parts of /v1/responses without a server: what is kept of responses, and how one that breaks off is told."""

from typing import Any

import msgspec
import pytest
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from askcam.client.protocol import Saw
from askcam.server.access.limits import Limits
from askcam.server.access.viewer import THE_VIEWER
from askcam.server.errors import Internal, Refusal
from askcam.server.openai.responses.body import ResponseRequest
from askcam.server.openai.responses.items import InputItem
from askcam.server.openai.responses.request import read
from askcam.server.openai.responses.store import KeptResponse, Responses, referred, turns_before
from askcam.server.openai.responses.writer import ResponseWriter
from askcam.server.steps import Ask, SeenStep, TextDelta
from askcam.server.wire.refusals import on_wire

SDK: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
SAW = Saw(None, None, None, 12.0, "ans_1", [], "live")


def request(**more: Any) -> ResponseRequest:
    return msgspec.convert({"model": "askcam", "input": "What is this?"} | more, ResponseRequest)


def asked(body: ResponseRequest, before: tuple[InputItem, ...] = (), prompt_chars: int = 10_000) -> Ask:
    return read(body, before, body.items, Limits(), prompt_chars)


def kept(text: str = "What is this?") -> KeptResponse:
    body = request(input=text)
    return KeptResponse(ResponseWriter(body).response, body.items)


def test_the_newest_responses_are_kept_and_the_oldest_dropped() -> None:
    responses, all_ = Responses(max_responses=3), [kept() for _ in range(5)]
    for one in all_:
        responses.put(one)
    assert len(responses) == 3
    assert turns_before(responses, all_[4].response.id, THE_VIEWER) == all_[4].items
    with pytest.raises(Refusal) as gone:
        turns_before(responses, all_[1].response.id, THE_VIEWER)
    assert (on_wire(gone.value).status, gone.value.code) == (400, "previous_response_not_found")
    with pytest.raises(Refusal) as missing:
        responses.get(all_[1].response.id)
    assert on_wire(missing.value).status == 404


def test_what_is_kept_is_bounded_in_bytes_and_room_comes_back() -> None:
    responses = Responses(max_bytes=10_000)
    small, large = kept(), kept("x" * 9_000)
    responses.put(small)
    responses.put(large)
    assert len(responses) == 2
    responses.put(kept("x" * 9_000))
    assert len(responses) == 1
    responses.put(kept("x" * 20_000))
    assert len(responses) == 0
    responses.put(large)
    responses.delete(large.response.id)
    responses.put(kept("x" * 9_500))
    assert len(responses) == 1


def test_a_response_that_breaks_off_is_told_as_failed() -> None:
    writer = ResponseWriter(request())
    events = [*writer.begin(), *writer.step(SeenStep(SAW)), *writer.step(TextDelta("A red"))]
    events += writer.failed(Internal("the engine is gone", code="engine_failure"))
    told = [msgspec.to_builtins(event) for event in events]
    for event in told:
        SDK.validate_python(event)
    assert [event["sequence_number"] for event in told] == list(range(len(told)))
    assert [event["type"] for event in told[-4:]] == [
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.failed",
    ]
    last = told[-1]["response"]
    assert last["status"] == "failed"
    assert last["error"] == {"code": "server_error", "message": "the engine is gone"}
    assert (last["output"][0]["status"], last["output"][0]["content"][0]["text"]) == ("incomplete", "A red")


def test_a_call_before_its_output_may_be_of_an_earlier_response() -> None:
    call = InputItem("function_call", call_id="c", name="look", arguments="{}")
    output = [{"type": "function_call_output", "call_id": "c", "output": "nothing"}]
    before = (InputItem(role="user", content="Hi"), call)
    ask = asked(request(input=output), before)
    assert [message.role.value for message in ask.messages] == ["user", "assistant", "tool"]
    with pytest.raises(Refusal, match="no function_call before it"):
        asked(request(input=output))


def test_calls_belong_to_the_words_before_them() -> None:
    items = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": [{"type": "output_text", "text": "Let me look."}]},
        {"type": "function_call", "call_id": "a", "name": "look", "arguments": '{"at": 1}'},
        {"type": "function_call", "call_id": "b", "name": "look", "arguments": '{"at": 2}'},
        {"type": "function_call_output", "call_id": "a", "output": "a cup"},
        {"type": "function_call_output", "call_id": "b", "output": [{"type": "input_text", "text": "a pen"}]},
    ]
    ask = asked(request(input=items, instructions="Be brief."))
    roles = [message.role.value for message in ask.messages]
    assert roles == ["system", "user", "assistant", "tool", "tool"]
    assert [call["function"]["arguments"]["at"] for call in ask.messages[2].tool_calls] == [1, 2]


def test_a_conversation_is_bounded() -> None:
    turn = InputItem(role="user", content="Hi")
    with pytest.raises(Refusal, match="more than 256 items"):
        asked(request(), (turn,) * 256)


def test_what_is_too_long_is_cut_where_the_request_says_auto() -> None:
    turns = tuple(InputItem(role=role, content="x" * 10) for _ in range(200) for role in ("user", "assistant"))
    ask = asked(request(truncation="auto"), turns, prompt_chars=60)
    assert [message.role.value for message in ask.messages] == ["user", "assistant", "user", "assistant", "user"]
    with pytest.raises(Refusal, match="more than 256 items"):
        asked(request(truncation="disabled"), turns)


def test_what_a_response_said_can_be_referred_to_while_it_is_kept() -> None:
    responses, body = Responses(max_responses=1), request()
    writer = ResponseWriter(body)
    writer.step(TextDelta("A cup."))
    (said,) = own = writer.items()
    responses.put(KeptResponse(writer.response, (*body.items, *own), own))
    reference = InputItem("item_reference", id=said.id)
    assert referred(responses, (reference, *body.items), THE_VIEWER) == (said, *body.items)
    responses.put(kept())
    with pytest.raises(Refusal) as gone:
        referred(responses, (*body.items, reference), THE_VIEWER)
    assert (gone.value.param, gone.value.code) == ("input[1].id", "item_not_found")
