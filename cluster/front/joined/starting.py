"""Shards that the front has started: the starter beside it, a process that knows Ray, is heard and kept running."""

import asyncio
import contextlib
import logging
import os
import sys
from collections import deque
from collections.abc import Collection
from pathlib import Path
from typing import Any

import msgspec

from askcam.client.protocol import encode
from askcam.cluster.front.joined.config import ClusterSettings
from askcam.cluster.front.joined.owning import ClusterTable
from askcam.cluster.starting.local import environment
from askcam.cluster.starting.messages import (
    MAX_LINE,
    MODULE,
    Fleet,
    Order,
    ShardLaunch,
    ShardPhase,
    StartedShard,
    StarterNews,
)
from askcam.cluster.starting.process import without_own
from askcam.server.lifecycle import ServerPart, ended
from askcam.stream.secrets import KNOWN

STARTER = (sys.executable, "-m", MODULE)
SILENT_S = 30.0  # a starter that says nothing for so long is ended
END_S = 5.0  # for it to end by itself
FIRST_S, LONGEST_S = 1.0, 60.0  # before another one is started

log = logging.getLogger(__name__)


def order_of(cluster: ClusterSettings, url: str, *, stop: bool = False) -> Order:
    """What the starter is told. `url`: where the front listens."""
    assert cluster.folder is not None, "checked"
    ray = cluster.ray
    return Order(ray.name, str(folder_of(cluster)), ray.address, [] if stop else launches(cluster, url), stop)


def folder_of(cluster: ClusterSettings) -> Path:
    """Where the starter keeps what it has to remember. Absolute, since it may run elsewhere."""
    assert cluster.folder is not None, "checked"
    return (cluster.folder / "ray").absolute()


def starter_env(cluster: ClusterSettings) -> dict[str, str]:
    """Of the starter; people's tokens are none of its business."""
    return without_own(os.environ) | ({} if cluster.ray.address else environment(folder_of(cluster)))


def launches(cluster: ClusterSettings, url: str) -> list[ShardLaunch]:
    """How each shard is started."""
    ray = cluster.ray
    tokens = {"ASKCAM_ADMIN_TOKEN": cluster.token, "ASKCAM_TOKEN": cluster.viewer_token}
    env = {name: token for name, token in tokens.items() if token is not None}
    own = [] if ray.config is None else ["--config", str(ray.config.absolute())]
    found = []
    for place, name in enumerate(ray.names):
        port = ray.port + place if ray.port else 0
        flags = [*own, "--port", str(port), "--front", ray.front or url, "--shard-name", name]
        found.append(ShardLaunch(name, flags, env, ray.gpus, ray.cpus))
    return found


class StartedShards(ServerPart):
    """Owned by the event loop, after the table is open. The starter goes with the front; Ray and the shards do not."""

    def __init__(self, cluster: ClusterSettings, table: ClusterTable) -> None:
        self.url = ""  # where the front listens; set before open()
        self._cluster, self._table = cluster, table
        self._said = StarterNews(doing="the starter is being started")
        self._logged = ""  # the trouble that the log has, until shards are heard of
        self._fleet: dict[str, StartedShard] = {}
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            await ended(task)

    @property
    def shards(self) -> Collection[StartedShard]:
        """As they were last heard of."""
        return self._fleet.values()

    @property
    def troubled(self) -> bool:
        return bool(self._said.trouble)

    def told(self) -> dict[str, Any]:
        """How it goes, for GET /v1/shards."""
        said = self._said
        shards = [msgspec.to_builtins(shard) for shard in self._fleet.values()]
        return {
            "by": self._cluster.start,
            "reason": said.trouble or said.doing or None,
            "stopped": said.fleet is not None and said.fleet.stopped,
            "shards": shards,
        }

    async def _run(self) -> None:
        """Until it is cancelled, or the shards were ended on purpose."""
        pause_s = FIRST_S
        while True:
            try:
                heard = await self._watch()
            except OSError as exc:
                heard = False
                self._trouble(f"the starter cannot be started: {exc}")
            if self._said.fleet is not None and self._said.fleet.stopped:
                log.warning("the shards were ended by `askcam front stop-shards`: started again with the front")
                self._fleet = {}
                return
            pause_s = FIRST_S if heard else min(2 * pause_s, LONGEST_S)
            await asyncio.sleep(pause_s)

    async def _watch(self) -> bool:
        """One starter, until it ends: whether it has told of shards."""
        process = await asyncio.create_subprocess_exec(
            *STARTER,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=MAX_LINE,
            env=starter_env(self._cluster),
            start_new_session=True,  # a terminal's Ctrl-C is the front's
        )
        last = deque[str](maxlen=1)
        noise = asyncio.create_task(_drained(process.stderr, last))
        heard = False
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(encode(order_of(self._cluster, self.url)) + b"\n")
            while True:
                async with asyncio.timeout(SILENT_S):
                    line = await process.stdout.readline()
                if not line:
                    break
                said = msgspec.json.decode(line, type=StarterNews)
                heard = heard or said.fleet is not None
                self._hear(said)
            why = next(iter(last), "it said nothing")
        except TimeoutError:
            why = f"it has said nothing for {SILENT_S:g} s"
        except (ValueError, OSError) as exc:  # a line that is too long or none of ours, a pipe that broke
            why = f"it does not speak as a starter does: {exc}"
        finally:
            await _end(process)
            await ended(noise)
        if not self._said.trouble and not (self._said.fleet is not None and self._said.fleet.stopped):
            self._trouble(f"the starter has ended: {why}")
        return heard

    def _trouble(self, why: str) -> None:
        self._hear(StarterNews(trouble=why))

    def _hear(self, said: StarterNews) -> None:
        if said.fleet is not None:
            self._said, self._logged = said, ""
            self._take(said.fleet)
            return
        trouble = KNOWN.hide(said.trouble)
        self._said = StarterNews(self._said.fleet, trouble, said.doing)
        if trouble and trouble != self._logged:
            self._logged = trouble
            log.warning("shards cannot be started: %s; it is tried again", trouble)

    def _take(self, fleet: Fleet) -> None:
        """A process that has ended is told to the table at once, and not again."""
        before, self._fleet = self._fleet, {}
        for told in fleet.shards:
            shard = msgspec.structs.replace(told, why=KNOWN.hide(told.why))
            self._fleet[shard.name] = shard
            if shard.phase is ShardPhase.DOWN and before.get(shard.name) != shard:
                log.warning("shard %s: %s; started again in %g s", shard.name, shard.why, shard.again_s)
                self._table.gone(shard.name, shard.why)


async def _drained(lines: asyncio.StreamReader | None, last: deque[str]) -> None:
    """What a starter and its libraries print: the last line is kept, in case it is the last word."""
    assert lines is not None
    while chunk := await lines.read(1 << 14):
        text = chunk.decode(errors="replace").strip()
        if text:
            last.append(text.splitlines()[-1][-300:])


async def _end(process: asyncio.subprocess.Process) -> None:
    assert process.stdin is not None
    process.stdin.close()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(END_S):
            await process.wait()
    if process.returncode is None:
        process.kill()
        await process.wait()
