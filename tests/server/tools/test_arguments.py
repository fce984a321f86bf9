"""A call's arguments are checked against whatever schema a tool has, and no schema keeps the event loop."""

import logging
import time
from typing import Any

import pytest

from askcam.engine.patterns import fits
from askcam.server.tools.arguments import wrong_argument

NAMED = {"type": "object", "properties": {"name": {"type": "string", "pattern": "^[a-z]+$"}}, "required": ["name"]}


def laughs(key: str) -> dict[str, Any]:
    more = {f"a{i}": {key: [{"$ref": f"#/$defs/a{i + 1}"}] * 10} for i in range(9)}
    return {"$defs": more | {"a9": {"type": "object"}}, "$ref": "#/$defs/a0"}


def old(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A property that wants to be checked by an older draft's rules."""
    return {"properties": {name: {"$schema": "http://json-schema.org/draft-07/schema#", **schema}}}


@pytest.mark.parametrize(
    ("schema", "arguments", "wrong"),
    [
        (NAMED, {"name": "ada"}, None),
        (NAMED, {"name": "Ada"}, "$.name: 'Ada' does not match '^[a-z]+$'"),
        (NAMED, {"name": 1}, "$.name: 1 is not of type 'string'"),
        (NAMED, {}, "$: 'name' is a required property"),
        ({"additionalProperties": False}, {"a": 1}, "$: there is no argument 'a'"),
        ({"properties": {"a": {}}, "additionalProperties": False}, {"a": 1}, None),
        ({"patternProperties": {"^a": {}}, "additionalProperties": False}, {"ab": 1}, None),
        ({"patternProperties": {"^a": {"type": "integer"}}}, {"ab": "x"}, "$.ab: 'x' is not of type 'integer'"),
        ({"additionalProperties": {"type": "integer"}}, {"b": "x"}, "$.b: 'x' is not of type 'integer'"),
    ],
)
def test_what_is_wrong_is_said(schema: dict[str, Any], arguments: dict[str, Any], wrong: str | None) -> None:
    assert wrong_argument(arguments, schema, "t") == wrong


@pytest.mark.parametrize(
    ("schema", "given_up"),
    [
        ({"properties": {"a": {"pattern": "^(a+)+$"}}}, False),
        ({"properties": {"a": {"pattern": "^(a|a)*b$"}}}, False),
        ({"properties": {"a": {"pattern": "^(.*a){20}c$"}}}, False),
        ({"patternProperties": {"^(a+)+$": {}}, "additionalProperties": False}, False),
        (laughs("allOf"), True),
        (laughs("anyOf"), False),
        (laughs("oneOf"), True),
        ({"$ref": "#"}, True),
        ({"$ref": "http://127.0.0.1:9/schema.json"}, True),
        ({"allOf": [{"properties": {"a": {"pattern": f"^{'(a|b)*' * i}$"}}} for i in range(2000)]}, True),
        ({"unevaluatedProperties": False, "patternProperties": {"(a+)+$": {}}}, False),
        ({"type": 7}, True),
        (old("a", {"pattern": "^(a+)+$"}), False),
        (old("a" * 60 + "!", {"allOf": [old("a", {"pattern": "(a+)+$"})]}), False),
    ],
    ids=lambda value: str(value)[:40],
)
def test_no_schema_costs_more_than_its_share(
    schema: dict[str, Any], given_up: bool, caplog: pytest.LogCaptureFixture
) -> None:
    arguments = {"a": "a" * 60 + "!", "a" * 60 + "!": 1}
    began = time.process_time()
    with caplog.at_level(logging.WARNING):
        wrong_argument(arguments, schema, "t")
    assert time.process_time() - began < 5  # where `re` and unbounded steps take hours
    assert ("cannot be used to check" in caplog.text) is given_up


@pytest.mark.parametrize(
    ("pattern", "text", "want"),
    [
        ("b", "abc", True),
        ("^b", "abc", False),
        ("^a+$", "aaa", True),
        ("^(a+)+$", "a" * 200 + "!", False),
        (r'^"\\é$', '"\\é', True),
        (r"(?=a)b", "b", None),
        ("(", "(", None),
    ],
)
def test_patterns_are_searched_for(pattern: str, text: str, want: bool | None) -> None:
    assert fits(pattern, text) is want
