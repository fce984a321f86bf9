"""A realtime connection without sockets: client messages in, events out, checked against the SDK's own types."""

import base64
import io
import itertools
import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.realtime import RealtimeServerEvent
from PIL import Image
from pydantic import TypeAdapter

from askcam.client.protocol import Saw, SeenWindow
from askcam.engine.question import Reason, Role, Timings, Usage
from askcam.server.asking import Done
from askcam.server.client_events import read
from askcam.server.effects import Effect, Push, Send, Start, Stop, TellCamera
from askcam.server.errors import ApiError
from askcam.server.session import Session, SessionLimits
from askcam.stream.frame import AgeBasis

SDK: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)
OURS = {"askcam.clock", "camera.state", "frame.dropped"}
WALL, MONO = 1_763_800_000.0, 50.0


def jpeg(width: int = 32, height: int = 24) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.full((height, width, 3), 90, np.uint8)).save(out, "JPEG")
    return out.getvalue()


def data_url(data: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(data).decode()


class Talk:
    """A session and what came of it so far."""

    def __init__(self, *, camera: str = "lobby", pushed: bool = False, **limits: int) -> None:
        counter = itertools.count()
        self.session = Session(
            model="push:" if pushed else camera,
            camera="push-1" if pushed else camera,
            pushed=pushed,
            limits=SessionLimits(**limits),
            new_id=lambda kind: f"{kind}_server{next(counter)}",
        )
        self.new_id = lambda kind: f"{kind}_read{next(counter)}"
        self.effects: list[Effect] = []
        self.take(self.session.start())

    def take(self, effects: Iterable[Effect]) -> list[dict[str, Any]]:
        """Keep effects; the events among them, each of a type that the SDK knows, with its very fields."""
        effects = list(effects)
        self.effects += effects
        events = [effect.event for effect in effects if isinstance(effect, Send)]
        for event in events:
            json.dumps(event)
            assert isinstance(event["event_id"], str)
            if event["type"] not in OURS:
                assert SDK.validate_python(event).type == event["type"]
        return events

    def say(self, message: "dict[str, Any] | str | bytes", wall: float = WALL) -> list[dict[str, Any]]:
        if isinstance(message, dict):
            message = json.dumps(message)
        return self.take(self.session.receive(read(message, self.new_id, 1000), wall, MONO))

    def user(self, text: str, **item: Any) -> list[dict[str, Any]]:
        content = [{"type": "input_text", "text": text}]
        return self.say(
            {
                "type": "conversation.item.create",
                "item": {"type": "message", "role": "user", "content": content, **item},
            }
        )

    def ask(self, **response: Any) -> Start:
        self.say({"type": "response.create", "response": response})
        return self.start

    @property
    def start(self) -> Start:
        """The newest answer that was to begin."""
        return next(effect for effect in reversed(self.effects) if isinstance(effect, Start))

    def texts(self) -> list[tuple[Role, str]]:
        """The prompt of the newest answer."""
        return [(item.role, "".join(part.text for part in item.parts)) for item in self.start.items]  # type: ignore[union-attr]


def done(text: str, reason: Reason = Reason.STOP) -> Done:
    window = SeenWindow(7, "2025-11-22T10:00:00.000000Z", "2025-11-22T10:00:04.000000Z", 16, 8)
    saw = Saw("lobby", window, 31.5, 120.0, "ans_1", [], "portable", "capture")
    return Done(reason, text, saw, Usage(540, 512, 0, 3), Timings())


def types(events: Iterable[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events]


def only_error(events: list[dict[str, Any]]) -> dict[str, Any]:
    assert types(events) == ["error"]
    error: dict[str, Any] = events[0]["error"]
    return error


# The session itself.


def test_the_first_event_says_which_camera_this_is_about() -> None:
    (created,) = (effect.event for effect in Talk().effects if isinstance(effect, Send))
    assert created["type"] == "session.created"
    assert created["session"]["model"] == "lobby"
    assert created["session"]["output_modalities"] == ["text"]
    assert created["session"]["askcam"] == {"camera": "lobby", "max_age_ms": None, "events": []}


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
    assert session["askcam"] == {"camera": "lobby", "max_age_ms": 1500, "events": ["frame.dropped"]}
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
        ({"askcam": {"events": ["everything"]}}, "session.askcam.events"),
    ],
)
def test_a_wrong_setting_is_refused_by_its_name_and_changes_nothing(session: dict[str, Any], param: str) -> None:
    talk = Talk()
    before = talk.session.settings
    error = only_error(talk.say({"type": "session.update", "event_id": "mine", "session": session}))
    assert (error["type"], error["param"], error["event_id"]) == ("invalid_request_error", param, "mine")
    assert talk.session.settings == before


