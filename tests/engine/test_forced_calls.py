"""A question that must call a tool: whatever the model would rather say, its answer is a call that fits the tool."""

import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from askcam.engine.calls import Call, CallParser, call_schema
from askcam.engine.errors import QuestionError
from askcam.engine.interface import EngineConfig
from askcam.engine.live.build import build
from askcam.engine.loading import Loaded
from askcam.engine.portable import PortableEngine
from askcam.engine.question import Finished, Form, Message, Question, Reason, Role, Sampling, Text

LOOKUP = {
    "type": "object",
    "properties": {"query": {"type": "string", "maxLength": 6}, "shop": {"$ref": "#/$defs/shop"}},
    "required": ["query", "shop"],
    "additionalProperties": False,
    "$defs": {"shop": {"enum": ["north", "south"]}},
}
TOOLS = (
    {"type": "function", "function": {"name": "lookup", "description": "", "parameters": LOOKUP}},
    {
        "type": "function",
        "function": {"name": "now", "description": "", "parameters": {"type": "object", "maxProperties": 0}},
    },
)


def calls(finished: Finished) -> list[Call]:
    parser = CallParser()
    found = parser.feed(finished.text) + parser.finish()
    assert all(isinstance(part, Call) for part in found), found
    return [part for part in found if isinstance(part, Call)]


@pytest.mark.parametrize("make", [build, PortableEngine])
@pytest.mark.parametrize("kind", ["qwen2_vl", "qwen3_vl"])
@pytest.mark.parametrize("seed", range(3))
def test_a_forced_call_fits_its_tool(
    tiny: Callable[[str], Loaded], answer: Callable[..., Finished], make: Callable[..., Any], kind: str, seed: int
) -> None:
    engine = make(tiny(kind), EngineConfig("tiny", kv_gb=0.05))
    try:
        form = Form(None, call_schema(TOOLS))
        way = Sampling(max_tokens=150, temperature=1.0, seed=seed, response_format=form)
        finished = answer(engine, Question((Message(Role.USER, (Text("Hello"),)),), sampling=way, tools=TOOLS))
        assert finished.reason is Reason.STOP
        (call,) = calls(finished)
        assert call.problem is None
        if call.name == "lookup":
            jsonschema.validate(call.values(), LOOKUP)
        else:
            assert (call.name, call.values()) == ("now", {})
    finally:
        engine.close()


def test_calls_or_an_answer_of_a_form(tiny: Callable[[str], Loaded], answer: Callable[..., Finished]) -> None:
    """What comes is one or the other, and never words."""
    engine = build(tiny("qwen2_vl"), EngineConfig("tiny", kv_gb=0.05))
    kinds = set()
    try:
        form = Form('{"type": "boolean"}', call_schema(TOOLS[1:]), many=True)
        for seed in range(12):
            way = Sampling(max_tokens=60, temperature=2.0, seed=seed, response_format=form)
            finished = answer(engine, Question((Message(Role.USER, (Text("Hello"),)),), sampling=way))
            if finished.reason is Reason.LENGTH:  # calls without end
                continue
            if finished.text in ("true", "false"):
                kinds.add("answer")
            else:
                assert {call.name for call in calls(finished)} == {"now"}
                kinds.add("calls")
        assert kinds
    finally:
        engine.close()


@pytest.mark.parametrize("make", [build, PortableEngine])
def test_between_any_words_only_calls_that_fit_can_come(
    tiny: Callable[[str], Loaded], answer: Callable[..., Finished], make: Callable[..., Any]
) -> None:
    """A random model says anything, and is made to begin a call by a tokenizer's bias: none of them is broken."""
    loaded = tiny("qwen2_vl")
    engine = make(loaded, EngineConfig("tiny", kv_gb=0.05))
    head = loaded.model.get_output_embeddings()
    token = loaded.processor.tokenizer.convert_tokens_to_ids("<tool_call>")
    before = head.weight.data[token].clone()
    num_calls, num_words = 0, 0
    try:
        head.weight.data[token] *= 3
        for seed in range(10):
            way = Sampling(
                max_tokens=150, temperature=1.2, seed=seed, response_format=Form(None, call_schema(TOOLS), True, True)
            )
            finished = answer(engine, Question((Message(Role.USER, (Text("Hello"),)),), sampling=way))
            parser = CallParser()
            for part in parser.feed(finished.text) + (parser.finish() if finished.reason is Reason.STOP else []):
                if isinstance(part, Call):
                    num_calls += 1
                    assert part.problem is None, (part, finished.text)
                    assert part.name in ("lookup", "now")
                else:
                    num_words += 1
    finally:
        head.weight.data[token] = before
        engine.close()
    assert num_words
    assert num_calls


def test_a_tool_whose_schema_cannot_be_kept_is_refused_by_name(tiny: Callable[[str], Loaded]) -> None:
    engine = build(tiny("qwen2_vl"), EngineConfig("tiny", kv_gb=0.05))
    try:
        bad = {"type": "function", "function": {"name": "x", "parameters": {"type": "object", "not": {}}}}
        with pytest.raises(QuestionError, match="'not'") as caught:
            engine.prepare(Form(None, call_schema([bad])))
        assert caught.value.param == "tools"
    finally:
        engine.close()


def test_references_lead_to_where_the_parameters_stand() -> None:
    found: dict[str, Any] = json.loads(call_schema(TOOLS))
    ref = found["anyOf"][0]["properties"]["arguments"]["properties"]["shop"]["$ref"]
    assert ref == "#/anyOf/0/properties/arguments/$defs/shop"
