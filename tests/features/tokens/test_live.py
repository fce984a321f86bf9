"""Tokens made and revoked beside a running server: taken within seconds, and what one has open ends with it."""

import json
import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.program import askcam
from support.servers.askcam_server import LiveServer, live_server
from support.vault import hear
from support.waiting import until
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

ADMIN = "admin-token-of-the-tests"


@dataclass
class Made:
    server: LiveServer
    config: Path

    def tokens(self, *args: str) -> Any:
        return askcam("tokens", *args, "--config", str(self.config), "--json")

    def make(self, name: str, *args: str) -> str:
        done = self.tokens("make", name, *args)
        assert done.returncode == 0, done.stderr
        token: str = json.loads(done.stdout)["token"]
        return token

    def status(self, token: str, path: str = "/v1/cameras") -> int:
        return httpx.get(self.server.url + path, headers={"Authorization": f"Bearer {token}"}, timeout=60).status_code


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp("made")
    config = folder / "askcam.toml"
    config.write_text(f'[server]\nadmin_token = "{ADMIN}"\ntokens_folder = "tokens"\n')
    with live_server("--config", str(config), cameras=["lobby=synthetic:7", "yard=synthetic:8"]) as server:
        yield Made(server, config)


@pytest.fixture
def page(made: Made) -> Iterator[httpx.Client]:
    """One that keeps its cookie."""
    with httpx.Client(base_url=made.server.url, timeout=60) as page:
        yield page


def test_a_made_token_is_taken_and_a_revoked_one_ends_what_it_has_open(made: Made, page: httpx.Client) -> None:
    token = made.make("kiosk", "--rights", "watch", "--cameras", "lobby")
    until(lambda: made.status(token) == 200, "the token to be taken")
    assert made.status(token, "/v1/cameras/yard") == 404
    headers = {"Authorization": f"Bearer {token}"}
    assert page.post("/v1/session", json={"token": token}).status_code == 204
    assert page.get("/v1/cameras/lobby").status_code == 200
    with (
        httpx.Client(base_url=made.server.url, headers=headers, timeout=60) as client,
        client.stream("GET", "/v1/events", headers={"accept": "text/event-stream"}) as events,
        client.stream("GET", "/v1/cameras/lobby/live.mjpeg") as pictures,
        connect(
            f"{made.server.ws_url}/v1/realtime?model=lobby", additional_headers=headers, open_timeout=60
        ) as talking,
    ):
        session = hear(talking, "session.created")["session"]["id"]
        shown, told = pictures.iter_bytes(), events.iter_lines()
        next(shown)
        next(told)
        assert made.tokens("revoke", "kiosk").returncode == 0
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            deque(shown, 0)
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            deque(told, 0)
        with pytest.raises(ConnectionClosed):
            hear(talking, "nothing of this kind")
    assert (made.status(token), page.get("/v1/cameras").status_code) == (401, 401)
    again = made.make("kiosk", "--cameras", "lobby")
    until(lambda: made.status(again) == 200, "the new token to be taken")
    with connect(
        f"{made.server.ws_url}/v1/realtime?session={session}",
        additional_headers={"Authorization": f"Bearer {again}"},
        open_timeout=60,
    ) as back:
        assert hear(back, "error")["error"]["code"] == "session_not_found"
    log = "".join(made.server.log)
    assert "the token 'kiosk' is revoked" in log
    assert token not in log


def test_a_broken_file_leaves_all_as_it_was_and_one_that_is_gone_revokes_all(made: Made) -> None:
    token = made.make("gate")
    until(lambda: made.status(token) == 200, "the token to be taken")
    path = made.config.parent / "tokens" / "tokens.json"
    whole = path.read_bytes()
    (path.parent / "aside").write_bytes(b"{")
    os.replace(path.parent / "aside", path)
    until(lambda: "tokens stay as they were" in "".join(made.server.log), "the broken file to be told")
    assert made.status(token) == 200
    (path.parent / "aside").write_bytes(whole)
    os.replace(path.parent / "aside", path)
    other = made.make("other")
    until(lambda: made.status(other) == 200, "the file to be taken again")
    path.unlink()
    until(lambda: made.status(token) == 401, "the token to be refused")
    assert made.status(ADMIN) == 200


def test_tokens_are_listed_without_themselves(made: Made) -> None:
    token = made.make("listed", "--rights", "ask", "--cameras", "lobby,yard")
    rows = [json.loads(line) for line in made.tokens("list").stdout.splitlines()]
    (row,) = [each for each in rows if each["name"] == "listed"]
    assert (row["rights"], row["cameras"], row["revoked"]) == ("ask", ["lobby", "yard"], None)
    assert token not in json.dumps(rows)


def test_what_cannot_be_made_is_told_in_one_line(made: Made) -> None:
    for args, told in (
        (("make", "no", "--rights", "look"), "--rights takes ask, watch, admin"),
        (("make", "no", "--rights", "admin", "--cameras", "lobby"), "cannot be limited"),
        (("make", "no", "--cameras", " , "), "cameras is empty"),
        (("revoke", "nobody"), "there is no token 'nobody'"),
    ):
        done = made.tokens(*args)
        assert done.returncode == 2, done.stderr
        assert told in done.stderr
