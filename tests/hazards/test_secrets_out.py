"""A secret in a camera's URI comes out nowhere: /v1/cameras, reasons, logs, tracebacks, doctor, lines, errors."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from support.program import askcam, refused
from support.secret_uris import uris
from support.servers.askcam_server import live_server
from support.waiting import until

from askcam.app.config import Config, ServerConfig
from askcam.app.config_file import load
from askcam.app.known_secrets import learn
from askcam.features.notify.redact import without
from askcam.server import logs
from askcam.server.errors import Unavailable, as_refusal
from askcam.stream.camera import Camera, State
from askcam.stream.errors import SourceError
from askcam.stream.fit import as_is
from askcam.stream.secrets import Secrets
from askcam.stream.sources.base import DecodedPicture, SourceSpec
from askcam.stream.sources.label import label
from askcam.stream.sources.registry import resolve
from askcam.stream.window import Anchors

SECRET = "Zq-hunter.2-Wj"
VIEWER = {"Authorization": "Bearer Viewer-of-the-tests-1"}
SHAPES = (
    "rtsp://joe:{}@127.0.0.1:1/live",
    "rtsp://{}@127.0.0.1:1/live",
    "rtsp://127.0.0.1:1/user=admin_password={}_channel=1_stream=0.sdp",
    "rtsp://127.0.0.1:1/live/{}/main",
    "http://127.0.0.1:1/cam?loginuse=joe&loginpas={}",
    "http://127.0.0.1:1/cam?u=joe&p={}",
    "http://127.0.0.1:1/cam?authToken={}",
    "http://127.0.0.1:1/cam;jsessionid={}",
    "http://127.0.0.1:1/cam#{}",
    "rtsp://joe:my {}@127.0.0.1:1/live",
    "rtsp://joe:pa'ss{}@127.0.0.1:1/live",
    "rtsp://joe:/?#[{}@127.0.0.1:1/live",
)


class Talkative:
    """A source of somebody else's that raises with its URI in the message, in one of many spellings."""

    def __init__(self, uri: str, say: str) -> None:
        self._uri, self._say = uri, say

    def open(self) -> None:
        try:
            raise OSError(2, "no such stream", self._uri)
        except OSError as error:
            raise RuntimeError(self._say) from error

    def read(self, convert: bool) -> DecodedPicture | None:
        raise AssertionError

    def close(self) -> None:
        raise RuntimeError(f"cannot close {self._say}")


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """All that is logged, as a command writes it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.RedactingFormatter(logs.FORMAT))
    root = logging.getLogger()
    root.addHandler(handler)
    level = root.level
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def _told_by(uri: str, say: str) -> list[str]:
    """What a camera says whose source says `say`."""
    spec = SourceSpec("acme", label(uri), partial(Talkative, uri, say), live=True)
    heard: list[str] = []
    with Camera("lobby", spec, fit=as_is, anchors=Anchors()) as lobby:
        lobby.on_change(lambda change: heard.append(str(change.reason)))
        until(lambda: lobby.status().state is State.LOST, "the loss")
        return [str(lobby.status().reason), lobby.uri, *heard]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(uris())
def test_a_source_that_tells_its_uri_is_told_without_it(
    written: io.StringIO, caplog: pytest.LogCaptureFixture, drawn: tuple[str, str]
) -> None:
    uri, secret = drawn
    caplog.set_level(logging.DEBUG)
    try:
        resolve(uri)
    except SourceError as error:
        told = str(error)
        texts = [told]
    else:
        texts = [text for say in (uri, secret, quote(secret, safe="")) for text in _told_by(uri, say)]
    for text in (*texts, written.getvalue(), caplog.text):
        assert secret not in text
        assert quote(secret, safe="") not in text
    written.seek(0)
    written.truncate()
    caplog.clear()


def test_every_way_to_the_log_is_redacted(written: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(f"rtsp://joe:{SECRET}@h/x")
    for name in ("uvicorn.error", "httpx", "mcp.client", "apprise", "av", "askcam.stream.reader"):
        logger = logging.getLogger(name)
        monkeypatch.setattr(logger, "propagate", True)
        monkeypatch.setattr(logger, "disabled", False)
        try:
            raise ValueError(f"at rtsp://joe:{SECRET}@h/x")
        except ValueError:
            logger.exception("failed for %s", SECRET, extra={"more": SECRET})
        logger.warning("GET http://h/?token=%s", "another-token")
    told = written.getvalue()
    assert told.count("failed for ***") == 6
    assert "ValueError: at rtsp://***@h/x" in told
    assert SECRET not in told
    assert "another-token" not in told


UNCAUGHT = """
import asyncio, logging, sys, threading, warnings
from askcam.server import logs
from askcam.stream.sources.registry import resolve
URI = "rtsp://joe:{secret}@h/x"
resolve(URI)
logs.begin()
logging.getLogger("x").warning("at %s", URI)
def fail(): raise RuntimeError(URI)
thread = threading.Thread(target=fail); thread.start(); thread.join()
class Gone:
    def __del__(self): raise RuntimeError(URI)
