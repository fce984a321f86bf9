"""What POST /v1/ask streams, as a client reads it; whatever a server says instead is one of the client's errors."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from askcam.client.address import Address
from askcam.client.errors import AskcamError, BadRequest, CameraUnavailable, ConnectionFailed
from askcam.client.http import Http
from askcam.client.protocol import CameraAnswer, CameraProblem, Problem, Saw
from askcam.client.protocol import ErrorBody as Error
from askcam.client.several import AskCameraAnswered, AskDone, AskReply, AskTextDelta, ask_cameras

GATE = AskCameraAnswered(CameraAnswer("gate", None, CameraProblem("camera_unavailable", "lost"), None))
SAW = Saw(camera=None, window=None, frame_age_ms=1.5, ttft_ms=2.0, answer_id="ans_x", health=[], backend="live")
DONE = AskDone(AskReply("gate: no answer", "listing", SAW))


class SaidLines(Http):
    """An Http that is answered with these lines, a message each."""

    said: tuple[str, ...] = ()
    asked: Any = None

    def lines(self, path: str, headers: dict[str, str], silence_s: float, method: str = "GET", body: Any = None) -> Any:
        object.__setattr__(self, "asked", (method, path, body))
        for line in self.said:
            yield from (line, "")


def told(*events: object, also: tuple[str, ...] = ()) -> SaidLines:
    http = SaidLines(Address.parse("http://127.0.0.1:1"))
    lines: Iterator[str] = (f"data: {msgspec.json.encode(event).decode()}" for event in events)
    object.__setattr__(http, "said", (*lines, *also))
    return http


def test_each_event_comes_as_it_is_and_what_is_not_said_is_not_sent() -> None:
    http = told(GATE, AskTextDelta("gate: no answer"), DONE, also=("", ": a comment", "data: [DONE]"))
    assert list(ask_cameras(http, "Where?")) == [GATE, AskTextDelta("gate: no answer"), DONE]
    assert http.asked == ("POST", "/v1/ask", {"question": "Where?", "stream": True})
    list(ask_cameras(http, "Where?", ["gate"], max_age_ms=5))
    assert http.asked[2] == {"question": "Where?", "stream": True, "cameras": ["gate"], "max_age_ms": 5}


def test_events_of_a_later_release_are_passed_over() -> None:
    assert list(ask_cameras(told({"type": "camera.begun", "camera": "gate"}, DONE), "Where?")) == [DONE]


@pytest.mark.parametrize(
    ("http", "kind"),
    [
        (told(Problem(Error("down", "server_error", "model", "camera_unavailable"))), CameraUnavailable),
        (told(GATE, Problem(Error("no", "invalid_request_error", "question"))), BadRequest),
        (told(GATE), ConnectionFailed),  # it broke off
        (told(also=("data: <html>",)), ConnectionFailed),
        (told(also=("data: 5",)), ConnectionFailed),
        (told(also=('data: {"no": "type"}',)), ConnectionFailed),
        (told({"type": "done", "reply": {}}), ConnectionFailed),
        (told(), ConnectionFailed),
    ],
)
def test_what_goes_wrong_on_the_way_is_raised(http: SaidLines, kind: type[AskcamError]) -> None:
    with pytest.raises(kind):
        list(ask_cameras(http, "Where?"))
