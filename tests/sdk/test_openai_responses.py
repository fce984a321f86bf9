"""The unmodified `openai` package against a real server: responses, plain, streamed, parsed; tools and turns."""

import base64
import json
import math
from collections.abc import Iterator
from typing import Any, Literal

import openai
import pytest
from openai import OpenAI
from openai.types.responses import Response, ResponseFunctionToolCall, ResponseStreamEvent
from pydantic import BaseModel, Field, TypeAdapter
from support.servers.askcam_server import LiveServer
from support.servers.sites import png

TYPES: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
TOOL: Any = {
    "type": "function",
    "name": "lookup_product",
    "description": "Looks a product up in the catalogue",
    "parameters": {
        "type": "object",
        "properties": {"name": {"enum": ["cup", "phone", "book"]}},
        "required": ["name"],
        "additionalProperties": False,
    },
    "strict": True,
}


@pytest.fixture
def client(live_server: LiveServer) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{live_server.url}/v1", api_key="none", timeout=60) as client:
        yield client


def askcam(response: Response) -> dict[str, Any]:
    assert response.model_extra is not None
    found: dict[str, Any] = response.model_extra["askcam"]
    return found


def picture(*rgb: int) -> dict[str, Any]:
    url = "data:image/png;base64," + base64.b64encode(png(*rgb)).decode()
    return {"type": "input_image", "image_url": url, "detail": "auto"}


def asked(text: str, *parts: dict[str, Any]) -> Any:
    return [{"role": "user", "content": [*parts, {"type": "input_text", "text": text}]}]


def test_a_camera_is_asked_as_a_model(client: OpenAI) -> None:
    reply = client.responses.create(model="lobby", input="What do you see?", metadata={"till": "4"}, temperature=0)
    assert reply.output_text.startswith("I see ")
    assert (reply.status, reply.error, reply.incomplete_details) == ("completed", None, None)
    assert (reply.metadata, reply.temperature, reply.tools) == ({"till": "4"}, 0, [])
    assert reply.usage is not None
    assert reply.usage.output_tokens > 5
    assert reply.usage.total_tokens == reply.usage.input_tokens + reply.usage.output_tokens
    assert 0 <= reply.usage.input_tokens_details.cached_tokens <= reply.usage.input_tokens
    assert askcam(reply)["camera"] == "lobby"
    assert askcam(reply)["window"]["frames"] >= 2


def test_what_is_seen_is_what_chat_completions_see(client: OpenAI) -> None:
    """The same question about the same picture by both doors."""
    url = picture(60, 90, 220)["image_url"]
    parts: Any = [
        {"type": "image_url", "image_url": {"url": url}},
        {"type": "text", "text": "What color is the background?"},
    ]
    chat = client.chat.completions.create(
        model="askcam", messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": parts}]
    )
    reply = client.responses.create(
        model="askcam",
        instructions="Be brief.",
        input=asked("What color is the background?", picture(60, 90, 220)),
    )
    assert reply.output_text == chat.choices[0].message.content == "The background is blue."
    assert chat.usage is not None
    assert reply.usage is not None
    assert reply.usage.input_tokens == chat.usage.prompt_tokens
    assert askcam(reply)["window"] is None


def test_a_streamed_answer_comes_in_typed_events(client: OpenAI) -> None:
    events = list(client.responses.create(model="lobby", input="What do you see?", stream=True))
    for event in events:
        TYPES.validate_python(event.model_dump(warnings=False))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    kinds = [event.type for event in events]
    deltas = kinds.count("response.output_text.delta")
    assert deltas > 5
    assert kinds == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        *["response.output_text.delta"] * deltas,
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    first, last = events[0], events[-1]
    assert first.type == "response.created"
    assert (first.response.status, first.response.output) == ("in_progress", [])
    assert events[2].type == "response.output_item.added"
    assert events[2].item.model_dump()["content"] == []
    assert events[3].type == "response.content_part.added"
    assert events[3].part.model_dump()["text"] == ""
    assert last.type == "response.completed"
    assert last.response.output_text == text
    assert text.startswith("I see ")
    assert last.response.id == first.response.id
    assert last.response.usage is not None
    assert askcam(last.response)["window"]["frames"] >= 2


def test_the_sdk_s_own_stream_puts_the_answer_together(client: OpenAI) -> None:
    with client.responses.stream(model="lobby", input="What do you see?") as stream:
        pieces = [event.delta for event in stream if event.type == "response.output_text.delta"]
        final = stream.get_final_response()
    assert "".join(pieces) == final.output_text
    assert final.output_text.startswith("I see ")


