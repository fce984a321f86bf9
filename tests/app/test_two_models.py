"""A whole server with two models, one here and one behind a model server: who is asked, who watches, what is told."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.servers.askcam_server import live_server
from support.servers.running import RunningModelServer
from support.waiting import until
from websockets.sync.client import connect

CONFIG = """
[models.far]
url = "{url}"
dialect = "vllm"
family = "qwen2_5_vl"
max_pairs = 4

[cameras.lobby]
uri = "synthetic:7"

[cameras.yard]
uri = "synthetic:8"
model = "far"

[watches.cup]
question = "Is there a cup?"
cameras = ["lobby", "yard"]
every_s = 0.5
model = "far"
"""
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
    "rkJggg=="
)


@dataclass
class Both:
    """The server, and that of its far model."""

    http: httpx.Client
    far: RunningModelServer

    def ask(self, model: str, text: str = "what is there?", **more: Any) -> httpx.Response:
        body = {"model": model, "messages": [{"role": "user", "content": text}], "max_tokens": 8, **more}
        return self.http.post("/v1/chat/completions", json=body)

    def refused(self, model: str) -> tuple[int, str]:
        """Status and code of a refusal."""
        found = self.ask(model)
        return found.status_code, found.json().get("error", {}).get("code", "")

    def answered(self, model: str, **more: Any) -> Any:
        """The `askcam` object of an answer."""
        reply = until(lambda: (found := self.ask(model, **more)).status_code == 200 and found, f"{model} to answer", 90)
        return reply.json()["askcam"]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    with RunningModelServer("vllm") as far:
        file = tmp_path_factory.mktemp("config") / "askcam.toml"
        file.write_text(CONFIG.format(url=far.url))
        with (
            live_server("--config", str(file)) as server,
            httpx.Client(base_url=server.url, timeout=60) as http,
        ):
            yield Both(http, far)


def test_a_cameras_own_model_answers_about_it_and_the_answer_says_which(both: Both) -> None:
    here, there = both.answered("lobby"), both.answered("yard")
    assert (here["model"], here["camera"]) == ("askcam", "lobby")
    assert here["backend"] != "remote"
    assert (there["model"], there["camera"], there["backend"]) == ("far", "yard", "remote")


def test_a_request_may_name_a_model_that_sees_the_camera(both: Both) -> None:
    assert both.answered("lobby", askcam={"model": "far"})["model"] == "far"  # its watch looks with it
    refused = both.ask("yard", askcam={"model": "askcam"})
    assert refused.status_code == 400
    error = refused.json()["error"]
    assert error["param"] == "askcam.model"
    assert "is seen by: far" in error["message"]
    unknown = both.ask("lobby", askcam={"model": "nobody"})
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "model_not_found")
    assert unknown.json()["error"]["param"] == "askcam.model"


def test_a_model_is_asked_about_pictures_by_its_name(both: Both) -> None:
    seen = [{"type": "image_url", "image_url": {"url": PIXEL}}, {"type": "text", "text": "what is it?"}]
    body = {"model": "far", "messages": [{"role": "user", "content": seen}]}
    reply = both.http.post("/v1/chat/completions", json=body).json()
    assert reply["model"] == reply["askcam"]["model"] == "far"
    assert "1 pictures, the newest is" in reply["choices"][0]["message"]["content"]
    said = both.http.post("/v1/responses", json={"model": "far", "input": "hello"}).json()
    assert said["askcam"]["model"] == "far"
    with connect(
        f"{str(both.http.base_url).replace('http', 'ws')}/v1/realtime?model=far".replace("//v1", "/v1"), open_timeout=60
    ) as talk:
        assert '"session.created"' in str(talk.recv(timeout=60))
    unknown = both.ask("nobody")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "model_not_found")


def test_lists_say_which_models_there_are_and_what_each_sees(both: Both) -> None:
    listed = {one["id"]: one for one in both.http.get("/v1/models").json()["data"]}
    assert [name for name, one in listed.items() if one["askcam"]["kind"] == "model"] == ["askcam", "far"]
    assert listed["far"]["askcam"]["model"] == "org/model"
    assert listed["far"]["askcam"]["backend"] == "remote"
    assert listed["far"]["max_model_len"] == listed["yard"]["max_model_len"] == 4096
    assert both.http.get("/v1/models/far").json() == listed["far"]
    assert (listed["lobby"]["askcam"]["model"], listed["yard"]["askcam"]["model"]) == ("askcam", "far")

    def seen_by() -> dict[str, list[str]]:
        return {one["name"]: one["seen_by"] for one in both.http.get("/v1/cameras").json()["data"]}

    until(lambda: seen_by() == {"lobby": ["askcam", "far"], "yard": ["far"]}, "the watch to look")


def test_a_watch_looks_with_its_model_and_a_camera_is_seen_by_it_for_so_long(both: Both) -> None:
    watch = {"name": "near", "question": "Is there a cup?", "cameras": ["yard"], "every_s": 0.5, "model": "askcam"}
    made = both.http.post("/v1/watches", json=watch)
    assert (made.status_code, made.json()["model"]) == (201, "askcam")
    for name in ("cup", "near"):

        def read(name: str = name) -> bool:
            return all(now["probability"] is not None for now in both.http.get(f"/v1/watches/{name}").json()["now"])

        until(read, f"readings of {name}", 90)
    assert both.http.get("/v1/cameras/yard").json()["seen_by"] == ["far", "askcam"]
    both.http.delete("/v1/watches/near")
    assert both.http.get("/v1/cameras/yard").json()["seen_by"] == ["far"]
    unknown = both.http.post("/v1/watches", json={**watch, "model": "nobody"})
    assert unknown.status_code == 404
    assert "models here: askcam, far" in unknown.text


def test_all_cameras_are_asked_each_with_its_own_model(both: Both) -> None:
    answers = both.answered("all")["answers"]
    assert {one["camera"]: one["askcam"]["model"] for one in answers} == {"lobby": "askcam", "yard": "far"}
    by_probability = both.ask("all", "Which cameras show a cup?").json()["askcam"]["answers"]
    assert {one["camera"]: one["askcam"]["model"] for one in by_probability} == {"lobby": "askcam", "yard": "far"}
    assert all(one["probability"] is not None for one in by_probability)


def test_metrics_have_a_label_with_as_many_values_as_there_are_models(both: Both) -> None:
    both.answered("yard")
    lines = both.http.get("/metrics").text.splitlines()
    for name in ("askcam_model_ready", "askcam_engine_tokens_total", "askcam_engine_questions_waiting"):
        assert [line.partition(" ")[0] for line in lines if line.startswith(name)] == [
            f'{name}{{model="askcam"}}', f'{name}{{model="far"}}'
        ]  # fmt: skip


def test_no_camera_takes_a_models_name(both: Both) -> None:
    refused = both.http.post("/v1/cameras", json={"name": "far", "uri": "synthetic:9"})
    assert refused.status_code == 409, refused.text


def test_one_model_that_is_away_makes_no_other_unready(both: Both) -> None:
    both.far.kill()
    try:
        assert both.answered("lobby")["model"] == "askcam"
        until(lambda: both.refused("yard") == (503, "model_unreachable"), "it to be noticed", 60)
        assert both.answered("lobby")["model"] == "askcam"
        ready = both.http.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (200, "ready")
        assert "nothing answers at" in ready.json()["models_lost"]["far"]
        metrics = both.http.get("/metrics").text
        assert 'askcam_model_ready{model="askcam"} 1.0' in metrics
        assert 'askcam_model_ready{model="far"} 0.0' in metrics
        assert "nothing answers at" in both.http.get("/v1/models/far").json()["askcam"]["trouble"]
    finally:
        both.far.start()
    until(lambda: "models_lost" not in both.http.get("/readyz").json(), "it to be found again", 60)
    assert both.answered("yard")["model"] == "far"


AWAY = """
[model]
url = "{near}"
dialect = "vllm"
max_pairs = 4

