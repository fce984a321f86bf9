"""What POST /v1/chat/completions takes, without a socket."""

import json
from typing import Any

import pytest

from askcam.engine.question import JSON_OBJECT, Role, Text
from askcam.server.access.limits import Limits
from askcam.server.errors import Refusal
from askcam.server.openai.chat.body import ChatRequest
from askcam.server.openai.chat.reading import read_body
from askcam.server.openai.chat.request import read
from askcam.server.steps import Ask
from askcam.server.wire.bodies import decode
from askcam.server.wire.refusals import on_wire

USER = [{"role": "user", "content": "What do you see?"}]


def ask(**body: Any) -> Ask:
    data = json.dumps({"model": "lobby", "messages": USER} | body)
    return read(read_body(data.encode()), Limits())


def refusal(**body: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        ask(**body)
    assert on_wire(caught.value).status == 400
    assert on_wire(caught.value).type == "invalid_request_error"
    return caught.value


def test_a_camera_is_asked_by_its_name() -> None:
    assert ask().camera == "lobby"
    assert ask().messages[0].parts == (Text("What do you see?"),)


def test_the_model_itself_is_asked_about_no_camera() -> None:
    assert ask(model="askcam").camera is None


def test_a_developer_message_is_a_system_message() -> None:
    asked = ask(messages=[{"role": "developer", "content": "Be brief."}, *USER])
    assert [m.role for m in asked.messages] == [Role.SYSTEM, Role.USER]


def test_sampling_fields_reach_the_question() -> None:
    sampling = ask(temperature=0.5, top_p=0.9, seed=-3, stop="END", max_completion_tokens=7, max_tokens=9).sampling
    assert (sampling.temperature, sampling.top_p, sampling.stop, sampling.max_tokens) == (0.5, 0.9, ("END",), 7)
    assert sampling.seed is not None
    assert sampling.seed >= 0


@pytest.mark.parametrize(
    ("body", "want"),
    [
        ({}, None),
        ({"logprobs": False, "top_logprobs": None}, None),
        ({"logprobs": True}, 0),
        ({"logprobs": True, "top_logprobs": 20}, 20),
    ],
)
def test_logprobs_reach_the_question(body: dict[str, Any], want: int | None) -> None:
    assert ask(**body).sampling.logprobs == want


@pytest.mark.parametrize("strict", [True, False, None])
def test_a_schema_reaches_the_question_with_its_order(strict: bool | None) -> None:
    schema = {"type": "object", "properties": {"z": {"enum": ["é", 1.5]}, "a": {"type": "null"}}, "required": ["z"]}
    given = {"name": "thing", "description": "a thing", "schema": schema, "strict": strict}
    form = ask(response_format={"type": "json_schema", "json_schema": given}).sampling.response_format
    assert form is not None
    assert json.loads(form.schema) == schema
    assert list(json.loads(form.schema)["properties"]) == ["z", "a"]


def test_other_formats_reach_the_question() -> None:
    assert ask(response_format={"type": "json_object"}).sampling.response_format == JSON_OBJECT
    assert ask(response_format={"type": "text"}).sampling.response_format is None
    assert ask(response_format=None).sampling.response_format is None


def test_more_tokens_than_the_limit_are_cut_to_it() -> None:
    assert ask(max_tokens=10**9).sampling.max_tokens == Limits().max_tokens


def test_freshness_is_taken_in_milliseconds() -> None:
    assert ask(askcam={"max_age_ms": 250}).max_age_s == 0.25


def test_fields_of_openai_s_own_service_are_let_pass() -> None:
    assert ask(user="u", metadata={"a": "b"}, store=False, n=1, logprobs=False, tools=[]).camera == "lobby"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "robot", "content": "hi"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": "x" * 1_000_000}]}, "messages[0].content"),
        (
            {"messages": [{"role": "system", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}]},
            "messages[0].content",
        ),
        ({"temperature": 3}, "temperature"),
        ({"top_p": -0.5}, "top_p"),
        ({"top_p": 1.5}, "top_p"),
        ({"top_k": -2}, "top_k"),
        ({"top_k": 1.5}, "top_k"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"stop": ["x" * 257]}, "stop"),
        ({"stop": [str(i) for i in range(17)]}, "stop"),
        ({"min_tokens": -1}, "min_tokens"),
        ({"min_tokens": 20, "max_tokens": 10}, "min_tokens"),
        ({"max_completion_tokens": 0}, "max_completion_tokens"),
        ({"repetition_penalty": 0}, "repetition_penalty"),
        ({"askcam": {"max_age_ms": 0}}, "askcam.max_age_ms"),
        ({"n": 2}, "n"),
        ({"top_logprobs": 3, "logprobs": False}, "top_logprobs"),
        ({"top_logprobs": 21, "logprobs": True}, "top_logprobs"),
        ({"top_logprobs": -1, "logprobs": True}, "top_logprobs"),
        ({"tools": [{"type": "function"}]}, "tools[0]"),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format"),
        ({"response_format": {"type": "json_object", "schema": {}}}, "response_format"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "a"}}}, "response_format.json_schema"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": []}}},
            "response_format.json_schema.schema",
        ),
        ({"frequency_penalty": 1}, "frequency_penalty"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(body: dict[str, Any], param: str) -> None:
    assert refusal(**body).param == param


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"temperature": "hot"}, "temperature"),
        ({"messages": "hi"}, "messages"),
        ({"logprobs": 5}, "logprobs"),
        ({"logprobs": True, "top_logprobs": True}, "top_logprobs"),
        ({"askcam": {"max_age": 5}}, "askcam"),
        ({"messages": [{"role": "user", "content": [{"type": "smell"}]}]}, None),
    ],
)
def test_a_wrong_type_is_named_with_its_place(body: dict[str, Any], param: str | None) -> None:
    error = refusal(**body)
    if param is not None:
        assert error.param == param


def test_what_is_no_json_is_told_so() -> None:
    with pytest.raises(Refusal, match="not JSON") as caught:
        decode("{", ChatRequest)
    assert caught.value.code == "invalid_json"


@pytest.mark.parametrize(
    ("own", "kept"), [(None, True), ({}, True), ({"evidence": True}, True), ({"evidence": False}, False)]
)
def test_evidence_is_left_out_on_request(own: Any, kept: bool) -> None:
    assert ask(askcam=own).evidence is kept
