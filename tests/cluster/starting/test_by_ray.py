"""A front that has a real Ray start its shards: killed, found again and ended. Skipped where Ray is not installed,
as in CI: it takes one to two minutes, most of which Ray and two cold servers need to start."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from support.front_tokens import FRONT
from support.ports import own_port
from support.program import askcam
from support.servers.askcam_server import LiveServer, front_server
from support.waiting import until

pytestmark = pytest.mark.skipif(find_spec("ray") is None, reason='Ray is not installed: pip install -e ".[cluster]"')

CAMERAS = ["c1", "c2"]
CONFIG = """
[front]
probe_s = 0.5
[cluster]
folder = "table"
silent_s = 60
start = "ray"
[cluster.ray]
shards = 2
config = "shard.toml"
[cameras.c1]
uri = "synthetic:1"
fps = 1
[cameras.c2]
uri = "synthetic:2"
fps = 1
"""
SHARD = '[server]\ntrusted_proxies = ["127.0.0.1"]\n[model]\nthreads = 1\npower = "full"\n'
WHAT: Any = [{"role": "user", "content": "What do you see?"}]
PATIENT_S = 180.0


class Stage:
    """A front whose address stays, and what Ray has started for it."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        self.folder, self._stack = folder, stack
        self.config = folder / "front.toml"
        self.config.write_text(CONFIG)
        (folder / "shard.toml").write_text(SHARD)
        self.port = own_port()
        self.front: LiveServer | None = None

    def begin_front(self) -> LiveServer:
        env = {**FRONT, "TMPDIR": "/".join(["", "tmp"])}  # paths of sockets are short
        told = front_server({}, "--config", str(self.config), "--port", str(self.port), env=env)
        self.front = self._stack.enter_context(told)
        return self.front

    def get(self, path: str) -> Any:
        headers = {"authorization": "Bearer front-admin"}
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", headers=headers, timeout=60, trust_env=False).json()

    def rows(self) -> dict[str, Any]:
        return {row["name"]: row for row in self.get("/v1/shards")["data"]}

    def started(self) -> dict[str, Any]:
        return {row["name"]: row for row in self.get("/v1/shards")["started"]["shards"]}

    def live(self) -> list[str]:
        return sorted(name for name, row in self.rows().items() if row.get("joined") == "live" and row["ready"])

    def owned(self) -> list[str]:
        return sorted(camera for row in self.rows().values() if row.get("joined") == "live" for camera in row["owns"])

    def answered(self) -> bool:
        with httpx.Client(headers={"authorization": "Bearer front-viewer"}, timeout=120, trust_env=False) as http:
            url = f"http://127.0.0.1:{self.port}/v1/chat/completions"
            said = [http.post(url, json={"model": each, "messages": WHAT, "max_tokens": 4}) for each in CAMERAS]
        assert {reply.status_code for reply in said} <= {200, 429, 503}, [reply.text for reply in said]
        return all(reply.status_code == 200 for reply in said)

    def processes(self) -> list[psutil.Process]:
        """All that belongs to this Ray: its own, supervisor, shards."""
        note = self.folder / "table/ray/ray.json"
        if not note.exists():
            return []
        head = psutil.Process(int(note.read_text().partition('"pid": ')[2].partition(",")[0]))
        return [head, *head.children(recursive=True)]

    def shards(self) -> dict[str, int]:
        """By name, the process of each shard."""
        found = {}
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                line = process.cmdline()
                if "--shard-name" in line and "serve" in line:
                    found[line[line.index("--shard-name") + 1]] = process.pid
        return found


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with contextlib.ExitStack() as stack:
        made = Stage(tmp_path_factory.mktemp("ray"), stack)
        stack.callback(askcam, "front", "stop-shards", "--config", str(made.config), env=FRONT)
        made.begin_front()
        yield made


def test_two_shards_of_ray_join_are_given_cameras_and_answer(stage: Stage) -> None:
    until(lambda: stage.live() == ["shard-1", "shard-2"], "both", PATIENT_S, 0.2)
    until(lambda: stage.owned() == CAMERAS, "an owner for each", PATIENT_S, 0.2)
    until(stage.answered, "answers of both", PATIENT_S, 0.2)
    assert {row["phase"] for row in stage.started().values()} == {"running"}
    assert not [row for row in stage.rows().values() if row["cameras_closed"] or row["trouble"]]


def test_all_that_listens_does_so_on_the_loopback(stage: Stage) -> None:
    assert stage.front is not None
    beside = psutil.Process(stage.front.process.pid).children(recursive=True)
    listening = {
        found.laddr
        for process in [*stage.processes(), *beside]
        for found in process.net_connections(kind="inet")
        if found.status == psutil.CONN_LISTEN
    }
    assert len(listening) >= 8, "Ray's, and a shard's each"
    assert {each.ip.removeprefix("::ffff:") for each in listening} == {"127.0.0.1"}, listening