class Desk(BaseModel):
    color: Literal["red", "green", "blue"]
    count: int = Field(ge=0, le=9)


def test_an_answer_becomes_a_model_of_pydantic_s(client: OpenAI) -> None:
    reply = client.responses.parse(model="lobby", input="What do you see?", text_format=Desk)
    assert isinstance(reply.output_parsed, Desk)
    with client.responses.stream(model="lobby", input="What do you see?", text_format=Desk) as stream:
        for _ in stream:
            pass
        assert isinstance(stream.get_final_response().output_parsed, Desk)


def test_any_json_object_is_none_for_the_built_in_model(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="give a json_schema") as caught:
        client.responses.create(model="lobby", input="What do you see?", text={"format": {"type": "json_object"}})
    assert caught.value.code == "unbounded_form"
    assert "--model" in caught.value.message


def test_an_answer_that_is_cut_off_says_so(client: OpenAI) -> None:
    reply = client.responses.create(model="lobby", input="What do you see?", max_output_tokens=2)
    assert reply.status == "incomplete"
    assert reply.incomplete_details is not None
    assert reply.incomplete_details.reason == "max_output_tokens"
    assert reply.usage is not None
    assert reply.usage.output_tokens == 2
    *_, last = client.responses.create(model="lobby", input="What do you see?", max_output_tokens=2, stream=True)
    assert last.type == "response.incomplete"
    assert last.response.incomplete_details is not None


def test_logprobs_are_those_of_the_answer_s_tokens(client: OpenAI) -> None:
    reply = client.responses.create(
        model="lobby",
        input="What do you see?",
        temperature=0,
        include=["message.output_text.logprobs"],
        top_logprobs=2,
    )
    (message,) = reply.output
    assert message.type == "message"
    part = message.content[0]
    assert part.type == "output_text"
    assert part.logprobs is not None
    assert "".join(one.token for one in part.logprobs) == part.text
    assert all(len(one.top_logprobs) == 2 and math.isfinite(one.logprob) for one in part.logprobs)


def test_a_next_question_follows_a_response(client: OpenAI) -> None:
    first = client.responses.create(model="askcam", input=asked("What color is the background?", picture(215, 30, 45)))
    second = client.responses.create(
        model="askcam", input="And now, what color is the background?", previous_response_id=first.id
    )
    assert second.previous_response_id == first.id
    assert second.output_text == "The background is red."  # the picture is still there
    assert first.usage is not None
    assert second.usage is not None
    assert second.usage.input_tokens > first.usage.input_tokens
    *_, third = client.responses.create(
        model="askcam", input="What color is the background?", previous_response_id=second.id, stream=True
    )
    assert third.type == "response.completed"
    assert third.response.output_text == "The background is red."
    said = list(client.responses.input_items.list(third.response.id, limit=2, order="asc"))
    assert [each.role for each in said if each.type == "message"] == [*["user", "assistant"] * 2, "user"]
    assert said[0].type == "message"
    assert [part.type for part in said[0].content] == ["input_image", "input_text"]
    assert len({each.id for each in said}) == 5