# What is not an event.


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


# Items.


def test_an_added_item_is_told_twice_as_the_sdk_has_it() -> None:
    talk = Talk()
    added, whole = talk.user("What is on the table?")
    assert (added["type"], whole["type"]) == ("conversation.item.added", "conversation.item.done")
    assert added["previous_item_id"] is None
    assert added["item"]["content"] == [{"type": "input_text", "text": "What is on the table?"}]
    assert added["item"]["status"] == "completed"
    second, _ = talk.user("And now?")
    assert second["previous_item_id"] == added["item"]["id"]


def test_items_go_where_previous_item_id_says() -> None:
    talk = Talk()
    for name, after in (("a", None), ("b", None), ("first", "root"), ("between", "a")):
        content = [{"type": "input_text", "text": name}]
        item = {"type": "message", "role": "user", "id": name, "content": content}
        talk.say({"type": "conversation.item.create", "previous_item_id": after, "item": item})
    talk.ask()
    assert [text for _, text in talk.texts()] == ["first", "a", "between", "b"]


def test_an_item_behind_one_that_is_not_there_is_refused() -> None:
    item = {"type": "message", "role": "user", "content": []}
    error = only_error(Talk().say({"type": "conversation.item.create", "previous_item_id": "gone", "item": item}))
    assert (error["code"], error["param"]) == ("item_not_found", "previous_item_id")


def test_an_id_can_be_used_once() -> None:
    talk = Talk()
    talk.user("one", id="mine")
    assert only_error(talk.user("two", id="mine"))["code"] == "item_exists"


def test_a_picture_is_kept_and_given_back_when_retrieved() -> None:
    talk = Talk()
    url = data_url(jpeg())
    content = [{"type": "input_text", "text": "What is this?"}, {"type": "input_image", "image_url": url}]
    added, _ = talk.say(
        {"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": content}}
    )
    assert added["item"]["content"][1] == {"type": "input_image", "detail": "auto"}
    (found,) = talk.say({"type": "conversation.item.retrieve", "item_id": added["item"]["id"]})
    assert found["item"]["content"][1]["image_url"] == url


@pytest.mark.parametrize(
    ("item", "param"),
    [
        ({"type": "function_call", "name": "f", "arguments": "{}"}, "item.type"),
        ({"type": "message", "role": "robot", "content": []}, "item.role"),
        ({"type": "message", "content": []}, "item.role"),
        ({"type": "message", "role": "user"}, "item.content"),
        ({"type": "message", "role": "user", "content": "hello"}, "item.content"),
        ({"type": "message", "role": "user", "content": [{"type": "input_text"}]}, "item.content[0].text"),
        ({"type": "message", "role": "user", "content": [{"type": "input_audio"}]}, "item.content[0].type"),
        (
            {"type": "message", "role": "user", "content": [{"type": "output_text", "text": "x"}]},
            "item.content[0].type",
        ),
        ({"type": "message", "role": "system", "content": [{"type": "input_image"}]}, "item.content[0].type"),
        (
            {"type": "message", "role": "user", "content": [{"type": "input_image", "image_url": "http://x/y.jpg"}]},
            "item.content[0].image_url",
        ),
        (
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "y" * 1001}]},
            "item.content[0].text",
        ),
        (
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "y" * 600}] * 2},
            "item.content",
        ),
    ],
)
def test_a_wrong_item_is_refused_by_the_part_at_fault(item: dict[str, Any], param: str) -> None:
    error = only_error(Talk().say({"type": "conversation.item.create", "item": item}))
    assert (error["type"], error["param"]) == ("invalid_request_error", param)


