"""A whole `askcam serve`, `look` and `doctor` over a model server: who answered where, what is refused, no torch."""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.program import askcam
from support.servers.running import RunningModelServer
from support.waiting import until

KEY = "the-servers-key-77"
# The program, and beside it a thread that says on demand what this process has read.
PROGRAM = """
import sys, threading
from askcam.app.cli import main

def tell():
    for line in sys.stdin:
        found = sorted(name for name in ("torch", "transformers", "torchvision", "accelerate") if name in sys.modules)
        print("READ " + " ".join(found), flush=True)

threading.Thread(target=tell, daemon=True).start()
sys.argv = ["askcam", *sys.argv[1:]]
main()
"""
START_S = 90.0


@dataclass
class Served:
    """A running `askcam serve` over a model server."""

    http: httpx.Client
    models: RunningModelServer
    process: "subprocess.Popen[str]"
    lines: "queue.SimpleQueue[str]"
    log: list[str]

    def ask(self, text: str = "what is there?", **more: Any) -> httpx.Response:
        body = {"model": "lobby", "messages": [{"role": "user", "content": text}], **more}
        return self.http.post("/v1/chat/completions", json=body)


CONFIG = """
[model]
url = "{url}"
dialect = "vllm"
[cameras.lobby]
uri = "synthetic:7"
[evidence]
enabled = true
folder = "{folder}"
"""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the evidence."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def served(kept: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with RunningModelServer("vllm") as models:
        file = tmp_path_factory.mktemp("config") / "askcam.toml"
        file.write_text(CONFIG.format(url=models.url, folder=kept))
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "serve", "--port", "0", "--json", "--config", str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "ASKCAM_MODEL_KEY": KEY, "XDG_DATA_HOME": str(file.parent)},
        )
        assert process.stdout is not None
        assert process.stderr is not None
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        log: list[str] = []
        for pipe, put in ((process.stdout, lines.put), (process.stderr, log.append)):
            threading.Thread(target=lambda pipe=pipe, put=put: [put(line) for line in pipe], daemon=True).start()
        said: dict[str, Any] = {}
        while said.get("event") != "ready":
            said = json.loads(lines.get(timeout=START_S))
        with httpx.Client(base_url=said["url"], timeout=60) as http:
            found = Served(http, models, process, lines, log)
            until(lambda: found.ask().status_code == 200, "the camera to show something", 60)
            yield found
        process.terminate()
        process.wait(60)
        for each in (process.stdin, process.stdout, process.stderr):
            assert each is not None
            each.close()


def test_an_answer_says_who_gave_it_and_where_pictures_went(served: Served) -> None:
    answer = served.ask("is it blue?").json()
    assert "frames, the newest is" in answer["choices"][0]["message"]["content"]
    saw = answer["askcam"]
    assert saw["backend"] == "remote"
    assert saw["camera"] == "lobby"
    assert served.models.url in saw["note"]
    assert saw["window"]["frames"] >= 2
    assert 0 <= saw["frame_age_ms"] < 30_000
    assert answer["usage"]["prompt_tokens"] > 0
    models = {one["id"]: one for one in served.http.get("/v1/models").json()["data"]}
    about = models["askcam"]["askcam"]
    assert (about["backend"], about["model"], about["device"]) == ("remote", "org/model", served.models.address)
    assert models["askcam"]["max_model_len"] == 4096


def test_neither_torch_nor_transformers_is_read(served: Served) -> None:
    assert served.ask().status_code == 200
    assert served.process.stdin is not None
    served.process.stdin.write("?\n")
    served.process.stdin.flush()
    line = ""
    while not line.startswith("READ"):
        line = served.lines.get(timeout=60)
    assert line.strip() == "READ"


def test_the_key_is_nowhere_to_be_read(served: Served) -> None:
    served.models.goes_wrong("unauthorized")
    refused = served.ask()
    served.models.goes_wrong()
    assert refused.status_code == 500
    assert "ASKCAM_MODEL_KEY" in refused.text
    shown = served.http.get("/v1/models").text + served.http.get("/metrics").text + "".join(served.log) + refused.text
    assert KEY not in shown


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [("busy", 429, "busy"), ("too_long", 400, "context_length_exceeded"), ("error_chunk", 500, "engine_failure")],
)
def test_what_its_server_refuses_has_the_status_that_it_should(
    served: Served, fault: str, status: int, code: str
) -> None:
    served.models.goes_wrong(fault)
    reply = served.ask()
    served.models.goes_wrong()
    assert (reply.status_code, reply.json()["error"]["code"]) == (status, code), reply.text
    if status == 429:
        assert reply.headers["retry-after"] == "7"


def test_a_field_that_would_be_left_out_is_refused_by_name(served: Served) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object", "not": {}}}}
    reply = served.ask(response_format=form)
    assert reply.status_code == 400, reply.text


