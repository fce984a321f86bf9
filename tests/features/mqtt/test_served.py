"""A real `askcam serve` at a real broker: what Home Assistant finds, hears and asks there."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from support.mqtt import MqttListener
from support.servers.askcam_server import LiveServer, live_server
from support.servers.running import MJPEGServer, RunningBroker
from support.shown import FILE, QUESTION, SCENE
from support.waiting import until

WAIT_S = 120.0
CONFIG = """
[server]
token = "viewers-token"
admin_token = "admins-token"

[watching]
folder = "kept"

[mqtt]
url = "mqtt://askcam@127.0.0.1:{port}"
client_id = "askcam-under-test"
ask = true
judge = true

[cameras.gate]
uri = "{camera}"
fps = 4.0

[watches.engine]
question = "{question}"
cameras = ["gate"]
every_s = 0.5
for_s = 0.5
"""
PLACE = "askcam/watch/engine/gate"
ENV = {"ASKCAM_MQTT_PASSWORD": "right-password"}


@dataclass(slots=True)
class House:
    server: LiveServer
    broker: RunningBroker
    camera: MJPEGServer
    thing: Path
    config: Path

    def admin(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"Authorization": "Bearer admins-token"}
        return httpx.request(method, self.server.url + path, headers=headers, timeout=60, **more)

    def metric(self, name: str) -> float:
        """Of all its series together."""
        lines = self.admin("GET", "/metrics").text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))

    @property
    def log(self) -> str:
        return "".join(self.server.log)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("mqtt")
    thing, config = folder / "shown", folder / "askcam.toml"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FILE, str(thing))
        with RunningBroker() as broker, MJPEGServer(SCENE) as camera:
            config.write_text(CONFIG.format(port=broker.port, camera=camera.url, question=QUESTION))
            with live_server("--config", str(config), env=ENV) as server:
                yield House(server, broker, camera, thing, config)


def test_a_watch_is_discovered_and_shows_whether_something_is_there(house: House) -> None:
    with MqttListener(house.broker) as heard:
        heard.comes("askcam/status", b"online")
        heard.comes(f"{PLACE}/availability", b"online")
        heard.comes(f"{PLACE}/state", b"OFF")
        house.thing.touch()
        heard.comes(f"{PLACE}/state", b"ON")
        until(lambda: heard.all("askcam/event"), "the event", WAIT_S)
        event = heard.json("askcam/event")
        assert (event["kind"], event["watch"], event["camera"]) == ("on", "engine", "gate")
        until(lambda: heard.json(f"{PLACE}/attributes").get("event") == event["id"], "its number", WAIT_S)
        said = heard.json(f"{PLACE}/attributes")
        assert (said["available"], said["trouble"], said["question"]) == (True, None, QUESTION)
        assert said["probability"] > 0.5
        assert 0 <= said["age_ms"] < 60_000
        url = f"/v1/events/{event['id']}/frame.jpg"
        heard.comes(f"{PLACE}/picture", house.admin("GET", url).content)
        assert cv2.imdecode(np.frombuffer(heard.now(f"{PLACE}/picture") or b"", np.uint8), 1) is not None
        camera = heard.json("askcam/camera/gate/state")
        assert (camera["state"], camera["reason"], camera["health"]) == ("live", None, [])
        house.thing.unlink()
        heard.comes(f"{PLACE}/state", b"OFF")
        retained = {topic for topic, _, retained in heard.heard if retained}
        assert "askcam/event" not in retained
        components = {topic.split("/")[1] for topic in heard.topics() if topic.startswith("homeassistant/")}
        assert components == {"binary_sensor", "image", "button"}
        assert "right-password" not in house.log
        assert house.metric("askcam_mqtt_connected") == 1


def test_the_newest_event_is_called_wrong_by_home_assistants_button(house: House) -> None:
    with MqttListener(house.broker) as heard:
        heard.comes(f"{PLACE}/availability", b"online")
        (config,) = (topic for topic in heard.topics() if topic.startswith("homeassistant/button/"))
        button = heard.json(config)
        assert (button["command_topic"], button["payload_press"]) == (f"{PLACE}/wrong", "PRESS")
        listed = house.admin("GET", "/v1/events", params={"watch": "engine"}).json()["data"]
        newest = next(each for each in listed if each["kind"] == "on")

        def verdict(event: int) -> Any:
            return house.admin("GET", f"/v1/events/{event}").json()["verdict"]

        dropped = house.metric('askcam_mqtt_judged_total{outcome="dropped"}')
        for topic, payload in (
            (f"{PLACE}/wrong", b"press"), (f"{PLACE}/wrong", b""), (f"{PLACE}/wrong", b"x" * 10**6),
            ("askcam/watch/engine/attic/wrong", b"PRESS"), ("askcam/watch/nobody/gate/wrong", b"PRESS"),
        ):  # fmt: skip
            heard.publish(topic, payload)
        until(lambda: house.metric('askcam_mqtt_judged_total{outcome="dropped"}') == dropped + 5, "all dropped", WAIT_S)
        assert verdict(newest["id"]) is None
        heard.publish(f"{PLACE}/wrong", b"PRESS")
        until(lambda: verdict(newest["id"]) == "wrong", "the verdict", WAIT_S)
        assert house.metric('askcam_mqtt_judged_total{outcome="judged"}') == 1
        assert [each for each in listed if each["id"] != newest["id"] and verdict(each["id"]) is not None] == []
        for _ in range(100):
            heard._client.publish(f"{PLACE}/wrong", b"PRESS", 1)
        until(lambda: house.metric('askcam_mqtt_judged_total{outcome="dropped"}') > dropped + 5, "too many", WAIT_S)


def test_a_camera_that_is_lost_makes_its_watches_unavailable_and_leaves_no_state(house: House) -> None:
    with MqttListener(house.broker) as heard:
        heard.comes(f"{PLACE}/availability", b"online")
        house.camera.kill()
        heard.comes(f"{PLACE}/availability", b"offline")
        heard.comes(f"{PLACE}/state", b"")
        until(lambda: heard.json("askcam/camera/gate/state")["state"] != "live", "not live", WAIT_S)
        order = [topic for topic, _, retained in heard.heard if not retained and topic.startswith(PLACE)]
        assert order.index(f"{PLACE}/availability") < order.index(f"{PLACE}/state")
        until(lambda: heard.json(f"{PLACE}/attributes")["trouble"], "why", WAIT_S)
        assert heard.json(f"{PLACE}/attributes")["probability"] is None
        house.camera.start()
        heard.comes(f"{PLACE}/availability", b"online")
        heard.comes(f"{PLACE}/state", b"OFF")


def test_questions_are_answered_and_what_cannot_be_is_refused_by_its_kind(house: House) -> None:
    with MqttListener(house.broker) as heard:
        heard.comes(f"{PLACE}/availability", b"online")

        def ask(number: str, **body: Any) -> Any:
            heard.publish("askcam/ask", {"id": number, **body})
            where = f"askcam/answer/{number}"
            until(lambda: heard.all(where), f"an answer to {number}", WAIT_S)
            return heard.json(where)

        said = ask("one", camera="gate", question="What do you see?")
        assert said["id"] == "one"
        assert said["answer"]
        assert (said["askcam"]["camera"], said["askcam"]["window"]["frames"] > 0) == ("gate", True)
        for number, body, code, param in (
            ("nowhere", {"camera": "attic", "question": "What?"}, "model_not_found", "camera"),
            ("model", {"camera": "askcam", "question": "What?"}, "model_not_found", "camera"),
            ("private", {"camera": "push-1", "question": "What?"}, "model_not_found", "camera"),
            ("empty", {"camera": "gate", "question": " "}, "invalid_value", "question"),
            ("odd", {"camera": "gate", "question": 7}, "invalid_value", None),
            ("old", {"camera": "gate", "question": "What?", "max_age_ms": 0.001}, "stale_camera", None),
        ):
            error = ask(number, **body)["error"]
            assert (error["code"], error["param"] if param else None) == (code, param), number
        heard.publish("askcam/ask", {"camera": "gate", "question": "What do you see?"})
        until(lambda: heard.json("askcam/answer").get("answer"), "one without id", WAIT_S)
        heard.publish("askcam/ask", {"id": "a/#", "camera": "gate", "question": "What do you see?"})
        until(lambda: heard.json("askcam/answer").get("id") == "a/#", "one with an id that is no level", WAIT_S)
        heard.publish("askcam/ask", b"\xff not json")
        until(lambda: heard.json("askcam/answer").get("error"), "what makes no sense", WAIT_S)
        heard.publish("askcam/ask", {"id": "kept", "camera": "gate", "question": "What?"}, retain=True)
        heard.publish("askcam/ask", b"", retain=True)
        assert ask("after", camera="gate", question="What do you see?")["answer"]


def test_a_flood_and_huge_messages_are_answered_within_bounds(house: House) -> None:
    with MqttListener(house.broker) as heard:
        heard.comes(f"{PLACE}/availability", b"online")
        heard.publish("askcam/ask", b'{"id": "huge", "x": "' + b"x" * (4 << 20) + b'"}')
        until(lambda: heard.json("askcam/answer").get("error", {}).get("code") == "request_too_large", "no", WAIT_S)
        before = house.metric("askcam_mqtt_asked_total")
        for number in range(300):
            said = {"id": f"flood-{number}", "camera": "gate", "question": "What do you see?"}
            heard._client.publish("askcam/ask", json.dumps(said), 1)
        until(lambda: any("flood" in topic for topic in heard.topics()), "some of them", WAIT_S)

        def codes() -> set[str]:
            found = [heard.json(topic) for topic in heard.topics() if topic.startswith("askcam/answer/flood")]
            return {each.get("error", {}).get("code") for each in found}

        until(lambda: codes() & {"busy", "rate_limit_exceeded"}, "a refusal", WAIT_S)
        assert house.metric("askcam_mqtt_connected") == 1
        assert house.metric("askcam_mqtt_asked_total") > before
        heard.comes(f"{PLACE}/availability", b"online")
        assert house.admin("GET", "/v1/cameras").status_code == 200


def test_a_late_last_will_and_a_birth_message_have_all_said_again(house: House) -> None:
    with MqttListener(house.broker) as heard:
        heard.comes("askcam/status", b"online")
        heard.publish("askcam/status", b"offline", retain=True)
        heard.comes("askcam/status", b"online")
        until(lambda: heard.now(f"{PLACE}/state"), "what is retained", WAIT_S)
        heard.forget()
        heard.publish("homeassistant/status", b"online")
        until(lambda: any(topic.endswith("/config") for topic in heard.topics()), "discovery", WAIT_S)
        until(lambda: heard.now(f"{PLACE}/state"), "the state", WAIT_S)


def test_a_watch_that_is_removed_leaves_nothing_at_the_broker(house: House) -> None:
    with MqttListener(house.broker) as heard:
        heard.comes("askcam/status", b"online")
        body = {"name": "more", "question": "Is there a dog? Answer yes or no.", "cameras": ["gate"]}
        assert house.admin("POST", "/v1/watches", json=body).status_code == 201
        heard.comes("askcam/watch/more/gate/availability", b"online")
        found = {topic for topic in heard.topics() if "more" in topic}
        assert len([topic for topic in found if topic.endswith("/config")]) == 3
        assert house.admin("DELETE", "/v1/watches/more").status_code in (200, 204)
        until(lambda: not found & heard.topics(), "all of it to go", WAIT_S)
        assert f"{PLACE}/state" in heard.topics()


def test_a_broker_that_was_killed_gets_all_that_happened_meanwhile(house: House) -> None:
    with MqttListener(house.broker) as heard:
        heard.comes(f"{PLACE}/state", b"OFF")
        house.broker.kill()
        until(lambda: "it is tried again" in house.log, "a word about it", WAIT_S)
        last = house.admin("GET", "/v1/events").json()["data"][0]["id"]
        house.thing.touch()

        def state() -> Any:
            return house.admin("GET", "/v1/watches/engine").json()["now"][0]["state"]

        until(lambda: state() == "on", "on", WAIT_S)
        assert house.metric("askcam_mqtt_connected") == 0
        heard.forget()
        house.broker.start()
        heard.comes("askcam/status", b"online")
        heard.comes(f"{PLACE}/state", b"ON")
        until(lambda: [each["id"] for each in house.broker.taken if each["id"] > last] == [last + 1], "it", WAIT_S)
        until(lambda: any(topic.endswith("/config") for topic in heard.topics()), "discovery", WAIT_S)
        assert "connected to the broker" in house.log
        house.thing.unlink()
        heard.comes(f"{PLACE}/state", b"OFF")


def test_kill_nine_is_told_by_the_last_will_and_the_next_life_takes_back_what_is_no_longer_true(
    house: House,
) -> None:
    """The last: it ends the server that all share."""
    with MqttListener(house.broker) as heard:
        heard.comes(f"{PLACE}/state", b"OFF")
        old = {topic for topic in heard.topics() if topic.startswith((PLACE, "homeassistant/"))}
        house.server.process.kill()
        heard.comes("askcam/status", b"offline")
        other = house.config.read_text().replace("[watches.engine]", "[watches.other]")
        house.config.write_text(other)
        heard.forget()
        with live_server("--config", str(house.config), env=ENV) as server:
            heard.comes("askcam/status", b"online")
            order = [topic for topic, _, _ in heard.heard]
            assert order.index(f"{PLACE}/state") < order.index("askcam/status")  # what was is taken back before
            heard.comes("askcam/watch/other/gate/availability", b"online")
            emptied = {topic for topic, payload, _ in heard.heard if not payload}
            assert {f"{PLACE}/state", f"{PLACE}/availability", f"{PLACE}/attributes", f"{PLACE}/picture"} <= emptied
            assert [topic for topic in emptied & old if topic.startswith("homeassistant/")]
            server.stop()
            heard.comes("askcam/status", b"offline")
