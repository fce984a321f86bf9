"""Low power on the wire: what cameras, answers, lines and metrics say of it, and what it makes of a camera."""

import time
from collections.abc import Iterator

import httpx
import pytest
from support.asking_way import Way, asked
from support.pushed_camera import until
from support.servers.askcam_server import LiveServer, live_server, wait_for_pairs

from askcam.demo.builtin import model_path
from askcam.engine.interface import Engine
from askcam.engine.live import build
from askcam.engine.open import open_engine
from askcam.engine.power import LOW_POWER_GATE, PairSeconds
from askcam.server.access.limits import Limits
from askcam.server.cameras import Cameras
from askcam.server.model import Model
from askcam.server.model_config import ModelConfig
from askcam.server.models import Models
from askcam.stream.camera import CameraConfig
from askcam.stream.sources.registry import resolve

QUESTION = {"model": "lobby", "messages": [{"role": "user", "content": "What do you see?"}], "max_tokens": 4}


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with live_server("--power", "low", cameras=["lobby=synthetic:7"]) as server:
        wait_for_pairs(server, "lobby", 3)
        yield server


def test_a_server_in_low_power_says_so_everywhere(server: LiveServer) -> None:
    (line,) = [line for line in server.later_lines() if line["event"] == "power"]
    assert line == {"event": "power", "power": "low", "wanted_fps": None, "full_fps": None, "held_fps": None}
    with httpx.Client(base_url=server.url, timeout=60) as client:
        deadline = time.monotonic() + 30
        while (camera := client.get("/v1/cameras").json()["data"][0])["held_fps"] is None:
            assert time.monotonic() < deadline, camera
            time.sleep(0.2)
        assert (camera["power"], camera["sample_fps"]) == ("low", 2.0)
        assert camera["fewer_pixels"] is False  # the built-in model keeps its own
        assert 0 < camera["held_fps"] <= 2.0
        answer = client.post("/v1/chat/completions", json=QUESTION).json()
        assert (answer["askcam"]["power"], answer["askcam"]["fewer_pixels"]) == ("low", False)
        assert client.get(f"/v1/answers/{answer['askcam']['answer_id']}").json()["askcam"]["power"] == "low"
        metrics = client.get("/metrics").text
    assert 'askcam_engine_low_power{model="askcam"} 1.0' in metrics
    assert 'askcam_engine_held_fps{camera="lobby",model="askcam"}' in metrics


def test_in_low_power_a_window_never_has_a_second_one_beside_it(server: LiveServer) -> None:
    """Its pairs go on from one, to seven, to one: over nine pairs there is a restart."""
    seen = set()
    with httpx.Client(base_url=server.url, timeout=60) as client:
        deadline = time.monotonic() + 60
        while not (1 in seen or 2 in seen) or not seen & {6, 7, 8}:
            assert time.monotonic() < deadline, seen
            reply = client.post("/v1/chat/completions", json=QUESTION)
            if reply.status_code == 200:
                seen.add(reply.json()["askcam"]["window"]["pairs"])
            time.sleep(0.3)
    assert max(seen) <= 8


def test_a_server_in_full_power_says_that(live_server: LiveServer) -> None:
    assert not [line for line in live_server.later_lines() if line["event"] == "power"]
    camera = httpx.get(f"{live_server.url}/v1/cameras", timeout=60).json()["data"][0]
    assert camera["power"] == "full"
    answer = httpx.post(f"{live_server.url}/v1/chat/completions", json=QUESTION, timeout=60).json()
    assert answer["askcam"]["power"] == "full"
    assert 'askcam_engine_low_power{model="askcam"} 0.0' in httpx.get(f"{live_server.url}/metrics", timeout=60).text


def opened(monkeypatch: pytest.MonkeyPatch, took: PairSeconds, config: ModelConfig) -> Engine:
    """As a server that wants 2 frames a second opens it, on a machine where a pair takes so long."""
    monkeypatch.setattr(build, "pair_seconds", lambda loaded, model, threads: took)
    return open_engine(config.engine(str(model_path()), wanted_fps=2.0))


async def test_a_machine_that_is_too_slow_makes_a_server_of_low_power(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model()
    model.ready(opened(monkeypatch, PairSeconds(3.0, 0.5, 54), ModelConfig(threads=1)))
    cameras = Cameras(Models(model), Limits(), resolve)
    try:
        power = model.engine.info.power
        assert (power.low, power.wanted_fps) == (True, 2.0)
        assert power.held_fps == pytest.approx(1.5 / 3.5)
        lobby = cameras.add("lobby", "synthetic:7")
        assert lobby.config.motion_gate == LOW_POWER_GATE
        assert cameras.add("yard", "synthetic:8", CameraConfig(motion_gate=4.0)).config.motion_gate == 4.0
        await until(lambda: cameras.get("lobby").askable, "a picture")
        done = await Way(model, cameras).ask(asked("What do you see?", camera="lobby"))
        assert done.saw.power == "low"
        assert cameras.info("lobby").power == "low"
    finally:
        await cameras.close()
        await model.close()


async def test_full_power_is_full_power_however_slow_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model()
    model.ready(opened(monkeypatch, PairSeconds(3.0, 0.5, 54), ModelConfig(threads=1, power="full")))
    cameras = Cameras(Models(model), Limits(), resolve)
    try:
        assert not model.engine.info.power.low
        assert cameras.add("lobby", "synthetic:7").config.motion_gate is None
    finally:
        await cameras.close()
        await model.close()


def test_only_what_watches_for_long_chooses_by_itself() -> None:
    assert ModelConfig().engine("m").power == "full"
    assert ModelConfig().engine("m", 2.0).power == "auto"
    assert ModelConfig(power="low").engine("m").power == "low"
    assert ModelConfig(power="full").engine("m", 2.0).power == "full"
