"""Real RTSP: two independent servers, each in its own process, read by PyAV and by OpenCV, killed and frozen."""

import time
from collections.abc import Iterator

import pytest
from support.hands import camera, refusal_of, state_is, view_of
from support.parts import need_gstreamer
from support.servers import clock
from support.servers.running import CameraServer, GStreamerRTSP, MiniRTSP
from support.waiting import until

from askcam.stream.camera import Camera, CameraConfig, State
from askcam.stream.frame import AgeBasis
from askcam.stream.sources.registry import resolve
from askcam.stream.window import View

SCENE = "clock:640x480"
AS_SHIPPED = CameraConfig()
FRESH_S = 1.0  # far more than a fresh frame's age, far less than one from before a fault

ways = pytest.mark.parametrize("via", ["", "?via=opencv"], ids=["pyav", "opencv"])


@pytest.fixture(params=[MiniRTSP, GStreamerRTSP])
def server(request: pytest.FixtureRequest) -> Iterator[CameraServer]:
    if request.param is GStreamerRTSP:
        need_gstreamer()
    with request.param(SCENE) as server:
        yield server


@pytest.fixture
def mini() -> Iterator[MiniRTSP]:
    with MiniRTSP(SCENE) as server:
        yield server


def opened(server: CameraServer, via: str = "") -> Camera:
    return camera(resolve(server.url + via), AS_SHIPPED)


def seen_age_s(view: View) -> float:
    """How old the newest frame is by the clock in its pixels."""
    return clock.age_s(view.newest.pixels, time.time())


def fresh_view(lobby: Camera) -> View | None:
    view = view_of(lobby)
    return view if view is not None and seen_age_s(view) < FRESH_S else None


@ways
def test_a_slow_asker_never_sees_a_stale_frame(server: CameraServer, via: str) -> None:
    with opened(server, via) as lobby:
        until(lambda: fresh_view(lobby), "a fresh view")
        for _ in range(2):
            decoded = lobby.status().decoded
            until(lambda: lobby.status().decoded >= decoded + 30, "a second in which nobody asks")  # noqa: B023
            view = lobby.look()
            assert seen_age_s(view) < FRESH_S
            assert abs(seen_age_s(view) - view.age_s(time.monotonic())) < FRESH_S
            assert clock.age_s(lobby.newest().pixels, time.time()) < FRESH_S
        assert lobby.status().sampled < lobby.status().decoded / 4


@ways
def test_a_killed_server_loses_the_camera_and_its_return_brings_it_back(server: CameraServer, via: str) -> None:
    with opened(server, via) as lobby:
        until(lambda: lobby.status().sampled >= 3, "a second pair to begin")
        server.kill()
        refusal = until(lambda: refusal_of(lobby), "questions to be refused")
        assert refusal.state == "lost"
        until(lambda: "connection refused" in str(lobby.status().reason), "the reason to be known")
        server.start()
        view = until(lambda: fresh_view(lobby), "a fresh view")
        assert len(view.pairs) == 1, "the window was not emptied"
        assert lobby.status().reconnects == 1


@ways
def test_a_frozen_server_is_noticed_and_its_thaw_brings_fresh_frames_only(server: CameraServer, via: str) -> None:
    with opened(server, via) as lobby:
        until(lambda: fresh_view(lobby) and lobby.status().decoded > 10, "its rate to be known")
        became: list[State] = []
        lobby.on_change(lambda change: became.append(change.new))
        server.freeze()
        refusal = until(lambda: refusal_of(lobby), "questions to be refused")
        assert refusal.state == "stalled"
        until(lambda: state_is(lobby, State.LOST), "the reader to be given up")
        assert view_of(lobby) is None
        until(lambda: State.LOST in became, "its loss to be told")  # a moment later, on another thread
        assert became == [State.STALLED, State.LOST], "a frame from before the fault made it live in between"
        server.thaw()
        view = until(lambda: view_of(lobby), "a view")
        assert seen_age_s(view) < FRESH_S
        assert lobby.status().reconnects == 1


def test_a_short_hitch_costs_no_reconnect(mini: MiniRTSP) -> None:
    with opened(mini) as lobby:
        until(lambda: fresh_view(lobby), "a fresh view")
        mini.tell("stall")
        until(lambda: state_is(lobby, State.STALLED), "a stall")
        mini.tell("go")
        until(lambda: fresh_view(lobby), "a fresh view")
        assert lobby.status().reconnects == 0


def test_a_server_that_hangs_up_is_called_again(mini: MiniRTSP) -> None:
    with opened(mini) as lobby:
        until(lambda: fresh_view(lobby), "a fresh view")
        mini.tell("close")
        until(lambda: lobby.status().reconnects == 1, "a reconnect")
        until(lambda: fresh_view(lobby), "a fresh view")


def test_the_cameras_own_clock_is_used_when_it_is_told(server: CameraServer) -> None:
    with opened(server) as lobby:
        until(lambda: lobby.status().basis is AgeBasis.CAPTURE and fresh_view(lobby), "the camera's clock")
        for _ in range(5):
            view = lobby.look()
            assert abs(seen_age_s(view) - view.age_s(time.monotonic())) < 0.5


def test_a_camera_with_a_wrong_clock_is_aged_by_arrival() -> None:
    with MiniRTSP(SCENE, "--clock-error=-30") as server, opened(server) as lobby:
        until(lambda: fresh_view(lobby), "a fresh view")
        until(lambda: lobby.status().decoded > 40, "more than a second, and so a sender report")
        assert lobby.status().basis is AgeBasis.ARRIVAL
        assert lobby.look().age_s(time.monotonic()) < FRESH_S


@ways
@pytest.mark.parametrize("auth", ["basic", "digest"])
def test_a_password_opens_the_door_and_a_wrong_one_is_named_without_being_told(auth: str, via: str) -> None:
    with MiniRTSP("clock:320x240", f"--auth={auth}", "--user=joe", "--password=s@cret") as server:
        wrong, right = server.url.replace("://", "://joe:hunter2@"), server.url.replace("://", "://joe:s%40cret@")
        with camera(resolve(wrong + via), AS_SHIPPED) as lobby:
            refusal = until(lambda: (each := refusal_of(lobby)) and each.state == "lost" and each, "a refusal")
            assert "401" in refusal.reason
            assert "its user name or password is wrong" in refusal.reason
            assert "hunter2" not in refusal.reason + lobby.uri
        with camera(resolve(right + via), AS_SHIPPED) as lobby:
            until(lambda: view_of(lobby), "a view")
        with camera(resolve(server.url + via), AS_SHIPPED) as lobby:
            until(lambda: "it asks for a user name and a password" in str(lobby.status().reason), "the remedy")


@ways
def test_a_port_where_nothing_listens_is_named(via: str) -> None:
    with MiniRTSP("clock:320x240") as server:
        url, address = server.url, server.address
    with camera(resolve(url + via), AS_SHIPPED) as lobby:
        until(lambda: f"nothing listens at {address}" in str(lobby.status().reason), "the reason")
        assert refusal_of(lobby) is not None


def test_an_unknown_host_is_named() -> None:
    with camera(resolve("rtsp://camera.invalid/cam"), AS_SHIPPED) as lobby:
        until(lambda: "no machine is called 'camera.invalid'" in str(lobby.status().reason), "the reason")