def test_a_response_is_kept_until_it_is_deleted(client: OpenAI) -> None:
    reply = client.responses.create(model="lobby", input="What do you see?")
    assert client.responses.retrieve(reply.id).output_text == reply.output_text
    client.responses.delete(reply.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(reply.id)
    with pytest.raises(openai.BadRequestError, match="not kept") as caught:
        client.responses.create(model="lobby", input="And now?", previous_response_id=reply.id)
    assert (caught.value.param, caught.value.code) == ("previous_response_id", "previous_response_not_found")


def test_what_is_not_to_be_stored_is_not(client: OpenAI) -> None:
    reply = client.responses.create(model="lobby", input="What do you see?", store=False)
    assert reply.model_extra is not None
    assert reply.model_extra["store"] is False
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(reply.id)


def test_a_function_is_called_and_its_output_leads_to_an_answer(client: OpenAI) -> None:
    reply = client.responses.create(model="lobby", input="How much is this?", tools=[TOOL], tool_choice="required")
    calls = [item for item in reply.output if isinstance(item, ResponseFunctionToolCall)]
    assert calls
    assert reply.status == "completed"
    assert calls[0].name == "lookup_product"
    assert json.loads(calls[0].arguments)["name"] in ("cup", "phone", "book")
    outputs: Any = [
        {"type": "function_call_output", "call_id": call.call_id, "output": '{"price": "4.20 EUR"}'} for call in calls
    ]
    after = client.responses.create(model="lobby", input=outputs, previous_response_id=reply.id, tools=[TOOL])
    assert after.status == "completed"
    # The same without the server's memory: all items are sent again.
    turns: Any = [*asked("How much is this?"), *[item.model_dump(exclude_none=True) for item in reply.output], *outputs]
    again = client.responses.create(model="lobby", input=turns, tools=[TOOL], store=False)
    assert again.status == "completed"


def test_a_streamed_call_comes_in_typed_events(client: OpenAI) -> None:
    events = list(
        client.responses.create(
            model="lobby",
            input="How much is this?",
            tools=[TOOL],
            tool_choice={"type": "function", "name": "lookup_product"},
            parallel_tool_calls=False,
            stream=True,
        )
    )
    for event in events:
        TYPES.validate_python(event.model_dump(warnings=False))
    last = events[-1]
    assert last.type == "response.completed"
    (call,) = last.response.output
    assert isinstance(call, ResponseFunctionToolCall)
    deltas = [event.delta for event in events if event.type == "response.function_call_arguments.delta"]
    assert "".join(deltas) == call.arguments
    assert [event.type for event in events[2:-1]] == [
        "response.output_item.added",
        *["response.function_call_arguments.delta"] * len(deltas),
        "response.function_call_arguments.done",
        "response.output_item.done",
    ]


def test_what_changes_nothing_is_let_pass(client: OpenAI) -> None:
    reply = client.responses.create(
        model="lobby",
        input="What do you see?",
        reasoning={"effort": "high", "summary": "auto"},
        truncation="auto",
        text={"verbosity": "low"},
        include=["reasoning.encrypted_content", "file_search_call.results"],
        service_tier="flex",
        prompt_cache_key="k",
        safety_identifier="s",
    )
    assert reply.output_text.startswith("I see ")
    assert reply.truncation == "auto"


def test_an_answer_can_be_referred_to(client: OpenAI) -> None:
    first = client.responses.create(model="lobby", input="What do you see?")
    turns: Any = [
        {"role": "user", "content": "What do you see?"},
        {"type": "item_reference", "id": first.output[0].id},
        {"role": "user", "content": "What do you see?"},
    ]
    assert client.responses.create(model="lobby", input=turns).output_text.startswith("I see ")


def test_what_is_not_supported_is_refused_by_name(client: OpenAI) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"background": True}, "background"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"prompt": {"id": "p"}}, "prompt"),
        ({"max_tool_calls": 3}, "max_tool_calls"),
    ]
    for more, param in wrong:
        with pytest.raises(openai.BadRequestError) as caught:
            client.responses.create(model="lobby", input="What?", **more)
        assert (caught.value.code, caught.value.param) == ("unsupported_parameter", param)
    with pytest.raises(openai.BadRequestError, match="web_search"):
        client.responses.create(model="lobby", input="What?", tools=[{"type": "web_search"}])


@pytest.mark.parametrize(
    ("items", "param"),
    [
        ([], "input"),
        ([{"role": "tutor", "content": "hi"}], "input[0].role"),
        ([{"role": "user"}], "input[0].content"),
        ([{"role": "assistant", "content": "hi"}], "input"),
        ([{"type": "reasoning", "id": "r", "summary": []}], "input"),
        ([{"type": "item_reference", "id": "x"}], "input[0].id"),
        ([{"type": "web_search_call", "id": "w", "status": "completed"}], "input[0].type"),
        ([{"type": "function_call_output", "call_id": "c", "output": "x"}], "input[0].call_id"),
        ([{"type": "function_call", "call_id": "c", "name": "f"}], "input[0].arguments"),
        ([{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}], "input[0].content[0].type"),
        ([{"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}], "input[0].content[0].image_url"),
        ([{"role": "user", "content": [{"type": "input_text"}]}], "input[0].content[0].text"),
        (
            [{"role": "user", "content": [{"type": "input_image", "image_url": "https://x.example/a.png"}]}],
            "input[0].content[0].image_url",
        ),
        ([{"role": "system", "content": [picture(1, 2, 3)]}], "input[0].content[0].type"),
        ([{"role": "user", "content": "x" * 40_000}], "input"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_an_item_that_says_nothing_is_refused_by_its_place(
    client: OpenAI, items: Any, param: str, stream: bool
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(model="lobby", input=items, stream=stream)
    assert caught.value.param == param


def test_an_unknown_camera_and_a_stale_one_are_refused(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as unknown:
        client.responses.create(model="loby", input="What?")
    assert unknown.value.code == "model_not_found"
    with pytest.raises(openai.InternalServerError) as stale:
        client.responses.create(model="lobby", input="What?", extra_body={"askcam": {"max_age_ms": 0.001}})
    assert stale.value.code == "stale_camera"
