"""Answers of a realtime session: the events that tell of them, in order."""

from typing import Any

import pytest
from support.realtime_talk import Talk, done, only_error, types

from askcam.engine.question import Reason, Role
from askcam.server.errors import Internal, Invalid, Unavailable
from askcam.server.openai.realtime.effects import Stop
from askcam.server.steps import SeenStep


def test_an_answer_is_told_in_the_order_that_clients_expect() -> None:
    talk = Talk()
    talk.user("What is on the table?")
    created = talk.say({"type": "response.create", "event_id": "e1", "response": {"metadata": {"turn": "1"}}})
    assert types(created) == ["response.created"]
    assert created[0]["response"]["status"] == "in_progress"
    assert created[0]["response"]["metadata"] == {"turn": "1"}
    name = talk.start.response_id
    events = talk.words(name, "A red ") + talk.words(name, "cup.")
    events += talk.hear(name, done("A red cup."))
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
    talk.hear(talk.ask().response_id, done("A cup."))
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
    events = talk.hear(aside.response_id, done("No."))
    assert not [kind for kind in types(events) if kind.startswith("conversation.")]
    assert events[-1]["response"]["conversation_id"] is None
    talk.hear(first.response_id, done("A cup."))
    talk.user("And now?")
    talk.ask()
    assert talk.texts() == [(Role.USER, "What is it?"), (Role.ASSISTANT, "A cup."), (Role.USER, "And now?")]


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
    talk.hear(name, done("A cup."))
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
    assert start.settings.max_age_s == 0.3
    talk.hear(start.response_id, done("A cup."))
    after = talk.ask()
    assert (after.instructions, after.sampling.max_tokens, after.settings.max_age_s) == ("Long.", 100, 5.0)


def test_a_cancelled_answer_keeps_what_was_said() -> None:
    talk = Talk()
    talk.user("What is it?")
    name = talk.ask().response_id
    talk.words(name, "A red")
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
    late = [*talk.words(name, " cup"), *talk.hear(name, done("A red cup"))]
    assert late == []  # words that were on their way
    talk.user("And now?")
    talk.ask()
    assert talk.texts() == [(Role.USER, "What is it?"), (Role.ASSISTANT, "A red"), (Role.USER, "And now?")]


def test_a_cancelled_answer_says_what_it_saw() -> None:
    talk = Talk()
    talk.user("What is it?")
    name = talk.ask().response_id
    talk.hear(name, SeenStep(done("").saw))
    talk.words(name, "A red")
    response = talk.say({"type": "response.cancel"})[-1]["response"]
    assert (response["askcam"]["answer_id"], response["usage"]) == ("ans_1", None)
    talk.hear(name, SeenStep(done("").saw))  # too late: no effect


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
    error = Unavailable("camera 'lobby' is lost: no route", code="camera_unavailable")
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
    talk.words(name, "A r")
    events = talk.take(talk.session.failed(name, Internal("it failed", code="engine_failure")))
    assert types(events)[0] == "error"
    assert events[-1]["response"]["output"][0]["content"][0]["text"] == "A r"
    assert events[-1]["response"]["status"] == "failed"


def test_an_answer_cut_at_its_limit_is_incomplete() -> None:
    talk = Talk()
    talk.user("What is it?")
    events = talk.hear(talk.ask().response_id, done("A red", Reason.LENGTH))
    assert events[-1]["response"]["status"] == "incomplete"
    assert events[-1]["response"]["status_details"]["reason"] == "max_output_tokens"


def test_an_empty_answer_has_an_item_all_the_same() -> None:
    talk = Talk()
    talk.user("What is it?")
    events = talk.hear(talk.ask().response_id, done(""))
    assert events[-1]["response"]["output"][0]["content"] == [{"type": "output_text", "text": ""}]


def test_a_turn_deleted_while_it_is_spoken_stays_deleted() -> None:
    talk = Talk()
    talk.user("What is it?")
    name = talk.ask().response_id
    added = talk.words(name, "A red")
    item_id = added[0]["item"]["id"]
    talk.say({"type": "conversation.item.delete", "item_id": item_id})
    events = talk.hear(name, done("A red cup."))
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


def test_evidence_is_left_out_for_a_session_or_for_one_answer() -> None:
    talk = Talk()
    talk.user("what is there?")
    assert talk.ask(conversation="none").settings.evidence
    assert not talk.ask(conversation="none", askcam={"evidence": False}).settings.evidence
    (updated,) = talk.say({"type": "session.update", "session": {"askcam": {"evidence": False}}})
    assert updated["session"]["askcam"]["evidence"] is False
    assert not talk.ask(conversation="none").settings.evidence
    assert not talk.ask(conversation="none", askcam={"max_age_ms": 500}).settings.evidence
    assert talk.ask(conversation="none", askcam={"evidence": True}).settings.evidence
    talk.say({"type": "session.update", "session": {"askcam": None}})
    assert talk.ask(conversation="none").settings.evidence


