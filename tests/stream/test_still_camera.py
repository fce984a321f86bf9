"""A camera that offers one JPEG at an address is polled; what is at an address and no video is named."""

import base64
import hashlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image
from support.hands import camera, view_of
from support.odd_stills import encoded, many_scans
from support.waiting import until

from askcam.stream.camera import CameraConfig, State
from askcam.stream.errors import SourceError
from askcam.stream.frame import AgeBasis
from askcam.stream.sources import still_camera
from askcam.stream.sources.registry import resolve
from askcam.stream.sources.still_camera import MAX_BROKEN

PASSWORD = "pa/ss#w?[o]r d@%"


def jpeg(value: int, width: int = 320, height: int = 240) -> bytes:
    return cv2.imencode(".jpg", np.full((height, width, 3), value, np.uint8))[1].tobytes()


class Site:
    """What the server does; changed by the tests."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, str, dict[str, str]]] = []
        self.at_once: set[BaseHTTPRequestHandler] = set()
        self.most_at_once = 0
        self.changes = True
        self.busy = 0  # replies of 429
        self.slow_s = 0.0
        self.lock = threading.Lock()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        path = request.path.partition("?")[0]
        headers = {name.lower(): value for name, value in request.headers.items()}
        with self.lock:
            self.asked.append((time.monotonic(), path, headers))
            self.at_once.add(request)
            self.most_at_once = max(self.most_at_once, len(self.at_once))
        try:
            self._answer(request, path, headers)
        finally:
            self._over(request)

    def _over(self, request: BaseHTTPRequestHandler) -> None:
        with self.lock:
            self.at_once.discard(request)

    def _answer(self, request: BaseHTTPRequestHandler, path: str, headers: dict[str, str]) -> None:
        def send(status: int, kind: str = "text/plain", body: bytes = b"", **more: str) -> None:
            request.send_response(status)
            request.send_header("Content-Type", kind)
            request.send_header("Content-Length", str(len(body)))
            for name, value in more.items():
                request.send_header(name.replace("_", "-"), value)
            request.end_headers()
            self._over(request)  # before whoever asks has it all, and may ask again
            request.wfile.write(body)

        number = len(self.asked) if self.changes else 0
        picture = jpeg(number % 200 + 20)
        time.sleep(self.slow_s)
        if path == "/snap.jpg":
            if self.busy > 0 and len(self.asked) > 3:
                self.busy -= 1
                send(429, Retry_After="2")
            else:
                send(200, "image/jpeg", picture)
        elif path == "/tagged":
            if headers.get("if-none-match") == '"one"':
                send(304)
            else:
                send(200, "image/jpeg", jpeg(99), ETag='"one"')
        elif path in ("/basic", "/md5", "/sha256", "/both"):
            offered, right = self._doors(path, headers)
            if right:
                send(200, "image/jpeg", picture)
            else:
                request.send_response(401)
                for each in offered:
                    request.send_header("WWW-Authenticate", each)
                request.send_header("Content-Length", "0")
                request.end_headers()
        elif path == "/moved":
            send(302, Location="/snap.jpg")
        elif path in ("/home", "/away"):  # to the same door, by the same name for this machine or another one
            host = "127.0.0.1" if path == "/home" else "localhost"
            send(302, Location=f"http://{host}:{request.server.server_address[1]}/basic?x=1")
        elif path == "/circle":
            send(302, Location="/circle")
        elif path == "/elsewhere":
            send(302, Location="ftp://joe:hunter2@h/live/t0ken99")
        elif path == "/huge":
            send(200, "image/jpeg", jpeg(50, 5000, 4000))
        elif path == "/scans":
            send(200, "image/jpeg", many_scans(encoded(Image.new("RGB", (64, 48)), "JPEG", progressive=True), 200))
        elif path == "/endless":
            request.send_response(200)
            request.send_header("Content-Type", "image/jpeg")
            request.end_headers()
            request.wfile.write(jpeg(50))
            while True:
                request.wfile.write(b"\0" * 65536)
        elif path == "/torn":  # but for each fifth
            send(200, "image/jpeg", picture if len(self.asked) % MAX_BROKEN == 0 else picture[: len(picture) // 2])
        elif path == "/page":
            send(200, "text/html; charset=utf-8", b"<!DOCTYPE html><title>log in</title>")
        elif path == "/data":
            send(200, "application/json", b'{"error": "log in"}')
        elif path == "/empty":
            send(200, "image/jpeg")
        elif path == "/png":
            send(200, "image/png", cv2.imencode(".png", np.zeros((9, 9, 3), np.uint8))[1].tobytes())
        elif path.startswith("/status/"):
            send(int(path.rpartition("/")[2]))
        elif path == "/close":
            request.close_connection = True
        else:
            send(404)

    def _doors(self, path: str, headers: dict[str, str]) -> tuple[list[str], bool]:
        given = headers.get("authorization", "")
        md5 = 'Digest realm="cam", nonce="n1", qop="auth", algorithm=MD5'
        sha = 'Digest realm="cam", nonce="n2", qop="auth", algorithm=SHA-256'
        offered = {"/basic": ['Basic realm="cam"'], "/md5": [md5], "/sha256": [sha], "/both": [md5, sha]}[path]
        if given.startswith("Basic "):
            return offered, given[6:] == base64.b64encode(f"joe:{PASSWORD}".encode()).decode() and path == "/basic"
        fields = {
            name.strip(): value.strip('"') for name, _, value in (p.partition("=") for p in given[7:].split(", "))
        }

        def digest(text: str) -> str:
            return (hashlib.md5 if path == "/md5" else hashlib.sha256)(text.encode()).hexdigest()

        who, what = digest(f"joe:cam:{PASSWORD}"), digest(f"GET:{path}?x=1")
        nonce = "n1" if path == "/md5" else "n2"
        right = digest(f"{who}:{nonce}:00000001:{fields.get('cnonce')}:auth:{what}")
        return offered, bool(given) and fields.get("response") == right


@pytest.fixture
def site() -> Iterator[tuple[Site, str]]:
    state = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                state.answer(self)
            except OSError:
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            """A test's output is the test's."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield state, f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def polls(state: Site, path: str) -> list[float]:
    return [at for at, asked, headers in state.asked if asked == path and headers.get("user-agent") == "askcam"]


