"""One realtime connection: its settings, and what is no event."""

from typing import Any

import pytest
from support.realtime_talk import Talk, only_error, types

from askcam.server.openai.realtime.effects import Send

OWN = {
    "max_age_ms": None,
    "max_wait_ms": None,
    "unwell": None,
    "on_scene_change": None,
    "tools": None,
    "turn_times": None,
    "events": [],
    "events_after": None,
    "evidence": True,
    "model": None,
    "zone": None,
}


def test_the_first_event_says_which_camera_this_is_about() -> None:
    created, conversation = (effect.event for effect in Talk().effects if isinstance(effect, Send))
    assert created["type"] == "session.created"
    assert created["session"]["model"] == "lobby"
    assert created["session"]["output_modalities"] == ["text"]
    assert created["session"]["askcam"] == {**OWN, "camera": "lobby"}
    assert conversation["type"] == "conversation.created"
    assert conversation["conversation"]["id"]


def test_an_update_changes_what_it_names_and_tells_the_whole_session() -> None:
    talk = Talk()
    tool = {"type": "function", "name": "lookup", "parameters": {"type": "object"}}
    (updated,) = talk.say(
        {
            "type": "session.update",
            "session": {
                "type": "realtime",
                "instructions": "Be brief.",
                "max_output_tokens": 64,
                "temperature": 0.5,
                "tools": [tool],
                "audio": {"output": {"voice": "alloy"}},
                "askcam": {"max_age_ms": 1500, "events": ["frame.dropped"]},
            },
        }
    )
    assert updated["type"] == "session.updated"
    session = updated["session"]
    assert (session["instructions"], session["max_output_tokens"], session["temperature"]) == ("Be brief.", 64, 0.5)
    assert session["tools"] == [tool]
    own = {"max_age_ms": 1500, "events": ["frame.dropped"]}
    assert session["askcam"] == {**OWN, "camera": "lobby", **own}
    (again,) = talk.say({"type": "session.update", "session": {"type": "realtime", "max_output_tokens": "inf"}})
    assert again["session"]["max_output_tokens"] == "inf"
    assert again["session"]["instructions"] == "Be brief."


@pytest.mark.parametrize(
    ("session", "param"),
    [
        ({"instructions": 7}, "session.instructions"),
        ({"instructions": "x" * 1001}, "session.instructions"),
        ({"output_modalities": ["audio"]}, "session.output_modalities"),
        ({"max_output_tokens": 0}, "session.max_output_tokens"),
        ({"max_output_tokens": "many"}, "session.max_output_tokens"),
        ({"max_output_tokens": True}, "session.max_output_tokens"),
        ({"temperature": 3}, "session.temperature"),
        ({"tools": {}}, "session.tools"),
        ({"tools": [{"type": "function"}]}, "session.tools[0].name"),
        ({"tool_choice": "sometimes"}, "session.tool_choice"),
        ({"truncation": "half"}, "session.truncation"),
        ({"type": "transcription"}, "session.type"),
        ({"model": "kitchen"}, "session.model"),
        ({"askcam": 3}, "session.askcam"),
        ({"askcam": {"max_age": 3}}, "session.askcam"),
        ({"askcam": {"max_age_ms": -1}}, "session.askcam.max_age_ms"),
        ({"askcam": {"evidence": "no"}}, "session.askcam"),
        ({"askcam": {"events": ["everything"]}}, "session.askcam.events"),
    ],
)
def test_a_wrong_setting_is_refused_by_its_name_and_changes_nothing(session: dict[str, Any], param: str) -> None:
    talk = Talk()
    before = talk.session.settings
    error = only_error(talk.say({"type": "session.update", "event_id": "mine", "session": session}))
    assert (error["type"], error["param"], error["event_id"]) == ("invalid_request_error", param, "mine")
    assert talk.session.settings == before


@pytest.mark.parametrize(
    "message", ["", "{", "[]", "7", "null", '{"type": 3}', "{}", "[" * 5000, '"\\ud800"', "\ud800"]
)
def test_what_is_no_event_is_told_and_the_connection_goes_on(message: str) -> None:
    talk = Talk()
    assert only_error(talk.say(message))["type"] == "invalid_request_error"
    assert types(talk.user("still there?")) == ["conversation.item.added", "conversation.item.done"]


def test_an_unknown_event_is_named_with_its_id() -> None:
    error = only_error(Talk().say({"type": "conversation.explode", "event_id": "e7"}))
    assert (error["code"], error["param"], error["event_id"]) == ("unknown_event", "type", "e7")
    assert "conversation.explode" in error["message"]
    assert "response.create" in error["message"]
