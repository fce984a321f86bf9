"""The HTTP doors of a real server: chat completions, models, cameras, pictures, and what is refused."""

import http.client as http_client
import json
from collections.abc import Iterator
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from support.ports import own_port
from support.servers.askcam_server import LiveServer


@pytest.fixture
def http(live_server: LiveServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=live_server.url, timeout=60) as client:
        yield client


def chat(http: httpx.Client, question: str, **more: Any) -> httpx.Response:
    body = {"model": "lobby", "messages": [{"role": "user", "content": question}]} | more
    return http.post("/v1/chat/completions", json=body)


def test_an_answer_says_what_it_saw_and_how_old_that_was(http: httpx.Client) -> None:
    reply = chat(http, "What do you see?")
    assert reply.status_code == 200
    body = reply.json()
    assert body["choices"][0]["message"]["content"].startswith("I see ")
    assert body["choices"][0]["finish_reason"] == "stop"
    saw = body["askcam"]
    assert saw["camera"] == "lobby"
    assert saw["window"]["frames"] == 2 * saw["window"]["pairs"]
    assert saw["window"]["start"] < saw["window"]["end"]
    assert saw["frame_age_ms"] > 0
    assert saw["ttft_ms"] > 0
    assert saw["health"] == []
    assert saw["age_basis"] == "capture"
    assert body["usage"]["total_tokens"] == body["usage"]["prompt_tokens"] + body["usage"]["completion_tokens"]


def test_a_stream_ends_with_the_reason_what_was_seen_the_usage_and_done(http: httpx.Client) -> None:
    reply = chat(http, "What do you see?", stream=True, stream_options={"include_usage": True})
    events = [line.removeprefix("data: ") for line in reply.text.split("\n\n") if line]
    assert events[-1] == "[DONE]"
    chunks = [json.loads(event) for event in events[:-1]]
    text = "".join(c["choices"][0]["delta"].get("content") or "" for c in chunks if c["choices"])
    assert text.startswith("I see ")
    assert len(chunks) > 5  # word by word, not in one piece
    *_, last, usage = chunks
    assert last["choices"][0]["finish_reason"] == "stop"
    assert last["askcam"]["answer_id"].startswith("ans_")
    assert usage["choices"] == []
    assert usage["usage"]["completion_tokens"] > 5


def test_the_frames_of_an_answer_can_be_looked_at(http: httpx.Client) -> None:
    answer_id = chat(http, "What do you see?").json()["askcam"]["answer_id"]
    record = http.get(f"/v1/answers/{answer_id}").json()
    assert record["question"] == "What do you see?"
    frames = record["frames"]
    picture = http.get(f"/v1/answers/{answer_id}/frames/{len(frames) - 1}.jpg")
    assert picture.headers["content-type"] == "image/jpeg"
    assert picture.content.startswith(b"\xff\xd8")
    assert http.get(f"/v1/answers/{answer_id}/frames/{len(frames)}.jpg").status_code == 404


def test_a_short_answer_ends_for_its_length(http: httpx.Client) -> None:
    body = chat(http, "What do you see?", max_tokens=2).json()
    assert body["choices"][0]["finish_reason"] == "length"
    assert body["usage"]["completion_tokens"] == 2


def test_the_same_seed_gives_the_same_words_about_the_same_picture(http: httpx.Client) -> None:
    parts = [{"type": "image_url", "image_url": {"url": picture_url()}}, {"type": "text", "text": "What do you see?"}]
    answers = {
        http.post(
            "/v1/chat/completions",
            json={"model": "askcam", "messages": [{"role": "user", "content": parts}], "temperature": 1.5, "seed": 3},
        ).json()["choices"][0]["message"]["content"]
        for _ in range(2)
    }
    assert len(answers) == 1


def picture_url() -> str:
    import base64

    done, data = cv2.imencode(".png", np.full((224, 224, 3), 200, np.uint8))
    assert done
    return "data:image/png;base64," + base64.b64encode(data.tobytes()).decode()


def test_models_are_the_cameras_and_the_model_itself(http: httpx.Client) -> None:
    models = {entry["id"]: entry for entry in http.get("/v1/models").json()["data"]}
    assert {"askcam", "lobby"} <= models.keys()
    assert models["lobby"]["askcam"]["state"] == "live"
    assert "drawn objects" in models["askcam"]["askcam"]["note"]
    assert http.get("/v1/models/lobby").json()["id"] == "lobby"
    assert http.get("/v1/models/nobody").status_code == 404


