"""GET /v1/answers/{id} and its frames, through the real app."""

import cv2
import msgspec
import numpy as np
import pytest
from starlette.testclient import TestClient

from askcam.app.asgi import build_app
from askcam.app.build import build_core
from askcam.app.config import Config
from askcam.client.protocol import Saw, SeenWindow, StoredAnswer
from askcam.engine.question import Reason, Timings, Usage
from askcam.server.answers import Record
from askcam.stream.frame import AgeBasis, Frame

ID = "ans_0123456789abcdefghijklmn"
WALL = 1_760_000_000.0


def frame(i: int) -> Frame:
    """A flat picture, brighter with `i`, taken i * 0.5 s after the first."""
    pixels = np.full((56, 84, 3), (40 * i, 0, 255 - 40 * i), np.uint8)
    return Frame("lobby", i + 1, WALL + i * 0.5, 100 + i * 0.5, pixels, AgeBasis.CAPTURE)


def record(*frames: Frame, age_ms: float | None = 80.0) -> Record:
    window = SeenWindow(7, "2025-10-09T08:53:20Z", "2025-10-09T08:53:21.5Z", len(frames), len(frames) // 2)
    saw = Saw("lobby", window, age_ms, 120.0, ID, ["dark"], "portable", "capture", "drawn objects only")
    timings = Timings(wait_s=0.001, first_token_s=0.12, total_s=0.5)
    usage = Usage(300, 256, 0, 12)
    return Record(saw, "what is there?", "a cup", Reason.STOP, usage, timings, frames, created=WALL + 2)


def visit(*records: Record) -> TestClient:
    house = build_core(Config())
    for each in records:
        house.answers.put(each)
    return TestClient(build_app(house), base_url="http://127.0.0.1:8400")


def test_an_answer_is_told_with_all_that_it_saw() -> None:
    response = visit(record(*map(frame, range(4)))).get(f"/v1/answers/{ID}")
    assert response.status_code == 200
    assert "no-store" in response.headers["Cache-Control"]
    body = response.json()
    assert (body["id"], body["object"], body["camera"]) == (ID, "askcam.answer", "lobby")
    assert (body["question"], body["answer"], body["reason"]) == ("what is there?", "a cup", "stop")
    assert body["created"] == "2025-10-09T08:53:22.000000Z"
    assert body["askcam"]["answer_id"] == ID
    assert body["askcam"]["health"] == ["dark"]
    assert body["usage"] == {"prompt": 300, "vision": 256, "cached": 0, "completion": 12}
    assert (body["timings_ms"]["first_token"], body["timings_ms"]["total"]) == (120, 500)


def test_its_frames_have_times_ages_and_addresses() -> None:
    frames = visit(record(*map(frame, range(4)))).get(f"/v1/answers/{ID}").json()["frames"]
    assert [each["age_ms"] for each in frames] == [1580, 1080, 580, 80]
    assert frames[1] == {
        "index": 1,
        "captured_at": "2025-10-09T08:53:20.500000Z",
        "age_ms": 1080,
        "age_basis": "capture",
        "width": 84,
        "height": 56,
        "url": f"/v1/answers/{ID}/frames/1.jpg",
    }


def test_its_frames_are_the_very_pictures_in_order() -> None:
    visitor = visit(record(*map(frame, range(4))))
    for i, each in enumerate(visitor.get(f"/v1/answers/{ID}").json()["frames"]):
        response = visitor.get(each["url"])
        assert response.headers["Content-Type"] == "image/jpeg"
        decoded = cv2.imdecode(np.frombuffer(response.content, np.uint8), cv2.IMREAD_COLOR)
        assert decoded is not None
        assert decoded.shape == (56, 84, 3)
        blue, green, red = (float(each) for each in decoded.mean(axis=(0, 1)))
        assert (red, green, blue) == pytest.approx((40 * i, 0, 255 - 40 * i), abs=4)


def test_an_answer_without_a_first_token_has_no_ages() -> None:
    frames = visit(record(frame(0), frame(1), age_ms=None)).get(f"/v1/answers/{ID}").json()["frames"]
    assert [each["age_ms"] for each in frames] == [None, None]


def test_an_answer_without_a_camera_has_no_frames() -> None:
    visitor = visit(record())
    assert visitor.get(f"/v1/answers/{ID}").json()["frames"] == []
    assert visitor.get(f"/v1/answers/{ID}/frames/0.jpg").status_code == 404


@pytest.mark.parametrize(
    ("path", "param"),
    [
        ("/v1/answers/ans_never", "id"),
        ("/v1/answers/ans_never/frames/0.jpg", "id"),
        (f"/v1/answers/{ID}/frames/2.jpg", "index"),
        (f"/v1/answers/{ID}/frames/99999999999999999999.jpg", "index"),
    ],
)
def test_what_is_not_kept_is_a_404_that_names_the_part(path: str, param: str) -> None:
    response = visit(record(frame(0), frame(1))).get(path)
    assert response.status_code == 404
    error = response.json()["error"]
    assert (error["type"], error["code"], error["param"]) == ("invalid_request_error", "not_found", param)


@pytest.mark.parametrize("index", ["-1", "x", "1.5", ""])
def test_a_frame_number_that_is_none_is_a_404(index: str) -> None:
    assert visit(record(frame(0))).get(f"/v1/answers/{ID}/frames/{index}.jpg").status_code == 404


def test_answers_are_not_listed() -> None:
    assert visit(record()).get("/v1/answers").status_code == 404
    assert visit(record()).get("/v1/answers/").status_code == 404


def test_the_wires_type_reads_what_is_sent() -> None:
    sent = visit(record(frame(0), frame(1))).get(f"/v1/answers/{ID}").content
    stored = msgspec.json.decode(sent, type=StoredAnswer)
    assert stored.askcam.window is not None
    assert len(stored.frames) == stored.askcam.window.frames == 2