def test_a_deleted_item_is_gone() -> None:
    talk = Talk()
    talk.user("one", id="one")
    talk.user("two", id="two")
    assert types(talk.say({"type": "conversation.item.delete", "item_id": "one"})) == ["conversation.item.deleted"]
    assert only_error(talk.say({"type": "conversation.item.retrieve", "item_id": "one"}))["code"] == "item_not_found"
    assert only_error(talk.say({"type": "conversation.item.delete", "item_id": "one"}))["code"] == "item_not_found"
    talk.ask()
    assert talk.texts() == [(Role.USER, "two")]


def test_the_oldest_items_are_dropped_and_told_when_there_are_too_many() -> None:
    talk = Talk()
    for i in range(128):
        talk.user(str(i), id=f"i{i}")
    events = talk.user("one more")
    assert types(events) == ["conversation.item.deleted", "conversation.item.added", "conversation.item.done"]
    assert events[0]["item_id"] == "i0"


# Answers.


def test_an_answer_is_told_in_the_order_that_clients_expect() -> None:
    talk = Talk()
    talk.user("What is on the table?")
    created = talk.say({"type": "response.create", "event_id": "e1", "response": {"metadata": {"turn": "1"}}})
    assert types(created) == ["response.created"]
    assert created[0]["response"]["status"] == "in_progress"
    assert created[0]["response"]["metadata"] == {"turn": "1"}
    name = talk.start.response_id
    events = talk.take(talk.session.said(name, "A red ")) + talk.take(talk.session.said(name, "cup."))
    events += talk.take(talk.session.done(name, done("A red cup.")))
    assert types(events) == [
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]
    response = events[-1]["response"]
    assert (response["status"], response["status_details"]) == ("completed", None)
    assert response["output"][0]["content"] == [{"type": "output_text", "text": "A red cup."}]
    assert (response["usage"]["input_tokens"], response["usage"]["total_tokens"]) == (540, 543)
    assert response["usage"]["input_token_details"]["image_tokens"] == 512
    assert response["askcam"]["camera"] == "lobby"
    assert response["askcam"]["window"]["pairs"] == 8
    assert response["askcam"]["frame_age_ms"] == 31.5


def test_the_answer_becomes_a_turn_of_the_conversation() -> None:
    talk = Talk()
    talk.say({"type": "session.update", "session": {"instructions": "Be brief."}})
    talk.user("What is it?")
    talk.session.done(talk.ask().response_id, done("A cup."))
    talk.user("What colour?")
    assert talk.ask().instructions == "Be brief."
    assert talk.texts() == [(Role.USER, "What is it?"), (Role.ASSISTANT, "A cup."), (Role.USER, "What colour?")]


def test_an_answer_out_of_the_conversation_leaves_no_turn_and_needs_no_quiet() -> None:
    talk = Talk()
    talk.user("What is it?")
    first = talk.ask()
    content = [{"type": "input_text", "text": "Is it dark?"}]
    talk.ask(conversation="none", input=[{"type": "message", "role": "user", "content": content}])
    aside = talk.start
    assert aside.response_id != first.response_id
    assert talk.texts() == [(Role.USER, "Is it dark?")]
    events = talk.take(talk.session.done(aside.response_id, done("No.")))
    assert not [kind for kind in types(events) if kind.startswith("conversation.")]
    assert events[-1]["response"]["conversation_id"] is None
    talk.session.done(first.response_id, done("A cup."))
    talk.ask()
    assert talk.texts() == [(Role.USER, "What is it?"), (Role.ASSISTANT, "A cup.")]


def test_input_may_refer_to_items() -> None:
    talk = Talk()
    talk.user("one", id="one")
    talk.user("two", id="two")
    talk.ask(conversation="none", input=[{"type": "item_reference", "id": "one"}])
    assert talk.texts() == [(Role.USER, "one")]
    message = {"type": "response.create", "response": {"input": [{"type": "item_reference", "id": "three"}]}}
    assert only_error(talk.say(message))["code"] == "item_not_found"


