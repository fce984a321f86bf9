"""What a session makes of a client's wishes about watches. Pure."""

from typing import Any

import pytest
from support.realtime_talk import Talk

from askcam.features.watches.realtime import WatchExtension
from askcam.features.watches.requests import Verb
from askcam.server.openai.realtime.effects import Follow, Manage, Unfollow


class WatchesTalk(Talk):
    def __init__(self) -> None:
        super().__init__(extensions=[WatchExtension(None, None)])  # nothing is carried out


DOOR = {"name": "door", "question": "Is the door open?"}


def update(**askcam: Any) -> dict[str, Any]:
    return {"type": "session.update", "session": {"askcam": askcam}}


def wanted(talk: WatchesTalk) -> list[Any]:
    return [effect for effect in talk.effects if isinstance(effect, Follow | Unfollow)]


def test_what_a_client_wants_of_watches_is_read_whole() -> None:
    talk = WatchesTalk()
    talk.say({"type": "watch.create", "event_id": "e1", "watch": DOOR | {"every_s": 5}})
    talk.say({"type": "watch.update", "name": "door", "watch": {"on": 0.9, "quiet": []}})
    talk.say({"type": "watch.delete", "name": "door"})
    talk.say({"type": "watch.list"})
    made, changed, removed, listed = [each.request for each in talk.effects if isinstance(each, Manage)]
    assert (made.verb, made.name, made.event_id, made.body["every_s"], made.body["cameras"]) == (
        Verb.CREATE,
        "door",
        "e1",
        5,
        [],
    )
    assert "name" not in made.body
    assert (changed.verb, changed.name, changed.body) == (Verb.UPDATE, "door", {"on": 0.9, "quiet": []})
    assert (removed.verb, removed.name) == (Verb.DELETE, "door")
    assert listed.verb is Verb.LIST


@pytest.mark.parametrize(
    ("event", "param"),
    [
        ({"type": "watch.create"}, "watch"),
        ({"type": "watch.create", "watch": 7}, "watch"),
        ({"type": "watch.create", "watch": {"name": "door"}}, "watch"),
        ({"type": "watch.create", "watch": DOOR | {"evry_s": 1}}, "watch"),
        ({"type": "watch.create", "watch": DOOR | {"every_s": "often"}}, "watch.every_s"),
        ({"type": "watch.create", "watch": DOOR | {"cameras": [7]}}, "watch.cameras"),
        ({"type": "watch.create", "watch": DOOR | {"kind": "smell"}}, "watch.kind"),
        ({"type": "watch.update", "watch": {"on": 0.5}}, "name"),
        ({"type": "watch.update", "name": "door", "watch": {"on": 7}}, "watch.on"),
        ({"type": "watch.delete"}, "name"),
        ({"type": "watch.delete", "name": "x" * 65}, "name"),
        (update(events=["watch.evnt"]), "session.askcam.events"),
        (update(events_after=-1), "session.askcam.events_after"),
        (update(events_after="7"), "session.askcam"),
        ({"type": "response.create", "response": {"askcam": {"events_after": 7}}}, "response.askcam.events_after"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(event: dict[str, Any], param: str) -> None:
    talk = WatchesTalk()
    (told,) = talk.say(event | {"event_id": "e7"})
    error = told["error"]
    assert (error["type"], error["param"], error["event_id"]) == ("invalid_request_error", param, "e7"), error
    assert not [each for each in talk.effects if isinstance(each, Manage | Follow)]


def test_events_are_followed_as_long_as_they_are_wanted() -> None:
    talk = WatchesTalk()
    talk.say(update(events=["camera.state"]))
    assert wanted(talk) == []
    talk.say(update(events=["watch.*", "camera.state"]))
    assert wanted(talk) == [Follow(None)]
    talk.say(update(events=["watch.event"]))  # it has them already
    assert wanted(talk) == [Follow(None)]
    talk.say(update(events_after=7))
    (updated,) = talk.say(update(events=[]))
    assert wanted(talk) == [Follow(None), Follow(7), Unfollow()]
    assert updated["session"]["askcam"]["events_after"] == 7
    talk.say({"type": "session.update", "session": {"askcam": None}})
    talk.say(update(events=["watch.event"]))
    assert wanted(talk)[-1] == Follow(None)
