"""Odd cameras, real ones: a server in a process of its own, whose pictures' true lag can be read from their pixels."""

import time
from collections.abc import Iterator

import pytest
from support.hands import camera, state_is
from support.servers import numbered
from support.servers.running import OddCamera
from support.waiting import until

from askcam.stream.camera import Camera, CameraConfig, State
from askcam.stream.sources.decoder import Decoder
from askcam.stream.sources.registry import resolve

COUNT = 300
TRUE_S = 0.5


@pytest.fixture(scope="module")
def odd() -> Iterator[OddCamera]:
    with OddCamera() as server:
        yield server


def opened(uri: str, config: CameraConfig | None = None) -> Camera:
    return camera(resolve(uri), config or CameraConfig())


def error_s(lobby: Camera, fps: float) -> float | None:
    """Told age of the newest picture less its true lag; None before the first."""
    shot = lobby.shot()
    if shot is None or not shot.has_pixels:
        return None
    pixels = shot.full().pixels
    now, wall = time.monotonic(), time.time()
    return now - shot.picture.mono - numbered.lag_s(pixels, wall, fps, COUNT)


def errors_s(lobby: Camera, fps: float, decoded: int) -> list[float]:
    """Of the next `decoded` pictures, as many as are met with."""
    first, found = lobby.status().decoded, list[float]()

    def enough() -> bool:
        error = error_s(lobby, fps)
        found.extend([] if error is None else [error])
        return lobby.status().decoded >= first + decoded

    until(enough, f"{decoded} pictures")
    return found