def test_a_snapshot_is_the_full_picture_or_as_wide_as_asked(http: httpx.Client) -> None:
    full, small = (http.get("/v1/cameras/lobby/snapshot.jpg", params=p) for p in ({}, {"width": 160}))
    assert decode(full.content).shape == (480, 640, 3)
    assert decode(small.content).shape == (120, 160, 3)


def decode(jpeg: bytes) -> Any:
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)


def test_the_live_picture_moves(http: httpx.Client) -> None:
    data = b""
    with http.stream("GET", "/v1/cameras/lobby/live.mjpeg?width=160&fps=20") as reply:
        assert reply.headers["content-type"].startswith("multipart/x-mixed-replace")
        for piece in reply.iter_bytes():
            data += piece
            if data.count(b"--askcamframe") >= 4:
                break
    pictures = [part.split(b"\r\n\r\n", 1)[1].strip() for part in data.split(b"--askcamframe")[1:4]]
    assert len(set(pictures)) == 3


def test_a_camera_can_be_added_asked_and_removed(http: httpx.Client) -> None:
    added = http.post("/v1/cameras", json={"name": "desk", "uri": "synthetic:8"})
    assert added.status_code == 201
    assert added.json()["uri"] == "synthetic:8"
    assert http.post("/v1/cameras", json={"name": "desk", "uri": "synthetic:8"}).status_code == 409
    assert http.delete("/v1/cameras/desk").status_code == 204
    assert chat(http, "What do you see?", model="desk").json()["error"]["code"] == "model_not_found"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"name": "askcam", "uri": "synthetic:1"}, "'askcam'"),
        ({"name": "push-x", "uri": "synthetic:1"}, "'push-x'"),
        ({"name": "a b", "uri": "synthetic:1"}, "'a b'"),
        ({"name": "cam", "uri": "gopher://x"}, "gopher"),
        ({"name": "cam", "uri": "synthetic:x"}, "synthetic"),
        ({"name": "cam"}, "uri"),
        ({"name": "cam", "uri": "synthetic:1", "fps": 0}, "fps"),
        ({"name": "cam", "uri": "synthetic:1", "colour": 1}, "colour"),
        (
            {"name": "cam", "uri": "synthetic:1", "masks": [[[0, 0], [1, 0], [1, 2]]]},
            "masks: polygon 1 has a point (1, 2)",
        ),
        ({"name": "cam", "uri": "synthetic:1", "masks": [[0, 0], [1, 0], [1, 2]]}, "masks"),
        ({"name": "cam", "uri": "synthetic:1", "masks": [[[0, 0], [1, 0], [1, 1]]] * 17}, "at most 16"),
        (
            {"name": "cam", "uri": "synthetic:1", "zones": {"d": {"polygon": []}}},
            "zones: the polygon of 'd' has 0 points",
        ),
        ({"name": "cam", "uri": "synthetic:1", "zones": {"d": {"shape": []}}}, "shape"),
        ({"name": "cam", "uri": "synthetic:1", "zones": {"D": {"polygon": []}}}, "'D' cannot be a zone's name"),
    ],
)
def test_a_camera_that_cannot_be_is_refused_with_what_is_wrong(
    http: httpx.Client, body: dict[str, Any], words: str
) -> None:
    reply = http.post("/v1/cameras", json=body)
    assert reply.status_code == 400
    assert words in reply.json()["error"]["message"]


def test_masks_and_zones_of_a_camera_are_told_and_changed(http: httpx.Client) -> None:
    corner, door = [[0.0, 0.0], [0.5, 0.0], [0.0, 0.5]], {"polygon": [[0.5, 0.5], [1.0, 0.5], [1.0, 1.0]]}
    body = {"name": "desk", "uri": "synthetic:8", "masks": [corner], "zones": {"door": door}}
    told = http.post("/v1/cameras", json=body).json()
    try:
        assert (told["masked"], told["masks"], told["zones"]) == (True, [corner], {"door": door})
        told = http.put("/v1/cameras/desk", json={"masks": []}).json()
        assert (told["masked"], told["masks"], told["zones"]) == (False, [], {"door": door})
        told = http.put("/v1/cameras/desk", json={"masks": [corner, door["polygon"]], "zones": {}}).json()
        assert told == {**told, "masked": True, "masks": [corner, door["polygon"]], "zones": {}}
        for wrong, param in (
            ({"masks": [corner[:2]]}, "masks"),
            ({"zones": {"": door}}, "zones"),
            ({"uri": ""}, None),
        ):
            reply = http.put("/v1/cameras/desk", json=wrong)
            assert (reply.status_code, reply.json()["error"]["param"]) == (400, param)
        assert http.get("/v1/cameras/desk").json()["masks"] == [corner, door["polygon"]]
        assert http.put("/v1/cameras/nowhere", json={}).status_code == 404
    finally:
        http.delete("/v1/cameras/desk")


