"""Calls in tags: what a grammar lets a model write is read back as what its tool's schema means."""

import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from askcam.engine import tagged_calls
from askcam.engine.calls import Call, CallParser, call_schema
from askcam.engine.interface import EngineConfig
from askcam.engine.live.build import build
from askcam.engine.loading import Loaded
from askcam.engine.portable import PortableEngine
from askcam.engine.question import Finished, Form, Message, Question, Reason, Role, Sampling, Text

EVERYTHING = {
    "type": "object",
    "properties": {
        "shop": {"$ref": "#/$defs/shop"},
        "code": {"type": "string", "maxLength": 6},
        "count": {"type": "integer", "minimum": 1, "maximum": 9},
        "sure": {"type": "boolean"},
        "sizes": {"type": "array", "items": {"$ref": "#/$defs/size"}, "maxItems": 3},
    },
    "required": ["shop", "code", "count", "sure", "sizes"],
    "additionalProperties": False,
    "$defs": {"shop": {"enum": ["north", "south"]}, "size": {"enum": [1, 2, None]}},
}
NOW = {"type": "object", "properties": {}}
TOOLS = tuple(
    {"type": "function", "function": {"name": name, "description": "", "parameters": schema}}
    for name, schema in (("lookup", EVERYTHING), ("now", NOW))
)
FREE = {"type": "function", "function": {"name": "note", "parameters": {"properties": {"text": {"type": "string"}}}}}


def parsed(text: str, tools: Any = TOOLS) -> list[str | Call]:
    parser = CallParser(tools)
    return parser.feed(text) + parser.finish()


def tagged(name: str, **values: str) -> str:
    inside = "".join(f"<parameter={key}>\n{value}\n</parameter>\n" for key, value in values.items())
    return f"<tool_call>\n<function={name}>\n{inside}</function>\n</tool_call>"


@pytest.mark.parametrize(
    ("value", "schema", "want"),
    [
        ("5", {"type": "string"}, "5"),
        ("5", {"type": "integer"}, 5),
        ("5", {}, "5"),
        ("true", {"type": "boolean"}, True),
        ("False", {"type": "boolean"}, False),
        ('{"a": [1]}', {"type": "object"}, {"a": [1]}),
        ("null", {"type": ["string", "null"]}, None),
        ("null", {"anyOf": [{"type": "string"}, {"type": "null"}]}, None),
        ("nothing", {"type": ["string", "null"]}, "nothing"),
        ("two\nlines", {"type": "string"}, "two\nlines"),
        ("", {"type": "string"}, ""),
        ("not a number", {"type": "integer"}, "not a number"),  # for the tool to refuse
        ("2", {"enum": [1, 2]}, 2),
    ],
)
def test_what_a_value_means_follows_from_the_schema(value: str, schema: Any, want: Any) -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": {"properties": {"x": schema}}}}
    (call,) = parsed(tagged("f", x=value), [tool])
    assert isinstance(call, Call)
    assert (call.name, call.values(), call.problem) == ("f", {"x": want}, None)


@pytest.mark.parametrize(
    "body",
    ["<function=f", "<function=f>\n", "<function=f>\n<parameter=x>\n1\n</function>", "<function=f>\nx\n</function>"],
)
def test_a_call_that_is_not_well_formed_has_a_problem(body: str) -> None:
    (call,) = parsed(f"<tool_call>\n{body}\n</tool_call>")
    assert isinstance(call, Call)
    assert "not well formed" in (call.problem or "")


def test_words_and_calls_come_in_order_in_whatever_pieces() -> None:
    text = "Let me look.\n\n" + tagged("now") + "\n" + tagged("lookup", shop="north", count="3")
    for size in (1, 3, 1000):
        parser = CallParser(TOOLS)
        found = [part for i in range(0, len(text), size) for part in parser.feed(text[i : i + size])] + parser.finish()
        words = "".join(part for part in found if isinstance(part, str))
        calls = [(call.name, call.values()) for call in found if isinstance(call, Call)]
        assert (words, calls) == ("Let me look.", [("now", {}), ("lookup", {"shop": "north", "count": 3})])


@pytest.mark.parametrize("make", [build, PortableEngine])
@pytest.mark.parametrize("seed", range(4))
def test_a_forced_call_fits_its_tool(
    tiny: Callable[[str], Loaded], answer: Callable[..., Finished], make: Callable[..., Any], seed: int
) -> None:
    engine = make(tiny("qwen3_5"), EngineConfig("tiny", kv_gb=0.05))
    try:
        form = Form(None, call_schema(TOOLS))
        way = Sampling(max_tokens=300, temperature=1.0, seed=seed, response_format=form)
        finished = answer(engine, Question((Message(Role.USER, (Text("Hello"),)),), sampling=way, tools=TOOLS))
        assert finished.reason is Reason.STOP, finished.text
        assert "<function=" in finished.text
        (call,) = parsed(finished.text)
        assert isinstance(call, Call)
        assert call.problem is None
        jsonschema.validate(call.values(), {"lookup": EVERYTHING, "now": NOW}[call.name])
    finally:
        engine.close()


def test_any_text_may_stand_in_a_parameter_but_its_end(tiny: Callable[[str], Loaded]) -> None:
    engine = build(tiny("qwen3_5"), EngineConfig("tiny", kv_gb=0.05))
    try:
        grammar = engine.prepare(Form(None, call_schema([FREE])))
        tokenizer = tiny("qwen3_5").processor.tokenizer
        for text in ("<b> a < b </b>", "a\n\nb", "</parameter>", json.dumps({"a": "<function=x>"})):
            matcher = grammar.begin()
            for token in tokenizer(tagged("note", text=text), add_special_tokens=False)["input_ids"]:
                assert matcher.consume_token(token), (text, tokenizer.decode([token]))
            assert matcher.is_accepting()
    finally:
        engine.close()


def test_what_refers_to_nothing_is_written_down_alone() -> None:
    """Were all tools' schemas in each parameter's, a grammar would be as long as the square of them."""
    many = {f"n{i}": {"type": "integer", "minimum": i} for i in range(200)}
    tool = {"type": "function", "function": {"name": "many", "parameters": {"type": "object", "properties": many}}}
    calls = json.loads(call_schema([tool]))
    assert len("\n".join(tagged_calls.rules(calls, {}))) < 4 * len(json.dumps(calls))


def test_what_stands_beside_a_reference_holds_too() -> None:
    few = {"$ref": "#/$defs/count", "maximum": 3}
    given = {"type": "object", "properties": {"n": few}, "$defs": {"count": {"type": "integer", "minimum": 1}}}
    calls = json.loads(call_schema([{"type": "function", "function": {"name": "few", "parameters": given}}]))
    (rule,) = (each for each in tagged_calls.rules(calls, {}) if each.startswith("p0_0:"))
    assert '"maximum": 3' in rule
    assert '"minimum": 1' in rule