def test_instructions_alone_are_the_question() -> None:
    talk = Talk()
    start = talk.ask(instructions="Describe what you see.")
    assert (start.instructions, talk.texts()) == ("", [(Role.USER, "Describe what you see.")])


def test_a_response_without_a_question_is_refused() -> None:
    talk = Talk()
    error = only_error(talk.say({"type": "response.create", "event_id": "e2"}))
    assert (error["code"], error["event_id"]) == ("nothing_asked", "e2")


def test_one_answer_at_a_time_in_the_conversation() -> None:
    talk = Talk()
    talk.user("What is it?")
    name = talk.ask().response_id
    error = only_error(talk.say({"type": "response.create", "event_id": "e3"}))
    assert (error["code"], error["event_id"]) == ("conversation_already_has_active_response", "e3")
    talk.session.done(name, done("A cup."))
    assert types(talk.say({"type": "response.create"})) == ["response.created"]


def test_answers_under_way_are_bounded() -> None:
    talk = Talk(max_responses=2)
    talk.user("What is it?")
    aside = {"type": "response.create", "response": {"conversation": "none"}}
    assert types(talk.say(aside) + talk.say(aside)) == ["response.created"] * 2
    error = only_error(talk.say(aside))
    assert (error["type"], error["code"]) == ("rate_limit_error", "busy")


def test_a_response_can_be_set_apart_from_its_session() -> None:
    talk = Talk(max_tokens=100)
    talk.say({"type": "session.update", "session": {"instructions": "Long.", "askcam": {"max_age_ms": 5000}}})
    talk.user("What is it?")
    start = talk.ask(instructions="Short.", max_output_tokens=5, temperature=0, askcam={"max_age_ms": 300})
    assert (start.instructions, start.sampling.max_tokens, start.sampling.temperature) == ("Short.", 5, 0)
    assert start.max_age_s == 0.3
    talk.session.done(start.response_id, done("A cup."))
    after = talk.ask()
    assert (after.instructions, after.sampling.max_tokens, after.max_age_s) == ("Long.", 100, 5.0)


