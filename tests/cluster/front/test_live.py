"""Two real servers behind a real front, asked by OpenAI's own package and ours; one of them is stopped, and killed."""

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import APIStatusError, AsyncOpenAI, OpenAI
from support.front_tokens import FRONT, SHARD
from support.servers.askcam_server import LiveServer, front_server, live_server, wait_for_pairs
from support.waiting import until

from askcam.client.client import connect

SILENT_S = 4.0
WHAT: Any = [{"role": "user", "content": "What do you see?"}]


@dataclass(frozen=True)
class Scene:
    one: LiveServer  # of the camera "lobby"
    other: LiveServer  # of the camera "yard"
    front: LiveServer

    def client(self, who: str = "front-viewer") -> httpx.Client:
        return httpx.Client(base_url=self.front.url, headers={"authorization": f"Bearer {who}"}, timeout=120)

    def openai(self) -> OpenAI:
        return OpenAI(base_url=f"{self.front.url}/v1", api_key="front-viewer", timeout=120, max_retries=0)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    config = tmp_path_factory.mktemp("front") / "front.toml"
    config.write_text(f"[front]\nprobe_s = 0.3\nsilent_s = {SILENT_S}\n")
    with (
        live_server(cameras=["lobby=synthetic:7"], env=SHARD) as one,
        live_server(cameras=["yard=synthetic:8"], env=SHARD) as other,
        front_server({"a": one.url, "b": other.url}, "--config", str(config), env=FRONT) as front,
    ):
        wait_for_pairs(one, "lobby", 2, "shard-viewer")
        wait_for_pairs(other, "yard", 2, "shard-viewer")
        yield Scene(one, other, front)


def test_every_camera_is_a_model_of_the_one_address(scene: Scene) -> None:
    with scene.openai() as client:
        assert [each.id for each in client.models.list()] == ["askcam", "lobby", "yard", "all"]
        for camera in ("lobby", "yard"):
            reply = client.chat.completions.create(model=camera, messages=WHAT)
            assert (reply.choices[0].message.content or "").startswith("I see ")
            assert reply.model_extra is not None
            assert reply.model_extra["askcam"]["camera"] == camera


def test_an_answer_streams_and_is_found_again_with_its_frames(scene: Scene) -> None:
    with scene.openai() as client, scene.client() as http:
        chunks = list(client.chat.completions.create(model="yard", messages=WHAT, stream=True))
        words = [each.choices[0].delta.content for each in chunks if each.choices and each.choices[0].delta.content]
        assert len(words) > 5
        assert chunks[-1].model_extra is not None
        kept = http.get(f"/v1/answers/{chunks[-1].model_extra['askcam']['answer_id']}").json()
        assert (kept["camera"], kept["answer"]) == ("yard", "".join(words))
        picture = http.get(kept["frames"][0]["url"])
        assert picture.content.startswith(b"\xff\xd8")


def test_a_response_is_followed_by_others_of_whichever_camera(scene: Scene) -> None:
    with scene.openai() as client:
        first = client.responses.create(model="yard", input="What do you see?")
        assert client.responses.retrieve(first.id).id == first.id
        before = first
        for model in ("yard", "lobby", "all", "lobby"):
            after = client.responses.create(model=model, input="What do you see?", previous_response_id=before.id)
            assert (after.previous_response_id, after.status, after.error) == (before.id, "completed", None)
            assert after.output_text
            before = after
        said = list(client.responses.input_items.list(before.id, order="asc"))
        assert [getattr(each, "role", None) for each in said] == [*["user", "assistant"] * 4, "user"]
        client.responses.delete(first.id)
        with pytest.raises(APIStatusError) as refused:
            client.responses.create(model="lobby", input="And here?", previous_response_id=first.id)
        assert refused.value.code == "previous_response_not_found"


def shape(told: Any) -> Any:
    """Which names stand where, whatever they say, and whether they say anything: a machine that does not keep up says
    more. Of things in a list each kind once."""
    if isinstance(told, dict):
        return {name: shape(value) for name, value in told.items()}
    if isinstance(told, list):
        kinds = {json.dumps(shape(value)) for value in told if isinstance(value, dict | list)}
        return [json.loads(each) for each in sorted(kinds)]
    return "value"


