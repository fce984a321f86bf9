"""The unmodified `openai` package asks for answers of a form: response_format, plain, streamed and parsed."""

import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import jsonschema
import openai
import pytest
from openai import OpenAI
from pydantic import BaseModel, Field
from support.servers.askcam_server import LiveServer

ASKED: Any = [{"role": "user", "content": "What do you see?"}]


@pytest.fixture
def client(live_server: LiveServer) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{live_server.url}/v1", api_key="none", timeout=60) as client:
        yield client


class Color(StrEnum):
    RED = "red"
    GREEN = "green"
    BLUE = "blue"


class Thing(BaseModel):
    color: Color
    count: int = Field(ge=0, le=20)


class Scene(BaseModel):
    """Nested, optional, in a list: what people write."""

    things: list[Thing] = Field(max_length=3)
    busy: bool
    label: str | None = Field(max_length=12)


SCHEMA = {
    "type": "object",
    "properties": {
        "color": {"enum": ["red", "green", "blue"]},
        "count": {"type": "integer", "minimum": 0, "maximum": 9},
    },
    "required": ["color", "count"],
    "additionalProperties": False,
}


def wanted(schema: dict[str, Any]) -> Any:
    return {"type": "json_schema", "json_schema": {"name": "scene", "strict": True, "schema": schema}}


def test_an_answer_of_a_schema(client: OpenAI) -> None:
    reply = client.chat.completions.create(model="lobby", messages=ASKED, response_format=wanted(SCHEMA))
    (choice,) = reply.choices
    assert choice.finish_reason == "stop"
    jsonschema.validate(json.loads(choice.message.content or ""), SCHEMA)
    assert reply.model_extra is not None
    assert reply.model_extra["askcam"]["window"]["frames"] >= 2  # it is about the camera as any other


def test_an_answer_becomes_a_model_of_pydantic_s(client: OpenAI) -> None:
    reply = client.chat.completions.parse(model="lobby", messages=ASKED, response_format=Scene)
    scene = reply.choices[0].message.parsed
    assert isinstance(scene, Scene)
    assert len(scene.things) <= 3


def test_a_streamed_answer_is_parsed_at_its_end(client: OpenAI) -> None:
    with client.chat.completions.stream(
        model="lobby", messages=ASKED, response_format=Thing, temperature=1.5, seed=3
    ) as stream:
        pieces = [event.delta for event in stream if event.type == "content.delta"]
        final = stream.get_final_completion().choices[0].message
    assert len(pieces) > 3
    assert "".join(pieces) == final.content
    assert isinstance(final.parsed, Thing)


@pytest.mark.parametrize(
    "wanted_format",
    [{"type": "json_object"}, wanted({"type": "object"}), wanted({"type": "string"}), wanted({"type": "integer"})],
)
def test_a_form_without_an_end_is_refused_for_the_built_in_model(client: OpenAI, wanted_format: Any) -> None:
    with pytest.raises(openai.BadRequestError, match="--model qwen3") as caught:
        client.chat.completions.create(model="lobby", messages=ASKED, response_format=wanted_format)
    assert (caught.value.param, caught.value.code) == ("response_format", "unbounded_form")


def test_text_is_as_without_a_format(client: OpenAI) -> None:
    reply = client.chat.completions.create(model="lobby", messages=ASKED, response_format={"type": "text"})
    assert (reply.choices[0].message.content or "").startswith("I see ")


def test_an_answer_that_is_cut_off_says_so(client: OpenAI) -> None:
    reply = client.chat.completions.create(model="lobby", messages=ASKED, response_format=wanted(SCHEMA), max_tokens=4)
    assert reply.choices[0].finish_reason == "length"
    with pytest.raises(openai.LengthFinishReasonError):
        client.chat.completions.parse(model="lobby", messages=ASKED, response_format=Scene, max_tokens=4)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "array", "items": {"type": "integer"}, "uniqueItems": True}, "'uniqueItems' at #"),
        ({"type": "object", "properties": {"a": {"type": "string", "nullable": True}}}, "'nullable' at #/properties/a"),
        ({"type": "integer", "minimum": 5, "maximum": 4}, "minimum"),
        ({"type": "string", "pattern": "(?<=a)b", "maxLength": 9}, "look-around"),
        ({"$ref": "#"}, "can never be met"),
    ],
)
def test_a_schema_that_cannot_be_kept_is_refused_by_name(
    client: OpenAI, schema: dict[str, Any], words: str, stream: bool
) -> None:
    with pytest.raises(openai.BadRequestError, match=words) as caught:
        client.chat.completions.create(  # type: ignore[call-overload]
            model="lobby", messages=ASKED, response_format=wanted(schema), stream=stream
        )
    assert caught.value.param == "response_format"
    assert caught.value.code == "invalid_value"


def test_a_format_that_is_none_is_refused_by_name(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="grammar") as caught:
        client.chat.completions.create(model="lobby", messages=ASKED, response_format={"type": "grammar"})  # type: ignore[call-overload]
    assert caught.value.param == "response_format.type"


def test_a_schema_of_many_properties_is_kept(client: OpenAI) -> None:
    properties = {f"p{i}": {"anyOf": [{"type": "string", "maxLength": 9}, {"$ref": "#/$defs/d"}]} for i in range(1500)}
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    schema |= {"$defs": {"d": {"enum": list(range(50))}}, "additionalProperties": False}
    reply = client.chat.completions.create(model="lobby", messages=ASKED, response_format=wanted(schema), max_tokens=20)
    assert (reply.choices[0].message.content or "").startswith("{")
