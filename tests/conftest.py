"""Parts that several rooms' tests share. Servers live as long as the test session: starting one takes seconds."""

from collections.abc import Iterator

import pytest
from servers.askcam_server import LiveServer, wait_for_pairs
from servers.askcam_server import live_server as start_server

from askcam.engine.calm import wait_calmly

wait_calmly()  # before any test imports torch: tests share their cores with the servers that they start

SEED = 7


@pytest.fixture(scope="session")
def live_server() -> Iterator[LiveServer]:
    """The real server with the built-in model and one synthetic camera, "lobby"; no token. Its window is full."""
    with start_server(cameras=[f"lobby=synthetic:{SEED}"]) as server:
        wait_for_pairs(server, "lobby", 4)
        yield server
