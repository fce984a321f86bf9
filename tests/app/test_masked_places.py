"""Every place by which a picture leaves a server, of a camera that is masked in part: none shows what is hidden.

The places are listed from the server's own routes, tools and features: a new one fails here until it is covered.
"""

import base64
import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import httpx
import httpx2
import numpy as np
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import BlobResourceContents, ImageContent
from support.mqtt import MqttListener
from support.rehearsal import put, user
from support.servers.askcam_server import LiveServer, live_server, wait_for_pairs
from support.servers.receiver import Receiver
from support.servers.running import MJPEGServer, RunningBroker, RunningModelServer
from support.shown import FILE, QUESTION, SCENE
from support.waiting import until

from askcam.app.asgi import all_endpoints
from askcam.app.build import build_core
from askcam.app.config import Config
from askcam.app.config_file import load
from askcam.app.features import OURS
from askcam.engine.interface import EngineConfig
from askcam.engine.open import open_engine
from askcam.features.clips.config import ClipsConfig
from askcam.features.evidence.archive import EvidenceArchive
from askcam.stream.camera import Camera, CameraConfig
from askcam.stream.masks import GREY
from askcam.stream.sources.registry import resolve

WAIT_S = 180.0
CONFIG = """
[cameras.gate]
uri = "{camera}"
fps = 4.0
timeline = true
masks = [[[0.0, 0.0], [0.3, 0.0], [0.3, 1.0], [0.0, 1.0]], [[0.8, 0.1], [0.95, 0.1], [0.95, 0.4]]]

[cameras.gate.zones.left]
polygon = [[0.05, 0.2], [0.5, 0.2], [0.5, 0.8], [0.05, 0.8]]

[watching]
folder = "kept"

[timeline]
folder = "timeline"
min_interval_s = 1.0
time_zone = "UTC"

[evidence]
enabled = true
folder = "evidence"

[clips]
folder = "clips"
before_s = 1
after_s = 1

[mqtt]
url = "mqtt://askcam@127.0.0.1:{broker}"
ask = true

[notify.house]
webhook = "{hook}"
secret_env = "HOUSE_SECRET"
picture = true

[watches.engine]
question = "{question}"
cameras = ["gate"]
every_s = 0.5
for_s = 0.5
"""
WITH_ALL = Config(sections=load().sections | {"clips": ClipsConfig(folder=Path("nowhere"))})
IMAGES = ("image/", "video/", "multipart/x-mixed-replace")
COVERED = {  # routes that give pictures, by the test here that asks for them
    "/v1/cameras/{name}/snapshot.jpg": "snapshots and live pictures",
    "/v1/cameras/{name}/live.mjpeg": "snapshots and live pictures",
    "/v1/answers/{id}/frames/{index}.jpg": "what an answer saw",
    "/v1/answers/{id}/key.jpg": "what an answer saw",
    "/v1/events/{id}/frame.jpg": "what a watch tells",
    "/v1/events/{id}/frames/{index}.jpg": "what a watch tells",
    "/v1/events/{id}/clip.mp4": "clips",
    "/clips/{id}.mp4": "clips",
    "/v1/timeline/{id}/frame.jpg": "the timeline",
}
TOOLS = {  # of MCP: whether they give pictures
    "list_cameras": False, "ask_camera": False, "ask_cameras": False, "snapshot": True, "events": False,
    "event_picture": True, "search_timeline": False, "answer_evidence": True, "list_watches": False,
    "propose_watch": False, "confirm_watch": False, "judge_event": False,
}  # fmt: skip
RESOURCES = {"camera": False, "snapshot": True, "event": False, "answer": False}
FEATURES = {  # how pictures leave by each of them: by routes, or as is said
    "desk": "it reads codes in the camera's pictures, and gives none away",
    "evidence": "routes, and files on the disk",
    "events": "routes, and files on the disk",
    "watches": "by events",
    "clips": "routes, and files on the disk",
    "tokens": "none",
    "audit": "none",
    "calibration": "none of a camera",
    "summary": "none of a camera",
    "timeline": "routes, and files on the disk",
    "notify": "webhooks, and push services, by the picture of an event",
    "mqtt": "the picture of an event",
    "ask_all": "by answers",
    "mcp_server": "tools and resources",
    "shard": "none",
}


