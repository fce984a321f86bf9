"""Deliveries of a real `askcam serve`: while it runs, when it is killed in the middle, and what it says of them."""

import base64
import random
import signal
import time
from pathlib import Path
from typing import Any

import cv2
import httpx
import jsonschema
import numpy as np
import pytest
from standardwebhooks import Webhook as Verifier
from support.program import refused
from support.servers.askcam_server import live_server
from support.servers.receiver import Receiver
from support.servers.running import MJPEGServer
from support.shown import FILE, QUESTION, SCENE
from support.waiting import until
from support.watch_events import add, open_store

from askcam.features.notify.outbox import Outbox
from askcam.features.notify.service import leads_to
from askcam.features.notify.setting import NotifySetting

WAIT_S = 180.0
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

TARGETS = """
[server]
token = "viewers-token"
admin_token = "admins-token"

[watching]
folder = "kept"

[notify.house]
webhook = "{url}"
secret_env = "HOUSE_SECRET"
picture = true
"""

WATCHED = (
    TARGETS
    + """
[notify.phone]
apprise = ["json://127.0.0.1:{push}/hidden-topic"]
min_severity = "critical"
kinds = ["on"]

[cameras.gate]
uri = "{camera}"
fps = 4.0

[watches.engine]
question = "{question}"
cameras = ["gate"]
every_s = 0.5
for_s = 0.5
severity = "critical"
"""
)
NUM_EVENTS = 120


def owe(folder: Path, url: str, count: int) -> list[int]:
    """So many more events that the target "house" has not got, as a server that was killed leaves them."""
    store = open_store(folder)
    outbox, setting = Outbox(store.db), NotifySetting(webhook=url, secret=SECRET)
    outbox.open()
    outbox.target("house", leads_to(setting), 0, 0.0, time.time())
    told = [add(store, store.last_id()).id for _ in range(count)]
    store.close()
    return told


def test_a_server_that_is_killed_in_the_middle_delivers_all_in_its_next_lives(tmp_path: Path) -> None:
    """Kill -9 in four lives, each with a delivery on its way, and a receiver that fails now and then: no event is
    missing, those that came twice have the same key, and every signature holds."""
    chance = random.Random(11)
    with Receiver() as receiver:
        config = tmp_path / "askcam.toml"
        config.write_text(TARGETS.format(url=receiver.url))
        receiver.answer = lambda _: (500 if chance.random() < 0.03 else 200, {})
        told, env = [], {"HOUSE_SECRET": SECRET}
        for _ in range(4):
            told += owe(tmp_path / "kept", receiver.url, NUM_EVENTS // 4)
            wanted = len(receiver.got) + chance.randrange(3, 25)
            with live_server("--config", str(config), env=env, until="listening") as server:
                until(lambda wanted=wanted: len(receiver.got) >= wanted, "some deliveries", WAIT_S)
                receiver.slow.set()
                begun = receiver.begun
                until(lambda begun=begun: receiver.begun > begun, "one that is on its way", WAIT_S)
                server.stop(signal.SIGKILL)
            receiver.slow.clear()
        with live_server("--config", str(config), env=env, until="listening") as server:
            until(lambda: set(receiver.taken) == set(told), "all of them", WAIT_S)
            until(lambda: standing(server.url)["pending"] == 0, "nothing to wait", WAIT_S)
            assert server.stop() == 0
            assert SECRET not in "".join(server.log)
            assert "secret-path" not in "".join(server.log)
    names: dict[int, set[str]] = {}
    for got in receiver.got:
        names.setdefault(got.event, set()).add(got.name)
        Verifier(SECRET).verify(got.body, dict(got.headers))
    assert sorted(names) == told
    assert all(len(each) == 1 for each in names.values())
    assert len(set.union(*names.values())) == NUM_EVENTS
    # One at a time: each kill repeats one delivery at most, and there was one 500 or two.
    assert len(receiver.taken) <= NUM_EVENTS + 4


def standing(url: str, target: str = "house") -> dict[str, Any]:
    headers = {"Authorization": "Bearer admins-token"}
    reply = httpx.get(f"{url}/v1/deliveries", params={"target": target}, headers=headers, timeout=60)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()["data"][0]
    return found


def test_what_a_watch_tells_is_delivered_with_its_picture_over_a_receiver_that_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    thing, config = tmp_path / "shown", tmp_path / "askcam.toml"
    monkeypatch.setenv(FILE, str(thing))
    monkeypatch.setenv("HOUSE_SECRET", SECRET)
    with Receiver() as receiver, Receiver() as push, MJPEGServer(SCENE) as camera:
        config.write_text(WATCHED.format(url=receiver.url, push=push.port, camera=camera.url, question=QUESTION))
        with live_server("--config", str(config)) as server:
            admin = httpx.Client(base_url=server.url, headers={"Authorization": "Bearer admins-token"}, timeout=60)
            with admin:

                def state() -> str:
                    return str(admin.get("/v1/watches/engine").json()["now"][0]["state"])

                until(lambda: state() == "off", "off", WAIT_S)
                receiver.stop()
                thing.touch()
                until(lambda: state() == "on", "on", WAIT_S)
                until(lambda: standing(server.url)["state"] == "failing", "a try in vain", WAIT_S)
                thing.unlink()
                until(lambda: state() == "off", "off again", WAIT_S)
                receiver.start()
                until(lambda: len(receiver.got) >= 2, "both", WAIT_S)
                events = admin.get("/v1/events").json()["data"][::-1]
                assert receiver.taken == [each["id"] for each in events]
                on = Verifier(SECRET).verify(receiver.got[0].body, dict(receiver.got[0].headers))
                assert (on["type"], on["data"]["watch"], on["data"]["question"]) == ("event.on", "engine", QUESTION)
                jpeg = base64.b64decode(on["picture"]["base64"])
                assert jpeg == admin.get(on["data"]["frame_url"]).content
                assert cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) is not None
                until(lambda: len(push.got) >= 1, "the push message", WAIT_S)
                assert push.got[0].said["title"] == "engine: on (gate)"
                assert base64.b64decode(push.got[0].said["attachments"][0]["base64"]) == jpeg
                _api(admin, receiver)
            _viewers_may_not(server.url)
            assert server.stop() == 0
    assert len(push.got) == 2  # off is not for it; the second is the test


