"""Each keyword that docs/protocol.md calls enforced is: a text that it allows, and one that it alone forbids."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from askcam.engine.forms import Forms
from askcam.engine.loading import Loaded
from askcam.engine.question import Form

OBJECT = {"type": "object", "properties": {"a": {"type": "integer"}}}
KEYWORDS: list[tuple[str, dict[str, Any], str, str]] = [
    ("type", {"type": ["integer", "null"]}, "null", "true"),
    ("enum", {"enum": ["a", 2.5, {"b": [None]}]}, '{"b":[null]}', '{"b":[]}'),
    ("const", {"const": "ä\n"}, '"ä\\n"', '"a\\n"'),
    ("anyOf", {"anyOf": [{"type": "integer"}, {"type": "string"}]}, '"x"', "true"),
    ("allOf", {"allOf": [{"type": "integer", "minimum": 3}, {"maximum": 5}]}, "4", "6"),
    ("oneOf", {"oneOf": [{"type": "integer"}, {"type": "string"}]}, "4", "null"),
    ("$ref", {"$ref": "#/$defs/x", "$defs": {"x": {"type": "string"}}}, '"x"', "4"),
    ("beside $ref", {"$ref": "#/$defs/x", "maxLength": 2, "$defs": {"x": {"type": "string"}}}, '"ab"', '"abc"'),
    ("properties", OBJECT, '{"a":5}', '{"a":"5"}'),
    ("required", OBJECT | {"required": ["a"]}, '{"a": 5}', "{}"),
    ("additionalProperties", OBJECT | {"additionalProperties": False}, "{}", '{"b":1}'),
    ("additionalProperties", OBJECT | {"additionalProperties": {"type": "null"}}, '{"b":null}', '{"b":1}'),
    ("patternProperties", {"type": "object", "patternProperties": {"^x": {"type": "null"}}}, '{"xy":null}', '{"xy":1}'),
    ("minProperties", {"type": "object", "minProperties": 1}, '{"a":1}', "{}"),
    ("maxProperties", {"type": "object", "maxProperties": 1}, '{"a":1}', '{"a":1,"b":1}'),
    ("items", {"type": "array", "items": {"type": "null"}}, "[null, null]", "[null,1]"),
    (
        "prefixItems",
        {"type": "array", "prefixItems": [{"type": "null"}], "items": {"type": "string"}},
        "[null]",
        '["a"]',
    ),
    ("minItems", {"type": "array", "minItems": 2}, "[1,2]", "[1]"),
    ("maxItems", {"type": "array", "maxItems": 1}, "[1]", "[1,2]"),
    ("minLength", {"type": "string", "minLength": 2}, '"😀é"', '"é"'),
    ("maxLength", {"type": "string", "maxLength": 1}, '"😀"', '"ab"'),
    ("pattern", {"type": "string", "pattern": "b\\d"}, '"ab1c"', '"abc"'),
    ("minimum", {"type": "number", "minimum": -1.5}, "-1.5", "-2"),
    ("maximum", {"type": "integer", "maximum": 12}, "12", "13"),
    ("exclusiveMinimum", {"type": "number", "exclusiveMinimum": 0}, "0.01", "0"),
    ("exclusiveMaximum", {"type": "integer", "exclusiveMaximum": 12}, "11", "12"),
    ("multipleOf", {"type": "integer", "multipleOf": 7}, "21", "22"),
]
FORMATS = {
    "date-time": ("2026-02-28T10:00:00Z", "2026-02-30T10:00:00Z"),
    "time": ("10:00:00Z", "25:00:00Z"),
    "date": ("2026-02-28", "2026-02-30"),
    "duration": ("P1DT2H", "1 day"),
    "email": ("a@example.com", "a.example.com"),
    "hostname": ("a.example.com", "a_b!"),
    "ipv4": ("192.0.2.1", "192.0.2.256"),
    "ipv6": ("2001:db8::1", "2001:db8::g"),
    "uuid": ("2c5ea4c0-4067-11e9-8bad-9b1deb4d3b7d", "2c5ea4c0"),
    "uri": ("https://example.com/a", "not a uri"),
}


@pytest.fixture(scope="module")
def forms(loaded: Loaded) -> Iterator[Forms]:
    with contextlib.closing(Forms(loaded.processor.tokenizer, 4096, [4078])) as made:
        yield made


def takes(forms: Forms, loaded: Loaded, schema: dict[str, Any], text: str) -> bool:
    """Whether an answer may be that text, and end there."""
    matcher = forms.grammar(Form(json.dumps(schema))).begin()
    tokens = loaded.processor.tokenizer(text, add_special_tokens=False)["input_ids"]
    return bool(
        matcher.validate_tokens(tokens) == len(tokens) and matcher.consume_tokens(tokens) and matcher.is_accepting()
    )


@pytest.mark.parametrize(("keyword", "schema", "good", "bad"), KEYWORDS, ids=[entry[0] for entry in KEYWORDS])
def test_a_keyword_is_enforced(
    forms: Forms, loaded: Loaded, keyword: str, schema: dict[str, Any], good: str, bad: str
) -> None:
    jsonschema.validate(json.loads(good), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(bad), schema)
    assert takes(forms, loaded, schema, good)
    assert not takes(forms, loaded, schema, bad)


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_is_enforced(forms: Forms, loaded: Loaded, name: str) -> None:
    good, bad = FORMATS[name]
    assert takes(forms, loaded, {"type": "string", "format": name}, json.dumps(good))
    assert not takes(forms, loaded, {"type": "string", "format": name}, json.dumps(bad))


@pytest.mark.parametrize("text", ['{"a":"x"}', '{"\\u0061":"x"}', '{"a":1,"a":"x"}'])
def test_a_listed_name_cannot_be_written_in_another_way(forms: Forms, loaded: Loaded, text: str) -> None:
    schema = OBJECT | {"additionalProperties": {"type": "string"}}
    assert not takes(forms, loaded, schema, text)
    assert takes(forms, loaded, schema, '{"a":1,"b":"x"}')


@pytest.mark.parametrize(
    "text", [' {"a":1}', '{ "a":1}', '{"a":1 }', '{"a":1}\n', '{"a":  1}', '{"a" :1}', '{"a":\n1}']
)
def test_white_space_stands_only_behind_commas_and_colons(forms: Forms, loaded: Loaded, text: str) -> None:
    assert not takes(forms, loaded, OBJECT, text)
    assert takes(forms, loaded, OBJECT, '{"a": 1, "b":2,"c": [1, 2,3]}')
