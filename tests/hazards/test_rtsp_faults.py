"""RTSP cameras that are killed, frozen and brought back, seen by a client: refused while they are gone, right after.

How many seconds that takes is benchmarks/faults.py's to say; here the bounds are generous, the outcomes are not.
"""

from collections.abc import Iterator

import pytest
from support.parts import need_gstreamer
from support.servers.askcam_server import live_server
from support.servers.questioner import Questioner, still_question
from support.servers.running import CameraServer, GStreamerRTSP, MiniRTSP

SEED = 21
QUESTION = still_question(SEED)
SCENE = f"source:synthetic:{SEED}"
BOUND_S = 90.0  # only a broken server meets it

SERVERS = {"mini": MiniRTSP, "gstreamer": GStreamerRTSP}


@pytest.fixture(scope="module", params=["mini", "gstreamer"])
def camera_server(request: pytest.FixtureRequest) -> Iterator[CameraServer]:
    if request.param == "gstreamer":
        need_gstreamer()
    with SERVERS[request.param](SCENE) as server:
        yield server


@pytest.fixture(scope="module")
def asked(camera_server: CameraServer) -> Iterator[Questioner]:
    """A server with this camera, read by PyAV and by OpenCV."""
    url = camera_server.url
    with live_server(cameras=[f"pyav={url}", f"opencv={url}?via=opencv"]) as server:
        questioner = Questioner(server.url)
        yield questioner
        questioner.close()


@pytest.mark.parametrize("camera", ["pyav", "opencv"])
def test_a_streamed_scene_is_answered_rightly(asked: Questioner, camera: str) -> None:
    asked.until_right(camera, QUESTION, BOUND_S)
    outcome = asked.ask(camera, QUESTION)
    assert outcome.correct, outcome.text
    assert outcome.saw is not None
    assert outcome.saw["camera"] == camera


@pytest.mark.parametrize("fault", ["killed", "frozen"])
def test_a_camera_that_goes_is_refused_and_answers_again_when_it_is_back(
    asked: Questioner, camera_server: CameraServer, fault: str
) -> None:
    for camera in ("pyav", "opencv"):
        asked.until_right(camera, QUESTION, BOUND_S)
    camera_server.kill() if fault == "killed" else camera_server.freeze()
    try:
        for camera in ("pyav", "opencv"):
            asked.until_refused(camera, QUESTION, BOUND_S)
            assert asked.state(camera) in ("stalled", "lost", "connecting")
            assert asked.ask(camera, QUESTION).code == "camera_unavailable"  # and stays refused
    finally:
        camera_server.start() if fault == "killed" else camera_server.thaw()
    for camera in ("pyav", "opencv"):
        asked.until_right(camera, QUESTION, BOUND_S)
        assert asked.state(camera) == "live"
