"""The front beside its starter: what that says comes to the table and to GET /v1/shards, and how it ends."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from support.waiting import comes_true

from askcam.cluster.front.config import FrontConfig
from askcam.cluster.front.joined import starting
from askcam.cluster.front.joined.config import ClusterSettings
from askcam.cluster.front.joined.owning import ClusterTable
from askcam.cluster.front.joined.starting import StartedShards
from askcam.cluster.front.serving import serving
from askcam.cluster.joining import Expected
from askcam.cluster.members import Shard, ShardState
from askcam.cluster.renewal import LeaseTimes
from askcam.cluster.starting import config as starting_config
from askcam.cluster.starting.config import RaySettings
from askcam.cluster.starting.messages import Fleet, ShardPhase, StartedShard, StarterNews
from askcam.server.server_config import ServerConfig
from askcam.stream.secrets import KNOWN

SAYS = """
import json, os, sys, time
order = json.loads(sys.stdin.buffer.readline())
with open({told!r}, "a") as file:
    file.write(json.dumps({{"pid": os.getpid(), "order": order, "env": dict(os.environ)}}) + "\\n")
for line in {lines!r}:
    os.write(1, line)
{then}
"""
WAITS, ENDS = "sys.stdin.read()", "sys.exit('Ray has gone')"
HEARS_NOTHING = "time.sleep(600)"


def said(**fields: Any) -> bytes:
    import msgspec

    return msgspec.json.encode(StarterNews(**fields)) + b"\n"


def fleet(*shards: StartedShard, stopped: bool = False) -> bytes:
    return said(fleet=Fleet(1, list(shards), True, stopped))


RUNNING = StartedShard("shard-1", ShardPhase.RUNNING, 1, "on 127.0.0.1")
DOWN = StartedShard("shard-1", ShardPhase.DOWN, 1, "it was killed (SIGKILL)", 1.0)


class Stage:
    """A table with one shard that has joined, and the starter's program as a small one."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self._patch = folder, monkeypatch
        self.table = ClusterTable(folder / "table", Expected(), LeaseTimes(60.0))
        settings = ClusterSettings(folder / "table", token="of-shards", start="ray", ray=RaySettings())
        self.started = StartedShards(settings, self.table)
        self.started.url = "http://127.0.0.1:8400"

    def program(self, *lines: bytes, then: str = WAITS) -> None:
        text = SAYS.format(told=str(self.folder / "told"), lines=lines, then=then)
        self._patch.setattr(starting, "STARTER", (sys.executable, "-c", text))

    def runs(self) -> list[dict[str, Any]]:
        """Each start of the starter: its process, what it was told, its environment."""
        path = self.folder / "told"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def state(self) -> ShardState:
        return self.table.view.shards["shard-1"].state


@pytest.fixture
async def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    made = Stage(tmp_path, monkeypatch)
    await made.table.open()
    shard = Shard("shard-1", "http://a:8400", capacity_cameras=4, instance="1", model="demo", version="0.1.0")
    await made.table.join(shard, {})
    yield made
    await made.started.close()
    await made.table.close()


async def test_a_process_that_has_ended_is_lost_at_once(stage: Stage) -> None:
    stage.program(fleet(RUNNING), fleet(DOWN))
    await stage.started.open()
    await comes_true(lambda: stage.state() is ShardState.LOST, "its loss")
    assert stage.table.view.shards["shard-1"].lost_why == "it was killed (SIGKILL)"
    (row,) = stage.started.told()["shards"]
    assert (row["phase"], row["starts"], row["again_s"]) == ("down", 1, 1.0)


async def test_one_that_runs_is_not_lost_by_what_is_said_of_others(stage: Stage) -> None:
    stage.program(fleet(RUNNING, StartedShard("shard-2", ShardPhase.DOWN, 3, "it ended with 2: no model", 8.0)))
    await stage.started.open()
    await comes_true(lambda: len(stage.started.told()["shards"]) == 2, "both")
    assert stage.state() is ShardState.LIVE