def test_refusals_of_every_kind_leave_the_connection_open_and_the_log_clean(live_server: LiveServer) -> None:
    """What is foreseen is no failure of the server: a camera that is down, a source that nothing opens."""
    port = own_port()  # where nobody listens
    before = len(live_server.log)
    connection = http_client.HTTPConnection(live_server.url.removeprefix("http://"), timeout=60)
    connection.connect()
    local = connection.sock.getsockname()

    def ask(method: str, path: str, **body: str) -> int:
        connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        reply.read()
        assert connection.sock is not None, "the server has closed the connection"
        assert connection.sock.getsockname() == local
        return reply.status

    try:
        assert ask("POST", "/v1/cameras", name="down", uri="nowhere:") == 400
        assert ask("POST", "/v1/cameras", name="down", uri=f"rtsp://127.0.0.1:{port}/x") == 201
        assert ask("GET", "/v1/cameras/down/snapshot.jpg") == 503
        assert ask("GET", "/healthz") == 200
        assert "Traceback" not in "".join(live_server.log[before:])
    finally:
        assert ask("DELETE", "/v1/cameras/down") == 204
        connection.close()


def test_a_password_in_a_camera_s_address_is_shown_nowhere(http: httpx.Client) -> None:
    port = own_port()  # where nobody listens
    uri = f"rtsp://admin:hunter2@127.0.0.1:{port}/cam?password=hunter2"
    try:
        assert "hunter2" not in http.post("/v1/cameras", json={"name": "secret", "uri": uri}).text
        assert "hunter2" not in http.get("/v1/cameras").text
        reply = chat(http, "What do you see?", model="secret")
        assert reply.status_code == 503
        assert reply.json()["error"]["code"] == "camera_unavailable"
        assert reply.headers["x-should-retry"] == "false"
        assert "hunter2" not in reply.text
    finally:
        http.delete("/v1/cameras/secret")


def test_an_unknown_camera_is_an_unknown_model(http: httpx.Client) -> None:
    reply = chat(http, "What do you see?", model="loby")
    assert reply.status_code == 404
    assert reply.json()["error"]["code"] == "model_not_found"
    assert "'loby'" in reply.json()["error"]["message"]


def test_frames_older_than_allowed_are_refused_not_answered(http: httpx.Client) -> None:
    reply = chat(http, "What do you see?", askcam={"max_age_ms": 0.001})
    assert reply.status_code == 503
    assert reply.json()["error"]["code"] == "stale_camera"
    assert "choices" not in reply.json()


def test_malformed_json_is_told_and_the_server_lives_on(http: httpx.Client) -> None:
    reply = http.post("/v1/chat/completions", content=b"{")
    assert reply.status_code == 400
    assert reply.json()["error"]["code"] == "invalid_json"
    assert http.get("/healthz").status_code == 200


def test_json_that_is_nested_without_end_is_refused(http: httpx.Client) -> None:
    body = b'{"model": "lobby", "messages": [], "other": ' + b"[" * 5_000 + b"]" * 5_000 + b"}"
    reply = http.post("/v1/chat/completions", content=body)
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "invalid_json")
    assert "nested" in reply.json()["error"]["message"]


@pytest.mark.parametrize("arguments", ["", "{", "[1]", "9" * 5000, "[" * 100_000, '{"name": "cup"}'])
def test_earlier_calls_with_any_arguments_are_taken(http: httpx.Client, arguments: str) -> None:
    """A model wrote them: they may be no JSON."""
    called = {"id": "c", "type": "function", "function": {"name": "lookup", "arguments": arguments}}
    messages = [
        {"role": "user", "content": "How much is this?"},
        {"role": "assistant", "content": None, "tool_calls": [called]},
        {"role": "tool", "tool_call_id": "c", "content": "4 EUR"},
    ]
    reply = http.post("/v1/chat/completions", json={"model": "lobby", "messages": messages, "max_tokens": 2})
    assert reply.status_code in (200, 400), reply.text  # 400: too long for the model
    assert (reply.status_code == 400) == (len(arguments) > 32_768)


def test_a_question_of_a_megabyte_is_refused(http: httpx.Client) -> None:
    reply = chat(http, "why " * 262_144)
    assert reply.status_code == 400
    assert "1048576" in reply.json()["error"]["message"].replace(",", "")


