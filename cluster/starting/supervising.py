"""The shards that are to run: started, waited for, and started again when they end, after a pause that grows."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import msgspec

from askcam.cluster.starting.messages import MAX_WHY, Fleet, ShardLaunch, ShardPhase, StartedShard

FIRST_S, LONGEST_S = 1.0, 60.0  # pauses
STEADY_S = 60.0  # who has run for so long has not failed at the start

log = logging.getLogger(__name__)

Say = Callable[[ShardPhase, str], None]  # how it goes with a shard, and what it waits for


class RunsShards(Protocol):
    """Who has one process of a shard run, somewhere."""

    async def run(self, launch: ShardLaunch, say: Say) -> str:
        """Start it, or take the one that runs already; why it has ended, once it has. Cancelled, it goes on."""

    async def stop(self, shard: str) -> None:
        """End it, if it runs; returns once it has ended."""


class Pauses:
    """Of one shard: twice as long each time that it ends soon, up to a bound. Pure."""

    def __init__(self) -> None:
        self._next_s = FIRST_S

    def after(self, ran_s: float) -> float:
        """The pause after one that has run for so many seconds."""
        if ran_s >= STEADY_S:
            self._next_s = FIRST_S
        pause_s = self._next_s
        self._next_s = min(2 * pause_s, LONGEST_S)
        return pause_s


class ShardSupervisor:
    """Owned by one event loop. It remembers nothing: whoever wants shards says so again when it began anew, and finds
    those that run."""

    def __init__(
        self,
        runs: RunsShards,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._runs, self._clock, self._sleep = runs, clock, sleep
        self._wanted: dict[str, ShardLaunch] = {}
        self._shards: dict[str, StartedShard] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._number = time.time_ns()  # higher than any of a supervisor that was there before
        self._ordered, self._stopped = False, False
        self._changed = asyncio.Event()

    async def want(self, launches: Sequence[ShardLaunch]) -> None:
        """Have exactly these run. Those that run are left as they are; surplus ones are ended."""
        self._wanted = {launch.name: launch for launch in launches}
        self._ordered, self._stopped = True, False
        for name in self._wanted:
            if name not in self._tasks:
                self._tasks[name] = asyncio.create_task(self._tend(name))
        self._tell()
        await asyncio.gather(*(self._end(name) for name in list(self._tasks) if name not in self._wanted))

    async def stop(self) -> None:
        """End all, and start none until somebody wants some again."""
        self._wanted, self._stopped = {}, True
        self._tell()
        await asyncio.gather(*map(self._end, list(self._tasks)))

    async def told(self, after: int, wait_s: float) -> Fleet:
        """How it is, once that is another number than `after`, or `wait_s` are over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                while self._number == after:
                    await self._changed.wait()
        return Fleet(self._number, list(self._shards.values()), self._ordered, self._stopped)

    async def _tend(self, name: str) -> None:
        """Until it is cancelled, or nobody wants this shard any more."""
        pauses, starts = Pauses(), 0
        while (launch := self._wanted.get(name)) is not None:
            starts += 1
            shard = StartedShard(name, ShardPhase.STARTING, starts)
            self._put(shard)
            began: float | None = None

            def say(phase: ShardPhase, why: str, shard: StartedShard = shard) -> None:
                nonlocal began
                began = self._clock() if phase is ShardPhase.RUNNING else None
                self._put(msgspec.structs.replace(shard, phase=phase, why=why[:MAX_WHY]))

            try:
                why = await self._runs.run(launch, say)
            except Exception as exc:
                log.warning("shard %s was not started", name, exc_info=exc)
                why = f"it was not started: {exc}"
            pause_s = pauses.after(0.0 if began is None else self._clock() - began)
            self._put(StartedShard(name, ShardPhase.DOWN, starts, why[:MAX_WHY], pause_s))
            await self._sleep(pause_s)

    async def _end(self, name: str) -> None:
        task = self._tasks.pop(name, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self._runs.stop(name)
        if name not in self._tasks:
            self._shards.pop(name, None)
            self._tell()

    def _put(self, shard: StartedShard) -> None:
        if self._shards.get(shard.name) != shard:
            self._shards[shard.name] = shard
            self._tell()

    def _tell(self) -> None:
        self._number += 1
        self._changed.set()
        self._changed = asyncio.Event()
