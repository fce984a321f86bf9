"""A scene that changes while a realtime answer is given."""

from typing import Any

import pytest
from support.realtime_talk import Talk, done, types

from askcam.engine.question import Reason, Role
from askcam.server.openai.realtime.effects import Start
from askcam.server.steps import Changed

CHANGED = Changed("lobby", "2026-03-01T10:15:07.000000Z", 0.4)


def talk_about(**own: Any) -> Talk:
    talk = Talk()
    talk.say({"type": "session.update", "session": {"askcam": own}})
    talk.user("What is it?")
    return talk


def test_a_change_is_told_to_sessions_that_asked() -> None:
    talk = talk_about(events=["scene.changed"])
    start = talk.ask()
    assert start.settings.on_change == "tell"
    (event,) = talk.hear(start.response_id, CHANGED)
    assert (event["type"], event["response_id"], event["camera"]) == ("scene.changed", start.response_id, "lobby")
    assert (event["changed_at"], event["share"]) == (CHANGED.changed_at, 0.4)


def test_a_change_is_not_told_to_others() -> None:
    talk = talk_about()
    start = talk.ask()
    assert start.settings.on_change is None
    assert talk.hear(start.response_id, CHANGED) == []


def test_the_same_question_is_answered_again_once() -> None:
    talk = talk_about(on_scene_change="answer_again")
    first = talk.ask(metadata={"turn": "1"})
    talk.words(first.response_id, "A cup.")
    talk.hear(first.response_id, CHANGED)
    events = talk.hear(first.response_id, done("A cup."))
    assert types(events)[-2:] == ["response.done", "response.created"]
    created = events[-1]["response"]
    assert created["askcam"] == {"answers_again": first.response_id}
    assert created["metadata"] == {"turn": "1"}
    again = talk.start
    assert again.response_id == created["id"]
    assert (again.items, again.settings) == (first.items, first.settings)
    talk.words(again.response_id, "A dog.")
    talk.hear(again.response_id, CHANGED)
    events = talk.hear(again.response_id, done("A dog."))
    assert types(events)[-1] == "response.done"  # and not a third time
    assert events[-1]["response"]["askcam"]["answers_again"] == first.response_id
    assert events[-1]["response"]["askcam"]["camera"] == "lobby"
    talk.user("And now?")
    talk.ask()
    said = [text for role, text in talk.texts() if role is Role.ASSISTANT]
    assert said == ["A dog."]  # the answer that was overtaken is in no later prompt


@pytest.mark.parametrize("own", [{"on_scene_change": "tell"}, {}])
def test_it_is_not_answered_again_unasked(own: dict[str, Any]) -> None:
    talk = talk_about(**own)
    name = talk.ask().response_id
    talk.hear(name, CHANGED)
    assert types(talk.hear(name, done("A cup.")))[-1] == "response.done"


def test_a_cancelled_answer_is_not_given_again() -> None:
    talk = talk_about(on_scene_change="answer_again")
    name = talk.ask().response_id
    talk.hear(name, CHANGED)
    talk.say({"type": "response.cancel"})
    assert sum(isinstance(effect, Start) for effect in talk.effects) == 1
    name = talk.ask().response_id
    talk.hear(name, CHANGED)
    talk.hear(name, done("A cup", Reason.CANCELLED))
    assert sum(isinstance(effect, Start) for effect in talk.effects) == 2