def test_a_cancelled_answer_keeps_what_was_said() -> None:
    talk = Talk()
    talk.user("What is it?")
    name = talk.ask().response_id
    talk.take(talk.session.said(name, "A red"))
    events = talk.say({"type": "response.cancel"})
    assert types(events) == [
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]
    response = events[-1]["response"]
    assert response["status"] == "cancelled"
    assert response["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}
    assert response["output"][0]["status"] == "incomplete"
    assert Stop(name) in talk.effects
    late = [*talk.session.said(name, " cup"), *talk.session.done(name, done("A red cup"))]
    assert late == []  # words that were on their way
    talk.ask()
    assert talk.texts() == [(Role.USER, "What is it?"), (Role.ASSISTANT, "A red")]


def test_an_answer_can_be_cancelled_before_its_first_word() -> None:
    talk = Talk()
    talk.user("What is it?")
    name = talk.ask(conversation="none").response_id
    (event,) = talk.say({"type": "response.cancel", "response_id": name})
    assert (event["response"]["status"], event["response"]["output"]) == ("cancelled", [])


@pytest.mark.parametrize("fields", [{}, {"response_id": "resp_gone"}])
def test_cancelling_nothing_is_an_error_and_no_more(fields: dict[str, Any]) -> None:
    error = only_error(Talk().say({"type": "response.cancel", "event_id": "e4", **fields}))
    assert (error["code"], error["event_id"]) == ("response_cancel_not_active", "e4")


def test_a_refused_question_is_an_error_and_a_failed_response() -> None:
    talk = Talk()
    talk.user("What is it?")
    talk.say({"type": "response.create", "event_id": "e5"})
    error = ApiError(503, "server_error", "camera 'lobby' is lost: no route", code="camera_unavailable")
    told, ended = talk.take(talk.session.failed(talk.start.response_id, error))
    assert (told["type"], told["error"]["code"], told["error"]["event_id"]) == ("error", "camera_unavailable", "e5")
    assert ended["response"]["status"] == "failed"
    assert ended["response"]["status_details"]["error"]["code"] == "camera_unavailable"
    assert ended["response"]["output"] == []
    assert types(talk.say({"type": "response.create"})) == ["response.created"]


def test_an_answer_that_breaks_off_keeps_what_was_said() -> None:
    talk = Talk()
    talk.user("What is it?")
    name = talk.ask().response_id
    talk.take(talk.session.said(name, "A r"))
    events = talk.take(talk.session.failed(name, ApiError(500, "server_error", "it failed", code="engine_failure")))
    assert types(events)[0] == "error"
    assert events[-1]["response"]["output"][0]["content"][0]["text"] == "A r"
    assert events[-1]["response"]["status"] == "failed"


def test_an_answer_cut_at_its_limit_is_incomplete() -> None:
    talk = Talk()
    talk.user("What is it?")
    events = talk.take(talk.session.done(talk.ask().response_id, done("A red", Reason.LENGTH)))
    assert events[-1]["response"]["status"] == "incomplete"
    assert events[-1]["response"]["status_details"]["reason"] == "max_output_tokens"


def test_an_empty_answer_has_an_item_all_the_same() -> None:
    talk = Talk()
    talk.user("What is it?")
    events = talk.take(talk.session.done(talk.ask().response_id, done("")))
    assert events[-1]["response"]["output"][0]["content"] == [{"type": "output_text", "text": ""}]


def test_a_turn_deleted_while_it_is_spoken_stays_deleted() -> None:
    talk = Talk()
    talk.user("What is it?")
    name = talk.ask().response_id
    added = talk.take(talk.session.said(name, "A red"))
    item_id = added[0]["item"]["id"]
    talk.say({"type": "conversation.item.delete", "item_id": item_id})
    events = talk.take(talk.session.done(name, done("A red cup.")))
    assert "conversation.item.done" not in types(events)
    assert events[-1]["response"]["status"] == "completed"
    talk.ask()
    assert talk.texts() == [(Role.USER, "What is it?")]


def test_old_turns_leave_the_prompt_but_not_the_system_and_not_the_question() -> None:
    talk = Talk(prompt_chars=100)
    system = {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "Speak plainly."}]}
    talk.say({"type": "conversation.item.create", "item": system})
    for i in range(5):
        talk.user(f"{i}" * 30)
    talk.ask(conversation="none")
    assert [text[0] for _, text in talk.texts()] == ["S", "2", "3", "4"]
    talk.user("5" * 300)
    talk.ask(conversation="none")
    assert [text[0] for _, text in talk.texts()] == ["S", "5"]
    talk.say({"type": "session.update", "session": {"truncation": "disabled"}})
    talk.ask(conversation="none")
    assert len(talk.texts()) == 7


# Frames and the clock.


def binary(captured: float, data: bytes) -> bytes:
    return int(captured * 1e6).to_bytes(8, "big") + data


def pushes(talk: Talk) -> list[Push]:
    return [effect for effect in talk.effects if isinstance(effect, Push)]


def test_frames_go_to_pushed_cameras_only() -> None:
    talk = Talk()
    assert only_error(talk.say(binary(WALL, jpeg())))["code"] == "not_a_pushed_camera"
    append = {"type": "input_image_buffer.append", "image": base64.b64encode(jpeg()).decode()}
    assert only_error(talk.say(append))["code"] == "not_a_pushed_camera"
    assert pushes(talk) == []


def test_a_frame_counts_from_its_arrival_until_the_clocks_are_compared() -> None:
    talk = Talk(pushed=True)
    data = jpeg()
    assert talk.say(binary(WALL - 100, data), wall=WALL) == []
    assert pushes(talk) == [Push(data, WALL, AgeBasis.ARRIVAL, None)]


def test_capture_times_are_moved_by_the_clocks_offset() -> None:
    talk = Talk(pushed=True)
    (answer,) = talk.say({"type": "askcam.clock", "client_us": 1_000_000}, wall=WALL)
    assert (answer["client_us"], answer["server_us"]) == (1_000_000, int(WALL * 1e6))
    (taken,) = talk.say({"type": "askcam.clock", "offset_us": 99_500_000, "rtt_us": 4000})
    assert (taken["basis"], taken["offset_us"], taken["rtt_us"]) == ("capture", 99_500_000, 4000)
    talk.say(binary(WALL - 100, jpeg()), wall=WALL)
    assert pushes(talk)[-1].wall == pytest.approx(WALL - 0.5)
    assert pushes(talk)[-1].basis is AgeBasis.CAPTURE