Gone()
async def main(): asyncio.get_running_loop().call_exception_handler({{"message": URI, "exception": RuntimeError(URI)}})
asyncio.run(main())
fail()
"""


def test_what_nobody_caught_is_redacted_too() -> None:
    run = subprocess.run(
        [sys.executable, "-c", UNCAUGHT.format(secret=SECRET)], capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 1
    assert run.stderr.count("RuntimeError: rtsp://***@h/x") == 4, run.stderr
    assert SECRET not in run.stderr + run.stdout


def test_a_trouble_on_the_wire_never_repeats_a_cameras_secret() -> None:
    resolve(f"rtsp://joe:{SECRET}@h/x")
    assert Unavailable(f"it says {SECRET}").message == "it says ***"
    assert as_refusal(SourceError(f"it says {SECRET}")).message == "it says ***"


def test_nobody_finds_out_a_secret_by_guessing() -> None:
    """Whatever one says is said again as it is, or not at all: a secret looks like any other wrong word."""
    admin, camera = "Admin-of-the-tests-1", "Camera-of-the-tests-1"
    env = {"ASKCAM_TOKEN": "Viewer-of-the-tests-1", "ASKCAM_ADMIN_TOKEN": admin}
    cameras = [f"lobby=rtsp://joe:{camera}@127.0.0.1:9/{camera}x"]
    with (
        live_server(cameras=cameras, env=env) as server,
        httpx.Client(base_url=server.url, headers=VIEWER, timeout=60) as http,
    ):
        for secret in (admin, env["ASKCAM_TOKEN"], camera, f"{camera}x"):
            wrong = secret[:-1] + ("y" if secret.endswith("x") else "2")
            for told in (
                lambda guess: httpx.get(f"{server.url}/nope/{guess}", timeout=60),
                lambda guess: httpx.post(f"{server.url}/v1/session", json={"token": "x" * 9, guess: 1}, timeout=60),
                lambda guess: http.get(f"/v1/cameras/{guess}"),
                lambda guess: http.get(f"/v1/models/{guess}"),
                lambda guess: http.get(f"/v1/events?severity={guess}"),
                lambda guess: http.get(f"/v1/watches/{guess}"),
                lambda guess: http.get(f"/v1/answers/{guess}"),
                lambda guess: http.get(f"/v1/timeline?since={guess}"),
                lambda guess: http.post("/v1/chat/completions", json={"model": guess, "messages": []}),
                lambda guess: http.post("/v1/chat/completions", json={"model": "lobby", guess: 1}),
                lambda guess: http.post("/v1/chat/completions", content=f'{{"{guess}'),
                lambda guess: http.post("/v1/responses", json={"model": "lobby", "input": [{guess: 1}]}),
            ):
                right, other = told(secret), told(wrong)
                assert right.status_code == other.status_code
                assert right.text.replace(secret, wrong) == other.text


def test_settings_are_secret_too(tmp_path: Path) -> None:
    path = tmp_path / "askcam.toml"
    path.write_text(
        f"""
