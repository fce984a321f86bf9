"""The SDKs meet each backend: what a client is told must not depend on it."""

from collections.abc import Iterator

import pytest
from conftest import SEED
from support.servers.askcam_server import LiveServer, wait_for_pairs
from support.servers.askcam_server import live_server as start_server


@pytest.fixture(scope="module", params=["live", "portable"])
def live_server(request: pytest.FixtureRequest) -> Iterator[LiveServer]:
    """The real server with the built-in model on one backend; otherwise as the one of all other tests."""
    with start_server("--backend", request.param, cameras=[f"lobby=synthetic:{SEED}"]) as server:
        assert server.lines[-1]["backend"] == request.param
        wait_for_pairs(server, "lobby", 4)
        yield server