@dataclass(slots=True)
class House:
    server: LiveServer
    broker: RunningBroker
    receiver: Receiver
    thing: Path
    folder: Path

    def get(self, path: str, **params: Any) -> httpx.Response:
        reply = httpx.get(self.server.url + path, params=params, timeout=60)
        assert reply.status_code == 200, reply.text
        return reply

    def event(self) -> dict[str, Any]:
        """One that the watch has told."""
        self.thing.touch()
        told = until(lambda: self.get("/v1/events", kind="on").json()["data"], "an event", WAIT_S)
        found: dict[str, Any] = told[0]
        return found

    def answer(self, **wishes: Any) -> dict[str, Any]:
        body = {"model": "gate", "messages": [{"role": "user", "content": "What do you see?"}], "askcam": wishes}
        reply = httpx.post(f"{self.server.url}/v1/chat/completions", json=body, timeout=WAIT_S)
        assert reply.status_code == 200, reply.text
        found: dict[str, Any] = reply.json()["askcam"]
        return found


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("masked")
    thing, config, receiver = folder / "shown", folder / "askcam.toml", Receiver()
    receiver.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FILE, str(thing))
        with RunningBroker() as broker, MJPEGServer(SCENE) as camera:
            config.write_text(
                CONFIG.format(camera=camera.url, broker=broker.port, hook=receiver.url, question=QUESTION)
            )
            env = {"ASKCAM_MQTT_PASSWORD": "right-password", "HOUSE_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
            with live_server("--config", str(config), env=env) as server:
                wait_for_pairs(server, "gate", 2)
                yield House(server, broker, receiver, thing, folder)
    receiver.stop()


def decoded(jpeg: bytes) -> np.ndarray[Any, Any]:
    found = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert found is not None
    return found


def check(
    picture: np.ndarray[Any, Any], left: float = 0.0, right: float = 1.0, blocks: int = 17, loss: int = 1
) -> None:
    """What is hidden is grey, but where a JPEG's block of 16 pixels has some of what is beside it, and that is not.
    `left`, `right`: what of the camera's picture it shows."""
    width, edge = picture.shape[1], round((0.3 - left) / (right - left) * picture.shape[1])
    hidden = picture[:, : edge - blocks].astype(int)
    assert hidden.shape[1] > 0.1 * width
    assert np.abs(hidden - GREY).max() <= loss, "what is hidden is to be seen"
    assert np.abs(picture[:, edge + blocks :].astype(int) - GREY).max() > 40, "everything is hidden"


def test_every_route_that_gives_pictures_is_covered_here() -> None:
    endpoints = all_endpoints(build_core(WITH_ALL))
    given = {
        endpoint.plain_path
        for endpoint in endpoints
        for reply in endpoint.replies.values()
        if any(kind.startswith(IMAGES) for kind in reply.media)
    }
    assert given == COVERED.keys()
    assert {feature.name for feature in OURS} == FEATURES.keys(), "how do pictures leave by a new feature?"


def test_snapshots_and_live_pictures(house: House) -> None:
    for params in ({}, {"width": 320}, {"width": 161}):
        check(decoded(house.get("/v1/cameras/gate/snapshot.jpg", **params).content))
    with httpx.stream("GET", f"{house.server.url}/v1/cameras/gate/live.mjpeg", timeout=60) as reply:
        data = b""
        for piece in reply.iter_bytes():
            data += piece
            if data.count(b"--askcamframe") >= 4:
                break
    for part in data.split(b"--askcamframe")[1:4]:
        check(decoded(part.split(b"\r\n\r\n", 1)[1].strip()))
    assert house.get("/v1/cameras/gate").json()["masked"] is True


@pytest.mark.parametrize("zone", [None, "left"])
def test_what_an_answer_saw(house: House, zone: str | None) -> None:
    saw = house.answer(zone=zone)
    shown: dict[str, float] = {}
    if zone is not None:
        left, _, right, _ = saw["zone"]["rectangle"]
        shown = {"left": left, "right": right}
    for index in range(saw["window"]["frames"]):
        check(decoded(house.get(f"/v1/answers/{saw['answer_id']}/frames/{index}.jpg").content), **shown)
    key = f"/v1/answers/{saw['answer_id']}/key.jpg"
    until(lambda: httpx.get(house.server.url + key, timeout=60).status_code == 200, "the evidence", WAIT_S)
    check(decoded(house.get(key).content))
    archive = EvidenceArchive(house.folder / "evidence")
    evidence = archive.get(saw["answer_id"])
    assert evidence.view is not None
    for frame in evidence.view.frames:
        check(archive.album.pixels(frame.picture), **shown, blocks=1)


def test_what_a_watch_tells_by_its_routes_its_webhook_and_its_broker(house: House) -> None:
    event = house.event()
    check(decoded(house.get(f"/v1/events/{event['id']}/frame.jpg").content))
    assert event["frames"]
    for frame in event["frames"]:
        check(decoded(house.get(frame["url"]).content))
    until(lambda: event["id"] in house.receiver.taken, "the webhook", WAIT_S)
    (sent,) = (got.said for got in house.receiver.got if got.said["type"] == "event.on")
    check(decoded(base64.b64decode(sent["picture"]["base64"])))
    with MqttListener(house.broker) as heard:
        shown = until(lambda: heard.now("askcam/watch/engine/gate/picture"), "the picture", WAIT_S)
        check(decoded(shown))
        jpegs = [payload for _, payload, _ in heard.heard if payload.startswith(b"\xff\xd8")]
        for jpeg in jpegs:
            check(decoded(jpeg))


def test_clips(house: House) -> None:
    event = house.event()
    path = f"/v1/events/{event['id']}"
    clip = until(lambda: (now := house.get(path).json()["clip"])["state"] != "pending" and now, "its clip", WAIT_S)
    assert clip["state"] == "ready", clip
    for data in (
        house.get(clip["url"]).content,
        *(each.read_bytes() for each in (house.folder / "clips").rglob("*.mp4")),
    ):
        with av.open(io.BytesIO(data)) as container:
            pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        assert pictures
        for picture in pictures:
            check(picture[:, :, ::-1], loss=6)  # of H.264


def test_the_timeline(house: House) -> None:
    house.thing.touch()

    def notes() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = house.get("/v1/timeline", level="note", limit=100).json()["data"]
        return [note for note in found if (note["frame_url"] or "").startswith("/v1/timeline")]

    note = until(notes, "a note with its picture", WAIT_S)[0]
    check(decoded(house.get(note["frame_url"]).content))


async def test_an_agent(house: House) -> None:
    event, saw = house.event(), house.answer()
    arguments = {
        "snapshot": {"camera": "gate"},
        "event_picture": {"event": event["id"]},
        "answer_evidence": {"answer": saw["answer_id"]},
    }
    async with httpx2.AsyncClient(timeout=120) as http:
        door = streamable_http_client(f"{house.server.url}/mcp", http_client=http)
        async with Client(door) as client:
            assert {tool.name for tool in (await client.list_tools()).tools} == TOOLS.keys()
            templates = (await client.list_resource_templates()).resource_templates
            assert {template.name for template in templates} == RESOURCES.keys()
            for tool, gives in TOOLS.items():
                if not gives:
                    continue
                result = await client.call_tool(tool, arguments[tool])
                images = [part for part in result.content if isinstance(part, ImageContent)]
                assert images, result
                for image in images:
                    check(decoded(base64.b64decode(image.data)))
            for content in (await client.read_resource("askcam://cameras/gate/snapshot.jpg")).contents:
                assert isinstance(content, BlobResourceContents)
                check(decoded(base64.b64decode(content.blob)))


def test_nothing_on_the_disk_shows_it(house: House) -> None:
    """Whatever wrote it: every picture in the folders, and in the databases."""
    house.event()
    house.answer()
    until(lambda: list(house.folder.rglob("*.jpg")), "the evidence", WAIT_S)
    found = [path.read_bytes() for path in house.folder.rglob("*.jpg")]
    for path in house.folder.rglob("*"):
        if path.is_file() and path.read_bytes()[:16] == b"SQLite format 3\0":
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
                tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
                values = (value for name in tables for row in db.execute(f"SELECT * FROM [{name}]") for value in row)
                found += [value for value in values if isinstance(value, bytes) and value.startswith(b"\xff\xd8")]
    assert len(found) >= 3, "of evidence, an event and the timeline"
    for jpeg in found:
        picture = decoded(jpeg)
        if picture.shape[1] > picture.shape[0]:  # not of the zone
            check(picture)


def film(path: Path) -> Path:
    """A second of blue."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number in range(10):
            blue = np.full((240, 320, 3), (30, 60, 200), np.uint8)
            blue[:8, : 8 + number] = 250
            container.mux(stream.encode(av.VideoFrame.from_ndarray(blue, "rgb24")))
        container.mux(stream.encode(None))
    return path


def test_what_a_model_server_is_sent(tmp_path: Path) -> None:
    """It says of which colour the middle of the newest frame is; grey it calls red."""
    source = resolve(str(film(tmp_path / "blue.mp4")))
    middle = ((0.3, 0.3), (0.7, 0.3), (0.7, 0.7), (0.3, 0.7))
    with RunningModelServer("vllm") as models:
        engine = open_engine(EngineConfig("", url=models.url, dialect="vllm", max_pairs=4))
        try:
            for name, masks, colour in (("bare", (), "blue"), ("masked", (middle,), "red")):
                with Camera(
                    name, source, fit=engine.fit, anchors=engine.anchors, config=CameraConfig(masks=masks)
                ) as camera:
                    engine.attach(camera)
                    until(lambda camera=camera: camera.askable and camera.window(), "its pictures")
                    answer, _ = put(engine, name, user("what is there?"))
                    assert f"the newest is {colour}" in answer
        finally:
            engine.close()