def test_a_single_picture_is_polled_at_the_sampling_rate_one_at_a_time(site: tuple[Site, str]) -> None:
    state, address = site
    with camera(resolve(f"http://{address}/snap.jpg", 4.0), CameraConfig(fps=4.0)) as lobby:
        until(lambda: lobby.status().state is State.LIVE and lobby.status().decoded >= 6, "pictures")
        view = until(lambda: view_of(lobby), "a view")
        assert (view.newest.width, view.newest.height) == (320, 240)
        assert view.newest.basis is AgeBasis.ARRIVAL
    asked = polls(state, "/snap.jpg")[1:]  # the first one looked what it is
    assert (asked[-1] - asked[0]) / (len(asked) - 1) > 0.2  # in all: a busy machine delays one, and the next is on time
    assert state.most_at_once == 1


def test_a_picture_is_as_old_as_its_request(site: tuple[Site, str]) -> None:
    state, address = site
    state.slow_s = 0.5
    source = resolve(f"http://{address}/snap.jpg", 10.0).make()
    source.open()
    before = time.monotonic()
    picture = source.read(True)
    assert picture is not None
    assert before <= picture.mono <= time.monotonic() - 0.5
    assert abs((time.time() - picture.wall) - (time.monotonic() - picture.mono)) < 0.2
    source.close()


def test_what_has_not_changed_is_not_sent_again_and_is_what_is_seen_now(site: tuple[Site, str]) -> None:
    state, address = site
    source = resolve(f"http://{address}/tagged", 10.0).make()
    source.open()
    pictures = [source.read(True) for _ in range(3)]
    assert all(picture is not None for picture in pictures)
    assert pictures[0].mono < pictures[1].mono < pictures[2].mono  # type: ignore[union-attr]
    conditional = [headers for _, _, headers in state.asked if "if-none-match" in headers]
    assert len(conditional) == 2
    source.close()


def test_pictures_that_are_torn_now_and_then_are_left_out_and_do_not_add_up(site: tuple[Site, str]) -> None:
    _, address = site
    source = resolve(f"http://{address}/torn", 50.0).make()
    source.open()
    for _ in range(4):
        assert source.read(True) is not None
    assert source.dropped["undecodable"] >= 3 * (MAX_BROKEN - 1)
    source.close()


def test_a_camera_that_repeats_itself_is_frozen(site: tuple[Site, str]) -> None:
    state, address = site
    state.changes = False
    with camera(resolve(f"http://{address}/snap.jpg", 10.0), CameraConfig(fps=10.0)) as lobby:
        until(lambda: "frozen" in [flag.value for flag in lobby.status().health], "the flag", 60)


@pytest.mark.parametrize("path", ["basic", "md5", "sha256", "both"])
def test_a_password_opens_the_door_in_each_way(site: tuple[Site, str], path: str) -> None:
    _, address = site
    with camera(resolve(f"http://joe:{PASSWORD}@{address}/{path}?x=1", 5.0), CameraConfig(fps=5.0)) as lobby:
        until(lambda: view_of(lobby), "a view")
    with camera(resolve(f"http://joe:hunter2@{address}/{path}?x=1"), CameraConfig()) as lobby:
        until(lambda: "(401): its user name or password is wrong" in str(lobby.status().reason), "the reason")
        assert "hunter2" not in str(lobby.status().reason) + lobby.uri