async def test_the_starter_is_told_all_by_its_input(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASKCAM_ADMIN_TOKEN", "of-people")
    stage.program(fleet(RUNNING))
    await stage.started.open()
    await comes_true(lambda: stage.started.told()["shards"], "it")
    (run,) = stage.runs()
    assert run["order"]["launches"][0]["env"] == {"ASKCAM_ADMIN_TOKEN": "of-shards"}
    command = " ".join(psutil.Process(run["pid"]).cmdline())
    assert "of-shards" not in command + json.dumps(run["env"])
    assert "of-people" not in json.dumps(run)


async def test_trouble_is_told_and_another_starter_tries_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(starting, "FIRST_S", 0.01)
    monkeypatch.setattr(starting, "LONGEST_S", 0.02)
    KNOWN.learn("of a test", ["secret-of-a-test"])
    stage.program(said(trouble="Ray did not start: too busy, secret-of-a-test"), then=ENDS)
    await stage.started.open()
    await comes_true(lambda: len(stage.runs()) >= 3, "other tries")
    assert "Ray did not start: too busy, ***" in stage.started.told()["reason"]
    assert len([line for line in caplog.messages if "too busy" in line]) == 1, "told once"
    assert "secret-of-a-test" not in caplog.text
    stage.program(fleet(RUNNING))
    await comes_true(lambda: stage.started.told()["reason"] is None, "its end")
    assert stage.state() is ShardState.LIVE, "no shard is lost because Ray is"
    KNOWN.learn("of a test", [])


@pytest.mark.parametrize(
    ("lines", "then", "reason"),
    [
        ((), ENDS, "the starter has ended: Ray has gone"),
        ((fleet(RUNNING),), ENDS, "the starter has ended: Ray has gone"),
        ((b"no JSON\n",), WAITS, "does not speak as a starter does"),
        ((), f"os.write(1, b'y' * (2 << 20)); {WAITS}", "does not speak as a starter does"),
        ((), HEARS_NOTHING, "has said nothing for"),
    ],
)
async def test_a_starter_that_fails_is_ended_and_told(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, lines: tuple[bytes, ...], then: str, reason: str
) -> None:
    monkeypatch.setattr(starting, "FIRST_S", 60.0)
    monkeypatch.setattr(starting, "END_S", 0.1)
    if then is HEARS_NOTHING:
        monkeypatch.setattr(starting, "SILENT_S", 0.5)
    stage.program(*lines, then=then)
    await stage.started.open()
    await comes_true(lambda: reason in (stage.started.told()["reason"] or ""), "its trouble", 60.0)
    assert not [run for run in stage.runs() if psutil.pid_exists(run["pid"])]


async def test_shards_that_were_ended_on_purpose_are_not_started_by_a_front_that_runs(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(starting, "FIRST_S", 0.0)
    stage.program(fleet(RUNNING), fleet(stopped=True), then="sys.exit(0)")
    await stage.started.open()
    await comes_true(lambda: "stop-shards" in caplog.text, "the word of it")
    assert (stage.started.told()["stopped"], stage.started.told()["shards"], len(stage.runs())) == (True, [], 1)


async def test_the_starter_ends_with_the_front_and_is_killed_where_it_does_not(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting, "END_S", 0.1)
    stage.program(fleet(RUNNING), then=HEARS_NOTHING)
    await stage.started.open()
    await comes_true(lambda: stage.started.told()["shards"], "it")
    await stage.started.close()
    assert not psutil.pid_exists(stage.runs()[0]["pid"])


@contextlib.asynccontextmanager
async def fronted(
    folder: Path, monkeypatch: pytest.MonkeyPatch, **tokens: str
) -> AsyncIterator[tuple[str, httpx.AsyncClient]]:
    """A whole front with a starter that says that its shard runs: its address, and a client of it."""
    monkeypatch.setattr(starting_config, "find_spec", lambda name: object())
    text = SAYS.format(told=str(folder / "told"), lines=(fleet(RUNNING),), then=WAITS)
    monkeypatch.setattr(starting, "STARTER", (sys.executable, "-c", text))
    cluster = ClusterSettings(folder / "table", token="of-shards", start="ray", ray=RaySettings())
    async with contextlib.AsyncExitStack() as stack:
        front = await stack.enter_async_context(serving(FrontConfig(ServerConfig(port=0, **tokens), cluster=cluster)))
        client = httpx.AsyncClient(base_url=front.url, timeout=60, trust_env=False)
        yield front.url, await stack.enter_async_context(client)


async def test_what_is_said_of_shards_is_part_of_their_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with fronted(tmp_path, monkeypatch) as (url, http):
        async with asyncio.timeout(60):
            while not (await http.get("/v1/shards")).json()["started"]["shards"]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        started = (await http.get("/v1/shards")).json()["started"]
        metrics = (await http.get("/metrics")).text.splitlines()
    assert 'askcam_front_shard_starts{shard="shard-1"} 1.0' in metrics
    assert 'askcam_front_shard_running{shard="shard-1"} 1.0' in metrics
    assert "askcam_front_starter_trouble 0.0" in metrics
    assert started == {
        "by": "ray",
        "reason": None,
        "stopped": False,
        "shards": [{"name": "shard-1", "phase": "running", "starts": 1, "why": "on 127.0.0.1", "again_s": 0.0}],
    }
    order = json.loads((tmp_path / "told").read_text())["order"]
    assert url in order["launches"][0]["flags"]


async def test_where_shards_run_is_told_to_admins_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with fronted(tmp_path, monkeypatch, token="of-viewers", admin_token="of-admins") as (_, http):
        told = {
            who: (await http.get("/v1/shards", headers={"authorization": f"Bearer {who}"})).json()
            for who in ("of-viewers", "of-admins")
        }
    assert {who: "started" in each for who, each in told.items()} == {"of-viewers": False, "of-admins": True}
