"""What of JSON Schema is taken, and what is refused by its name."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from support.schemas import Schema, schemas

from askcam.engine.errors import QuestionError
from askcam.engine.schema import MAX_CHARS, MAX_OPTIONAL, check_schema

NODE = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}, "required": ["next"]}


def refusal(schema: Any) -> str:
    with pytest.raises(QuestionError) as caught:
        check_schema(json.dumps(schema))
    assert caught.value.param == "response_format"
    return str(caught.value)


@settings(max_examples=200, deadline=None)
@given(schemas())
def test_supported_schemas_are_taken(schema: Schema) -> None:
    check_schema(json.dumps(schema))


@pytest.mark.parametrize(
    "keyword",
    [
        *("not", "if", "then", "else", "contains", "minContains", "maxContains", "uniqueItems", "propertyNames"),
        *("dependentRequired", "dependentSchemas", "dependencies", "unevaluatedProperties", "unevaluatedItems"),
        *("$dynamicRef", "$anchor", "$id", "contentEncoding", "contentMediaType", "nullable", "requried", "x-guidance"),
    ],
)
def test_a_keyword_that_would_not_be_enforced_is_refused_with_its_place(keyword: str) -> None:
    schema = {"type": "object", "properties": {"a/b": {"type": "array", "items": {"anyOf": [{keyword: True}]}}}}
    assert f"{keyword!r} at #/properties/a~1b/items/anyOf/0" in refusal(schema)
    assert f"{keyword!r} at #/$defs/x" in refusal({"$defs": {"x": {keyword: True}}})
    check_schema(json.dumps({"properties": {keyword: {"type": "string"}}}))  # a property may have that name


def test_many_required_properties_are_taken() -> None:
    names = [f"p{i}" for i in range(1500)]
    check_schema(json.dumps({"properties": {name: {} for name in [*names, "more"]}, "required": names}))


def test_what_is_for_people_is_let_pass() -> None:
    notes = {"title": "t", "description": "d", "default": {"not": 1}, "examples": [{"not": 1}], "$comment": "c"}
    check_schema(json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:x", **notes}))
    check_schema(json.dumps({"properties": {"a": {"type": "string", "deprecated": True, "strict": True, **notes}}}))


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
        {"$ref": "#/$defs/node", "$defs": {"node": NODE}},
        {"type": "array", "items": {"$ref": "#"}, "minItems": 1},
        {"type": "array", "prefixItems": [{"type": "null"}, {"$ref": "#"}], "minItems": 2},
        {"anyOf": [{"$ref": "#"}, {"allOf": [{"type": "string"}, {"$ref": "#"}]}]},
        {"type": "object", "additionalProperties": {"$ref": "#"}, "required": ["a"]},
    ],
)
def test_a_schema_that_only_endless_values_meet_is_refused(schema: Schema) -> None:
    assert "can never be met" in refusal(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/node", "$defs": {"node": NODE | {"required": []}}},
        {"$ref": "#/$defs/node", "$defs": {"node": {"anyOf": [NODE, {"type": "null"}]}}},
        {"$ref": "#/$defs/node", "$defs": {"node": NODE | {"type": ["object", "null"]}}},
        {"$ref": "#/$defs/b", "$defs": {"a": {"enum": [1]}, "b": {"allOf": [{"$ref": "#/$defs/a"}]}}},
        {"type": "array", "items": {"$ref": "#"}},
        {"type": "array", "prefixItems": [{"type": "null"}, {"$ref": "#"}], "minItems": 1},
        {"$defs": {f"d{i}": {"$ref": f"#/$defs/d{i + 1}"} for i in range(100)} | {"d100": {}}, "$ref": "#/$defs/d0"},
        {"$defs": {"a b/c~": {"type": "null"}}, "$ref": "#/$defs/a%20b~1c~0"},
    ],
)
def test_recursion_that_may_end_is_taken(schema: Schema) -> None:
    check_schema(json.dumps(schema))


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ([], "must be a JSON object"),
        (True, "must be a JSON object"),
        ({"$ref": "#/$defs/x"}, "'#/$defs/x' at #: name a schema that is in it"),
        ({"$ref": "https://example.com/s.json"}, "https://example.com/s.json"),
        ({"$ref": 5}, "refers to 5"),
        ({"$ref": "#/examples/0", "examples": [{"type": "string"}]}, "name a schema that is in it"),
        ({"enum": [2**53 + 1]}, "9007199254740993"),
        ({"type": "object", "minProperties": 2}, "wants 2 properties at #"),
        ({"type": "object", "required": ["a"], "minProperties": 3}, "wants 3 properties at #"),
        ({"properties": {f"p{i}": {} for i in range(401)}}, "401 properties at # that are not required"),
        ({"description": "x" * MAX_CHARS}, f"at most {MAX_CHARS}"),
    ],
)
def test_what_else_cannot_be_kept_is_refused(schema: Any, words: str) -> None:
    assert words in refusal(schema)


@pytest.mark.parametrize("text", ["", "{", "{'a': 1}", "[" * 50_000, '{"items":' * 200 + "{}" + "}" * 200])
def test_what_is_no_schema_at_all_is_refused(text: str) -> None:
    with pytest.raises(QuestionError):
        check_schema(text)


def test_items_that_are_a_list_are_looked_into_each_under_its_own_name() -> None:
    for key in ("items", "prefixItems", "anyOf", "oneOf", "allOf"):
        schema = {"type": "array", key: [{"type": "null"}, {"properties": {"a": {"not": {}}}}]}
        assert f"'not' at #/{key}/1/properties/a" in refusal(schema)
        check_schema(
            json.dumps({"properties": {"a": {key: [{"type": "null"}]}, "b": {"$ref": f"#/properties/a/{key}/0"}}})
        )
    assert "'not' at #/items" in refusal({"items": {"not": {}}})


def test_what_is_just_within_the_bounds_is_taken() -> None:
    most = {"properties": {f"p{i}": {} for i in range(MAX_OPTIONAL)}}
    check_schema(json.dumps(most))
    check_schema(json.dumps({"properties": most["properties"] | {"one": {}}, "required": ["one"]}))
    longest = {"description": ""}
    longest["description"] = "x" * (MAX_CHARS - len(json.dumps(longest)))
    check_schema(json.dumps(longest))
    longest["description"] += "x"
    assert f"at most {MAX_CHARS}" in refusal(longest)
