"""Shards that are lost: how long they are known, and how somebody says that one does not come back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.cluster_world import ClusterWorld, a_shard

from askcam.cluster import owners as module
from askcam.cluster.changes import Released, ShardForgotten, ShardRemoved
from askcam.cluster.table import SqliteTable
from askcam.server.errors import Conflict, NotFound


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ClusterWorld]:
    made = ClusterWorld(lambda: SqliteTable(tmp_path / "cluster"))
    yield made
    made.close()


def has_left(world: ClusterWorld, *names: str) -> None:
    """They were there, and end."""
    for name in names:
        world.start(a_shard(name))
        del world.processes[name]
        world.do(lambda owners, now_s, name=name: owners.lost(name, "it ended", now_s))


def test_one_that_is_removed_gives_up_what_nobody_else_could_have(world: ClusterWorld) -> None:
    world.start(a_shard("a"))
    world.want("cam")
    world.second(5)
    has_left(world, "a")
    assert world.places() == {"cam": "a"}, "nobody else has room"
    changes = world.do(lambda owners, now_s: owners.remove("a", now_s))
    assert [type(each) for each in changes][:3] == [Released, ShardForgotten, ShardRemoved]
    assert (world.places(), world.owners.unplaced(), world.owners.shards()) == ({}, ["cam"], [])
    world.start(a_shard("a"))
    world.second(5)
    assert world.places() == {"cam": "a"}, "a new one of that name"
    world.check()


def test_only_one_that_is_lost_can_be_removed_and_only_once(world: ClusterWorld) -> None:
    world.start(a_shard("a"))
    with pytest.raises(Conflict, match="is there"):
        world.do(lambda owners, now_s: owners.remove("a", now_s))
    has_left(world, "a")
    world.do(lambda owners, now_s: owners.remove("a", now_s))
    with pytest.raises(NotFound, match="there is no shard"):
        world.do(lambda owners, now_s: owners.remove("a", now_s))


def test_those_that_are_forgotten_are_known_by_name_until_there_are_too_many(
    world: ClusterWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_FORGOTTEN", 2)
    has_left(world, "a")
    world.second(int(module.FORGET_S) + 2)
    has_left(world, "b", "c")
    assert world.owners.kept().forgotten == ("a",)
    world.second(int(module.FORGET_S) + 2)
    assert world.owners.kept().forgotten == ("b", "c")
    world.restart_front()
    assert world.owners.kept().forgotten == ("b", "c")
    world.start(a_shard("b"))
    assert world.owners.kept().forgotten == ("c",)
    world.check()
