"""Watches of a real server: the built-in model looks at a camera before which something comes and goes."""

import signal
from collections.abc import Iterator
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from support.servers.askcam_server import live_server
from support.servers.running import MJPEGServer
from support.shown import CHINESE, FILE, QUESTION, SCENE
from support.waiting import until
from support.watched_stage import CONFIG, WAIT_S, Listener, Stage


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("watched")
    config, thing = folder / "askcam.toml", folder / "shown"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FILE, str(thing))
        with MJPEGServer(SCENE) as camera:
            config.write_text(CONFIG.format(url=camera.url, question=QUESTION))
            with live_server("--config", str(config)) as server:
                yield Stage(server, camera, thing, config)


def test_a_thing_that_comes_and_goes_is_told_with_its_picture(stage: Stage) -> None:
    stage.await_state("off")
    before = len(stage.events())
    listener = Listener(stage.server)
    thread = listener.listen(2)
    stage.show(True)
    stage.await_state("on")
    with stage.http("viewers") as http:
        since = http.get("/v1/watches/engine").json()["now"][0]["since"]
    stage.show(False)
    stage.await_state("off")
    thread.join(60)
    on, off = stage.events()[before:]
    assert [one["kind"] for one in (on, off)] == ["on", "off"] == listener.names
    assert [one["id"] for one in listener.heard] == [on["id"], off["id"]]
    assert (on["watch"], on["camera"], on["severity"], on["question"]) == ("engine", "gate", "critical", QUESTION)
    assert (on["answer"], off["answer"]) == ("yes", "no")
    assert on["probability"] >= 0.7 > 0.4 >= off["probability"]
    assert on["before"][-1] == {"at": on["frame_at"], "probability": on["probability"]}
    assert on["window"]["end"] == on["frame_at"] == since < on["at"]
    assert on["frame_at"] < off["frame_at"]
    frames = off["frames"]
    assert len(frames) == min(8, off["window"]["frames"])
    assert (frames[0]["at"], frames[-1]["at"]) == (off["window"]["start"], off["frame_at"])
    assert [one["url"] for one in frames] == [f"/v1/events/{off['id']}/frames/{i}.jpg" for i in range(len(frames))]
    with stage.http("viewers") as http:
        pictures = [http.get(url) for url in (on["frame_url"], *(one["url"] for one in frames))]
        none = http.get(f"/v1/events/{off['id']}/frames/{len(frames)}.jpg")
    for picture in pictures:
        assert picture.headers["content-type"] == "image/jpeg"
        pixels = cv2.imdecode(np.frombuffer(picture.content, np.uint8), cv2.IMREAD_COLOR)
        assert pixels is not None
        assert pixels.mean() > 20
    assert (none.status_code, none.json()["error"]["param"]) == (404, "index")


def test_readings_after_an_event_are_added_to_it(stage: Stage) -> None:
    stage.show(True)
    stage.await_state("on")
    newest = [one for one in stage.events() if one["watch"] == "engine"][-1]["id"]

    def complete() -> dict[str, Any] | None:
        (found,) = (one for one in stage.events() if one["id"] == newest)
        return found if len(found["after"]) == 10 else None

    event = until(complete, "ten readings after the event", WAIT_S)
    assert event is not None
    times = [one["at"] for one in event["before"] + event["after"]]
    assert times == sorted(times)
    stage.show(False)
    stage.await_state("off")


def test_a_watch_is_made_changed_and_removed_by_admins(stage: Stage) -> None:
    body = {"name": "chinese", "question": CHINESE, "cameras": ["gate"], "every_s": 0.5, "for_s": 0}
    with stage.http() as admin, stage.http("viewers") as viewer:
        for refused in (
            viewer.post("/v1/watches", json=body),
            viewer.patch("/v1/watches/engine", json={"on": 0.9}),
            viewer.delete("/v1/watches/engine"),
        ):
            assert (refused.status_code, refused.json()["error"]["code"]) == (403, "insufficient_permissions")
        made = admin.post("/v1/watches", json=body)
        assert made.status_code == 201, made.text
        assert (made.json()["origin"], made.json()["now"][0]["state"]) == ("api", "unknown")
        assert admin.post("/v1/watches", json=body).status_code == 409
        stage.await_state("off", "chinese")
        stage.show(True)
        stage.await_state("on", "chinese")
        calmer = admin.patch("/v1/watches/chinese", json={"on": 0.8, "quiet": ["22:00-06:00"]}).json()
        assert (calmer["on"], calmer["quiet"], calmer["now"][0]["state"]) == (0.8, ["22:00-06:00"], "on")
        anew = admin.patch("/v1/watches/chinese", json={"question": QUESTION, "enabled": False}).json()
        assert (anew["now"][0]["state"], anew["now"][0]["trouble"]) == ("unknown", "it is not enabled")
        assert admin.delete("/v1/watches/chinese").status_code == 204
        assert viewer.get("/v1/watches/chinese").status_code == 404
        names = [one["name"] for one in viewer.get("/v1/watches").json()["data"]]
        assert names == ["engine"]
    assert any(one["watch"] == "chinese" for one in stage.events())
    stage.show(False)
    stage.await_state("off")


