"""Who has shards run: with real processes, without Ray."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator

import pytest
from support.waiting import comes_true

from askcam.cluster.starting.messages import Fleet, ShardLaunch, ShardPhase
from askcam.cluster.starting.process import ShardProcess
from askcam.cluster.starting.supervising import FIRST_S, LONGEST_S, STEADY_S, Pauses, Say, ShardSupervisor

WAITS = "import time; time.sleep(600)"


class Processes:
    """Runs what is launched on this machine; what runs already is found again."""

    def __init__(self) -> None:
        self.running: dict[str, tuple[ShardProcess, asyncio.Future[str]]] = {}
        self.refuses = ""

    async def run(self, launch: ShardLaunch, say: Say) -> str:
        if self.refuses:
            raise OSError(self.refuses)
        if launch.name not in self.running:
            process = ShardProcess([sys.executable, "-c", *launch.flags], dict(os.environ), print)
            self.running[launch.name] = process, asyncio.ensure_future(asyncio.to_thread(process.run))
        process, over = self.running[launch.name]
        await comes_true(lambda: process.pid is not None, "its process")
        say(ShardPhase.RUNNING, str(process.pid))
        why = await asyncio.shield(over)
        self.running.pop(launch.name, None)
        return why

    async def stop(self, shard: str) -> None:
        if shard in self.running:
            process, over = self.running.pop(shard)
            await asyncio.to_thread(process.stop)
            await over

    def kill(self, shard: str) -> None:
        pid = self.running[shard][0].pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)


class Rests:
    """Pauses, each over once it is allowed."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.allowed = asyncio.Semaphore(0)

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        await self.allowed.acquire()

    async def reached(self, number: int) -> None:
        await comes_true(lambda: len(self.asked) >= number, "a pause")


@pytest.fixture
async def processes() -> AsyncIterator[Processes]:
    """Ended before the event loop is, which waits for the threads that wait for them."""
    made = Processes()
    yield made
    for process, _ in list(made.running.values()):
        await asyncio.to_thread(process.stop)


def launch(name: str, program: str = WAITS) -> ShardLaunch:
    return ShardLaunch(name, [program], {})


async def told(supervisor: ShardSupervisor, **phases: ShardPhase) -> Fleet:
    """How it is once these shards, and no others, are in these phases."""
    async with asyncio.timeout(60):
        number = 0
        while True:
            fleet = await supervisor.told(number, 60.0)
            if {shard.name: shard.phase for shard in fleet.shards} == phases:
                return fleet
            number = fleet.number


async def test_what_is_wanted_runs_and_is_started_again_when_it_is_killed(processes: Processes) -> None:
    rests = Rests()
    supervisor = ShardSupervisor(processes, sleep=rests)
    assert not (await supervisor.told(0, 60.0)).ordered
    await supervisor.want([launch("a"), launch("b")])
    first = await told(supervisor, a=ShardPhase.RUNNING, b=ShardPhase.RUNNING)
    processes.kill("a")
    down = await told(supervisor, a=ShardPhase.DOWN, b=ShardPhase.RUNNING)
    (a,) = (shard for shard in down.shards if shard.name == "a")
    assert (a.why, a.again_s, a.starts) == ("it was killed (SIGKILL)", FIRST_S, 1)
    assert down.number > first.number
    rests.allowed.release()
    again = await told(supervisor, a=ShardPhase.RUNNING, b=ShardPhase.RUNNING)
    assert [shard.starts for shard in again.shards] == [2, 1]
    assert again.shards[0].why != first.shards[0].why, "another process"
    await supervisor.stop()


async def test_who_wants_the_same_again_changes_nothing(processes: Processes) -> None:
    supervisor = ShardSupervisor(processes)
    await supervisor.want([launch("a")])
    before = await told(supervisor, a=ShardPhase.RUNNING)
    await supervisor.want([launch("a", "another program")])
    assert (await told(supervisor, a=ShardPhase.RUNNING)).shards == before.shards
    await supervisor.stop()


async def test_a_supervisor_that_begins_anew_takes_what_runs(processes: Processes) -> None:
    lost = ShardSupervisor(processes)
    await lost.want([launch("a")])
    before = await told(lost, a=ShardPhase.RUNNING)
    supervisor = ShardSupervisor(processes)
    assert not (await supervisor.told(0, 60.0)).ordered
    await supervisor.want([launch("a")])
    after = await told(supervisor, a=ShardPhase.RUNNING)
    assert after.shards[0].why == before.shards[0].why, "the same process"
    assert after.number > before.number
    await supervisor.stop()
    await lost.stop()


async def test_fewer_are_wanted_and_the_others_end(processes: Processes) -> None:
    supervisor = ShardSupervisor(processes)
    await supervisor.want([launch("a"), launch("b")])
    await told(supervisor, a=ShardPhase.RUNNING, b=ShardPhase.RUNNING)
    await supervisor.want([launch("a")])
    await told(supervisor, a=ShardPhase.RUNNING)
    assert list(processes.running) == ["a"]
    await supervisor.stop()


async def test_all_are_ended_and_stay_so_until_some_are_wanted(processes: Processes) -> None:
    rests = Rests()
    supervisor = ShardSupervisor(processes, sleep=rests)
    await supervisor.want([launch("a"), launch("b")])
    await told(supervisor, a=ShardPhase.RUNNING, b=ShardPhase.RUNNING)
    processes.kill("b")
    await told(supervisor, a=ShardPhase.RUNNING, b=ShardPhase.DOWN)
    await supervisor.stop()
    fleet = await told(supervisor)
    assert (fleet.stopped, processes.running) == (True, {})
    await supervisor.want([launch("a")])
    assert not (await told(supervisor, a=ShardPhase.RUNNING)).stopped
    await supervisor.stop()


async def test_one_that_cannot_be_started_is_tried_again_ever_more_rarely(processes: Processes) -> None:
    processes.refuses = "no " + "y" * 1000
    rests = Rests()
    supervisor = ShardSupervisor(processes, sleep=rests)
    await supervisor.want([launch("a")])
    for number in range(1, 10):
        await rests.reached(number)
        rests.allowed.release()
    fleet = await told(supervisor, a=ShardPhase.DOWN)
    assert rests.asked[:9] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert len(fleet.shards[0].why) <= 400
    assert "it was not started: no yyy" in fleet.shards[0].why
    await supervisor.stop()


def test_a_pause_grows_until_one_has_run_for_long() -> None:
    pauses = Pauses()
    assert [pauses.after(0.0) for _ in range(8)] == [1, 2, 4, 8, 16, 32, LONGEST_S, LONGEST_S]
    assert pauses.after(STEADY_S) == FIRST_S
    assert pauses.after(STEADY_S - 1) == 2 * FIRST_S


async def test_who_waits_for_news_is_told_in_time(processes: Processes) -> None:
    supervisor = ShardSupervisor(processes)
    number = (await supervisor.told(0, 60.0)).number
    assert (await supervisor.told(number, 0.01)).number == number, "nothing new"
    waiting = asyncio.create_task(supervisor.told(number, 60.0))
    await asyncio.sleep(0)
    await supervisor.want([])
    assert (await waiting).number > number
