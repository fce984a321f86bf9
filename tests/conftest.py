"""Parts that several rooms' tests share. Servers live as long as the test session: starting one takes seconds."""

from collections.abc import Iterator

import httpx
import pytest
from servers.askcam_server import LiveServer
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


def wait_for_pairs(server: LiveServer, camera: str, num_pairs: int, token: str | None = None) -> None:
    """Ask until the camera's window holds so many pairs."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    body = {"model": camera, "messages": [{"role": "user", "content": "What do you see?"}], "max_tokens": 1}
    with httpx.Client(base_url=server.url, headers=headers, timeout=60) as client:
        for _ in range(200):
            reply = client.post("/v1/chat/completions", json=body)
            if reply.status_code == 200 and reply.json()["askcam"]["window"]["pairs"] >= num_pairs:
                return
            assert reply.status_code in (200, 429, 503), reply.text
    raise AssertionError(f"camera {camera!r} has not filled {num_pairs} pairs: {reply.text}")