def test_a_redirect_takes_the_password_along_to_the_same_host_only(site: tuple[Site, str]) -> None:
    state, address = site

    def given() -> list[str]:
        return [headers["authorization"] for _, path, headers in state.asked if "authorization" in headers]

    with camera(resolve(f"http://joe:{PASSWORD}@{address}/away?x=1"), CameraConfig()) as lobby:
        until(lambda: "(401)" in str(lobby.status().reason), "the reason")
        assert [path for _, path, _ in state.asked].count("/basic") >= 1
        assert given() == []
    with camera(resolve(f"http://joe:{PASSWORD}@{address}/home?x=1"), CameraConfig()) as lobby:
        until(lambda: view_of(lobby), "a view")
        assert given() != []


def test_a_camera_that_wants_to_be_left_alone_is(site: tuple[Site, str]) -> None:
    state, address = site
    state.busy = 1
    with camera(resolve(f"http://{address}/snap.jpg", 5.0), CameraConfig(fps=5.0)) as lobby:
        until(lambda: "wants to be asked less often" in str(lobby.status().reason), "the reason")
        before = len(state.asked)
        refused_at = state.asked[-1][0]
        until(lambda: len(state.asked) > before, "the next request")
        assert state.asked[before][0] - refused_at > 1.9, "Retry-After was 2 s"
        until(lambda: lobby.status().state is State.LIVE, "its return")


def test_a_redirect_is_followed_and_a_circle_is_named(site: tuple[Site, str]) -> None:
    _, address = site
    with camera(resolve(f"http://{address}/moved", 5.0), CameraConfig(fps=5.0)) as lobby:
        until(lambda: view_of(lobby), "a view")
    for path, words in (
        ("circle", "sends us from one address to the next"),
        ("elsewhere", "sends us on to ftp://***@h/live/***"),
    ):
        with pytest.raises(SourceError) as caught:
            resolve(f"http://{address}/{path}").make().open()
        assert words in str(caught.value)
        assert "hunter2" not in str(caught.value)
        assert "t0ken99" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "words", "permanent"),
    [
        ("page", "is a web page and no video: take the stream's own address", True),
        ("data", "is application/json and no video", True),
        ("empty", "is empty", False),
        ("png", "is a PNG and no video", True),
        ("status/403", "forbids it (403)", True),
        ("status/404", "has no such stream (404)", False),
        ("status/500", "failed inside (500)", False),
        ("status/503", "busy, or this stream is switched off (503)", False),
        ("status/418", "refused (418", False),
        ("close", "hung up without an answer", False),
    ],
)
def test_what_is_no_video_is_named(site: tuple[Site, str], path: str, words: str, permanent: bool) -> None:
    _, address = site
    with pytest.raises(SourceError) as caught:
        resolve(f"http://{address}/{path}").make().open()
    assert words in str(caught.value)
    assert caught.value.permanent is permanent


@pytest.mark.parametrize(
    ("path", "words"),
    [("huge", "pictures of 5000x4000"), ("endless", "sends more than"), ("scans", "in a row cannot be .* many passes")],
)
def test_what_is_too_large_is_refused_before_it_is_decoded(site: tuple[Site, str], path: str, words: str) -> None:
    _, address = site
    source = resolve(f"http://{address}/{path}").make()
    with pytest.raises(SourceError, match=words):
        _read(source)
    source.close()


def _read(source: Any) -> None:
    source.open()
    source.read(True)


def test_a_picture_that_never_ends_is_given_up_in_time(site: tuple[Site, str], monkeypatch: pytest.MonkeyPatch) -> None:
    state, address = site
    source = resolve(f"http://{address}/snap.jpg", 10.0).make()
    source.open()
    assert source.read(True) is not None
    monkeypatch.setattr(still_camera, "GET_S", 0.2)
    state.slow_s = 3.0
    slow = still_camera.StillCamera(source._at, "x", still_camera.StillPace(0.1), 0.2)  # type: ignore[attr-defined]
    with pytest.raises(SourceError, match=r"no answer from .* within 0\.2 s"):
        slow.read(True)
    source.close()


def test_a_poll_that_waits_is_woken(site: tuple[Site, str]) -> None:
    state, address = site
    lobby = camera(resolve(f"http://{address}/snap.jpg", 0.05), CameraConfig(fps=0.05))
    with lobby:
        until(lambda: lobby.status().decoded >= 1, "a picture")
    assert lobby.status().abandoned == 0
    assert state.most_at_once == 1
