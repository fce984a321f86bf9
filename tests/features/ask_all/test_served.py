"""One question to several cameras of a real server: each answers, one can't, and one answer is made of theirs."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import OpenAI
from support.servers.askcam_server import LiveServer, live_server, wait_for_pairs
from support.tiny_models import save_tiny

from askcam.demo.builtin import model_path
from askcam.demo.synthetic import SyntheticScene

QUESTION = "What does the sign say?"
SEEDS = {"lobby": 7, "yard": 3}
SIGNS = {name: SyntheticScene(seed).scene.sign.text for name, seed in SEEDS.items()}


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    """Two cameras that can be seen, one that can't."""
    cameras = [*(f"{name}=synthetic:{seed}" for name, seed in SEEDS.items()), "gate=rtsp://127.0.0.1:9/nobody"]
    with live_server(cameras=cameras) as server:
        for name in SEEDS:
            wait_for_pairs(server, name, 2)
        yield server


def ask(server: LiveServer, **body: Any) -> httpx.Response:
    return httpx.post(f"{server.url}/v1/ask", json={"question": QUESTION, "temperature": 0, **body}, timeout=120)


def test_each_camera_answers_with_what_it_saw_and_one_answer_names_them(server: LiveServer) -> None:
    reply = ask(server).json()
    answers = reply["askcam"]["answers"]
    assert [each["camera"] for each in answers] == ["lobby", "yard", "gate"]
    for each in answers[:2]:
        assert SIGNS[each["camera"]] in each["text"]
        assert each["problem"] is None
        assert each["askcam"]["camera"] == each["camera"]
        assert 0 <= each["askcam"]["frame_age_ms"] <= reply["askcam"]["frame_age_ms"]
        kept = httpx.get(f"{server.url}/v1/answers/{each['askcam']['answer_id']}", timeout=60).json()
        assert kept["answer"] == each["text"]
    assert (answers[2]["text"], answers[2]["askcam"]) == (None, None)
    assert answers[2]["problem"]["code"] == "camera_unavailable"
    assert reply["made_by"] == "listing"
    lines = reply["text"].splitlines()
    assert lines[0] == f"lobby: {answers[0]['text']}"
    assert lines[1] == f"yard: {answers[1]['text']}"
    assert lines[2] == "gate: no answer"
    assert (
        httpx.get(f"{server.url}/v1/answers/{reply['askcam']['answer_id']}", timeout=60).json()["answer"]
        == reply["text"]
    )


@pytest.mark.parametrize("cameras", ["all", ["all"], ["all", "lobby"], None])
def test_all_are_asked_however_that_is_said(server: LiveServer, cameras: Any) -> None:
    reply = ask(server, cameras=cameras, max_tokens=1, stream=None, max_wait_ms=None).json()
    assert [each["camera"] for each in reply["askcam"]["answers"]] == ["lobby", "yard", "gate"]


@pytest.mark.parametrize("question", [QUESTION, "Which camera shows a dog?"])
@pytest.mark.parametrize("name", ["lobby", "all"])
def test_what_was_used_is_told_of_one_camera_and_of_all(server: LiveServer, name: str, question: str) -> None:
    body = {"model": name, "messages": [{"role": "user", "content": question}], "temperature": 0}
    reply = httpx.post(f"{server.url}/v1/chat/completions", json=body, timeout=120).json()
    used = reply["usage"]
    kept = [
        httpx.get(f"{server.url}/v1/answers/{each['askcam']['answer_id']}", timeout=60).json()["usage"]
        for each in reply["askcam"]["answers"] or [reply]
        if each["askcam"] is not None
    ]
    assert used["prompt_tokens"] == sum(one["prompt"] for one in kept) > 0
    assert used["completion_tokens"] == sum(one["completion"] for one in kept)
    assert used["total_tokens"] == used["prompt_tokens"] + used["completion_tokens"]


def test_only_the_cameras_that_are_named_are_asked_each_once(server: LiveServer) -> None:
    reply = ask(server, cameras=["yard", "yard"]).json()
    assert [each["camera"] for each in reply["askcam"]["answers"]] == ["yard"]


def test_answers_are_streamed_as_they_come(server: LiveServer) -> None:
    body = {"question": QUESTION, "temperature": 0, "stream": True}
    with httpx.stream("POST", f"{server.url}/v1/ask", json=body, timeout=120) as stream:
        data = [line.removeprefix("data: ") for line in stream.iter_lines() if line]
    assert data.pop() == "[DONE]"
    events = [json.loads(each) for each in data]
    assert [each["type"] for each in events] == ["camera.answered"] * 3 + ["text.delta", "done"]
    assert {each["answer"]["camera"] for each in events[:3]} == {"lobby", "yard", "gate"}
    assert events[-1]["reply"]["text"] == events[-2]["text"]


