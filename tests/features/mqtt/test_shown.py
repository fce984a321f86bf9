"""What is said of cameras and watches, by hand-made moments: nothing old is ever said as if it were now."""

import json
import re
from typing import Any

import pytest

from askcam.client.watches import WatchInfo, WatchNow
from askcam.features.mqtt.discovery import camera_config, watch_configs
from askcam.features.mqtt.shown import FRESH, ShownEvent, WatchFacts, camera_fact, watch_facts
from askcam.features.mqtt.topics import Topics, level
from askcam.server.wire.moments import rfc3339

WALL = 1_760_000_000.0
TOPICS = Topics("askcam", "homeassistant")
# home-assistant.io/integrations/mqtt/#discovery-payload and the pages of binary_sensor.mqtt, sensor.mqtt and
# image.mqtt: the fields that are documented there, of those that have no default that would be wrong here.
SHARED = {
    "availability", "availability_mode", "device", "entity_category", "json_attributes_topic", "name", "origin", "qos",
    "unique_id",
}  # fmt: skip
FIELDS = {
    "binary_sensor": SHARED | {"device_class", "state_topic", "value_template"},
    "sensor": SHARED | {"state_class", "state_topic"},
    "image": SHARED | {"content_type", "image_topic"},
}
NEEDED = {"binary_sensor": {"state_topic"}, "sensor": {"state_topic"}, "image": {"image_topic"}}
DEVICE = {"identifiers", "name", "manufacturer", "model"}
CONFIG = re.compile(r"homeassistant/(\w+)/([a-zA-Z0-9_-]+)/config")  # as Home Assistant takes it apart


def watch(**more: Any) -> WatchInfo:
    said = {
        "name": "parcel", "origin": "file", "question": "Is there a parcel?", "cameras": ["door"], "kind": "yesno",
        "choices": [], "on_when": [], "every_s": 2.0, "window_s": 2.0, "on": 0.7, "off": 0.4, "for_s": 1.0,
        "cooldown_s": 0.0, "quiet": [], "time_zone": "UTC", "severity": "info", "only_when_healthy": True,
        "enabled": True, "now": [],
    }  # fmt: skip
    return WatchInfo(**(said | more))


def now(state: Any = "on", age_s: float = 1.0, trouble: str | None = None, answer: str | None = "yes") -> WatchNow:
    return WatchNow("door", state, 0.9, answer, rfc3339(WALL - age_s), trouble)


def facts(info: WatchInfo, how: WatchNow, live: bool = True) -> WatchFacts:
    shown = ShownEvent(7, "2025-10-09T08:53:20Z", "https://cams.example/clips/7.mp4")
    return watch_facts(TOPICS, info, how, live, shown, WALL)


def test_the_newest_events_clip_can_be_had_without_a_token() -> None:
    told = [json.loads(fact.payload) for fact in facts(watch(), now()).values if fact.payload.startswith(b"{")]
    assert [each["clip_url"] for each in told] == ["https://cams.example/clips/7.mp4"]


@pytest.mark.parametrize(("state", "value"), [("on", b"ON"), ("falling", b"ON"), ("off", b"OFF"), ("rising", b"OFF")])
def test_a_watch_with_a_fresh_reading_has_its_state_and_then_is_available(state: str, value: bytes) -> None:
    found = facts(watch(), now(state))
    assert not found.before
    assert [(fact.topic.rpartition("/")[2], fact.payload) for fact in found.after] == [("availability", b"online")]
    assert found.values[0].payload == value
    said = json.loads(found.values[1].payload)
    assert (said["probability"], said["event"], said["age_ms"], said["trouble"]) == (0.9, 7, 1000, None)