[models.far]
url = "{far}"
dialect = "ollama"
max_pairs = 4

[cameras.lobby]
uri = "synthetic:7"

[cameras.yard]
uri = "synthetic:8"
model = "far"

[watches.cup]
question = "Is there a cup?"
cameras = ["yard"]
every_s = 0.5
"""


def test_one_that_is_away_at_the_start_is_waited_for_by_what_needs_it_alone(tmp_path: Path) -> None:
    file = tmp_path / "askcam.toml"
    far = RunningModelServer("ollama")
    with RunningModelServer("vllm") as near:
        far.start()
        file.write_text(AWAY.format(near=near.url, far=far.url))
        far.kill()  # its port is known, and nobody there
        with (
            live_server("--config", str(file), "--power", "auto") as server,
            httpx.Client(base_url=server.url, timeout=60) as http,
            contextlib.ExitStack() as stack,
        ):
            both = Both(http, far)
            assert both.answered("lobby")["model"] == "askcam"
            ready = http.get("/readyz")
            assert (ready.status_code, [*ready.json()["models_lost"]]) == (200, ["far"])
            for name in ("yard", "far"):
                gone = both.ask(name)
                assert (gone.status_code, gone.json()["error"]["code"]) == (503, "model_unreachable"), gone.text
                assert gone.headers["retry-after"]
            listed = {one["id"]: one["askcam"] for one in http.get("/v1/models").json()["data"]}
            assert (listed["far"]["ready"], listed["yard"]["state"]) == (False, "connecting")
            (now,) = http.get("/v1/watches/cup").json()["now"]
            assert "'far' cannot be asked yet" in now["trouble"]
            stack.callback(far.kill)
            far.start()
            assert both.answered("yard")["model"] == "far"
            assert "models_lost" not in http.get("/readyz").json()

            def read() -> bool:
                (now,) = http.get("/v1/watches/cup").json()["now"]
                return now["probability"] is not None

            until(read, "the watch to look", 60)


@pytest.mark.parametrize(
    ("fault", "text", "said"),
    [
        ("ignores_logprobs", '[watches.cup]\nquestion = "A cup?"\ncameras = ["lobby"]\nmodel = "far"\n',
         "[watches.cup]: the model 'far' cannot watch: "),
        ("drops_newest", "", "[models.far]: "),
    ],
)  # fmt: skip
def test_what_a_model_cannot_do_ends_the_start_with_its_name(
    both: Both, tmp_path: Path, fault: str, text: str, said: str
) -> None:
    file = tmp_path / "askcam.toml"
    file.write_text(
        f'[models.far]\nurl = "{both.far.url}"\ndialect = "vllm"\n[cameras.lobby]\nuri = "synthetic:7"\n{text}'
    )
    both.far.goes_wrong(fault)
    try:
        with pytest.raises(RuntimeError, match="ended with 2") as caught, live_server("--config", str(file)):
            pass
    finally:
        both.far.goes_wrong()
    assert said in str(caught.value).replace("\n", " ")
