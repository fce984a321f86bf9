"""The table of a running front: what its clock and its disk do to it."""

import contextlib
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.waiting import comes_true

from askcam.cluster.front.joined.owning import ClusterTable
from askcam.cluster.joining import Expected
from askcam.cluster.members import CameraWish, Shard, ShardState
from askcam.cluster.renewal import LeaseTimes, Renewal
from askcam.server.config_errors import CannotOpen
from askcam.server.errors import Refusal

TIMINGS = LeaseTimes(3.0)
LOBBY = CameraWish("lobby", options='{"camera": {}}')


class Clock:
    """Each look at it is `step_s` later."""

    def __init__(self) -> None:
        self.now_s, self.step_s = 1000.0, 0.0

    def __call__(self) -> float:
        self.now_s += self.step_s
        return self.now_s


def a_shard(name: str = "a") -> Shard:
    return Shard(name, f"http://{name}:8400", capacity_cameras=4, instance="1", model="demo", version="0.1.0")


@contextlib.asynccontextmanager
async def opened(folder: Path, clock: Clock) -> AsyncIterator[ClusterTable]:
    table = ClusterTable(folder, Expected(), TIMINGS, clock)
    await table.open()
    try:
        yield table
    finally:
        await table.close()


def lose(folder: Path) -> None:
    """The table's files are somewhere else."""
    for path in folder.glob("cluster.sqlite*"):
        path.rename(path.with_name("gone-" + path.name))


async def placed(table: ClusterTable, clock: Clock) -> None:
    """A shard has joined and owns the lobby."""
    await table.change(lambda owners, now_s: owners.want([LOBBY], now_s))
    await table.join(a_shard(), {})
    clock.step_s = 0.05
    await comes_true(lambda: "lobby" in table.view.owners, "an owner")
    clock.step_s = 0.0


@pytest.mark.parametrize("leap_s", [3600.0, -3600.0, 2.0])
async def test_a_clock_that_leaps_loses_nobody(tmp_path: Path, leap_s: float) -> None:
    clock = Clock()
    async with opened(tmp_path, clock) as table:
        await placed(table, clock)
        clock.now_s += leap_s
        await table.change(lambda owners, now_s: owners.tick(now_s))
        assert table.view.shards["a"].state is ShardState.LIVE
        clock.step_s = 0.5  # now time passes, and nothing is heard
        await comes_true(lambda: table.view.shards["a"].state is ShardState.LOST, "its loss")
        assert "nothing was heard" in table.view.shards["a"].lost_why


async def test_what_is_told_is_on_disk_and_is_there_again(tmp_path: Path) -> None:
    clock = Clock()
    async with opened(tmp_path, clock) as table:
        await placed(table, clock)
        view = (table.view.owners, table.view.wishes, table.view.shards)
    async with opened(tmp_path, clock) as table:
        epochs = {name: (owner.shard, owner.epoch) for name, owner in table.view.owners.items()}
        assert epochs == {name: (owner.shard, owner.epoch) for name, owner in view[0].items()}
        assert (table.view.wishes, table.view.shards) == view[1:]


async def test_a_table_that_is_gone_is_told_and_nobody_is_granted_anything(tmp_path: Path) -> None:
    clock = Clock()
    async with opened(tmp_path, clock) as table:
        await placed(table, clock)
        lose(tmp_path)
        with pytest.raises(Refusal) as refused:
            await table.join(a_shard("b"), {})
        assert refused.value.code in ("storage_lost", "table_failed")
        assert list(table.view.shards) == ["a"], "what is not on disk was told to nobody"
        assert table.trouble() is not None
        numbers = itertools.count(1)
        orders = await table.renew(Renewal("a", "1", next(numbers), 0, {"lobby": 1}))
        assert not orders.rejoin, "who is there goes on"


async def test_two_fronts_have_no_table_together(tmp_path: Path) -> None:
    async with opened(tmp_path, Clock()):
        with pytest.raises(CannotOpen, match="another askcam"):
            await ClusterTable(tmp_path, Expected(), TIMINGS).open()
