"""Whatever a client sends, a realtime session answers with events and lives on."""

import json
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from support.realtime_talk import Talk, done

from askcam.client.protocol import CalledTool
from askcam.engine.calls import Call
from askcam.server.errors import Internal
from askcam.server.openai.realtime.effects import Send, Start
from askcam.server.steps import Called, Changed, Returned, Step, TextDelta

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(["a", "b", "c"])
parts = st.fixed_dictionaries({"type": st.just("input_text"), "text": st.text(max_size=9)}) | plain
items = st.fixed_dictionaries(
    {
        "type": st.just("message"),
        "role": st.sampled_from(["user", "assistant"]),
        "content": st.lists(parts, max_size=2),
    },
    optional={"id": names},
)
EVENTS: dict[str, st.SearchStrategy[Any]] = {
    "session.update": st.fixed_dictionaries({"session": plain}),
    "conversation.item.create": st.fixed_dictionaries(
        {"item": items | plain}, optional={"previous_item_id": names | plain}
    ),
    "conversation.item.delete": st.fixed_dictionaries({"item_id": names | plain}),
    "conversation.item.retrieve": st.fixed_dictionaries({"item_id": names | plain}),
    "response.create": st.fixed_dictionaries(
        {},
        optional={
            "response": st.fixed_dictionaries(
                {},
                optional={
                    "conversation": st.sampled_from(["auto", "none"]),
                    "instructions": st.text(max_size=5),
                    "input": st.lists(items, max_size=2) | plain,
                    "max_output_tokens": plain,
                    "metadata": plain,
                    "askcam": plain,
                },
            )
            | plain
        },
    ),
    "response.cancel": st.fixed_dictionaries({}, optional={"response_id": plain}),
    "input_image_buffer.append": st.fixed_dictionaries({"image": plain}, optional={"captured_at": plain}),
    "askcam.clock": st.fixed_dictionaries({}, optional={"client_us": plain, "offset_us": plain, "rtt_us": plain}),
}
hello = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hello"}]}
sound = st.sampled_from(
    [
        {"type": "conversation.item.create", "item": hello},
        {"type": "response.create"},
        {"type": "response.create", "response": {"conversation": "none", "input": [hello]}},
        {"type": "response.cancel"},
        {"type": "session.update", "session": {"askcam": {"on_scene_change": "answer_again"}}},
        {"type": "conversation.item.create", "item": {"type": "function_call_output", "call_id": "c2", "output": "4"}},
    ]
).map(json.dumps)
anything = st.one_of(
    [
        *[
            fields.map(lambda found, kind=kind: json.dumps({"type": kind, **found}))  # type: ignore[misc]
            for kind, fields in EVENTS.items()
        ],
        plain.map(json.dumps),
        st.text(max_size=20),
        st.binary(max_size=40),
    ]
)
answering = st.tuples(
    st.sampled_from(["said", "said", "called", "returned", "changed", "done", "handed", "failed"]), st.integers(0, 2)
)
TOOL = CalledTool("c1", "lookup", "shop", "{}", "4", None, 1.0)
STEPS: dict[str, Step] = {
    "said": TextDelta("word "),
    "called": Called(Call("lookup", "{}", "c1"), "shop"),
    "returned": Returned(Call("lookup", "{}", "c1"), TOOL),
    "changed": Changed("lobby", "2026-03-01T10:15:07.000000Z", 0.4),
    "done": done("word "),
    "handed": replace(done(""), calls=(Call("find", "{}", "c2"),)),
}


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(sound, answering, anything), min_size=8, max_size=40), st.booleans())
def test_whatever_comes_is_answered_with_events_and_every_response_ends_once(steps: list[Any], pushed: bool) -> None:
    talk = Talk(pushed=pushed)
    for step in steps:
        if not isinstance(step, tuple):
            talk.say(step)
            continue
        starts = [effect.response_id for effect in talk.effects if isinstance(effect, Start)]
        if not starts:
            continue
        what, back = step
        name = starts[max(0, len(starts) - 1 - back)]
        if what == "failed":
            talk.take(talk.session.failed(name, Internal("no", code="engine_failure")))
        else:
            talk.hear(name, STEPS[what])
    for _ in range(2):  # an answer that is given again comes to its end, too
        for effect in list(talk.effects):
            if isinstance(effect, Start):
                talk.hear(effect.response_id, done("the end"))
    events = [effect.event for effect in talk.effects if isinstance(effect, Send)]
    created = [event["response"]["id"] for event in events if event["type"] == "response.created"]
    ended = [event["response"]["id"] for event in events if event["type"] == "response.done"]
    assert sorted(created) == sorted(ended)
    assert len({event["event_id"] for event in events}) == len(events)
    for name in created:
        told = [event["type"] for event in events if event.get("response_id") == name]
        assert told.count("response.output_item.added") == told.count("response.output_item.done")
