"""Two real fronts over one PostgreSQL, and a real server that joins them: the leader is killed, or stands still."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.front_tokens import FRONT as TOKENS
from support.front_tokens import SHARD
from support.ports import own_port
from support.servers.askcam_server import LiveServer, front_server, live_server
from support.servers.postgres import PASSWORD, Postgres, postgres
from support.waiting import until

FRONT = {**TOKENS, "ASKCAM_DATABASE_PASSWORD": PASSWORD}
CAMERAS = ("c1", "c2")
CONFIG = """
[limits]
questions_per_s = 1000
questions_burst = 1000
[front]
probe_s = 0.3
[cluster]
database = "{url}"
[cameras.c1]
uri = "synthetic:1"
fps = 1
[cameras.c2]
uri = "synthetic:2"
fps = 1
"""


@dataclass
class Cluster:
    server: Postgres
    url: str  # of the database
    config: Path
    stack: contextlib.ExitStack
    ports: list[int]
    fronts: list[LiveServer] = field(default_factory=list)
    logs: list[list[str]] = field(default_factory=list)

    def begin_front(self, place: int) -> None:
        told = front_server({}, "--config", str(self.config), "--port", str(self.ports[place]), env=FRONT)
        self.fronts[place : place + 1] = [self.stack.enter_context(told)]
        self.logs.append(self.fronts[place].log)

    def client(self, place: int, who: str = "front-viewer") -> httpx.Client:
        headers = {"authorization": f"Bearer {who}"}
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.ports[place]}", headers=headers, timeout=60, trust_env=False
        )

    def leads(self, place: int) -> bool:
        with self.client(place) as http:
            return bool(http.get("/readyz").json()["leads"])

    def leader(self) -> int:
        return until(lambda: [place for place in (0, 1) if self.leads(place)], "a leader", every_s=0.1)[0]

    def table(self) -> dict[str, Any]:
        """Who has which camera, and what is wanted, as the database has it."""
        owners = self.server.asked("SELECT camera, shard, epoch FROM askcam.owners ORDER BY camera", self.url)
        wishes = self.server.asked("SELECT name FROM askcam.cameras ORDER BY name", self.url)
        return {"owners": owners, "wishes": [name for (name,) in wishes]}

    def joined(self, place: int) -> str:
        with self.client(place) as http:
            (shard,) = http.get("/v1/shards").json()["data"]
        return str(shard.get("joined"))


def ask(http: httpx.Client, camera: str) -> int:
    body = {"model": camera, "messages": [{"role": "user", "content": "What do you see?"}], "max_tokens": 4}
    return http.post("/v1/chat/completions", json=body).status_code


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("two")
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(postgres())
        ports = [own_port() for _ in range(2)]
        url = server.database()
        config = folder / "front.toml"
        config.write_text(CONFIG.format(url=url.replace(f":{PASSWORD.replace('/', '%2F')}@", "@")))
        made = Cluster(server, url, config, stack, ports)
        for place in (0, 1):
            made.begin_front(place)
        addresses = ",".join(f"http://127.0.0.1:{port}" for port in reversed(ports))  # the standby's is first
        stack.enter_context(live_server("--front", addresses, "--shard-name", "a", env=SHARD))
        until(lambda: len(made.table()["owners"]) == 2, "an owner for each", every_s=0.1)
        for place in (0, 1):
            with made.client(place) as http:
                for camera in CAMERAS:
                    until(lambda http=http, camera=camera: ask(http, camera) == 200, "an answer", every_s=0.1)  # type: ignore[misc]
        yield made


@contextlib.contextmanager
def asking(cluster: Cluster, place: int) -> Iterator[list[int]]:
    """The statuses of questions that are put to one front all the time, one after the other."""
    told: list[int] = []
    over = threading.Event()

    def run() -> None:
        with cluster.client(place) as http:
            while not over.is_set():
                told.append(ask(http, CAMERAS[len(told) % 2]))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        over.set()
        thread.join(60)


def test_both_serve_and_the_server_has_found_the_one_that_leads(cluster: Cluster) -> None:
    assert [cluster.leads(place) for place in (0, 1)].count(True) == 1
    assert [cluster.joined(place) for place in (0, 1)] == ["live", "live"]


def test_a_leader_that_is_killed_is_replaced_while_the_other_answers_all_the_time(cluster: Cluster) -> None:
    before, leader = cluster.table(), cluster.leader()
    other = 1 - leader
    with asking(cluster, other) as told:
        cluster.fronts[leader].process.kill()
        until(lambda: cluster.leads(other), "the other to lead", every_s=0.05)
        with cluster.client(other, "front-admin") as http:
            new = {"name": "c3", "uri": "synthetic:3", "fps": 1}
            assert http.post("/v1/cameras", json=new).status_code == 201
            until(lambda: ask(http, "c3") == 200, "an answer of a camera that came later", every_s=0.1)
            assert http.delete("/v1/cameras/c3").status_code == 204
    assert len(told) > 3
    assert set(told) == {200}, "a client of the other one has seen nothing of it"
    assert cluster.table() == before, "nothing has moved"
    assert cluster.joined(other) == "live"
    cluster.begin_front(leader)
    assert not cluster.leads(leader), "it is back, and the other one goes on leading"
    with cluster.client(leader) as http:
        assert ask(http, "c1") == 200


def test_a_leader_that_stood_still_writes_nothing_when_it_wakes(cluster: Cluster) -> None:
    leader = cluster.leader()
    other, stopped = 1 - leader, cluster.fronts[leader].process
    os.kill(stopped.pid, signal.SIGSTOP)
    try:
        until(lambda: cluster.leads(other), "the other to lead", every_s=0.1)
        with cluster.client(other, "front-admin") as http:
            assert http.post("/v1/cameras", json={"name": "later", "uri": "synthetic:4", "fps": 1}).status_code == 201
            until(lambda: ask(http, "later") == 200, "the server to have heard of it", every_s=0.1)
        before = cluster.table()
    finally:
        os.kill(stopped.pid, signal.SIGCONT)
    with cluster.client(leader) as http:
        until(lambda: ask(http, "later") == 200, "it to read what the other one wrote", every_s=0.1)
    assert [cluster.leads(place) for place in (leader, other)] == [False, True]
    with cluster.client(leader, "front-admin") as http:  # it is passed on
        assert http.delete("/v1/cameras/later").status_code == 204
    assert cluster.table()["owners"] == [row for row in before["owners"] if row[0] != "later"]
    assert cluster.joined(leader) == cluster.joined(other) == "live"


def test_a_database_that_is_away_is_said_and_found_again(cluster: Cluster) -> None:
    before = cluster.table()
    with asking(cluster, 0) as one, asking(cluster, 1) as two:
        cluster.server.kill()
        for place in (0, 1):
            with cluster.client(place) as http:
                until(lambda http=http: "table_failed" in http.get("/readyz").json(), "it to be said", every_s=0.1)  # type: ignore[misc]
        until(lambda: not any(cluster.leads(place) for place in (0, 1)), "nobody to lead", every_s=0.1)
        cluster.server.begin()
        cluster.leader()
        until(lambda: cluster.joined(0) == cluster.joined(1) == "live", "all to be well", every_s=0.1)
        for place in (0, 1):
            with cluster.client(place) as http:
                until(lambda http=http: "table_failed" not in http.get("/readyz").json(), "no trouble", every_s=0.1)  # type: ignore[misc]
    assert set(one) == set(two) == {200}
    assert cluster.table() == before


def test_no_password_and_no_token_is_told_and_nothing_is_unforeseen(cluster: Cluster) -> None:
    text = "".join(line for log in cluster.logs for line in log)
    assert "leads, under term" in text
    for secret in (PASSWORD, PASSWORD.replace("/", "%2F"), "shard-admin", "front-admin"):
        assert secret not in text
    assert "Traceback" not in text
