"""The table on disk, in SQLite and in PostgreSQL: the fence, ids that come again, what a restart finds."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.cluster_world import a_shard
from support.servers.postgres import Postgres, postgres

from askcam.cluster.changes import (
    Granted,
    Released,
    Revoked,
    ShardChanged,
    ShardForgotten,
    Unplaced,
    Unwanted,
    Wanted,
    Why,
)
from askcam.cluster.leading import Database
from askcam.cluster.members import CameraWish, Owner, Transition
from askcam.cluster.postgres import PostgresTable
from askcam.cluster.store import MAX_DELIVERIES, MAX_DOCUMENT, MAX_ID, Delivery, Fate, Receipt, StoreFailed
from askcam.cluster.table import OldTable, SqliteTable, SqlTable
from askcam.server.errors import Invalid
from askcam.server.storage.folder import FolderInUse

Opened = Callable[[], SqlTable]  # the table once more, once it was closed
EVENTS, FENCED = 10, 4  # that are kept


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as made:
        yield made


@pytest.fixture(params=["sqlite", "postgres"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    if request.param == "sqlite":
        return lambda: SqliteTable(tmp_path / "cluster", EVENTS, FENCED)
    url = request.getfixturevalue("server").database()

    def led() -> PostgresTable:
        table = PostgresTable(Database(url), EVENTS, FENCED)
        assert table.lead("me", "http://me:8400", 60).ours
        return table

    return led


@pytest.fixture
def table(opened: Opened) -> Iterator[SqlTable]:
    made = opened()
    _fill(made)
    yield made
    made.close()


@pytest.fixture
def sqlite_table(tmp_path: Path) -> Iterator[SqliteTable]:
    made = SqliteTable(tmp_path / "cluster", EVENTS, FENCED)
    _fill(made)
    yield made
    made.close()


def _fill(made: SqlTable) -> None:
    made.apply([ShardChanged(a_shard("a", 3, "gpu", "rack=r1")), ShardChanged(a_shard("b")), Wanted(CameraWish("cam"))])
    made.apply([granted("cam", "a", 1)])


def granted(camera: str, shard: str, epoch: int) -> Granted:
    return Granted(Owner(camera, shard, epoch, 0.0))


def event(id: str, epoch: int = 1, camera: str = "cam", document: bytes = b"{}") -> Delivery:
    return Delivery(id, camera, epoch, document)


def test_an_event_counts_once_however_often_it_is_told(table: SqlTable) -> None:
    assert table.accept("a", [event("x"), event("y")]) == [
        Receipt("x", Fate.COMMITTED, 1), Receipt("y", Fate.COMMITTED, 2),
    ]  # fmt: skip
    assert table.accept("a", [event("y"), event("z"), event("z")]) == [
        Receipt("y", Fate.AGAIN, 2), Receipt("z", Fate.COMMITTED, 3), Receipt("z", Fate.AGAIN, 3),
    ]  # fmt: skip
    assert [(each.number, each.id) for each in table.following(1, 10)] == [(2, "y"), (3, "z")]


@pytest.mark.parametrize(
    ("shard", "delivery"),
    [
        ("a", event("x", epoch=0)), ("a", event("x", epoch=2)), ("b", event("x", epoch=1)), ("c", event("x")),
        ("a", event("x", camera="unknown")),
    ],
    ids=["an earlier epoch", "one that was never granted", "another shard", "a stranger", "a camera nobody wants"],
)  # fmt: skip
def test_who_is_not_the_owner_under_that_epoch_is_fenced_off(table: SqlTable, shard: str, delivery: Delivery) -> None:
    assert table.accept(shard, [delivery, delivery]) == [Receipt("x", Fate.FENCED)] * 2
    assert table.following(0, 10) == []
    assert [each.id for each in table.fenced(10)] == ["x"]


def test_what_was_committed_before_the_camera_went_elsewhere_stays_so_and_is_known_again(table: SqlTable) -> None:
    table.accept("a", [event("x")])
    table.apply([granted("cam", "b", 2)])
    assert table.accept("a", [event("x"), event("y")]) == [Receipt("x", Fate.AGAIN, 1), Receipt("y", Fate.FENCED)]
    assert table.accept("b", [event("x", epoch=2)]) == [Receipt("x", Fate.COMMITTED, 2)], "ids are each shard's own"
    newest = table.newest("cam")
    assert newest is not None
    assert (newest.shard, newest.epoch) == ("b", 2)
    assert table.newest("unknown") is None


@pytest.mark.parametrize("other", [event("x", document=b'{"other":1}'), event("x", camera="cam2"), event("x", epoch=3)])
def test_an_id_that_is_used_for_another_event_is_said(table: SqlTable, other: Delivery) -> None:
    table.accept("a", [event("x")])
    assert table.accept("a", [other]) == [Receipt("x", Fate.REUSED)]


@pytest.mark.parametrize(
    ("deliveries", "param"),
    [
        ([event("")], "id"),
        ([event("x" * (MAX_ID + 1))], "id"),
        ([event("x\0")], "id"),
        ([event("x"), event("y", camera="cam\ud800")], "id"),
        ([event("x"), event("y", document=b"x" * (MAX_DOCUMENT + 1))], "document"),
        ([event(str(number)) for number in range(MAX_DELIVERIES + 1)], "events"),
    ],
    ids=["no id", "a long id", "an id with a NUL", "half a character", "a large event", "many"],
)
def test_more_than_is_taken_is_refused_whole(table: SqlTable, deliveries: list[Delivery], param: str) -> None:
    with pytest.raises(Invalid) as caught:
        table.accept("a", deliveries)
    assert caught.value.param == param
    assert table.following(0, 10) == []


def test_as_much_as_is_taken_is_taken(table: SqlTable) -> None:
    large = event("x" * MAX_ID, document=b"x" * MAX_DOCUMENT)
    receipts = table.accept("a", [event(str(number)) for number in range(MAX_DELIVERIES - 1)] + [large])
    assert {receipt.fate for receipt in receipts} == {Fate.COMMITTED}


def test_the_oldest_go_and_numbers_grow_all_the_same(table: SqlTable) -> None:
    for number in range(30):
        table.accept("a", [event(f"good{number}"), event(f"old{number}", epoch=0)])
    assert [each.number for each in table.following(0, 100)] == list(range(21, 31))
    assert [each.id for each in table.fenced(100)] == ["old29", "old28", "old27", "old26"]


def test_a_restart_finds_all_that_is_to_be_kept(table: SqlTable, opened: Opened) -> None:
    table.apply(
        [
            Wanted(CameraWish("cam", "gpu", "hall")), Wanted(CameraWish("gone")), granted("gone", "b", 2),
            ShardChanged(a_shard("b").after(Transition.GONE, "it ended")), Unwanted("gone"),
            ShardChanged(a_shard("c")), ShardForgotten("c"),
            Revoked(Owner("cam", "a", 1, 0.0), "told only"), Unplaced("cam", Why.FULL),
        ]
    )  # fmt: skip
    table.accept("a", [event("x")])
    before = table.read()
    table.close()
    again = opened()
    assert again.read() == before
    assert before.epoch == 2, "although its owner is gone"
    assert [shard.name for shard in before.shards] == ["a", "b"]
    assert before.wishes == (CameraWish("cam", "gpu", "hall"),)
    assert before.owners == (Owner("cam", "a", 1, 0.0),)
    assert again.accept("a", [event("x")]) == [Receipt("x", Fate.AGAIN, 1)]
    again.apply([Released(Owner("cam", "a", 1, 0.0))])
    assert again.read().owners == ()
    again.close()


@pytest.mark.parametrize("epoch", [1, 3])
def test_a_grant_that_does_not_follow_the_last_one_is_not_kept_nor_what_came_with_it(
    table: SqlTable, epoch: int
) -> None:
    before = table.read()
    with pytest.raises(OldTable, match=str(epoch)):
        table.apply([Wanted(CameraWish("new")), granted("cam", "b", epoch)])
    assert table.read() == before


def test_a_grant_to_a_shard_that_is_not_known_is_not_kept(table: SqlTable) -> None:
    with pytest.raises((sqlite3.IntegrityError, StoreFailed), match=r"(?i)foreign key"):
        table.apply([granted("cam", "stranger", 2)])
    assert table.read().epoch == 1


def test_a_folder_has_one_front(sqlite_table: SqliteTable, tmp_path: Path) -> None:
    with pytest.raises(FolderInUse):
        SqliteTable(tmp_path / "cluster")


def test_nobody_else_can_read_it(sqlite_table: SqliteTable, tmp_path: Path) -> None:
    assert (tmp_path / "cluster/cluster.sqlite").stat().st_mode & 0o077 == 0


def test_a_file_that_is_taken_away_is_said_and_nothing_is_acknowledged(
    sqlite_table: SqliteTable, tmp_path: Path
) -> None:
    assert sqlite_table.trouble() is None
    (tmp_path / "cluster/cluster.sqlite").unlink()
    assert "is gone" in (sqlite_table.trouble() or "")
    with pytest.raises(sqlite3.OperationalError, match="is gone"):
        sqlite_table.accept("a", [event("x")])
