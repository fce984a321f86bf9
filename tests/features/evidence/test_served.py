"""Evidence through the real server on both backends, over its restart, and `askcam replay` on what it kept."""

import asyncio
import base64
import json
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from support.evidence_cases import open_store
from support.program import askcam
from support.servers.askcam_server import LiveServer, live_server, wait_for_pairs
from support.waiting import until
from websockets.asyncio.client import connect as websocket

from askcam.client.client import connect
from askcam.client.errors import CameraUnavailable
from askcam.demo.builtin import model_path
from askcam.engine.question import Reason
from askcam.features.evidence.archive import EvidenceArchive
from askcam.features.evidence.index import NAME
from askcam.features.evidence.retention import EvidenceBounds

TIMEOUT_S = 240
CAMERAS = ("lobby=synthetic:7", "desk=synthetic:11")

COLOURS = {
    "type": "json_schema",
    "json_schema": {
        "name": "colours",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"colours": {"type": "array", "items": {"enum": ["red", "green", "blue"]}, "maxItems": 3}},
            "required": ["colours"],
            "additionalProperties": False,
        },
    },
}


@dataclass(frozen=True, slots=True)
class Kept:
    """What one server left behind."""

    folder: Path
    config: Path
    backend: str
    private: bool
    answers: dict[str, dict[str, Any]]  # by how it was asked: what GET /v1/answers/{id} said
    pictures: dict[str, bytes]  # by URL: frames as the server showed them
    unwanted: dict[str, str]  # by how it was asked: ids of answers that were not to be kept
    pushed: str  # id of an answer about a pushed camera
    metrics: str


def start(config: Path, backend: str) -> Any:
    return live_server("--config", str(config), "--backend", backend, cameras=CAMERAS)


LIVE, PORTABLE = ("live", False), ("portable", True)
one_backend = pytest.mark.parametrize("kept", [LIVE], ids=["live"], indirect=True)  # where it makes no difference


@pytest.fixture(scope="module", params=[LIVE, PORTABLE], ids=["live", "portable, private"])
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """A server that was asked in many ways, and has ended."""
    backend, private = request.param
    folder = tmp_path_factory.mktemp("evidence")
    config = folder / "askcam.toml"
    config.write_text(f'[evidence]\nenabled = true\nfolder = "data"\nprivate = {str(private).lower()}\n')
    with start(config, backend) as server:
        for camera in ("lobby", "desk"):
            wait_for_pairs(server, camera, 3)
        with httpx.Client(base_url=server.url, timeout=60) as client:
            ids = {way: ask(client, **body) for way, body in ways()}
            unwanted = {"chat": ask(client, askcam={"evidence": False})}
            pushed, unwanted["realtime"] = asyncio.run(realtime(server))
            ids["cut off"] = asyncio.run(cut_off(server, folder / "data"))
            answers = {way: client.get(f"/v1/answers/{name}").json() for way, name in ids.items()}
            urls = [frame["url"] for answer in answers.values() for frame in answer["frames"]]
            pictures = {url: client.get(url).content for url in urls}
            until(lambda: "askcam_evidence_waiting 0.0" in client.get("/metrics").text, "all records to be written")
            metrics = client.get("/metrics").text
    return Kept(folder / "data", config, backend, private, answers, pictures, unwanted, pushed, metrics)


def ways() -> Iterator[tuple[str, dict[str, Any]]]:
    """How questions are asked: settings under which an answer has to come again."""
    picture = base64.b64encode(cv2.imencode(".png", np.full((100, 140, 3), 128, np.uint8))[1].tobytes()).decode()
    parts = [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}"}},
        {"type": "text", "text": "What color is the background?"},
    ]
    turns = [
        {"role": "system", "content": "You are terse."},
        {"role": "user", "content": "What do you see?"},
        {"role": "assistant", "content": "A cup."},
        {"role": "user", "content": "Is anything moving?"},
    ]
    yield "plainly", {}
    yield "in Chinese", {"model": "desk", "messages": [{"role": "user", "content": "你看到了什么？"}]}
    yield "by chance", {"temperature": 2.0, "max_tokens": 12}
    yield "by chance again", {"temperature": 2.0, "max_tokens": 12}
    yield "by a seed", {"temperature": 1.5, "seed": -3, "top_p": 0.95}
    yield "for few words", {"max_tokens": 3}
    yield "up to a word", {"stop": [" a"]}
    yield "with a penalty", {"repetition_penalty": 1.3, "temperature": 1.2}
    yield "within a conversation", {"messages": turns, "model": "desk"}
    yield "with logprobs", {"logprobs": True, "top_logprobs": 3}
    yield "in a form", {"response_format": COLOURS, "temperature": 1.5, "max_tokens": 40}
    yield "about a picture", {"model": "askcam", "messages": [{"role": "user", "content": parts}]}
    yield "about a picture beside a camera", {"messages": [{"role": "user", "content": parts}]}