def test_a_question_that_the_model_answers_otherwise_says_so_and_tells_nothing(stage: Stage) -> None:
    body = {"name": "colour", "question": "What color is the background?", "cameras": ["gate"], "every_s": 0.5}
    with stage.http() as admin:
        assert admin.post("/v1/watches", json=body).status_code == 201

        def trouble() -> str:
            return str(admin.get("/v1/watches/colour").json()["now"][0]["trouble"])

        until(lambda: "end the question with 'Answer yes or no.'" in trouble(), "the trouble", WAIT_S)
        assert admin.get("/v1/watches/colour").json()["now"][0]["state"] == "unknown"
        admin.delete("/v1/watches/colour")
    assert stage.events(watch="colour") == []


@pytest.mark.parametrize(
    ("body", "status", "param", "word"),
    [
        ({"cameras": ["gate"], "question": "Red?", "kind": "choice", "choices": ["no", "Red"], "on_when": ["Red"]}, 400,
         "choices", "'no' is not one token"),
        ({"cameras": ["gate"]}, 400, None, "missing required field `question`"),
        ({"cameras": ["cellar"], "question": "?"}, 404, "cameras", "no camera or model 'cellar'"),
        ({"cameras": [], "question": "?"}, 400, "cameras", "cameras must name"),
        ({"cameras": ["gate"], "question": "?", "evry_s": 1}, 400, None, "unknown field `evry_s`"),
        ({"cameras": ["gate"], "question": "?", "every_s": "often"}, 400, "every_s", "number|float"),
        ({"cameras": ["gate"], "question": "?", "every_s": 0.01}, 400, "every_s", "0.2 to 3600"),
        ({"cameras": ["gate"], "question": "?", "on": 7}, 400, "on", "<= 1"),
        ({"cameras": ["gate"], "question": "?", "quiet": ["9-5"]}, 400, "quiet", "22:00-06:30"),
        ({"cameras": ["gate"], "question": "?", "name": "No Name"}, 400, "name", "a-z"),
        ({"cameras": ["gate"], "question": "?", "name": 7}, 400, "name", "`str`"),
    ],
)  # fmt: skip
def test_what_cannot_be_watched_is_refused_by_name(
    stage: Stage, body: dict[str, Any], status: int, param: str, word: str
) -> None:
    with stage.http() as admin:
        reply = admin.post("/v1/watches", json={"name": "wrong"} | body)
    error = reply.json()["error"]
    assert (reply.status_code, error["param"]) == (status, param), error
    assert any(one in error["message"] for one in word.split("|")), error


def test_those_of_the_file_are_read_only(stage: Stage) -> None:
    with stage.http() as admin:
        for reply in (admin.patch("/v1/watches/engine", json={"on": 0.9}), admin.delete("/v1/watches/engine")):
            assert (reply.status_code, reply.json()["error"]["code"]) == (409, "read_only")
        assert admin.get("/v1/watches/engine").json()["origin"] == "file"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/events?before=x", 400),
        ("/v1/events?since=yesterday", 400),
        ("/v1/events?since=2026-01-01T00:00:00", 400),
        ("/v1/events?limit=0", 400),
        ("/v1/events/999999", 404),
        ("/v1/events/999999/frame.jpg", 404),
        ("/v1/events/999999/frames/0.jpg", 404),
        (f"/v1/events/{10**30}", 404),
        (f"/v1/events?before={10**30}", 400),
    ],
)
def test_bad_places_in_the_list_are_refused(stage: Stage, path: str, status: int) -> None:
    with stage.http("viewers") as http:
        assert http.get(path).status_code == status
        assert http.get("/v1/events", headers={"Accept": "text/event-stream", "Last-Event-ID": "x"}).status_code == 400
    assert httpx.get(stage.server.url + "/v1/events", timeout=60).status_code == 401