def _api(admin: httpx.Client, receiver: Receiver) -> None:
    """What it says is as described."""
    description = admin.get("/openapi.json").json()

    def hold(reply: httpx.Response, method: str, path: str, status: int) -> dict[str, Any]:
        assert reply.status_code == status, reply.text
        response = description["paths"][path][method]["responses"][str(status)]
        schema = response["content"]["application/json"]["schema"] | {"components": description["components"]}
        jsonschema.Draft202012Validator(schema).validate(reply.json())
        found: dict[str, Any] = reply.json()
        return found

    listed = hold(admin.get("/v1/deliveries"), "get", "/v1/deliveries", 200)
    house, phone = listed["data"]
    assert (house["name"], house["kind"], house["state"], house["pending"]) == ("house", "webhook", "ok", 0)
    assert house["address"] == f"http://127.0.0.1:{receiver.port}/…"
    assert house["last_error"].startswith("it cannot be reached")
    assert (phone["address"], phone["state"]) == ("json://…", "ok")
    path = "/v1/notify/{name}/test"
    tried = hold(admin.post("/v1/notify/house/test"), "post", path, 200)
    assert (tried["delivered"], tried["error"]) == (True, None)
    assert hold(admin.post("/v1/notify/phone/test"), "post", path, 200)["delivered"]
    receiver.status(404)
    assert "is the path right" in hold(admin.post("/v1/notify/house/test"), "post", path, 200)["error"]
    receiver.status(200)
    again = hold(admin.post("/v1/deliveries/retry", json={"target": "house"}), "post", "/v1/deliveries/retry", 202)
    assert again["retried"] == 0
    for reply, status, param in (
        (admin.post("/v1/notify/nobody/test"), 404, "name"),
        (admin.get("/v1/deliveries?target=nobody"), 404, "name"),
        (admin.get("/v1/deliveries?before=x"), 400, "before"),
        (admin.post("/v1/deliveries/7/retry"), 404, "id"),
        (admin.post(f"/v1/deliveries/{10**30}/retry"), 404, "id"),
        (admin.post("/v1/deliveries/retry", json={"target": "nobody"}), 404, "name"),
        (admin.post("/v1/deliveries/retry", json={}), 400, None),
    ):
        assert (reply.status_code, reply.json()["error"]["param"]) == (status, param), reply.text
    metrics = admin.get("/metrics").text
    assert 'askcam_deliveries_total{outcome="delivered",target="house"} 2.0' in metrics
    assert 'askcam_deliveries_oldest_pending_seconds{target="house"} 0.0' in metrics


def _viewers_may_not(url: str) -> None:
    with httpx.Client(base_url=url, headers={"Authorization": "Bearer viewers-token"}, timeout=60) as viewer:
        for reply in (
            viewer.get("/v1/deliveries"),
            viewer.post("/v1/notify/house/test"),
            viewer.post("/v1/deliveries/1/retry"),
            viewer.post("/v1/deliveries/retry", json={"target": "house"}),
        ):
            assert (reply.status_code, reply.json()["error"]["code"]) == (403, "insufficient_permissions")


def test_a_target_that_makes_no_sense_ends_the_start_with_one_line(tmp_path: Path) -> None:
    config = tmp_path / "askcam.toml"
    config.write_text('[notify.house]\nwebhook = "http://127.0.0.1/secret-path"\nsecret = "hunter2hunter2"\n')
    said = refused("serve", "--config", str(config))
    assert "askcam.toml:3: notify.house.secret: secret is not whsec_" in said
    assert "hunter2" not in said
