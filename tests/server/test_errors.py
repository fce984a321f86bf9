"""Which error a client is told as what."""

import pytest

from askcam.engine.errors import Busy, EngineFailure, QuestionError, Stale
from askcam.server.errors import (
    NotFound,
    Refusal,
    TooMany,
    Unauthenticated,
    Unavailable,
    UnsupportedEncoding,
    as_refusal,
    unknown_camera,
)
from askcam.server.wire.refusals import on_wire
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
    told = on_wire(as_refusal(error))
    assert (told.status, told.code) == (status, code)


def test_a_full_queue_says_when_to_come_back() -> None:
    assert on_wire(as_refusal(Busy(32, 2.4))).headers["Retry-After"] == "2"


def test_the_sdks_are_told_not_to_repeat_what_a_camera_refuses() -> None:
    for error in (Stale("lobby", 3.2, 1.0), CameraUnavailable("lobby", "lost", "gone")):
        assert on_wire(as_refusal(error)).headers["x-should-retry"] == "false"


def test_a_bug_of_ours_is_logged_but_not_told(caplog: pytest.LogCaptureFixture) -> None:
    told = as_refusal(ValueError("rtsp://user:secret@host"))
    assert "secret" not in told.message
    assert "ValueError" in caplog.text  # with where it came from; what an address hides, no log shows


def test_an_unknown_camera_is_an_unknown_model_to_the_sdks() -> None:
    told = on_wire(unknown_camera("loby", ["lobby"]))
    assert (told.status, told.code, told.param) == (404, "model_not_found", "model")
    assert "'loby'" in told.message
    assert "lobby" in told.message


class Full(TooMany):
    """As a feature has it."""

    code = "busy"

    def __init__(self, most: int) -> None:
        super().__init__(f"there are {most}", retry_after_s=0.2)


def test_a_kind_of_a_features_own_is_what_it_is_made_from() -> None:
    told = on_wire(Full(3))
    assert (told.status, told.type, told.code, told.close_code) == (429, "rate_limit_error", "busy", 1013)
    assert told.headers == {"Retry-After": "1"}


def test_another_field_or_other_words_leave_the_rest_as_it_is() -> None:
    full = Full(3)
    there = full.at("watch.name")
    assert (type(there), there.param, there.message, there.retry_after_s) == (Full, "watch.name", "there are 3", 0.2)
    assert str(full.saying("of an earlier one: there are 3", "x")) == "of an earlier one: there are 3"
    assert full.param is None


@pytest.mark.parametrize(
    ("error", "headers", "close_code"),
    [
        (Unauthenticated("who?"), {"WWW-Authenticate": "Bearer"}, 4401),
        (UnsupportedEncoding("br?", "gzip"), {"Accept-Encoding": "gzip"}, 4415),
        (Unavailable("down", try_again=False), {"x-should-retry": "false"}, 1013),
        (NotFound("where?"), {}, 4404),
    ],
)
def test_what_clients_are_told_to_do_follows_from_the_kind(
    error: Refusal, headers: dict[str, str], close_code: int
) -> None:
    told = on_wire(error)
    assert (dict(told.headers), told.close_code) == (headers, close_code)
