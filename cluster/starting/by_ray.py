"""Ray starts the shards.

    front  -- lines of JSON -->  program.py  -- Ray -->  the supervisor, an actor that outlives both
                                                          | an actor for each shard, where Ray has room for it
                                                          askcam serve, which joins the front over HTTP

No frame, question or answer goes this way. Nothing else imports Ray.
"""

import asyncio
import logging
import os
import secrets
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import ray
import ray.util
from ray.exceptions import ActorUnavailableError, RayActorError, RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from askcam.cluster.starting.local import LocalRay, RayTrouble
from askcam.cluster.starting.messages import BEAT_S, Fleet, Order, ShardLaunch, ShardPhase, StarterNews, first_line
from askcam.cluster.starting.process import ShardProcess, serve_command, shard_env
from askcam.cluster.starting.supervising import Say, ShardSupervisor
from askcam.server import logs

NAMESPACE = "askcam"
CALL_S = 60.0  # for a small call
AGAIN_S, MOST_AGAIN = 0.5, 40  # while a supervisor is started again
ROOM_S = 5.0  # a shard that was not placed until then is told what it waits for
STOP_S = 120.0

log = logging.getLogger(__name__)


class ShardActor:
    """One shard, on the machine where Ray has put this: the process lives as long as this does."""

    def __init__(self) -> None:
        logs.begin()
        self._process: ShardProcess | None = None
        self._over: asyncio.Future[str] | None = None

    async def node(self) -> str:
        """The address of this machine, as Ray has it."""
        return str(ray.util.get_node_ip_address())

    async def run(self, launch: ShardLaunch) -> str:
        """Why the shard has ended, once it has. It is started once, however often this is called."""
        if self._over is None:
            command = serve_command(["--host", await self.node(), *launch.flags])
            self._process = ShardProcess(command, shard_env(os.environ, launch), _to_log)
            self._over = asyncio.ensure_future(asyncio.to_thread(self._process.run))
        return await asyncio.shield(self._over)

    async def stop(self) -> None:
        if self._process is not None:
            await asyncio.to_thread(self._process.stop)


class SupervisorActor:
    """Has the shards run; started again by Ray where it is lost. It speaks JSON: a later askcam finds it, too."""

    def __init__(self, name: str) -> None:
        logs.begin()
        self._supervisor = ShardSupervisor(RayShards(name))

    async def want(self, launches: bytes) -> None:
        await self._supervisor.want(msgspec.json.decode(launches, type=list[ShardLaunch]))

    async def told(self, after: int, wait_s: float) -> bytes:
        return msgspec.json.encode(await self._supervisor.told(after, wait_s))

    async def stop(self) -> None:
        await self._supervisor.stop()