@pytest.mark.parametrize("question", ["What do you see?", "Which cameras show a person?"])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses"])
@pytest.mark.parametrize("stream", [False, True])
def test_all_cameras_answer_on_the_wire_as_those_of_one_server(
    scene: Scene, path: str, stream: bool, question: str
) -> None:
    said = [{"role": "user", "content": question}]
    options: dict[str, Any] = {"stream_options": {"include_usage": True}} if stream and "chat" in path else {}
    body = {"model": "all", "messages" if "chat" in path else "input": said, "stream": stream, **options}
    with scene.client() as front, httpx.Client(base_url=scene.one.url, timeout=120) as one:
        one.headers["authorization"] = "Bearer shard-viewer"
        told = [each.post(path, json=body).raise_for_status() for each in (front, one)]
        if not stream:
            of_all, of_one = (each.json() for each in told)
            assert shape(of_all) == shape(of_one)
            assert [each["camera"] for each in of_all["askcam"]["answers"]] == ["lobby", "yard"]
            assert of_all["usage"]["total_tokens"] > of_one["usage"]["total_tokens"] > 0
            return
        lines = [[line for line in each.text.splitlines() if line] for each in told]
        kinds = [[_kind(line) for line in each] for each in lines]
        assert list(dict.fromkeys(kinds[0])) == list(dict.fromkeys(kinds[1]))
        assert sum("camera.answered" in line for line in lines[0]) == (2 if "chat" in path else 0)


def _kind(line: str) -> str:
    """Of a stream's line, without what it says."""
    name, _, data = line.partition(": ")
    return json.dumps([name, shape(json.loads(data))]) if data.startswith("{") else line


def test_cameras_of_both_are_asked_one_question(scene: Scene) -> None:
    with scene.client() as http:
        body = {"question": "What do you see?", "cameras": ["yard", "lobby"]}
        reply = http.post("/v1/ask", json=body).raise_for_status().json()
        answers = reply["askcam"]["answers"]
        assert [each["camera"] for each in answers] == ["yard", "lobby"]
        assert reply["made_by"] == "listing", "the built-in model talks of nothing that it does not see"
        for each in answers:
            assert each["text"] in reply["text"]
            assert http.get(f"/v1/answers/{each['askcam']['answer_id']}").json()["camera"] == each["camera"]
        which = http.post("/v1/ask", json={"question": "Which cameras show a person?"}).raise_for_status().json()
        assert which["made_by"] == "probabilities"
        assert all(0 <= each["probability"] <= 1 for each in which["askcam"]["answers"])


def test_pictures_and_pages_come_through(scene: Scene) -> None:
    with scene.client() as http:
        assert http.get("/v1/cameras/yard/snapshot.jpg", params={"width": 64}).content.startswith(b"\xff\xd8")
        with http.stream("GET", "/v1/cameras/lobby/live.mjpeg") as reply:
            assert reply.headers["content-type"].startswith("multipart/x-mixed-replace; boundary=")
            assert b"Content-Type: image/jpeg" in next(reply.iter_raw())
        for page in ("/", "/desk", "/wall"):
            assert "text/html" in http.get(page).headers["content-type"]
        described = http.get("/openapi.json").json()
        assert "/v1/chat/completions" in described["paths"]


async def test_a_realtime_session_talks_with_the_shard_of_its_camera(scene: Scene) -> None:
    async with (
        AsyncOpenAI(base_url=f"{scene.front.url}/v1", api_key="front-viewer", max_retries=0) as client,
        client.realtime.connect(model="yard") as link,
    ):
        await link.conversation.item.create(
            item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": "What do you see?"}]}
        )
        await link.response.create()
        async for event in link:
            if event.type == "response.done":
                break
        assert event.response.status == "completed"


async def test_our_own_client_asks_and_pushes_its_own_pictures(scene: Scene) -> None:
    async with connect(scene.front.url, token="front-viewer") as client:
        assert [each.name for each in await client.cameras()] == ["lobby", "yard"]
        answer = await client.ask("What do you see?", camera="lobby")
        assert answer.text.startswith("I see ")