def test_a_watch_scores_over_it(served: Served) -> None:
    watch = {"name": "cup", "question": "Is there a cup?", "cameras": ["lobby"], "every_s": 0.5}
    assert served.http.post("/v1/watches", json=watch).status_code in (200, 201)

    def read() -> Any:
        (now,) = served.http.get("/v1/watches/cup").json()["now"]
        return now["probability"] is not None and now

    now = until(read, "a reading", 60)
    assert 0.0 < now["probability"] < 1.0
    choice = {"kind": "choice", "choices": ["red", "an elephant"], "on_when": ["red"]}
    refused = served.http.post("/v1/watches", json={**watch, "name": "colour", **choice})
    assert refused.status_code == 400, refused.text
    assert "'an elephant' is not one token" in refused.text
    served.http.delete("/v1/watches/cup")


@pytest.mark.parametrize("fault", [None, "ignores_logprobs"])
def test_all_cameras_are_asked_which_shows_something(served: Served, fault: str | None) -> None:
    served.models.goes_wrong(*([] if fault is None else [fault]))
    reply = served.ask("Which cameras show a cup?", model="all")
    served.models.goes_wrong()
    assert (reply.status_code == 200) is (fault is None), reply.text  # without logprobs no camera can be asked so


def test_a_server_that_is_gone_is_not_ready_and_ready_again_by_itself(served: Served) -> None:
    assert served.http.get("/readyz").status_code == 200
    served.models.kill()
    try:
        reply = until(lambda: (found := served.ask()).status_code == 503 and found, "it to be noticed")
        assert reply.json()["error"]["code"] == "model_unreachable"
        gone = served.http.get("/readyz")
        assert (gone.status_code, gone.json()["status"]) == (503, "unreachable")
        assert 'askcam_model_ready{model="askcam"} 0.0' in served.http.get("/metrics").text
    finally:
        served.models.start()
    until(lambda: served.http.get("/readyz").status_code == 200, "it to be ready again")
    assert until(lambda: served.ask().status_code == 200, "an answer")


def test_its_answers_are_kept_and_never_said_to_differ(served: Served, kept: Path) -> None:
    answer = served.ask("what is kept?").json()
    answer_id, text = answer["askcam"]["answer_id"], answer["choices"][0]["message"]["content"]

    def replayed() -> Any:
        done = askcam("replay", answer_id, "--data", str(kept), "--json")
        return done.stdout and (done.returncode, json.loads(done.stdout))

    code, row = until(replayed, "it to be written", 60, 0.5)
    assert code == 0
    assert row == {
        "answer_id": answer_id, "camera": "lobby", "backend": "remote", "same": None, "at": served.models.address,
    }  # fmt: skip
    whole = askcam("replay", "--verify", "--data", str(kept), "--json")
    assert whole.returncode == 0, whole.stdout
    assert served.http.get(f"/v1/answers/{answer_id}").json()["answer"] == text


def test_one_look_and_the_doctor_go_there_too(served: Served, tmp_path: Path) -> None:
    there = ["--model-url", served.models.url, "--dialect", "auto", "--json"]
    looked = askcam("look", "synthetic:7", "what is there?", "--seconds", "0.5", *there)
    assert looked.returncode == 0, looked.stderr
    said = json.loads(looked.stdout.splitlines()[-1])
    assert said["askcam"]["backend"] == "remote"
    assert "the newest is" in said["answer"]
    file, dialect = tmp_path / "askcam.toml", f'url = "{served.models.url}"\ndialect = "auto"\n'
    file.write_text(f"[model]\n{dialect}[models.large]\n{dialect}")
    found = askcam("doctor", "--config", str(file), "--json")
    rows = {row["what"]: row for row in map(json.loads, found.stdout.splitlines())}
    assert {what for what, row in rows.items() if not row["ok"]} <= {"speed", "large: speed"}, (
        found.stdout
    )  # a busy machine's
    assert rows["model server, newest frame"]["ok"]
    assert rows["large: model server, newest frame"]["ok"]
    assert "device" not in rows  # nothing here multiplies
    wrong = askcam("look", "synthetic:7", "what?", "--model-url", served.models.url, "--device", "cuda")
    assert wrong.returncode == 2
    assert "runs elsewhere" in wrong.stderr


def test_a_summary_and_a_calibration_are_asked_there(served: Served) -> None:
    there = ["--model-url", served.models.url, "--dialect", "vllm"]
    told = askcam("summarize", "synthetic:7", "--for", "2", "--format", "json", *there)
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["model"] == "org/model"
    measured = askcam("watch", "calibrate", "synthetic:3", "--seeds", "2", "--json", *there)
    assert measured.returncode == 0, measured.stderr
    assert json.loads(measured.stdout.splitlines()[-1])["model"] == "org/model"
