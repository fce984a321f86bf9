"""How a conversation becomes a prompt: what is left out of a long one, and where times stand."""

from datetime import UTC
from typing import Any

import pytest
from support.realtime_talk import Talk, done, only_error

from askcam.engine.question import Role, Text
from askcam.server.openai.realtime.call_items import CallItem, FunctionOutput, Turn
from askcam.server.openai.realtime.items import Item, SaidItem
from askcam.server.openai.realtime.prompt import messages
from askcam.server.openai.realtime.truncation import Rule, Trimmed, tokens


def user(name: str, text: str = "x" * 10) -> Item:
    return Item(name, Role.USER, (SaidItem(text),))


def said(name: str, text: str = "x" * 10) -> Item:
    return Item(name, Role.ASSISTANT, (SaidItem(text),))


def ids(turns: tuple[Turn, ...]) -> list[str]:
    return [turn.id for turn in turns]


def turns(number: int) -> list[Turn]:
    """So many questions of 10 characters, each with its answer of 10."""
    return [turn for i in range(number) for turn in (user(f"u{i}"), said(f"a{i}"))]


def test_a_ratio_drops_many_at_once_so_that_the_beginning_stays() -> None:
    trimmed, rule = Trimmed(), Rule(100, 0.5)
    assert ids(trimmed.prompt([*turns(4), user("now")], rule))[0] == "u0"  # 90
    assert ids(trimmed.prompt([*turns(5), user("now")], rule))[0] == "u3"  # 110: down to 50
    assert ids(trimmed.prompt([*turns(6), user("now")], rule))[0] == "u3"  # 70
    assert ids(trimmed.prompt([*turns(7), user("now")], rule))[0] == "u3"  # 90
    assert ids(trimmed.prompt([*turns(8), user("now")], rule))[0] == "u6"  # 110


def test_the_first_turn_that_is_left_is_a_user_s() -> None:
    long: list[Turn] = [user("u0", "x" * 60), said("a0", "x" * 5), user("u1", "x" * 5), said("a1", "x" * 20)]
    assert ids(Trimmed().prompt([*long, user("now")], Rule(60)))[0] == "u1"  # a0 would fit, but the window goes first


def test_the_question_and_the_system_stay_whatever_their_length() -> None:
    system = Item("s", Role.SYSTEM, (SaidItem("y" * 500),))
    kept = Trimmed().prompt([system, *turns(3), user("now", "x" * 500), said("so far")], Rule(100))
    assert ids(kept) == ["s", "now", "so far"]


def test_turns_that_were_left_out_and_deleted_are_forgotten() -> None:
    trimmed = Trimmed()
    trimmed.prompt([*turns(9), user("now")], Rule(20))
    assert trimmed._out
    trimmed.prompt([user("now")], Rule(20))
    assert not trimmed._out


@pytest.mark.parametrize(("text", "least", "most"), [("word " * 30, 30, 80), ("这是什么？" * 10, 50, 60)])
def test_tokens_are_estimated_on_the_high_side(text: str, least: int, most: int) -> None:
    assert least <= tokens(user("u", text)) <= most


def truncated(talk: Talk, **truncation: Any) -> list[dict[str, Any]]:
    return talk.say({"type": "session.update", "session": {"truncation": {"type": "retention_ratio", **truncation}}})


def test_a_session_is_cut_by_its_ratio_and_its_limit_of_tokens() -> None:
    talk = Talk()
    (updated,) = truncated(talk, retention_ratio=0.5, token_limits={"post_instructions": 100})
    assert updated["session"]["truncation"]["token_limits"] == {"post_instructions": 100}
    for i in range(6):
        talk.user(f"{i}" * 45)  # 20 tokens
    talk.ask(conversation="none")
    assert [text[0] for _, text in talk.texts()] == ["4", "5"]


@pytest.mark.parametrize(
    ("truncation", "param"),
    [
        ({}, "session.truncation.retention_ratio"),
        ({"retention_ratio": 2}, "session.truncation.retention_ratio"),
        ({"retention_ratio": 0.5, "token_limits": 5}, "session.truncation.token_limits"),
        (
            {"retention_ratio": 0.5, "token_limits": {"post_instructions": 0}},
            "session.truncation.token_limits.post_instructions",
        ),
        ({"retention_ratio": 0.5, "type": "oldest"}, "session.truncation.type"),
    ],
)
def test_a_wrong_truncation_is_refused_by_its_field(truncation: dict[str, Any], param: str) -> None:
    assert only_error(truncated(Talk(), **truncation))["param"] == param


def test_earlier_questions_say_when_their_answers_were_seen() -> None:
    talk = Talk()
    talk.user("What is it?")
    name = talk.ask().response_id
    talk.words(name, "A cup.")
    talk.hear(name, done("A cup."))
    talk.user("And now?")
    items = talk.ask().items
    _, first, answer, now = messages("Be brief.", items, times=True, zone=UTC)
    assert first.parts == (Text("What is it?"), Text(" (asked at 10:00:04)"))
    assert (answer.parts, now.parts) == ((Text("A cup."),), (Text("And now?"),))
    assert messages("Be brief.", items)[1].parts == (Text("What is it?"),)


def test_times_of_turns_are_a_setting() -> None:
    talk = Talk()
    talk.say({"type": "session.update", "session": {"askcam": {"turn_times": True}}})
    talk.user("What is it?")
    assert talk.ask(conversation="none").settings.turn_times is True
    assert talk.ask(conversation="none", askcam={"turn_times": False}).settings.turn_times is False


def test_a_conversation_that_the_assistant_begins_has_the_window_before_it() -> None:
    system, first, greeting, question = messages("Be brief.", (said("hello"), user("u")))
    assert (system.role, first.role, greeting.role) == (Role.SYSTEM, Role.USER, Role.ASSISTANT)
    assert (first.parts, question.parts) == ((Text(""),), (Text("x" * 10),))


def test_an_output_whose_call_was_left_out_is_left_out_too() -> None:
    output = FunctionOutput("o", "c1", "4")
    assert [m.role for m in messages("", (output, user("u")))] == [Role.USER]
    call = CallItem("f", "c1", "lookup", "{}")
    assert [m.role for m in messages("", (user("u"), call, output))] == [Role.USER, Role.ASSISTANT, Role.TOOL]