def test_a_viewer_stays_one_and_an_admin_makes_a_watch_where_its_camera_is(scene: Scene) -> None:
    watch = {"name": "anything", "question": "Is there anything?", "cameras": ["yard"], "on": 0.6, "off": 0.4}
    with (
        scene.client() as viewer,
        scene.client("front-admin") as admin,
        httpx.Client(base_url=scene.other.url, timeout=60) as other,
    ):
        assert viewer.post("/v1/watches", json=watch).status_code == 403
        assert admin.post("/v1/watches", json=watch).status_code == 201
        other.headers["authorization"] = "Bearer shard-viewer"
        assert [each["name"] for each in other.get("/v1/watches").json()["data"]] == ["anything"]
        assert [each["cameras"] for each in viewer.get("/v1/watches").json()["data"]] == [["yard"]]
        both = admin.post("/v1/watches", json=watch | {"name": "both", "cameras": ["lobby", "yard"]})
        assert (both.status_code, both.json()["error"]["code"]) == (400, "several_shards")
        assert admin.patch("/v1/watches/anything", json={"every_s": 2}).json()["every_s"] == 2
        assert admin.delete("/v1/watches/anything").status_code == 204
        assert viewer.get("/v1/watches/anything").status_code == 404


def test_a_shard_that_is_stopped_is_down_after_a_while_and_comes_back(scene: Scene) -> None:
    with scene.client() as http:
        os.kill(scene.other.process.pid, signal.SIGSTOP)
        try:
            reply = http.post("/v1/chat/completions", json={"model": "yard", "messages": WHAT})
            assert (reply.status_code, reply.json()["error"]["code"]) == (503, "shard_down")
            assert http.post("/v1/chat/completions", json={"model": "lobby", "messages": WHAT}).status_code == 200
            assert http.get("/readyz").json() == {"status": "ready", "shards_down": ["b"]}
        finally:
            os.kill(scene.other.process.pid, signal.SIGCONT)
        until(lambda: http.get("/readyz").json() == {"status": "ready"}, "its return", timeout_s=60)
        asked = {"model": "yard", "messages": WHAT}  # about a camera that is stale at first
        until(lambda: http.post("/v1/chat/completions", json=asked).status_code == 200, "an answer")


def test_a_shard_that_is_killed_amid_streams_ends_them_and_no_others(scene: Scene) -> None:
    """The last one: it is not started again."""
    headers = {"accept": "text/event-stream"}
    with scene.client() as http:
        with (
            http.stream("GET", "/v1/events", headers=headers) as events,
            http.stream("GET", "/v1/cameras/yard/live.mjpeg") as picture,
        ):
            assert events.status_code == 200
            pieces = picture.iter_raw()
            next(pieces)
            scene.other.process.kill()
            with pytest.raises(httpx.HTTPError):
                list(pieces)
        until(lambda: http.get("/readyz").json().get("shards_down") == ["b"], "its end")
        told = http.post("/v1/chat/completions", json={"model": "yard", "messages": WHAT, "stream": True})
        assert (told.status_code, told.json()["error"]["code"]) == (503, "shard_down")
        assert http.post("/v1/chat/completions", json={"model": "lobby", "messages": WHAT}).status_code == 200
        models = [each["id"] for each in http.get("/v1/models").json()["data"]]
        assert "yard" in models, "it is known all the same"
        shards = {each["name"]: each["state"] for each in http.get("/v1/shards").json()["data"]}
        assert shards == {"a": "up", "b": "down"}
    assert not any("Traceback" in line for line in scene.front.log), "".join(scene.front.log)
    assert not any("shard-" in line and "token" in line for line in scene.front.log)


def test_what_a_front_refuses_before_it_begins(tmp_path: Path) -> None:
    """By one line, as every command does."""
    from support.program import refused

    assert "--shard gpu1=" in refused("front")
    assert "NAME=URL" in refused("front", "--shard", "http://127.0.0.1:1")
    config = tmp_path / "front.toml"
    config.write_text('[shards.a]\nurl = "http://me:secret@x"\n')
    told = refused("front", "--config", str(config))
    assert "secret" not in told
    assert f"{config}:2" in told
    assert json.dumps(told)