def test_a_body_beyond_the_limit_is_refused(http: httpx.Client) -> None:
    reply = http.post("/v1/chat/completions", content=b"x" * (9 << 20))
    assert reply.status_code == 413
    assert reply.json()["error"]["type"] == "invalid_request_error"


def test_a_path_that_is_not_there_answers_in_the_same_shape(http: httpx.Client) -> None:
    assert http.get("/v1/nothing").json()["error"]["code"] == "not_found"
    assert http.put("/v1/models").status_code == 405


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/cameras", "GET, HEAD, POST"),
        ("/v1/cameras/lobby", "DELETE, GET, HEAD, PUT"),
        ("/v1/session", "DELETE, GET, HEAD, POST"),
        ("/v1/chat/completions", "POST"),
        ("/web/main.js", "GET, HEAD"),
    ],
)
def test_a_method_that_is_not_allowed_is_told_all_that_are(http: httpx.Client, path: str, allowed: str) -> None:
    reply = http.patch(path)
    assert (reply.status_code, reply.headers["allow"]) == (405, allowed)
    assert allowed in reply.json()["error"]["message"]


def test_metrics_count_what_was_asked(http: httpx.Client) -> None:
    chat(http, "What do you see?")
    text = http.get("/metrics").text
    assert 'askcam_questions_total{camera="lobby",outcome="stop"}' in text
    assert 'askcam_camera_state{camera="lobby",state="live"} 1.0' in text
    assert 'askcam_stage_seconds_count{stage="prefill"}' in text


def test_the_page_is_there_and_loads_from_nowhere_else(http: httpx.Client) -> None:
    page = http.get("/")
    assert page.status_code == 200
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "http://" not in page.text.replace("http://www.w3.org", "")
    assert "https://" not in page.text


@pytest.mark.parametrize("content", ["Hello!", [{"type": "text", "text": "What do you see?"}]])
def test_a_question_without_a_picture_is_refused_where_the_model_knows_only_pictures(
    http: httpx.Client, content: Any
) -> None:
    turns = [{"role": "user", "content": content}]
    reply = http.post("/v1/chat/completions", json={"model": "askcam", "messages": turns})
    error = reply.json()["error"]
    assert (reply.status_code, error["code"], error["param"]) == (400, "picture_required", "messages")
    assert "'lobby'" in error["message"]
    error = http.post("/v1/responses", json={"model": "askcam", "input": "Hello!"}).json()["error"]
    assert (error["code"], error["param"]) == ("picture_required", "input")
    shown = {"type": "image_url", "image_url": {"url": picture_url()}}
    turns = [{"role": "user", "content": [shown, {"type": "text", "text": "What do you see?"}]}]
    assert http.post("/v1/chat/completions", json={"model": "askcam", "messages": turns}).status_code == 200


@pytest.mark.parametrize(
    "roles", ["system", "user system", "user assistant", "user assistant system", "user user", "system user assistant"]
)
@pytest.mark.parametrize("api", ["chat", "responses"])
def test_a_conversation_may_end_in_any_turn(http: httpx.Client, roles: str, api: str) -> None:
    words = {"user": "What do you see?", "assistant": "I see", "system": "Be brief."}
    turns = [{"role": role, "content": words[role]} for role in roles.split()]
    if roles in ("system", "user assistant system"):
        turns[-1]["content"] = "What do you see?"
    if api == "chat":
        body = http.post("/v1/chat/completions", json={"model": "lobby", "messages": turns}).json()
        text = body["choices"][0]["message"]["content"]
    else:
        body = http.post("/v1/responses", json={"model": "lobby", "input": turns}).json()
        text = body["output"][0]["content"][0]["text"]
    assert text.startswith("I see "), body


@pytest.mark.parametrize("field", ["response_format", "text.format", "tools"])
def test_a_schema_that_cannot_be_kept_is_refused_by_the_wire_s_own_name(http: httpx.Client, field: str) -> None:
    schema = {"type": "object", "not": {}}
    body: dict[str, Any] = {"model": "lobby"}
    match field:
        case "response_format":
            form = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
            path, body = "chat/completions", body | {"response_format": form}
        case "text.format":
            path, body = (
                "responses",
                body | {"text": {"format": {"type": "json_schema", "name": "a", "schema": schema}}},
            )
        case _:
            tool = {"type": "function", "name": "f", "parameters": schema}
            path, body = "responses", body | {"tools": [tool], "tool_choice": "required"}
    asked = {"input": "What?"} if path == "responses" else {"messages": [{"role": "user", "content": "What?"}]}
    error = http.post(f"/v1/{path}", json=body | asked).json()["error"]
    assert error["param"] == field
