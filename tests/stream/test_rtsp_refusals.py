"""Each way in which an RTSP camera refuses is told as what it is, with a remedy; what can be made to work, works."""

import socket
import threading
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from support.hands import camera, view_of
from support.ports import own_port
from support.servers.running import RefusingRTSP
from support.waiting import until

from askcam.stream.camera import CameraConfig
from askcam.stream.errors import SourceError
from askcam.stream.sources import address
from askcam.stream.sources.pyav import PyAVSource
from askcam.stream.sources.registry import resolve

PASSWORD = "pa/ss#w?[o]r d@%"
OPEN_S = 20.0
SILENT_S = 1.5  # where a camera says nothing, all of it is waited for


@pytest.fixture(scope="module")
def server() -> Iterator[RefusingRTSP]:
    with RefusingRTSP("--user", "joe", "--password", PASSWORD) as server:
        yield server


def refusal(url: str, open_s: float = OPEN_S) -> SourceError:
    """What is said of the camera at `url`."""
    spec = resolve(url)
    at = address.split(url)
    assert at is not None
    source = PyAVSource(at.url, spec.label, open_s, 1.0)
    try:
        with pytest.raises(SourceError) as caught:
            _play(source)
    finally:
        source.close()
    assert PASSWORD not in str(caught.value)
    assert quote(PASSWORD, safe="") not in str(caught.value)
    return caught.value


def _play(source: PyAVSource) -> None:
    source.open()
    source.read(True)
    raise AssertionError("it plays")


