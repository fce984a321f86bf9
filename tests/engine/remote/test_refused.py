"""Each status of a model server is the right error, with its remedy; addresses are taken apart rightly."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.engine.errors import Busy, EngineError, EngineFailure, ModelError, QuestionError, TooLong
from askcam.engine.remote.place import ServerPlace, check_key
from askcam.engine.remote.refusals import refusal

WHERE, MODEL = "http://gpu1:8000/v1", "org/model"


def refused(status: int, why: str = "", **headers: str) -> EngineError:
    body = json.dumps({"error": {"message": why}}).encode() if why else b""
    return refusal(status, headers, body, WHERE, MODEL)


@pytest.mark.parametrize(
    ("status", "why", "kind", "said"),
    [
        (400, "temperature must be positive", QuestionError, "temperature must be positive"),
        (422, "Unexpected fields", QuestionError, "Unexpected fields"),
        (413, "", QuestionError, "413"),
        (400, "maximum context length is 4096 tokens", TooLong, "as long"),
        (400, "exceeds the available context size", TooLong, "as long"),
        (404, "The model `x` does not exist.", ModelError, "org/model"),
        (404, 'model "x" not found, try pulling it first', ModelError, "org/model"),
        (404, "", ModelError, "/v1"),
        (404, "Not Found", ModelError, "/v1"),
        (401, "who are you", ModelError, "ASKCAM_MODEL_KEY"),
        (403, "", ModelError, "ASKCAM_MODEL_KEY"),
        (302, "", ModelError, "not followed"),
        (500, "CUDA error", EngineFailure, "CUDA error"),
        (502, "", EngineFailure, "502 Bad Gateway"),
        (299, "", EngineFailure, "299"),
    ],
)
def test_a_status_is_an_error_with_a_remedy(status: int, why: str, kind: type[Exception], said: str) -> None:
    error = refused(status, why)
    assert type(error) is kind
    assert said in str(error)


@pytest.mark.parametrize(
    ("told", "seconds"), [("7", 7), ("0", 1), ("9999", 300), ("Wed, 21 Oct 2026 07:28:00 GMT", 2), ("nan-ish", 2)]
)
def test_a_busy_server_says_when_to_come_again(told: str, seconds: float) -> None:
    for status in (429, 503):
        error = refused(status, **{"retry-after": told})
        assert isinstance(error, Busy)
        assert error.retry_after_s == seconds
        assert WHERE in str(error)


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b"\xff\xfe", b'{"error": {"message": ' + b'"x"' * 9, b"null"])
def test_a_body_that_is_none_says_nothing_and_breaks_nothing(body: bytes) -> None:
    assert isinstance(refusal(500, {}, body, WHERE, MODEL), EngineFailure)


@pytest.mark.parametrize(
    ("url", "shown", "exposed"),
    [
        ("http://gpu1:8000/v1/", "http://gpu1:8000/v1", True),
        ("https://api.example/v1", "https://api.example/v1", False),
        ("https://api.example:443/v1", "https://api.example/v1", False),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1", False),
        ("http://127.0.0.2:8000", "http://127.0.0.2:8000", False),
        ("http://localhost/v1", "http://localhost/v1", False),
        ("http://10.0.0.5:8000/v1", "http://10.0.0.5:8000/v1", True),
    ],
)
def test_an_address_is_read_and_known_to_be_open_to_others(url: str, shown: str, exposed: bool) -> None:
    place = ServerPlace.of(url)
    assert (place.shown, place.exposed) == (shown, exposed)


@pytest.mark.parametrize("url", ["http://gpu1:99999/v1", "http://gpu1:abc/v1", "http://ü/v1", "http://" + "a" * 3000])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="url"):
        ServerPlace.of(url)


@pytest.mark.parametrize("key", ["sk-12345\n", "sk-1\r\nX-Evil: 1", "\n", "a\rb"])
def test_a_key_with_a_line_break_is_told_without_it(key: str) -> None:
    with pytest.raises(ModelError, match="ASKCAM_MODEL_KEY holds a line break") as told:
        check_key(key)
    assert "sk-1" not in str(told.value)


@given(st.text(st.characters(max_codepoint=0x2FF), max_size=20))
def test_every_other_key_is_taken_if_a_header_can_hold_it(key: str) -> None:
    if all(32 <= ord(char) < 127 for char in key):
        check_key(key)
    else:
        with pytest.raises(ModelError, match="ASKCAM_MODEL_KEY holds"):
            check_key(key)


def test_what_is_served_nowhere_names_where_the_address_was_said() -> None:
    assert "--model-url, or url under [model]" in str(refused(404))
