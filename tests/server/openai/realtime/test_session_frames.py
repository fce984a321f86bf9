"""Frames pushed over a realtime session, the clocks, and askcam's own events."""

import base64

import pytest
from support.realtime_talk import WALL, Talk, data_url, jpeg, only_error

from askcam.server.openai.realtime.effects import Push, TellCamera
from askcam.stream.frame import AgeBasis


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