def ask(client: httpx.Client, **body: Any) -> str:
    reply = client.post(
        "/v1/chat/completions",
        json={"model": "lobby", "messages": [{"role": "user", "content": "What do you see?"}], **body},
    )
    assert reply.status_code == 200, reply.text
    return str(reply.json()["askcam"]["answer_id"])


async def cut_off(server: LiveServer, folder: Path) -> str:
    """The id of an answer that was cancelled after its first word: tried again where it was complete too soon."""
    question = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "What do you see?"}]}
    async with (
        websocket(f"{server.ws_url}/v1/realtime?model=lobby", open_timeout=60) as socket,
        asyncio.timeout(TIMEOUT_S),
    ):
        await socket.send(json.dumps({"type": "response.create", "response": {"input": [question]}}))
        async for message in socket:
            event = json.loads(message)
            if event["type"] == "response.output_text.delta":
                await socket.send(json.dumps({"type": "response.cancel"}))
            elif event["type"] == "response.done":
                name = str(event["response"]["askcam"]["answer_id"])
                await asyncio.to_thread(until, lambda name=name: name in EvidenceArchive(folder).ids(), "its record")
                if EvidenceArchive(folder).get(name).reason is Reason.CANCELLED:
                    return name
                await socket.send(json.dumps({"type": "response.create", "response": {"input": [question]}}))
    raise AssertionError("the connection ended")


async def realtime(server: LiveServer) -> tuple[str, str]:
    """Ids of an answer about a pushed camera, and of one that is not to be kept."""
    async with connect(server.url) as client, asyncio.timeout(TIMEOUT_S):
        unwanted = await client.ask("What do you see?", camera="lobby", evidence=False)
        async with client.push() as camera:
            while True:
                await camera.send(np.full((240, 320, 3), 90, np.uint8))
                try:
                    pushed = await camera.ask("What do you see?", max_tokens=4)
                    break
                except CameraUnavailable:
                    await asyncio.sleep(0.05)
    return pushed.saw.answer_id, unwanted.saw.answer_id


def replay(*args: str) -> tuple[int, list[dict[str, Any]], str]:
    """Exit status, JSON lines, what was said on stderr."""
    done = askcam("replay", "--json", *args)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr.strip()


def names(kept: Kept) -> dict[str, str]:
    return {way: answer["id"] for way, answer in kept.answers.items()}


def test_every_answer_is_kept_but_those_that_were_not_to_be(kept: Kept) -> None:
    there = set(EvidenceArchive(kept.folder).ids())
    assert set(names(kept).values()) <= there
    assert there.isdisjoint(kept.unwanted.values())
    assert (kept.pushed in there) is kept.private
    assert f'askcam_evidence_records_total{{outcome="stored"}} {len(there)}.0' in kept.metrics


def test_records_hold_what_the_answer_followed_from(kept: Kept) -> None:
    archive = EvidenceArchive(kept.folder)
    for way, answer in kept.answers.items():
        found = archive.get(answer["id"])
        assert found.text == answer["answer"], way
        assert len(found.tokens) == answer["usage"]["completion"] or way == "cut off"
        assert sum(count for _, count in found.prompt) == answer["usage"]["prompt"] or way == "cut off"
        assert (found.model.backend, found.model.asked, len(found.model.digest)) == (kept.backend, None, 64)
        assert (found.view is None) == (found.key is None) == (way == "about a picture")
        if found.view is not None and found.key is not None:
            assert len(found.view.frames) == answer["askcam"]["window"]["frames"]
            assert (found.key.picture.width, found.key.picture.height) == (640, 480)
            assert found.key.seq >= found.view.frames[-1].seq
    seeds = [archive.get(names(kept)[way]).sampling.seed for way in ("by chance", "by chance again")]
    assert archive.get(names(kept)["cut off"]).reason is Reason.CANCELLED
    assert None not in seeds
    assert seeds[0] != seeds[1]
    assert archive.get(names(kept)["plainly"]).sampling.seed is None


def test_all_answers_come_again_with_the_same_tokens(kept: Kept) -> None:
    status, lines, said = replay(*names(kept).values(), "--data", str(kept.folder))
    assert (status, said) == (0, "")
    assert [line["answer_id"] for line in lines] == list(names(kept).values())
    for line in lines:
        assert line["same"], line
        assert line["differences"] == [], line


