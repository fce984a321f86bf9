"""What `askcam look` and `doctor` wait for before a camera's first picture."""

import pytest
from support.servers.numbered import rarely
from support.servers.running import OddCamera

from askcam.app.commands.opened import await_picture
from askcam.stream.camera import Camera, CameraConfig, State
from askcam.stream.fit import as_is
from askcam.stream.sources.registry import resolve
from askcam.stream.window import Anchors


def test_a_keyframe_is_waited_for_as_long_as_one_says_and_that_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    with OddCamera() as server:
        count = rarely(fps=2, quiet_s=60)
        uri = server.rtsp(n=count, gop=count, fps=2)
        config = CameraConfig(keyframe_s=5.0)
        with Camera("look", resolve(uri), fit=as_is, anchors=Anchors(), config=config) as camera:
            status = await_picture(camera, 60.0, tell=True)
    assert status.state is State.LOST
    assert "no picture within 5 s, waiting for a keyframe" in str(status.reason)
    assert capsys.readouterr().err.count("waiting for a keyframe") == 1


def test_waiting_ends_though_nothing_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    with Camera("look", resolve("push:"), fit=as_is, anchors=Anchors()) as camera:
        assert await_picture(camera, 0.2, tell=False).state is State.CONNECTING
    assert capsys.readouterr().err == ""