class RayShards:
    """An actor for each shard, a new one each time. Owned by the supervisor's event loop."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._actors: dict[str, Any] = {}
        self._placed = set[str]()

    async def run(self, launch: ShardLaunch, say: Say) -> str:
        actor = self._actors[launch.name] = await asyncio.to_thread(self._actor, launch)
        over = asyncio.ensure_future(_answer(lambda: actor.run.remote(launch)))
        placed = asyncio.ensure_future(_answer(actor.node.remote))
        try:
            while not placed.done() and not over.done():
                await asyncio.wait([over, placed], timeout=ROOM_S, return_when=asyncio.FIRST_COMPLETED)
                if not placed.done() and not over.done():
                    say(ShardPhase.STARTING, await asyncio.to_thread(_wants_room, launch))
            node = await placed
            self._placed.add(launch.name)
            say(ShardPhase.RUNNING, f"on {node}")
            why = str(await over)
        except RayActorError as exc:
            why = f"its process in Ray, or its machine, is lost ({first_line(exc).rstrip('.')})"
        finally:
            over.cancel()
            placed.cancel()
        self._forget(launch.name)
        return why

    async def stop(self, shard: str) -> None:
        actor = self._actors.get(shard)
        if actor is None:
            return
        if shard in self._placed:
            with suppress(RayError, TimeoutError):
                async with asyncio.timeout(CALL_S):
                    await actor.stop.remote()
        self._forget(shard)

    def _forget(self, shard: str) -> None:
        self._placed.discard(shard)
        with suppress(RayError, ValueError):
            ray.kill(self._actors.pop(shard), no_restart=True)

    def _actor(self, launch: ShardLaunch) -> Any:
        """The one that runs, as after a loss of the supervisor, or a new one."""
        begins = f"{self._name}:{launch.name}:"
        for name in ray.util.list_named_actors():
            if name.startswith(begins):
                with suppress(ValueError):
                    return ray.get_actor(name)
        return (
            ray.remote(ShardActor)
            .options(
                name=begins + secrets.token_hex(4),
                lifetime="detached",
                max_restarts=0,  # one that is started again has no cameras
                num_cpus=launch.cpus,
                num_gpus=launch.gpus,
            )
            .remote()
        )


def _to_log(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


async def _answer(ask: Callable[[], Any]) -> Any:
    """What an actor says, asked again while it cannot be reached: slow is not dead, and Ray says when it is."""
    while True:
        try:
            return await ask()
        except ActorUnavailableError:
            await asyncio.sleep(AGAIN_S)


def _wants_room(launch: ShardLaunch) -> str:
    there, free = ray.cluster_resources(), ray.available_resources()
    rows = (("CPU", launch.cpus), ("GPU", launch.gpus))
    told = ", ".join(
        f"{want:g} {kind}, of which {free.get(kind, 0):g} of {there.get(kind, 0):g} free" for kind, want in rows if want
    )
    return (
        f"Ray has no room for it yet. It wants {told}: start Ray on one more machine, or lower shards, cpus or gpus "
        "under [cluster.ray]"
    )


class RayStarter:
    """Between a front and the supervisor, for one thread. `say`: to the front."""

    def __init__(self, order: Order, say: Callable[[StarterNews], None]) -> None:
        self._order, self._say = order, say
        self._local = LocalRay(Path(order.folder)) if order.address is None else None
        self._name = f"askcam-{order.name}"

    def watch(self) -> None:
        """Until the shards are ended. Raises RayTrouble."""
        self._say(StarterNews(doing="Ray is being started, or reached"))
        cores = sum(launch.cpus for launch in self._order.launches)
        self._connect(self._order.address if self._local is None else self._local.up(-int(-cores // 1)))
        failed = 0
        while True:
            try:
                if self._follow():
                    return
            except RayActorError as exc:
                failed += 1
                if failed > MOST_AGAIN:
                    raise RayTrouble(f"Ray does not keep the supervisor of the shards: {first_line(exc)}") from exc
                time.sleep(AGAIN_S)

    def stop(self) -> None:
        """End shards and supervisor, and Ray if it is ours. Raises RayTrouble."""
        address = self._order.address if self._local is None else self._local.address()
        try:
            if address is not None:
                self._connect(address)
                with suppress(ValueError, RayActorError):  # there is none
                    supervisor = ray.get_actor(self._name)
                    ray.get(supervisor.stop.remote(), timeout=STOP_S)
                    ray.kill(supervisor, no_restart=True)
        finally:
            if self._local is not None:
                self._local.down()
        self._say(StarterNews(done=True))

    def _connect(self, address: str | None) -> None:
        try:
            ray.init(
                address=address,
                namespace=NAMESPACE,
                log_to_driver=False,
                logging_level=logging.ERROR,
                _node_ip_address=None if self._local is None else "127.0.0.1",
            )
        except Exception as exc:  # ConnectionError, and what its core has to say
            raise RayTrouble(f"Ray cannot be reached at {address}: {first_line(exc)}") from exc

    def _follow(self) -> bool:
        """Have the shards run, and tell how it goes: whether they were ended on purpose. Raises RayTrouble,
        RayActorError."""
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=True)
        supervisor = (
            ray.remote(SupervisorActor)
            .options(
                name=self._name,
                lifetime="detached",
                get_if_exists=True,
                max_restarts=-1,
                num_cpus=0,
                scheduling_strategy=here,  # who tells of a machine's loss is not lost with it
            )
            .remote(self._name)
        )
        self._get(supervisor.want.remote(msgspec.json.encode(self._order.launches)))
        number = 0
        while True:
            fleet = msgspec.json.decode(self._get(supervisor.told.remote(number, BEAT_S)), type=Fleet)
            if not fleet.ordered:  # it was lost meanwhile
                return False
            if fleet.number != number:
                self._say(StarterNews(fleet))
            number = fleet.number
            if fleet.stopped:
                return True

    def _get(self, ref: Any) -> Any:
        """Raises RayTrouble where Ray itself is gone."""
        deadline = time.monotonic() + CALL_S
        while not ray.wait([ref], timeout=1.0)[0]:
            if self._local is not None and self._local.address() is None:
                raise RayTrouble("Ray has ended on this machine, and the shards with it")
            if time.monotonic() > deadline:
                raise RayTrouble(f"Ray has not answered in {CALL_S:g} s")
        return ray.get(ref)