def test_answers_and_their_frames_are_there_after_a_restart(kept: Kept) -> None:
    with start(kept.config, kept.backend) as server, httpx.Client(base_url=server.url, timeout=60) as client:
        for answer in kept.answers.values():
            assert client.get(f"/v1/answers/{answer['id']}").json() == answer
            assert client.get(f"/v1/answers/{answer['id']}/frames/99.jpg").status_code == 404
        for url, data in kept.pictures.items():
            shown = client.get(url)
            assert (shown.status_code, shown.content) == (200, data)
        key = client.get(f"/v1/answers/{names(kept)['plainly']}/key.jpg")
        picture = cv2.imdecode(np.frombuffer(key.content, np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        assert picture.shape == (480, 640, 3)
        assert client.get(f"/v1/answers/{names(kept)['about a picture']}/key.jpg").status_code == 404
        for name in (*kept.unwanted.values(), "ans_never"):
            refused = client.get(f"/v1/answers/{name}")
            assert (refused.status_code, refused.json()["error"]["param"]) == (404, "id")
        assert client.get("/v1/answers").status_code == 404
        before = set(EvidenceArchive(kept.folder).ids())
        ask(client)
        until(lambda: len(EvidenceArchive(kept.folder).ids()) == len(before) + 1, "the chain to go on")
    status, lines, _ = replay("--verify", "--data", str(kept.folder))
    assert (status, lines[-1]["whole"], lines[-1]["answers"]) == (0, True, len(before) + 1)


@one_backend
def test_a_second_server_is_refused_in_one_line(kept: Kept) -> None:
    with live_server("--config", str(kept.config), until="listening") as first:  # a folder is taken before that
        assert first.url
        with pytest.raises(RuntimeError, match="another askcam writes evidence"):
            live_server("--config", str(kept.config), until="listening").__enter__()


@pytest.fixture
def copy(kept: Kept, tmp_path: Path) -> Path:
    return Path(shutil.copytree(kept.folder, tmp_path / "copy"))


@one_backend
def test_other_words_are_told_with_the_place_where_they_begin(kept: Kept, copy: Path) -> None:
    name = names(kept)["plainly"]
    found = EvidenceArchive(copy).get(name)
    with closing(sqlite3.connect(copy / NAME)) as db, db:
        (document,) = db.execute("SELECT document FROM answers WHERE id = ?", (name,)).fetchone()
        record = json.loads(document)
        record["tokens"][2] += 1
        db.execute("UPDATE answers SET document = ? WHERE id = ?", (json.dumps(record).encode(), name))
    status, (line,), _ = replay(name, "--data", str(copy))
    assert (status, line["same"], line["first_difference"]) == (1, False, 2)
    assert line["replayed"] == found.text
    status, lines, _ = replay("--verify", "--data", str(copy))
    assert status == 1
    assert [(one["answer_id"], "not what was written" in one["finding"]) for one in lines[:-1]] == [(name, True)]


@one_backend
def test_a_changed_picture_is_found_and_not_answered_from(kept: Kept, copy: Path) -> None:
    name = names(kept)["plainly"]
    view = EvidenceArchive(copy).get(name).view
    assert view is not None
    path = EvidenceArchive(copy).album.path(view.frames[0].picture.digest, "png")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    status, lines, said = replay(name, "--data", str(copy))
    assert (status, lines) == (2, [])
    assert path.stem in said
    status, lines, _ = replay("--verify", "--data", str(copy))
    assert status == 1
    assert name in {line.get("answer_id") for line in lines}


@one_backend
def test_another_model_is_named_with_each_of_all_answers(kept: Kept, copy: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(model_path(), tmp_path / "other"))
    settings = other / "generation_config.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"top_k": 7}))
    store = open_store(copy, EvidenceBounds(2, 1 << 30, 1000))
    store.prune(time.time())
    store.close()
    status, lines, _ = replay("--all", "--data", str(copy), "--model", str(other))
    assert (status, [line["answer_id"] for line in lines]) == (0, EvidenceArchive(kept.folder).ids()[-2:])
    for line in lines:
        assert line["same"]
        assert [text.split(":")[0] for text in line["differences"]] == ["model", "digest of the model's files"]


@one_backend
@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("ID", "--model", "/nowhere/at-all"), ("ID", "/nowhere/at-all", "--model")),
        (("ans_never",), ("ans_never",)),
        ((), ("which answer",)),
    ],
)
def test_what_cannot_be_tried_is_said_in_one_line(kept: Kept, args: tuple[str, ...], words: tuple[str, ...]) -> None:
    name = names(kept)["plainly"]
    status, lines, said = replay(*(name if arg == "ID" else arg for arg in args), "--data", str(kept.folder))
    assert (status, lines, len(said.splitlines())) == (2, [], 1)
    for word in words:
        assert (name if word == "ID" else word) in said


def test_a_folder_without_evidence_is_named(tmp_path: Path) -> None:
    for args in (("ans_1",), ("--verify",), ("--all",)):
        status, _, said = replay(*args, "--data", str(tmp_path))
        assert (status, str(tmp_path) in said) == (2, True)
