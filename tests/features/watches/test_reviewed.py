"""Events are looked through over HTTP, and readings are had: by a viewer, from a real server."""

from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest
from support.servers.askcam_server import LiveServer, live_server
from support.waiting import until
from support.watch_events import WALL, event, open_store
from support.watched_stage import Listener

from askcam.features.events.pictures import Shown

CONFIG = """
[server]
token = "viewers-token"
admin_token = "admins-token"

[cameras.lobby]
uri = "synthetic:3"

[watching]
folder = "kept"

[watches.things]
question = "Is anything moving? Answer yes or no."
cameras = ["lobby"]
every_s = 0.2
"""
SEVERITIES = ("info", "warning", "critical")
WAIT_S = 180.0


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """With nine events of an earlier life."""
    folder = tmp_path_factory.mktemp("reviewed")
    store = open_store(folder / "kept")
    for i in range(9):
        told = msgspec.structs.replace(event(), severity=SEVERITIES[i % 3])
        store.add(told, WALL + i, Shown(b"jpeg"))
    store.close()
    (folder / "askcam.toml").write_text(CONFIG)
    with live_server("--config", str(folder / "askcam.toml")) as server:
        yield server


@pytest.fixture
def http(reviewed: LiveServer) -> Iterator[httpx.Client]:
    headers = {"Authorization": "Bearer viewers-token"}
    with httpx.Client(base_url=reviewed.url, headers=headers, timeout=60) as client:
        yield client


def listed(http: httpx.Client, **params: Any) -> list[int]:
    reply = http.get("/v1/events", params=params | {"before": 10})
    assert reply.status_code == 200, reply.text
    return [each["id"] for each in reply.json()["data"]]


def test_one_event_is_acknowledged_and_that_is_taken_back(http: httpx.Client) -> None:
    seen = http.post("/v1/events/3/acknowledge", json={"acknowledged": True})
    assert (seen.status_code, seen.json()["id"]) == (200, 3)
    assert seen.json()["acknowledged_at"] > "2026"
    assert http.get("/v1/events/3").json() == seen.json()
    assert listed(http, acknowledged="true") == [3]
    assert listed(http, acknowledged="false") == [9, 8, 7, 6, 5, 4, 2, 1]
    back = http.post("/v1/events/3/acknowledge", json={"acknowledged": False})
    assert back.json()["acknowledged_at"] is None
    assert listed(http, acknowledged="true") == []


def test_several_at_once_and_those_that_are_gone_are_left_out(http: httpx.Client) -> None:
    body = {"ids": [1, 5, 9, 4_000_000, 2**63], "acknowledged": True}
    seen = http.post("/v1/events/acknowledge", json=body)
    assert [each["id"] for each in seen.json()["data"]] == [1, 5, 9]
    assert all(each["acknowledged_at"] for each in seen.json()["data"])
    assert listed(http, acknowledged="false", severity="critical") == [6, 3]
    http.post("/v1/events/acknowledge", json={"ids": [1, 5, 9], "acknowledged": False})
    assert listed(http, severity="critical") == [9, 6, 3]
    assert listed(http, acknowledged="true") == []


def test_who_follows_hears_what_others_review_of_the_watch_it_follows(reviewed: LiveServer, http: httpx.Client) -> None:
    door, others = (Listener(reviewed, params={"watch": name}) for name in ("door", "nobodys"))
    following = door.listen(2)
    others.listen(1)
    http.post("/v1/events/acknowledge", json={"ids": [2, 7, 77_777], "acknowledged": True})
    http.post("/v1/events/7/acknowledge", json={"acknowledged": False})
    following.join(60)
    assert door.names == ["acknowledged", "acknowledged"]
    first, second = (one["data"] for one in door.heard)
    assert [one["id"] for one in first] == [2, 7]
    assert (
        first[0]["acknowledged_at"] == first[1]["acknowledged_at"] == http.get("/v1/events/2").json()["acknowledged_at"]
    )
    assert second == [{"id": 7, "acknowledged_at": None}]
    assert others.heard == []
    http.post("/v1/events/2/acknowledge", json={"acknowledged": False})


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("/v1/events/1/acknowledge", {}, None),
        ("/v1/events/1/acknowledge", {"acknowledged": "yes"}, "acknowledged"),
        ("/v1/events/acknowledge", {"ids": [-1], "acknowledged": True}, "ids[0]"),
        ("/v1/events/acknowledge", {"ids": list(range(501)), "acknowledged": True}, "ids"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    http: httpx.Client, path: str, body: dict[str, Any], param: str | None
) -> None:
    refused = http.post(path, json=body)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, param), refused.text