def test_tokens_are_in_no_command_line_and_in_no_log_of_ray(stage: Stage) -> None:
    secrets = [*FRONT.values(), (stage.folder / "table/ray/token").read_text()]
    lines = [" ".join(process.cmdline()) for process in stage.processes()]
    assert not [line for line in lines for secret in secrets if secret in line]
    shards = set(stage.shards().values())
    environments = {process.pid: process.environ().values() for process in stage.processes()}
    having = {pid for pid, values in environments.items() if set(values) & set(FRONT.values())}
    assert having == shards
    assert not [pid for pid in having if {"front-viewer", "front-admin"} & set(environments[pid])]
    temporary = (stage.folder / "table/ray/ray.json").read_text().rpartition('"temporary": "')[2].partition('"')[0]
    logs = [path for path in Path(temporary).rglob("logs/*") if path.is_file()]
    assert len(logs) > 3
    assert not [path for path in logs for secret in secrets if secret in path.read_text(errors="replace")]


def test_a_front_that_is_killed_finds_the_same_shards(stage: Stage) -> None:
    before = stage.shards()
    assert stage.front is not None
    stage.front.process.kill()
    stage.front.process.wait(60)
    stage.begin_front()
    until(lambda: stage.live() == ["shard-1", "shard-2"] and len(stage.started()) == 2, "both", PATIENT_S, 0.2)
    until(stage.answered, "answers of both", PATIENT_S, 0.2)
    assert stage.shards() == before
    assert {row["starts"] for row in stage.started().values()} == {1}


def test_a_killed_shard_is_told_at_once_its_cameras_go_elsewhere_and_another_one_joins(stage: Stage) -> None:
    name = next(name for name, row in stage.rows().items() if row["owns"])
    killed = stage.shards()[name]
    began = time.monotonic()
    os.kill(killed, signal.SIGKILL)
    told = f"shard {name}: it was killed (SIGKILL); started again in 1 s"
    until(lambda: stage.front is not None and told in "".join(stage.front.log), "the word of Ray")
    print(f"\ntold by Ray after {time.monotonic() - began:.2f} s")
    until(lambda: stage.rows()[name]["joined"] == "lost", "its loss")
    print(f"lost after {time.monotonic() - began:.2f} s")
    assert stage.rows()[name]["lost_why"].startswith(("it was killed (SIGKILL)", "nothing listens at "))
    until(stage.answered, "answers of both", PATIENT_S, 0.1)
    print(f"answers of both after {time.monotonic() - began:.2f} s")
    until(lambda: stage.live() == ["shard-1", "shard-2"], "another one", PATIENT_S, 0.2)
    print(f"another one after {time.monotonic() - began:.2f} s")
    assert stage.shards()[name] != killed
    assert stage.started()[name]["starts"] == 2


def test_a_supervisor_that_is_killed_is_started_again_and_finds_the_same_shards(stage: Stage) -> None:
    before = stage.shards()
    (supervisor,) = (each for each in stage.processes() if "SupervisorActor" in "".join(each.cmdline()))
    supervisor.kill()
    until(lambda: {row["starts"] for row in stage.started().values()} == {1}, "the word of a new one", PATIENT_S, 0.1)
    until(lambda: {row["phase"] for row in stage.started().values()} == {"running"}, "both", PATIENT_S, 0.1)
    assert stage.shards() == before
    assert stage.live() == ["shard-1", "shard-2"]


def test_a_shard_ends_with_its_actor_and_another_one_joins(stage: Stage) -> None:
    killed = psutil.Process(stage.shards()["shard-2"])
    actor = killed.parent()
    assert actor is not None
    assert "ShardActor" in "".join(actor.cmdline())
    actor.kill()
    until(lambda: not killed.is_running(), "the end of the shard")
    until(lambda: stage.rows()["shard-2"]["joined"] == "lost", "its loss")
    until(lambda: stage.live() == ["shard-1", "shard-2"], "another one", PATIENT_S, 0.2)
    assert stage.started()["shard-2"]["starts"] == 2


def test_shards_and_ray_are_ended_by_the_command(stage: Stage) -> None:
    ran = stage.processes()
    done = askcam("front", "stop-shards", "--config", str(stage.config), env=FRONT)
    assert done.returncode == 0, done.stderr
    assert "ended: shard-1, shard-2" in done.stdout
    until(lambda: not any(process.is_running() for process in ran), "the end of all", PATIENT_S, 0.1)
    until(lambda: stage.get("/v1/shards")["started"]["stopped"], "the word of it", PATIENT_S, 0.1)
    assert {row["lost_why"] for row in stage.rows().values()} == {"it was ended"}
