"""How fast clients are read: who sends faster waits, and nobody else does."""

import json
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient
from support.servers.askcam_server import live_server
from websockets.sync.client import ClientConnection, connect

from askcam.app.asgi import build_app
from askcam.app.build import build_core
from askcam.app.config import Config, ServerConfig
from askcam.server.access.intake import LEAST_BYTES, Intake
from askcam.server.access.limits import Limits
from askcam.server.access.shares import ClientIdentity
from askcam.server.access.viewer import THE_ADMIN, THE_VIEWER
from askcam.server.core import Core

ONE, OTHER, ADMIN = (
    ClientIdentity(THE_VIEWER, "a"),
    ClientIdentity(THE_VIEWER, "b"),
    ClientIdentity(THE_ADMIN, "a"),
)
VIEWER_TOKEN, ADMIN_TOKEN = "viewer-token", "admin-token"


def test_who_sends_faster_is_read_no_further_until_it_is_paid() -> None:
    now = 0.0
    intake = Intake(1_000_000, lambda: now)
    intake.came(ONE, 999_000)
    assert intake.wait_s(ONE) == 0.0
    intake.came(ONE, 2_001_000)
    assert intake.wait_s(ONE) == pytest.approx(2.0, abs=0.01)
    assert intake.wait_s(OTHER) == intake.wait_s(ADMIN) == 0.0
    now = 2.1
    assert intake.wait_s(ONE) == 0.0


@given(st.lists(st.integers(0, 5_000_000), min_size=1, max_size=60))
def test_in_the_long_run_no_more_is_read_than_the_rate(sizes: list[int]) -> None:
    now = 0.0
    intake = Intake(1_000_000, lambda: now)
    for size in sizes:
        now += intake.wait_s(ONE)
        intake.came(ONE, size)
    counted = [max(size, LEAST_BYTES) for size in sizes]
    assert sum(counted[:-1]) <= 1_000_000 * (now + 1) + 1  # a second's worth at once, and the last one whole


def test_the_admin_is_read_as_it_comes() -> None:
    intake = Intake(1_000_000, lambda: 0.0)
    intake.came(ADMIN, 1 << 40)
    assert intake.wait_s(ADMIN) == 0.0


async def test_a_turn_tells_how_long_it_was_waited_for() -> None:
    intake = Intake(1_000_000)
    assert await intake.turn(ONE) == 0.0
    intake.came(ONE, 1_010_000)
    assert 0.0 < await intake.turn(ONE) < 1.0
    assert intake.wait_s(ONE) == 0.0


@pytest.fixture
def house() -> Core:
    server = ServerConfig(token=VIEWER_TOKEN, admin_token=ADMIN_TOKEN)
    return build_core(Config(server=server, limits=Limits(bytes_per_s=65_536)))


def visitor(house: Core, token: str) -> TestClient:
    signed = {"Authorization": f"Bearer {token}"}
    return TestClient(build_app(house), "http://127.0.0.1:8400", client=("a", 5000), headers=signed)


@pytest.mark.parametrize(("token", "client"), [(VIEWER_TOKEN, ONE), (ADMIN_TOKEN, ADMIN)])
def test_bodies_are_counted(house: Core, token: str, client: ClientIdentity) -> None:
    visitor(house, token).post("/v1/chat/completions", content=b" " * (4 << 20))
    assert (house.places.intake.wait_s(client) > 10) == (client is ONE)


def test_a_websocket_is_read_no_faster_and_others_are_answered(tmp_path: Path) -> None:
    config = tmp_path / "askcam.toml"
    config.write_text("[limits]\nbytes_per_s = 65536\n")
    tokens = {"ASKCAM_TOKEN": VIEWER_TOKEN, "ASKCAM_ADMIN_TOKEN": ADMIN_TOKEN}
    clock = json.dumps({"type": "askcam.clock", "client_us": 1})
    with live_server("--config", str(config), env=tokens) as server:

        def talk(token: str) -> AbstractContextManager[ClientConnection]:
            signed = {"Authorization": f"Bearer {token}"}
            return connect(f"{server.ws_url}/v1/realtime?model=push:", additional_headers=signed, open_timeout=60)

        with talk(VIEWER_TOKEN) as much, talk(ADMIN_TOKEN) as other:
            for socket in (much, other):
                socket.send(json.dumps({"type": "nonsense", "padding": "x" * (3 << 20)}))
                said(socket, "error")
                socket.send(clock)
            said(other, "askcam.clock")
            with pytest.raises(TimeoutError):
                said(much, "askcam.clock", 1.0)  # it is read in three quarters of a minute


def said(socket: ClientConnection, kind: str, timeout_s: float = 60.0) -> None:
    """Read until an event of this kind. Raises TimeoutError."""
    while json.loads(socket.recv(timeout=timeout_s))["type"] != kind:
        pass
