"""JSON from outside that is nested so deep that Python's own stack ends: refused or let be, never a failure of ours."""

import json

import msgspec
import pytest

from askcam.client.protocol import CalledTool
from askcam.engine.calls import read_call
from askcam.server.answering.facts import marks, told_by
from askcam.server.errors import Refusal, as_refusal
from askcam.server.nesting import MAX_DEPTH, parsed, shallow
from askcam.server.openai.chat.tools import earlier
from askcam.server.openai.realtime.client_events import EventRefused, read
from askcam.server.wire.bodies import decode
from askcam.server.wire.refusals import on_wire

DEPTHS = [MAX_DEPTH + 1, 300, 480, 900, 990, 1100, 5000, 100_000]
SHAPES = {
    "lists": ("[", "1", "]"),
    "objects": ('{"a":', "1", "}"),
    "both": ('{"a":[', "1", "]}"),
    "in a list of their own": ("[1,", "[]", "]"),
}


def deep(depth: int, shape: str) -> str:
    begin, middle, end = SHAPES[shape]
    return begin * depth + middle + end * depth


each = pytest.mark.parametrize(("depth", "shape"), [(depth, shape) for depth in DEPTHS for shape in SHAPES])


@each
def test_what_a_tool_says_becomes_a_fact_that_can_be_told(depth: int, shape: str) -> None:
    said = f'{{"name": "cup", "more": {deep(depth, shape)}}}'
    facts = told_by(CalledTool("1", "look", "", "{}", said, None, 1.0))
    assert [fact.values for fact in facts] == [{}]
    msgspec.json.encode(facts)
    assert marks("a cup", facts) == ()


@each
def test_calls_of_the_model_and_of_earlier_turns_are_read_or_have_a_problem(depth: int, shape: str) -> None:
    read_call(f'{{"name": "look", "arguments": {deep(depth, shape)}}}')
    given = msgspec.json.decode(json.dumps({"id": "1", "function": {"name": "look", "arguments": deep(depth, shape)}}))
    call = msgspec.convert(given, type=_kind())
    assert earlier(call)


def _kind() -> type:
    from askcam.server.openai.chat.tools import ToolCall

    return ToolCall


@each
def test_bodies_and_realtime_events_are_refused_or_read(depth: int, shape: str) -> None:
    body = f'{{"type": "session.update", "session": {{"tools": {deep(depth, shape)}}}}}'
    assert isinstance(read(body, lambda kind: kind, 1000), EventRefused)
    if depth > 1000:
        with pytest.raises(Refusal) as caught:
            decode(body, dict)
        assert on_wire(caught.value).status == 400
        assert caught.value.code in ("invalid_json", "too_many_values")


def test_where_the_stack_ends_elsewhere_the_client_is_told_that_it_sent_too_much() -> None:
    assert (on_wire(as_refusal(RecursionError())).status, as_refusal(RecursionError()).code) == (400, "invalid_json")


@pytest.mark.parametrize("shape", SHAPES)
def test_the_bound_is_exact(shape: str) -> None:
    levels = 2 if shape == "both" else 1
    assert shallow(json.loads(deep(MAX_DEPTH // levels - (shape.startswith("in")), shape)))
    assert not shallow(json.loads(deep(MAX_DEPTH // levels + 1, shape)))
    with pytest.raises(ValueError, match="too deep"):
        parsed(deep(100_000, shape))


def test_a_number_too_large_for_a_float_is_no_failure() -> None:
    facts = told_by(CalledTool("1", "look", "", "{}", '{"stock": "' + "9" * 400 + '"}', None, 1.0))
    assert len(marks("9" * 400 + " in stock", facts)) == 1