[server]
admin_token = "admin-{SECRET}"
[cameras.lobby]
uri = "rtsp://joe:cam-{SECRET}@h/x"
[tools.mcp.parcels]
command = ["true"]
env = {{ KEY = "env-{SECRET}", MODE = "json" }}
[notify.phone]
apprise = ["tgram://12345:bot-{SECRET}/-100"]
"""
    )
    known = Secrets()
    learn(load(path), {"HF_TOKEN": f"hf-{SECRET}"}, known)
    for kind in ("admin", "cam", "env", "bot", "hf"):
        assert SECRET not in known.hide(f"it is {kind}-{SECRET}!")
    assert known.hide("application/json") == "application/json"
    assert ServerConfig() == Config().server


def test_an_address_in_a_deliverys_error_is_hidden_in_every_spelling() -> None:
    url = f"https://joe:p%40{SECRET}@hooks.example/services/T0001/B%2F{SECRET}?key=a%20{SECRET}"
    for said in (url, f"p@{SECRET}", f"B/{SECRET}", f"a {SECRET}", f"a+{SECRET}", repr(url), f"joe:p@{SECRET}"):
        assert SECRET not in without(f"cannot send: {said}", (url,))


def test_cameras_are_listed_and_told_of_without_their_secrets() -> None:
    with live_server(cameras=[f"c{n}={shape.format(SECRET)}" for n, shape in enumerate(SHAPES)]) as server:
        with httpx.Client(base_url=server.url, timeout=60) as http:
            until(
                lambda: all(each["state"] == "lost" for each in http.get("/v1/cameras").json()["data"]),
                "the losses",
                60,
            )
            texts = [http.get(path).text for path in ("/v1/cameras", "/v1/models", "/metrics", "/readyz")]
            question = {"model": "c0", "messages": [{"role": "user", "content": "What?"}]}
            texts.append(http.post("/v1/chat/completions", json=question).text)
            texts.append(http.post("/v1/cameras", json={"name": "new", "uri": f"rstp://joe:{SECRET}@h/x"}).text)
            texts.append(http.post("/v1/cameras", json={"name": "long", "uri": "rtsp://" + "a@" * 30_000}).text)
            until(lambda: sum(line["event"] == "camera" for line in server.later_lines()) >= len(SHAPES), "the lines")
        texts += [json.dumps(server.lines), "\n".join(server.log)]
    for text in texts:
        assert SECRET not in text
        assert quote(SECRET) not in text
    assert "did you mean rtsp:?" in texts[5]
    assert "nothing listens at 127.0.0.1:1" in texts[0]


def test_commands_tell_of_a_camera_without_its_secrets(tmp_path: Path) -> None:
    named = [part for shape in SHAPES for part in ("--camera", shape.format(SECRET))]
    done = askcam("doctor", "--json", "--model", str(tmp_path), *named)
    assert done.returncode == 1
    assert done.stdout.count("nothing listens at 127.0.0.1:1") == len(SHAPES)
    assert SECRET not in done.stdout + done.stderr


def test_look_and_a_config_name_what_is_wrong_without_secrets(tmp_path: Path) -> None:
    assert SECRET not in refused("look", f"rtsp://joe:{SECRET}@127.0.0.1:1/cam", "What?")
    for uri in (f"rstp://joe:{SECRET}@h/x", f"joe:{SECRET}@192.168.1.5/live", f"192.168.1.5:554/{SECRET}"):
        said = refused("serve", "--camera", f"a={uri}")
        assert SECRET not in said
        assert "rtsp" in said
    path = tmp_path / "askcam.toml"
    path.write_text(f'[cameras.lobby]\n"rtsp://joe:{SECRET}@h/x" = 1\nuri = "rtsp://h/x"\n')
    said = refused("serve", "--config", str(path))
    assert f"{path}:2" in said
    assert SECRET not in said