@pytest.mark.parametrize(
    "oddities",
    [
        {},
        {"codec": "hevc"},
        {"sr": 0, "jump": "2:-5"},
        {"jump": "1:5,2:-5"},
        {"ts0": 2**32 - 90000},
        {"still": 1},
        {"srerr": -1.5},
        {"srerr": 3600},
        {"sr": 1, "srjump": "1.5:3"},
        {"backlog": 100, "gop": 75},
        {"fps": 30, "claim": 25},
        {"stall": "1.5:1"},
        {"stall": "1.5:1:2", "sr": 0},
    ],
    ids=str,
)
def test_the_age_is_told_truly(odd: OddCamera, oddities: dict[str, object]) -> None:
    fps = float(str(oddities.get("fps", 25)))
    with opened(odd.rtsp(n=COUNT, **oddities)) as lobby:
        until(lambda: state_is(lobby, State.LIVE), "it to be live")
        found = errors_s(lobby, fps, 90)
    assert min(found) > -TRUE_S
    assert max(found[len(found) // 4 :]) < TRUE_S


def test_a_camera_that_sends_less_than_it_claims_is_not_called_old(odd: OddCamera) -> None:
    with opened(odd.rtsp(n=COUNT, fps=21, claim=25, sr=0)) as lobby:
        until(lambda: state_is(lobby, State.LIVE), "it to be live")
        found = errors_s(lobby, 21, 170)
    assert min(found) > -TRUE_S
    assert max(found) < 1.0
    assert max(found[-len(found) // 3 :]) < TRUE_S


def test_while_packets_come_a_keyframe_is_waited_for(odd: OddCamera) -> None:
    config = CameraConfig(open_timeout_s=1, grace_s=1, silence_s=1)  # all of them shorter than it takes
    with opened(odd.rtsp(n=COUNT, gop=COUNT), config) as lobby:  # every 12 s
        waited = "waiting for a keyframe" in until(lambda: str(lobby.status().reason), "a reason")
        status = until(lambda: (now := lobby.status()).state is State.LIVE and now, "a keyframe")
        assert status.reconnects == 0
        assert status.abandoned == 0
        if not waited:  # it came at once: the next one takes its time
            lobby.close()


def test_waiting_for_a_keyframe_ends_where_that_is_wished(odd: OddCamera) -> None:
    config = CameraConfig(keyframe_s=1.0)
    count = numbered.rarely(fps=10, quiet_s=45)
    with opened(odd.rtsp(n=count, gop=count, fps=10), config) as lobby:
        reason = until(lambda: state_is(lobby, State.LOST) and lobby.status().reason, "the end")
        assert "no picture within 1 s" in reason
        assert "waiting for a keyframe" in reason


def test_parts_that_are_renewed_in_turn_make_a_whole_picture(odd: OddCamera) -> None:
    with opened(odd.rtsp(n=COUNT, gop=40, refresh=1)) as lobby:
        until(lambda: state_is(lobby, State.LIVE), "it to be live")
        found = errors_s(lobby, 25, 25)  # a number that is not whole would be far off
        assert max(map(abs, found)) < TRUE_S


@pytest.mark.parametrize("kind", ["rtsp", "mjpeg"])
def test_a_slow_camera_is_live_and_stays_it(odd: OddCamera, kind: str) -> None:
    uri = odd.rtsp(n=COUNT, fps=0.5, gop=1) if kind == "rtsp" else odd.mjpeg(n=COUNT, fps=0.5)
    with opened(uri) as lobby:
        until(lambda: state_is(lobby, State.LIVE), "it to be live")
        became: list[State] = []
        lobby.on_change(lambda change: became.append(change.new))
        until(lambda: lobby.status().decoded >= 3, "three pictures")
        error = error_s(lobby, 0.5)
        assert error is not None
        assert abs(error) < TRUE_S
        assert set(became) <= {State.LIVE}  # listeners are told of it a moment later


def test_a_decoder_that_is_too_slow_says_so_and_tells_the_true_age(
    odd: OddCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode = Decoder.decode

    def slowly(self: Decoder, packet: object) -> object:
        time.sleep(0.1)  # ten pictures a second of twenty-five
        return decode(self, packet)  # type: ignore[arg-type]

    monkeypatch.setattr(Decoder, "decode", slowly)
    with opened(odd.rtsp(n=COUNT, gop=50, sr=0)) as lobby:
        reason = until(lambda: "falls behind" in str(lobby.status().reason) and lobby.status().reason, "it to say so")
        assert "decoding falls behind" in str(reason)
        found = errors_s(lobby, 25, 40)
        assert min(found) > -TRUE_S
        assert max(found) < TRUE_S
        assert lobby.status().dropped["behind"] > 0
        told: list[str | None] = []
        lobby.on_change(lambda change: told.append(change.reason))
        monkeypatch.setattr(Decoder, "decode", decode)
        until(lambda: lobby.status().reason is None, "it to have caught up")
        until(lambda: told, "that to be told")
        assert told[-1] is None


def test_jpegs_that_come_late_are_not_shown_as_new(odd: OddCamera) -> None:
    with opened(odd.mjpeg(n=COUNT, stall="1:1")) as lobby:
        until(lambda: state_is(lobby, State.LIVE), "it to be live")
        assert min(errors_s(lobby, 25, 60)) > -TRUE_S


@pytest.mark.parametrize("oddities", [{}, {"pdt": 0, "late": 1}, {"pdt": 3600}, {"pdt": -3600}, {"master": 1}], ids=str)
def test_a_playlists_age_is_that_of_its_segments(odd: OddCamera, oddities: dict[str, object]) -> None:
    with opened(odd.hls(n=COUNT, seg=1, **oddities)) as lobby:
        until(lambda: state_is(lobby, State.LIVE), "it to be live")
        found = errors_s(lobby, 25, 90)
        assert min(found) > -TRUE_S
        assert max(found[len(found) // 2 :]) < TRUE_S


def test_a_jpeg_without_a_length_is_there_with_its_last_byte(odd: OddCamera) -> None:
    with opened(odd.mjpeg(n=COUNT, fps=1, length=0)) as lobby:
        until(lambda: state_is(lobby, State.LIVE), "it to be live")
        found = errors_s(lobby, 1, 3)
        assert max(map(abs, found)) < TRUE_S
        lags = [numbered.lag_s(lobby.newest().pixels, time.time(), 1, COUNT) for _ in range(1)]
        assert max(lags) < 1 + TRUE_S