@pytest.mark.parametrize("chinese", [False, True])
def test_which_camera_shows_something_is_said_by_probability(server: LiveServer, chinese: bool) -> None:
    shown = {name: SyntheticScene(seed).scene.traveller.drawn for name, seed in SEEDS.items()}
    wanted = shown["yard"]
    question = f"哪个摄像头有{wanted.zh}？" if chinese else f"Which camera shows {wanted.a}?"
    reply = ask(server, question=question).json()
    assert reply["made_by"] == "probabilities"
    lobby, yard, gate = reply["askcam"]["answers"]
    assert yard["probability"] > 0.9 > 0.1 > lobby["probability"]
    assert (gate["probability"], gate["problem"]["code"]) == (None, "camera_unavailable")
    assert reply["text"].splitlines()[0] == f"yard ({yard['probability']:.0%})"
    kept = httpx.get(f"{server.url}/v1/answers/{yard['askcam']['answer_id']}", timeout=60).json()
    assert kept["question"] == f"有{wanted.zh}吗？" if chinese else f"Is there {wanted.a}? Answer yes or no."
    assert kept["frames"]


WAYS = pytest.mark.parametrize("question", [QUESTION, "Which camera shows a dog?"])  # in words, by probability


@WAYS
def test_frames_are_as_young_as_the_question_wants_them(server: LiveServer, question: str) -> None:
    refused = ask(server, question=question, cameras=["lobby"], max_age_ms=0.001)
    assert refused.status_code == 503, refused.text
    assert " old" in refused.json()["error"]["message"]


@WAYS
def test_frames_are_as_young_as_the_server_has_them_and_cameras_are_waited_for(tmp_path: Path, question: str) -> None:
    config = tmp_path / "askcam.toml"
    config.write_text("[server]\nmax_age_ms = 0.001\n")
    with live_server("--config", str(config), cameras=["lobby=synthetic:7"]) as server:
        told = ask(server, question=question, max_age_ms=60_000, max_wait_ms=20_000)
        assert told.status_code == 200, told.text  # asked before its first picture came
        refused = ask(server, question=question)
        assert refused.status_code == 503, refused.text
        assert " old" in refused.json()["error"]["message"]


def test_a_question_about_a_picture_is_asked_with_it(server: LiveServer) -> None:
    """By probability it would be left out."""
    shown = httpx.get(f"{server.url}/v1/cameras/lobby/snapshot.jpg?width=320", timeout=60).content
    url = f"data:image/jpeg;base64,{base64.b64encode(shown).decode()}"
    parts = [{"type": "text", "text": "Which camera shows a dog?"}, {"type": "image_url", "image_url": {"url": url}}]
    body = {"model": "all", "messages": [{"role": "user", "content": parts}], "max_tokens": 4}
    reply = httpx.post(f"{server.url}/v1/chat/completions", json=body, timeout=60).json()
    assert [each["probability"] for each in reply["askcam"]["answers"]] == [None] * 3


