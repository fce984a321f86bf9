"""What is told is on disk; what the disk refuses was never decided."""

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from support.cluster_world import a_shard, as_on_disk

from askcam.cluster.changes import Change
from askcam.cluster.keeping import KeptOwners
from askcam.cluster.members import CameraWish
from askcam.cluster.table import SqliteTable


class Failing(SqliteTable):
    """Its disk is full when it is told so."""

    full = False

    def apply(self, changes: Iterable[Change]) -> None:
        if self.full:
            raise sqlite3.OperationalError("database or disk is full")
        super().apply(changes)


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Failing]:
    made = Failing(tmp_path / "cluster")
    yield made
    made.close()


def grown(kept: KeptOwners) -> None:
    """Two shards that have two cameras."""
    kept.change(lambda owners: owners.want([CameraWish("cam1"), CameraWish("cam2")], 0.0), 0.0)
    for name in ("a", "b"):
        kept.order(lambda owners, name=name: owners.join(a_shard(name), {}, 0.0), 0.0)  # type: ignore[misc]
    for second in range(1, 5):
        kept.change(lambda owners, second=second: owners.tick(float(second)), float(second))  # type: ignore[misc]


def test_what_is_decided_is_on_disk_when_it_is_returned(table: Failing) -> None:
    kept = KeptOwners(table, 0.0)
    grown(kept)
    assert as_on_disk(table.read()) == as_on_disk(kept.now(4.0).kept())
    assert len(table.read().owners) == 2


def test_what_the_disk_refuses_is_raised_and_forgotten(table: Failing) -> None:
    kept = KeptOwners(table, 0.0)
    grown(kept)
    before = as_on_disk(kept.now(4.0).kept())
    table.full = True
    with pytest.raises(sqlite3.OperationalError, match="full"):
        kept.change(lambda owners: owners.lost("a", "it ended", 5.0), 5.0)
    with pytest.raises(sqlite3.OperationalError, match="full"):
        kept.order(lambda owners: owners.join(a_shard("c"), {}, 5.0), 5.0)
    assert as_on_disk(kept.now(6.0).kept()) == before
    table.full = False
    assert kept.change(lambda owners: owners.lost("a", "it ended", 7.0), 7.0)
    assert {owner.shard for owner in table.read().owners} == {"b"}
    assert as_on_disk(kept.now(7.0).kept()) == as_on_disk(table.read())


def test_a_refusal_leaves_everything_as_it_is(table: Failing) -> None:
    kept = KeptOwners(table, 0.0)
    grown(kept)
    before = kept.now(4.0)
    with pytest.raises(Exception, match="no shard 'x'"):
        kept.change(lambda owners: owners.drain("x", 5.0), 5.0)
    assert kept.now(5.0) is before