def test_a_lost_camera_is_told_once_and_so_is_its_return_and_the_watch_keeps_its_state(stage: Stage) -> None:
    stage.show(True)
    stage.await_state("on")
    before = len(stage.events())
    stage.camera.kill()
    until(lambda: len(stage.events()) > before, "the loss", WAIT_S)
    with stage.http("viewers") as http:
        assert http.get("/v1/watches/engine").json()["now"][0]["state"] == "on"
        until(lambda: http.get("/v1/watches/engine").json()["now"][0]["trouble"], "its trouble", WAIT_S)
    stage.camera.start()
    until(lambda: len(stage.events()) > before + 1, "the return", WAIT_S)
    lost, back = stage.events()[before : before + 2]
    assert (lost["kind"], lost["watch"], lost["camera"], lost["severity"]) == ("camera_lost", None, "gate", "warning")
    assert lost["reason"]
    assert (back["kind"], back["reason"]) == ("camera_back", None)
    stage.show(False)
    until(lambda: stage.events()[-1]["kind"] == "off", "the thing is gone", WAIT_S)
    assert [one["kind"] for one in stage.events()[before:]] == ["camera_lost", "camera_back", "off"]


def test_a_reader_that_comes_again_hears_what_it_missed_and_only_that(stage: Stage) -> None:
    known = stage.events()
    assert len(known) >= 4
    listener = Listener(stage.server, headers={"Last-Event-ID": str(known[1]["id"])})
    listener.listen(len(known) - 2).join(60)
    assert listener.heard == known[2:]
    lost = Listener(stage.server, headers={"Last-Event-ID": "0"}, params={"camera": "gate", "watch": "engine"})
    ours = [one for one in known if one["watch"] == "engine"]
    lost.listen(len(ours)).join(60)
    assert lost.heard == ours


def test_pages_of_the_list_are_the_list(stage: Stage) -> None:
    known, paged, more = stage.events()[::-1], [], {}
    with stage.http("viewers") as http:
        while True:
            reply = http.get("/v1/events", params={"limit": 3} | more).json()
            paged += reply["data"]
            if not reply["has_more"]:
                break
            more = {"before": reply["data"][-1]["id"]}
        since = known[2]["at"]
        assert http.get("/v1/events", params={"since": since}).json()["data"] == [
            one for one in known if one["at"] >= since
        ]
    assert paged == known


def test_prometheus_sees_states_probabilities_events_and_lateness(stage: Stage) -> None:
    with stage.http("viewers") as http:
        text = http.get("/metrics").text
    assert 'askcam_watch_state{camera="gate",state="off",watch="engine"} 1.0' in text
    assert 'askcam_watch_probability{camera="gate",watch="engine"}' in text
    assert 'askcam_events_total{kind="on",severity="critical"}' in text
    lost = sum(one["kind"] == "camera_lost" for one in stage.events())
    assert lost >= 1
    assert f'askcam_events_total{{kind="camera_lost",severity="warning"}} {lost}.0' in text
    assert "askcam_watch_lateness_seconds_count" in text


def test_nothing_that_was_told_is_lost_or_told_again_when_the_server_is_killed(stage: Stage) -> None:
    """Kill -9 with the thing in sight; it goes while nobody looks; the next life tells that it is off, once."""
    stage.show(True)
    stage.await_state("on")
    told = stage.events()
    stage.server.stop(signal.SIGKILL)
    with live_server("--config", str(stage.config)) as server:
        again = Stage(server, stage.camera, stage.thing, stage.config)
        with again.http("viewers") as http:
            # it is on from the first moment, and seeing the thing again is no news
            until(lambda: http.get("/v1/watches/engine").json()["now"][0]["read_at"], "a reading", WAIT_S)
            assert http.get("/v1/watches/engine").json()["now"][0]["state"] == "on"
        assert ids(again.events()) == ids(told)
        server.stop(signal.SIGKILL)
    stage.show(False)
    with live_server("--config", str(stage.config)) as server:
        again = Stage(server, stage.camera, stage.thing, stage.config)
        until(lambda: len(again.events()) > len(told), "off", WAIT_S)
        events = again.events()
        assert ids(events)[:-1] == ids(told)
        assert events[-1]["kind"] == "off"
        listener = Listener(server)
        thread = listener.listen(1)
        assert server.stop() == 0  # a stream that is open does not hold it up
        thread.join(60)
        assert listener.names == ["resume"]


def ids(events: list[dict[str, Any]]) -> list[tuple[int, str]]:
    return [(one["id"], one["kind"]) for one in events]