def test_lists_refuse_what_they_do_not_know(http: httpx.Client) -> None:
    for name, value in (("acknowledged", "maybe"), ("severity", "loud")):
        refused = http.get("/v1/events", params={name: value})
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, name)
    assert http.post("/v1/events/12345/acknowledge", json={"acknowledged": True}).status_code == 404


def test_readings_are_had_in_order_and_by_and_by(http: httpx.Client) -> None:
    def readings(**params: str) -> list[dict[str, Any]]:
        reply = http.get("/v1/watches/things/readings", params=params)
        assert reply.status_code == 200, reply.text
        (lobby,) = reply.json()["data"]
        assert lobby["camera"] == "lobby"
        found: list[dict[str, Any]] = lobby["readings"]
        return found

    first = until(readings, "a reading", WAIT_S)
    last = first[-1]["at"]
    later = until(lambda: readings(since=last, camera="lobby"), "another", WAIT_S)
    assert all(each["at"] > last for each in later)
    times = [each["at"] for each in readings()]
    assert times == sorted(set(times))
    assert set(times) >= {each["at"] for each in first + later}
    assert all(0 <= each["probability"] <= 1 for each in first)
    assert http.get("/v1/watches/things/readings", params={"camera": "yard"}).status_code == 404
    assert http.get("/v1/watches/nobody/readings").status_code == 404
    assert http.get("/v1/watches/things/readings", params={"since": "now"}).json()["error"]["param"] == "since"


def test_a_line_goes_on_when_only_the_thresholds_change(reviewed: LiveServer) -> None:
    body = {"name": "calm", "question": "Is anything moving? Answer yes or no.", "cameras": ["lobby"], "every_s": 0.2}
    headers = {"Authorization": "Bearer admins-token"}
    with httpx.Client(base_url=reviewed.url, headers=headers, timeout=60) as admin:

        def times() -> list[str]:
            (lobby,) = admin.get("/v1/watches/calm/readings").json()["data"]
            return [each["at"] for each in lobby["readings"]]

        assert admin.post("/v1/watches", json=body).status_code == 201
        first = until(times, "a reading", WAIT_S)[0]
        assert admin.patch("/v1/watches/calm", json={"on": 0.9}).status_code == 200
        assert times()[0] == first
        assert admin.patch("/v1/watches/calm", json={"question": "Is it dark? Answer yes or no."}).status_code == 200
        assert first not in times()
        admin.delete("/v1/watches/calm")


def test_a_watch_says_since_when_it_stands_so(http: httpx.Client) -> None:
    def since() -> str | None:
        (now,) = http.get("/v1/watches/things").json()["now"]
        found: str | None = now["since"]
        return found

    first = until(since, "the first reading", WAIT_S)
    assert first >= http.get("/v1/watches/things/readings").json()["data"][0]["readings"][0]["at"]


def test_a_snapshot_says_how_old_it_is(http: httpx.Client) -> None:
    def snapshot() -> httpx.Response | None:
        reply = http.get("/v1/cameras/lobby/snapshot.jpg", params={"width": 320})
        return reply if reply.status_code == 200 else None

    headers = until(snapshot, "a picture", WAIT_S).headers
    assert 0 <= float(headers["X-Askcam-Age-Ms"]) < 60_000
    assert headers["X-Askcam-Captured-At"].endswith("Z")