def test_an_appended_frame_says_its_time_in_microseconds() -> None:
    talk = Talk(pushed=True)
    talk.say({"type": "askcam.clock", "offset_us": 0, "rtt_us": 1000})
    image = base64.b64encode(jpeg()).decode()
    append = {"type": "input_image_buffer.append", "event_id": "e6", "image": image}
    talk.say({**append, "captured_at": int((WALL - 1) * 1e6)})
    talk.say({**append, "image": data_url(jpeg())})
    assert [(push.wall, push.basis) for push in pushes(talk)] == [
        (WALL - 1, AgeBasis.CAPTURE),
        (WALL, AgeBasis.ARRIVAL),
    ]
    error = only_error(talk.say({**append, "captured_at": int(WALL * 1000)}))
    assert (error["param"], error["event_id"]) == ("captured_at", "e6")
    assert "microseconds" in error["message"]
    assert only_error(talk.say({**append, "image": "@@"}))["param"] == "image"


def test_a_frame_too_short_for_its_time_is_told() -> None:
    assert only_error(Talk(pushed=True).say(b"\x00" * 8))["code"] == "invalid_frame"


# Askcam's own events.


def test_camera_states_are_told_to_those_who_asked() -> None:
    talk = Talk()
    assert talk.take(talk.session.camera_is("lost", "live", "the camera went away")) == []
    talk.say({"type": "session.update", "session": {"askcam": {"events": ["camera.state"]}}})
    assert TellCamera() in talk.effects
    (event,) = talk.take(talk.session.camera_is("lost", "live", "the camera went away"))
    assert (event["type"], event["camera"], event["state"], event["previous"]) == (
        "camera.state",
        "lobby",
        "lost",
        "live",
    )


def test_only_new_drops_are_told() -> None:
    talk = Talk(pushed=True)
    talk.say({"type": "session.update", "session": {"askcam": {"events": ["frame.dropped"]}}})
    (first,) = talk.take(talk.session.dropped({"replaced": 3, "undecodable": 0}))
    assert (first["reason"], first["count"], first["total"]) == ("replaced", 3, 3)
    talk.session.frame_too_fast()
    told = talk.take(talk.session.dropped({"replaced": 5, "undecodable": 0}))
    assert [(event["reason"], event["count"], event["total"]) for event in told] == [("replaced", 2, 5), ("rate", 1, 1)]
    assert talk.take(talk.session.dropped({"replaced": 5, "undecodable": 0})) == []


# Anything at all.

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
anything = st.one_of(
    [
        fields.map(lambda found, kind=kind: json.dumps({"type": kind, **found}))  # type: ignore[misc]
        for kind, fields in EVENTS.items()
    ]
    + [
        st.just(json.dumps({"type": "response.create"})),
        plain.map(json.dumps),
        st.text(max_size=20),
        st.binary(max_size=40),
        st.tuples(st.sampled_from(["said", "done", "failed"]), st.integers(0, 3)),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(anything, max_size=25), st.booleans())
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
        match what:
            case "said":
                talk.take(talk.session.said(name, "word "))
            case "done":
                talk.take(talk.session.done(name, done("word ")))
            case "failed":
                talk.take(talk.session.failed(name, ApiError(500, "server_error", "no", code="engine_failure")))
    for effect in list(talk.effects):
        if isinstance(effect, Start):
            talk.take(talk.session.done(effect.response_id, done("the end")))
    events = [effect.event for effect in talk.effects if isinstance(effect, Send)]
    created = [event["response"]["id"] for event in events if event["type"] == "response.created"]
    ended = [event["response"]["id"] for event in events if event["type"] == "response.done"]
    assert sorted(created) == sorted(ended)
    assert len({event["event_id"] for event in events}) == len(events)
    for name in created:
        told = [event["type"] for event in events if event.get("response_id") == name]
        assert told.count("response.output_item.added") == told.count("response.output_item.done") <= 1
