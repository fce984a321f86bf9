"""kill -9 of a model's own server amid answers and watches: typed errors, no invented event, well again by itself."""

import json
import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.servers.askcam_server import LiveServer, live_server
from support.servers.running import RunningModelServer
from support.waiting import until

ANSWERS, WATCHES = 8, 4
CONFIG = """
[model]
url = "{url}"
dialect = "vllm"
max_pairs = 4

[cameras.lobby]
uri = "synthetic:7"

[cameras.yard]
uri = "synthetic:8"
"""
WATCH = """
[watches.w{number}]
question = "Is there a cup?"
cameras = ["{camera}"]
every_s = 0.3
on = 0.2
off = 0.1
for_s = 0.0
only_when_healthy = false
"""  # a failure that were read as "no" would turn it off


@pytest.fixture
def models() -> Iterator[RunningModelServer]:
    with RunningModelServer("vllm") as models:
        yield models


@pytest.fixture
def server(models: RunningModelServer, tmp_path: Path) -> Iterator[LiveServer]:
    file = tmp_path / "askcam.toml"
    watches = [WATCH.format(number=number, camera=("lobby", "yard")[number % 2]) for number in range(WATCHES)]
    file.write_text(CONFIG.format(url=models.url) + "".join(watches))
    with live_server("--config", str(file), "--power", "auto") as server:
        yield server


def answer(url: str, begun: "queue.SimpleQueue[int]", over: "queue.SimpleQueue[dict[str, Any]]") -> None:
    """One long streamed answer: its first word, and its last chunk."""
    body = {"model": "lobby", "stream": True, "max_tokens": 400}
    body |= {"messages": [{"role": "user", "content": "tell me at length"}]}
    last: dict[str, Any] = {}
    with httpx.stream("POST", f"{url}/v1/chat/completions", json=body, timeout=60) as reply:
        for line in reply.iter_lines():
            if line.startswith("data: {"):
                last = json.loads(line.removeprefix("data: "))
                if last.get("choices") and last["choices"][0]["delta"].get("content"):
                    begun.put(1)
    over.put(last)


def test_eight_answers_and_four_watches(models: RunningModelServer, server: LiveServer) -> None:
    with httpx.Client(base_url=server.url, timeout=60) as http:

        def states() -> set[str]:
            return {now["state"] for watch in http.get("/v1/watches").json()["data"] for now in watch["now"]}

        def events() -> list[tuple[str, str]]:
            return [
                (event["watch"], event["kind"]) for event in http.get("/v1/events").json()["data"] if event["watch"]
            ]

        until(lambda: states() == {"on"}, "all watches to be on", 90)
        before = until(lambda: len(found := events()) == WATCHES and found, "their events to be kept")
        assert {kind for _, kind in before} == {"on"}

        begun: list[queue.SimpleQueue[int]] = [queue.SimpleQueue() for _ in range(ANSWERS)]
        over: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        threads = [threading.Thread(target=answer, args=(server.url, each, over)) for each in begun]
        for thread in threads:
            thread.start()
        for each in begun:
            each.get(timeout=60)  # its first word has come
        models.kill()
        last = [over.get(timeout=60) for _ in threads]
        for thread in threads:
            thread.join()
        assert [chunk.get("error", {}).get("code") for chunk in last] == ["engine_failure"] * ANSWERS, last
        assert http.get("/healthz").status_code == 200

        blind = until(lambda: all_blind(http), "the watches to know nothing", 60)
        assert all("nothing answers at" in trouble or "broke off" in trouble for trouble in blind), blind
        until(lambda: http.get("/readyz").status_code == 503, "it to be unready", 60)
        assert events() == before

        models.start()
        until(lambda: http.get("/readyz").status_code == 200, "it to be ready again", 60)
        said = {"model": "lobby", "messages": [{"role": "user", "content": "what is there?"}]}
        until(lambda: http.post("/v1/chat/completions", json=said).status_code == 200, "an answer", 60)
        until(lambda: states() == {"on"} and not any(troubles(http)), "the watches to see again", 60)
        assert events() == before


def troubles(http: httpx.Client) -> list[str]:
    """Why watches see nothing."""
    found = [now["trouble"] for watch in http.get("/v1/watches").json()["data"] for now in watch["now"]]
    return [trouble for trouble in found if trouble]


def all_blind(http: httpx.Client) -> list[str]:
    return found if len(found := troubles(http)) == WATCHES else []