def system(talk: Talk, text: str) -> None:
    content = [{"type": "input_text", "text": text}]
    talk.say({"type": "conversation.item.create", "item": {"type": "message", "role": "system", "content": content}})


def assistant(talk: Talk, text: str, kind: str = "output_text") -> None:
    part = {"type": kind, "text": text} if kind != "output_audio" else {"type": kind, "transcript": text}
    item = {"type": "message", "role": "assistant", "content": [part]}
    talk.say({"type": "conversation.item.create", "item": item})


def test_instructions_after_an_answered_turn_are_what_is_asked() -> None:
    talk = Talk()
    talk.say({"type": "session.update", "session": {"instructions": "Be brief."}})
    talk.user("What is it?")
    talk.hear(talk.ask().response_id, done("A cup."))
    start = talk.ask(instructions="Say goodbye.")
    asked = [(Role.USER, "What is it?"), (Role.ASSISTANT, "A cup."), (Role.USER, "Say goodbye.")]
    assert (start.instructions, talk.texts()) == ("Be brief.", asked)


def test_instructions_beside_an_open_question_are_the_system_s() -> None:
    talk = Talk()
    talk.user("What is it?")
    start = talk.ask(instructions="Be brief.")
    assert (start.instructions, talk.texts()) == ("Be brief.", [(Role.USER, "What is it?")])


@pytest.mark.parametrize("kind", ["output_text", "text", "output_audio"])
def test_what_is_answered_already_is_answered_anew(kind: str) -> None:
    talk = Talk()
    talk.user("What is it?")
    assistant(talk, "A cup.", kind)
    talk.ask()
    assert talk.texts() == [(Role.USER, "What is it?")]


def test_a_system_s_words_after_an_answered_turn_are_what_is_asked() -> None:
    talk = Talk()
    talk.user("What is it?")
    talk.hear(talk.ask().response_id, done("A cup."))
    system(talk, "Ask what the user wants.")
    talk.ask()
    assert talk.texts()[-1] == (Role.USER, "Ask what the user wants.")


def test_a_system_s_words_behind_a_question_stand_before_it() -> None:
    talk = Talk()
    talk.user("What is it?")
    system(talk, "Be brief.")
    talk.ask()
    assert talk.texts() == [(Role.SYSTEM, "Be brief."), (Role.USER, "What is it?")]


def test_a_system_s_words_alone_are_what_is_asked() -> None:
    talk = Talk()
    system(talk, "Describe it.")
    talk.ask()
    assert talk.texts() == [(Role.USER, "Describe it.")]


@pytest.mark.parametrize("asked", ["nothing", "greeting", "empty", "blank", "instructions", "empty after an answer"])
def test_without_a_question_nothing_is_asked(asked: str) -> None:
    talk = Talk()
    message: dict[str, Any] = {"type": "response.create", "event_id": "e9"}
    match asked:
        case "greeting":
            assistant(talk, "Hello! What would you like to know?")
        case "empty":
            talk.user("")
        case "blank":
            talk.user(" \n\u200b")
        case "instructions":
            talk.say({"type": "session.update", "session": {"instructions": "You are a camera."}})
            message["response"] = {"instructions": "  "}
        case "empty after an answer":
            talk.user("What is it?")
            talk.hear(talk.ask().response_id, done("A cup."))
            talk.user("")
    error = only_error(talk.say(message))
    assert (error["code"], error["event_id"]) == ("nothing_asked", "e9")


def test_old_names_of_a_session_are_taken_and_named_as_they_came() -> None:
    talk = Talk()
    old = {"modalities": ["text"], "max_response_output_tokens": 7.0, "turn_detection": None, "voice": "alloy"}
    (updated,) = talk.say({"type": "session.update", "session": old})
    assert (updated["session"]["max_output_tokens"], updated["session"]["output_modalities"]) == (7, ["text"])
    for name, value in (("modalities", ["audio", "text"]), ("max_response_output_tokens", 0)):
        error = only_error(talk.say({"type": "session.update", "session": {name: value}}))
        assert error["param"] == f"session.{name}"


@pytest.mark.parametrize(
    ("told", "own", "param"),
    [
        ("tool_choice", {}, "session.tool_choice"),
        ("tool_choice", {"tool_choice": "required"}, "response.tool_choice"),
        ("tools", {"tools": []}, "response.tools"),
        ("max_tokens", {}, "session.max_output_tokens"),
        ("askcam.tools", {"askcam": {"tools": ["x"]}}, "response.askcam.tools"),
        ("messages", {}, "response.input"),
        (None, {}, None),
    ],
)
def test_what_is_refused_later_names_the_session_s_or_the_response_s_field(
    told: str | None, own: dict[str, Any], param: str | None
) -> None:
    talk = Talk()
    talk.user("What is it?")
    name = talk.ask(**own).response_id
    refused = Invalid("it cannot be", param=told)
    error = talk.take(talk.session.failed(name, refused))[0]["error"]
    assert error["param"] == param