@pytest.mark.parametrize("step", ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"])
def test_a_camera_that_falls_silent_is_told_as_silent_and_where(server: RefusingRTSP, step: str) -> None:
    error = refusal(f"{server.url}?step={step}&silent=1", SILENT_S)
    assert f"no answer to {step} from {server.address}: it is there but says nothing" in str(error)
    assert not error.permanent


@pytest.mark.parametrize("step", ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"])
def test_a_camera_that_hangs_up_is_told_as_such(server: RefusingRTSP, step: str) -> None:
    assert f"{server.address} hung up at {step}: has it too many viewers?" in str(
        refusal(f"{server.url}?step={step}&close=1")
    )


@pytest.mark.parametrize("step", ["OPTIONS", "DESCRIBE", "SETUP"])
def test_what_is_no_rtsp_is_told_as_such(server: RefusingRTSP, step: str) -> None:
    assert f"what {server.address} answers is no RTSP" in str(refusal(f"{server.url}?step={step}&garbage=1"))


STATUS = {
    400: "(400): check path and query",
    403: "forbids it (403): may this user",
    404: "has no such stream (404): check the path",
    405: "(405): is this the address of a stream?",
    410: "(410): check the path",
    415: "(415)",
    429: "(429): sample it with fewer fps",
    451: "(451): check path and query",
    453: "no bandwidth left (453): close other viewers, or take its substream",
    454: "forgot our session at once (454)",
    455: "(455): close other viewers",
    459: "(459): take the address of the video track",
    461: "refuses this transport (461): try ?transport=udp",
    462: "(462): try ?transport=tcp",
    500: "failed inside (500)",
    501: "(501)",
    503: "busy, or this stream is switched off (503)",
    551: "(551): update its firmware",
    477: "refused at",
    599: "failed at",
}


@pytest.mark.parametrize("step", ["DESCRIBE", "SETUP", "PLAY"])
@pytest.mark.parametrize("status", STATUS)
def test_every_refusal_is_told_with_what_to_do(server: RefusingRTSP, step: str, status: int) -> None:
    error = refusal(f"{server.url}?step={step}&status={status}&phrase=Odd")
    words = STATUS[status].replace(
        "refused at", "refused (477 Odd)" if step == "DESCRIBE" else f"refused at {step} (477 Odd)"
    )
    words = words.replace("failed at", "failed (599 Odd)" if step == "DESCRIBE" else f"failed at {step} (599 Odd)")
    assert words in str(error)
    assert "this user may not read it" not in str(error)
    assert error.permanent == (status == 403)


def test_what_a_camera_says_is_told_short_printable_and_without_secrets(server: RefusingRTSP) -> None:
    phrase = quote("see rtsp://joe:hunter2@h/ \x1b[31m" + 100 * "x")
    told = str(refusal(f"{server.url}?step=DESCRIBE&status=477&phrase={phrase}"))
    assert "hunter2" not in told
    assert "\x1b" not in told
    assert "x" * 61 not in told


@pytest.mark.parametrize("auth", ["basic", "digest", "both", "digest&stale=1", "digest&realm=Other%20realm"])
@pytest.mark.parametrize("password", [PASSWORD, quote(PASSWORD, safe="")], ids=["raw", "escaped"])
def test_a_password_with_raw_signs_opens_the_door(server: RefusingRTSP, auth: str, password: str) -> None:
    with camera(resolve(f"rtsp://joe:{password}@{server.address}/cam?auth={auth}"), CameraConfig()) as lobby:
        until(lambda: view_of(lobby), "a view", 60)
        assert "pa/ss" not in lobby.uri


@pytest.mark.parametrize("auth", ["basic", "digest", "sha256", "both"])
def test_a_wrong_password_is_told_and_a_missing_one_is_asked_for(server: RefusingRTSP, auth: str) -> None:
    wrong = refusal(f"rtsp://joe:hunter2@{server.address}/cam?auth={auth}")
    assert "(401): its user name or password is wrong; give them as rtsp://user:password@host/" in str(wrong)
    missing = refusal(f"{server.url}?auth={auth}")
    assert "(401): it asks for a user name and a password; give them as rtsp://user:password@host/" in str(missing)
    assert wrong.permanent
    assert missing.permanent


def test_digests_that_are_not_spoken_are_named(server: RefusingRTSP) -> None:
    right = f"rtsp://joe:{quote(PASSWORD, safe='')}@{server.address}/cam"
    for auth in ("sha256", "both_reversed"):
        told = str(refusal(f"{right}?auth={auth}"))
        assert "SHA-256, and FFmpeg, which reads its stream, speaks Digest MD5 and Basic" in told
    assert "it wants Digest WHIRLPOOL, which is not spoken here" in str(refusal(f"{right}?auth=unknown"))


@pytest.mark.parametrize("query", ["udp=1", "udp=1&transport=udp", "tcp=1", "tcp=1&transport=tcp"])
def test_a_camera_of_one_transport_plays(server: RefusingRTSP, query: str) -> None:
    with camera(resolve(f"{server.url}?{query}"), CameraConfig()) as lobby:
        until(lambda: view_of(lobby), "a view", 60)


def test_the_wrong_transport_is_named_with_the_right_one(server: RefusingRTSP) -> None:
    with camera(resolve(f"{server.url}?udp=1&transport=tcp"), CameraConfig()) as lobby:
        until(lambda: "(461): try ?transport=udp" in str(lobby.status().reason), "the remedy", 60)


@pytest.mark.parametrize("status", [301, 302])
def test_a_redirected_camera_plays_and_a_circle_is_named(server: RefusingRTSP, status: int) -> None:
    with camera(resolve(f"{server.url}?move=/other&status={status}"), CameraConfig()) as lobby:
        until(lambda: view_of(lobby), "a view", 60)
    gone = str(refusal(f"{server.url}?move={quote('/live/t0ken1234?step=DESCRIBE&status=404')}&status={status}"))
    assert f"sends us on to rtsp://{server.address}/live/***" in gone
    assert "has no such stream (404)" in gone


def test_a_camera_without_a_picture_is_named(server: RefusingRTSP) -> None:
    assert "has no picture, only audio" in str(refusal(f"{server.url}?media=audio"))
    assert "no SDP" in str(refusal(f"{server.url}?html=1"))


def test_upper_case_schemes_play(server: RefusingRTSP) -> None:
    with camera(resolve(server.url.replace("rtsp", "RTSP")), CameraConfig()) as lobby:
        until(lambda: view_of(lobby), "a view", 60)


def test_rtsps_at_a_port_without_tls_is_named(server: RefusingRTSP) -> None:
    told = str(refusal(f"rtsps://{server.address}/cam", SILENT_S))
    assert "try rtsp:// instead of rtsps://" in told or "no answer to the TLS handshake" in told


def test_a_port_that_is_closed_and_a_host_that_is_not_there_are_named() -> None:
    port = own_port()
    assert f"nothing listens at 127.0.0.1:{port} (connection refused)" in str(refusal(f"rtsp://127.0.0.1:{port}/cam"))
    assert "no machine is called 'camera.invalid'" in str(refusal("rtsp://camera.invalid/cam", 3.0))


def test_a_reply_without_end_is_bounded() -> None:
    """More than MAX_BYTES of headers: the probe lets go, and does not wait for more."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        stop = threading.Event()

        def flood() -> None:
            for _ in range(2):
                connection, _ = listening.accept()
                with connection:
                    connection.settimeout(2)
                    try:
                        connection.sendall(b"RTSP/1.0 200 OK\r\n")
                        while not stop.is_set():
                            connection.sendall(b"X-Long: " + b"a" * 4000 + b"\r\n")
                    except OSError:
                        continue

        thread = threading.Thread(target=flood, daemon=True)
        thread.start()
        error = refusal(f"rtsp://127.0.0.1:{listening.getsockname()[1]}/cam", SILENT_S)
        stop.set()
        assert "is no RTSP" in str(error) or "no answer" in str(error)
        thread.join(60)
