"""Which error a client is told as what."""

import pytest

from askcam.engine.errors import Busy, EngineFailure, QuestionError, Stale
from askcam.server.errors import as_api_error, unknown_camera
from askcam.stream.errors import CameraUnavailable


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Busy(32, 2.4), 429, "busy"),
        (Stale("lobby", 3.2, 1.0), 503, "stale_camera"),
        (CameraUnavailable("lobby", "lost", "it is switched off"), 503, "camera_unavailable"),
        (QuestionError("too long", "messages"), 400, "invalid_value"),
        (EngineFailure("out of memory"), 500, "engine_failure"),
        (KeyError("ours"), 500, "internal_error"),
    ],
)
def test_every_failure_has_its_status_and_code(error: Exception, status: int, code: str) -> None:
    told = as_api_error(error)
    assert (told.status, told.code) == (status, code)


def test_a_full_queue_says_when_to_come_back() -> None:
    assert as_api_error(Busy(32, 2.4)).headers["Retry-After"] == "2"


def test_the_sdks_are_told_not_to_repeat_what_a_camera_refuses() -> None:
    for error in (Stale("lobby", 3.2, 1.0), CameraUnavailable("lobby", "lost", "gone")):
        assert as_api_error(error).headers["x-should-retry"] == "false"


def test_a_bug_of_ours_is_logged_but_not_told(caplog: pytest.LogCaptureFixture) -> None:
    told = as_api_error(ValueError("rtsp://user:secret@host"))
    assert "secret" not in told.message
    assert "ValueError" in caplog.text  # with where it came from; what an address hides, no log shows


def test_an_unknown_camera_is_an_unknown_model_to_the_sdks() -> None:
    told = unknown_camera("loby", ["lobby"])
    assert (told.status, told.code, told.param) == (404, "model_not_found", "model")
    assert "'loby'" in told.message
    assert "lobby" in told.message
