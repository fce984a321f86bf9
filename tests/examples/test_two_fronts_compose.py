"""examples/front/two-fronts.yaml without Docker: its own commands, environment and file, a process for each service."""

import contextlib
import json
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from support.ports import own_port
from support.servers.askcam_server import LiveServer, front_server, live_server
from support.servers.postgres import PASSWORD, Postgres, postgres
from support.waiting import until

COMPOSE = yaml.safe_load((Path(__file__).parents[2] / "examples/front/two-fronts.yaml").read_text())
SERVICES = COMPOSE["services"]
FRONTS = [name for name in SERVICES if name.startswith("front")]
SHARDS = [name for name in SERVICES if name not in {*FRONTS, "database"}]
SECRETS = {name: f"of-{name.lower()}" for name in SERVICES["front1"]["environment"]} | {
    "ASKCAM_DATABASE_PASSWORD": PASSWORD
}
VIEWER = {"Authorization": f"Bearer {SECRETS['ASKCAM_TOKEN']}"}


def filled(text: str) -> str:
    """With what people set before `docker compose up`."""
    for name, value in SECRETS.items():
        reason = text.partition(f"${{{name}:?")[2].partition("}")[0]
        text = text.replace(f"${{{name}:?{reason}}}", value).replace(f"${{{name}}}", value)
    assert not string.Template.pattern.search(text), text
    return text


@dataclass
class Machines:
    """Each of its hosts is this one, at a port of its own."""

    folder: Path
    ports: dict[str, int]
    database: Postgres

    def flags(self, service: str) -> list[str]:
        """What follows the command's name."""
        found: list[str] = SERVICES[service]["command"][2:]
        assert found[:2] == ["--host", "0.0.0.0"]
        return [self.here(word) for word in found[2:]] + ["--port", str(self.ports.get(service, 0))]

    def here(self, text: str) -> str:
        for name, port in self.ports.items():
            text = text.replace(f"http://{name}:8400", f"http://127.0.0.1:{port}")
        return text.replace("@database/", f"@127.0.0.1:{self.database.port}/").replace(
            "/front.toml", str(self.folder / "front.toml")
        )

    def environment(self, service: str) -> dict[str, str]:
        said = {name: filled(value) for name, value in SERVICES[service]["environment"].items()}
        return {name: value for name, value in said.items() if name != "XDG_DATA_HOME"}  # each has one of its own

    def client(self, front: str) -> httpx.Client:
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.ports[front]}", headers=VIEWER, timeout=60, trust_env=False
        )

    def answers(self, front: str) -> bool:
        with self.client(front) as http:
            replies = [http.post("/v1/chat/completions", json=_asked(camera)) for camera in ("lobby", "yard")]
        return [reply.status_code for reply in replies] == [200, 200]


def _asked(camera: str) -> dict[str, Any]:
    return {"model": camera, "messages": [{"role": "user", "content": "What do you see?"}], "max_tokens": 4}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Machines, dict[str, LiveServer]]]:
    folder = tmp_path_factory.mktemp("compose")
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(postgres())
        database.asked(f"CREATE DATABASE {SERVICES['database']['environment']['POSTGRES_USER']}")
        machines = Machines(folder, {name: own_port() for name in FRONTS}, database)
        config = COMPOSE["configs"][SERVICES["front1"]["configs"][0]["source"]]["content"]
        (folder / "front.toml").write_text(machines.here(filled(config)))
        servers = {
            name: stack.enter_context(front_server({}, *machines.flags(name), env=machines.environment(name)))
            for name in FRONTS
        }
        for name in SHARDS:
            servers[name] = stack.enter_context(live_server(*machines.flags(name), env=machines.environment(name)))
        yield machines, servers


def test_both_fronts_answer_of_both_cameras_and_one_goes_on_alone(
    running: tuple[Machines, dict[str, LiveServer]],
) -> None:
    machines, servers = running
    for front in FRONTS:
        until(lambda front=front: machines.answers(front), f"answers by {front}", every_s=0.2)  # type: ignore[misc]
    with machines.client("front2") as http:
        shards = http.get("/v1/shards").json()["data"]
    assert sorted(shard["name"] for shard in shards) == sorted(SHARDS)
    servers["front1"].process.kill()  # as the file's first lines have people do
    until(lambda: machines.answers("front2"), "answers by the other", every_s=0.2)
    with machines.client("front2") as http:
        until(lambda: http.get("/readyz").json()["leads"], "the other to decide", every_s=0.1)
        owned = until(lambda: http.get("/v1/shards").json()["data"], "the table")
    assert sorted(camera for shard in owned for camera in shard["owns"]) == ["lobby", "yard"]


def test_no_secret_of_the_file_is_written(running: tuple[Machines, dict[str, LiveServer]]) -> None:
    told = json.dumps([line for server in running[1].values() for line in server.log])
    assert [name for name, secret in SECRETS.items() if secret in told] == []