@pytest.mark.parametrize(
    ("how", "live", "why"),
    [
        (now("unknown"), True, "nothing has been read"),
        (now(age_s=FRESH * 4.0 + 1), True, "older than 16 s"),
        (now(trouble="the picture is dark"), True, "the picture is dark"),
        (now(), False, "the camera is not live"),
        (WatchNow("door", "on", 0.9, "yes", None, None), True, "nothing has been read"),
    ],
)
def test_what_is_in_doubt_is_unavailable_first_and_has_no_state(how: WatchNow, live: bool, why: str) -> None:
    found = facts(watch(every_s=4.0), how, live)
    assert [(fact.topic.rpartition("/")[2], fact.payload) for fact in found.before] == [("availability", b"offline")]
    assert not found.after
    assert found.values[0].payload == b""
    said = json.loads(found.values[1].payload)
    assert (said["available"], said["probability"], said["answer"], said["state"]) == (False, None, None, None)
    assert why in said["trouble"]


def test_a_reading_is_fresh_until_the_very_bound() -> None:
    assert facts(watch(every_s=4.0), now(age_s=FRESH * 4.0)).after
    assert not facts(watch(every_s=4.0), now(age_s=FRESH * 4.0 + 0.01)).after


def test_a_long_text_is_cut_where_home_assistant_takes_no_more() -> None:
    found = facts(watch(kind="text"), now("settled", answer="x" * 9000))
    assert (len(found.values[0].payload), len(json.loads(found.values[1].payload)["answer"])) == (255, 4000)


def test_a_camera_without_its_model_is_not_said_to_be_live() -> None:
    said = json.loads(camera_fact(TOPICS, "door", None, WALL).payload)
    assert (said["state"], said["age_ms"], said["reason"]) == ("connecting", None, "its model is not there yet")


@pytest.mark.parametrize("kind", ["yesno", "choice", "number", "text"])
def test_discovery_says_what_is_documented_and_nothing_else(kind: Any) -> None:
    configs = [camera_config(TOPICS, "door"), *watch_configs(TOPICS, watch(kind=kind).name, kind, "door")]
    ids, devices = [], []
    for topic, payload in configs:
        match, said = CONFIG.fullmatch(topic), json.loads(payload)
        assert match is not None
        assert said.keys() <= FIELDS[match[1]]
        assert said.keys() >= NEEDED[match[1]] | {"unique_id", "device", "origin", "name", "availability"}
        assert said["device"].keys() <= DEVICE
        assert said["origin"].keys() <= {"name", "sw_version", "support_url"}
        assert all(each.keys() == {"topic"} for each in said["availability"])
        ids.append(said["unique_id"])
        devices.append(said["device"])
    assert len(set(ids)) == 3
    assert devices[0] == devices[1] == devices[2]
    answer = json.loads(configs[1][1])
    assert configs[1][0].split("/")[1] == ("binary_sensor" if kind == "yesno" else "sensor")
    assert answer["availability_mode"] == "all"
    assert [each["topic"] for each in answer["availability"]] == [
        "askcam/status", "askcam/watch/parcel/door/availability",
    ]  # fmt: skip


ODD = ["a+b", "a#b", "a/b", "a b", "a\0b", "包裹", "", "x" * 65, "y" * 500, "a-b", "a--0123456789ab"]


def test_names_become_levels_of_their_own_whatever_they_have_in_them() -> None:
    assert level("door-2_b") == "door-2_b"
    found = [level(name) for name in ODD]
    assert len(set(found)) == len(ODD)
    assert all(re.fullmatch("[A-Za-z0-9_-]{1,64}", each) for each in found)
    assert level(level("a+b")) != level("a+b")  # which somebody may be called, too
    ids = [TOPICS.object_id("watch", *pair) for pair in (("a_b", "c"), ("a", "b_c"), ("a", "b"), ("a-b", "c"))]
    assert len(set(ids)) == 4
    assert Topics("other", "").object_id("camera", "a") != TOPICS.object_id("camera", "a")


@pytest.mark.parametrize(("number", "topic"), [("a-1", "askcam/answer/a-1"), (None, "askcam/answer")])
def test_answers_have_their_own_topic_where_the_id_can_stand_in_one(number: str | None, topic: str) -> None:
    assert TOPICS.answer(number) == topic
    assert TOPICS.answer("a/#") == "askcam/answer"