def test_openais_sdk_asks_all_under_that_name(server: LiveServer) -> None:
    client = OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0)
    assert client.models.retrieve("all").model_extra == {
        "max_model_len": client.models.retrieve("lobby").model_extra["max_model_len"],  # type: ignore[index]
        "askcam": {
            "kind": "other",
            "what": "all cameras together: one question, answered from each camera's own answer",
        },
    }
    messages: list[Any] = [{"role": "user", "content": QUESTION}]
    whole = client.chat.completions.create(model="all", messages=messages, temperature=0)
    assert all(sign in (whole.choices[0].message.content or "") for sign in SIGNS.values())
    pieces, told = "", []
    for chunk in client.chat.completions.create(model="all", messages=messages, temperature=0, stream=True):
        pieces += chunk.choices[0].delta.content or ""
        told += [event["answer"]["camera"] for event in [(chunk.model_extra or {}).get("askcam_event")] if event]
    assert pieces == whole.choices[0].message.content
    assert sorted(told) == ["gate", "lobby", "yard"]
    response = client.responses.create(model="all", input=QUESTION, temperature=0)
    assert response.output_text == pieces


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"question": " "}, 400, "'question' is empty"),
        ({"question": 5}, 400, "question"),
        ({"cameras": []}, 400, "'cameras' is empty"),
        ({"cameras": ["lobby", "nowhere"]}, 404, "no camera or model 'nowhere'"),
        ({"cameras": ["x" * 200_000]}, 404, "no camera or model 'xxx"),
        ({"cameras": "lobby"}, 400, 'cameras="lobby" is not a list of names, or "all"'),
        ({"cameras": ["lobby", 5]}, 400, 'cameras=["lobby",5] is not a list of names, or "all"'),
        ({"cameras": 5}, 400, 'cameras=5 is not a list of names, or "all"'),
        ({"camera": "lobby"}, 400, "did you mean 'cameras'?"),
        ({"max_tokens": 0}, 400, "max_tokens"),
        ({"temperature": 3}, 400, "temperature"),
        ({"max_age_ms": 0}, 400, "max_age_ms"),
        ({"max_wait_ms": 1e9}, 400, "max_wait_ms"),
        ({"cameras": ["gate"]}, 503, "no camera can be asked now: gate: "),
        ({"question": "x" * 2_000_000}, 400, "character"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(
    server: LiveServer, body: dict[str, Any], status: int, words: str
) -> None:
    refused = ask(server, **body)
    error = refused.json()["error"]
    assert (refused.status_code, words in error["message"]) == (status, True), refused.text[:2000]
    assert len(error["message"]) < 2100
    if "cameras" in body:
        assert error["param"] == "cameras"


@pytest.mark.parametrize("path", ["chat/completions", "responses"])
def test_a_name_that_comes_back_is_cut(server: LiveServer, path: str) -> None:
    body = {"model": "x" * 200_000, "messages": [{"role": "user", "content": "?"}], "input": "?"}
    del body["input" if path == "chat/completions" else "messages"]
    refused = httpx.post(f"{server.url}/v1/{path}", json=body, timeout=60)
    assert (refused.status_code, refused.json()["error"]["param"]) == (404, "model")
    assert len(refused.text) < 1000


def test_of_several_cameras_no_functions_and_no_forms_are_asked(server: LiveServer) -> None:
    messages = [{"role": "user", "content": QUESTION}]
    tool = {"type": "function", "function": {"name": "ring", "parameters": {"type": "object"}}}
    for more, words in (
        ({"tools": [tool]}, "call none of your functions"),
        ({"response_format": {"type": "json_object"}}, "into a form"),
        ({"askcam": {"on_scene_change": "tell"}}, "not compared"),
        ({"logprobs": True}, "leave 'logprobs' out"),
        ({"logprobs": True, "top_logprobs": 2}, "leave 'logprobs' out"),
    ):
        refused = httpx.post(
            f"{server.url}/v1/chat/completions", json={"model": "all", "messages": messages, **more}, timeout=60
        )
        assert refused.status_code == 400, refused.text
        assert words in refused.json()["error"]["message"]


def test_each_camera_counts_as_a_question_of_its_asker(tmp_path: Path) -> None:
    config = tmp_path / "askcam.toml"
    config.write_text("[limits]\nquestions_per_s = 0.001\nquestions_burst = 4\n")
    with live_server("--config", str(config), cameras=[f"{name}=synthetic:7" for name in "abc"]) as server:
        for expected in ([None] * 3, [None, "rate_limit_exceeded", "rate_limit_exceeded"]):
            answers = ask(server, max_tokens=1, max_wait_ms=20_000).json()["askcam"]["answers"]
            assert [each["problem"] and each["problem"]["code"] for each in answers] == expected
        assert ask(server).status_code == 429


def test_a_camera_of_that_name_is_asked_itself() -> None:
    with live_server(cameras=["all=synthetic:7", "yard=synthetic:3"]) as server:
        wait_for_pairs(server, "all", 2)
        body = {"model": "all", "messages": [{"role": "user", "content": QUESTION}]}
        reply = httpx.post(f"{server.url}/v1/chat/completions", json=body, timeout=60).json()
        assert reply["askcam"]["camera"] == "all"
        assert reply["askcam"]["answers"] is None
        listed = httpx.get(f"{server.url}/v1/models", timeout=60).json()["data"]
        assert [each["askcam"]["kind"] for each in listed if each["id"] == "all"] == ["camera"]


def test_a_model_that_talks_makes_one_answer_of_theirs(tmp_path: Path) -> None:
    """Random weights: what it says means nothing, but it is asked, about all answers and no picture."""
    model = save_tiny("qwen2_vl", model_path(), tmp_path)
    cameras = [f"{name}=synthetic:{seed}" for name, seed in SEEDS.items()]
    with live_server("--model", str(model), cameras=cameras) as server:
        for name in SEEDS:
            wait_for_pairs(server, name, 2)
        reply = ask(server, max_tokens=6, cameras=["yard", "lobby"]).json()
        assert [each["camera"] for each in reply["askcam"]["answers"]] == ["yard", "lobby"]
        assert reply["made_by"] == "model"
        kept = httpx.get(f"{server.url}/v1/answers/{reply['askcam']['answer_id']}", timeout=60).json()
        assert kept["answer"] == reply["text"]
        assert all(f"- {each['camera']}: " in kept["question"] for each in reply["askcam"]["answers"])
        form = {
            "type": "json_schema",
            "json_schema": {"name": "n", "schema": {"enum": ["lobby", "yard"]}, "strict": True},
        }
        body = {"model": "all", "messages": [{"role": "user", "content": QUESTION}], "response_format": form}
        chosen = httpx.post(f"{server.url}/v1/chat/completions", json=body, timeout=60).json()
        assert json.loads(chosen["choices"][0]["message"]["content"]) in {"lobby", "yard"}
