"""The table on disk, in SQLite and in PostgreSQL: the fence, ids that come again, what a restart finds."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.cluster_world import a_shard
from support.servers.postgres import Postgres, postgres

from askcam.client.watches import Judgement
from askcam.cluster import owner_table
from askcam.cluster.changes import (
    Granted,
    Released,
    Revoked,
    ShardChanged,
    ShardForgotten,
    ShardRemoved,
    Unplaced,
    Unwanted,
    Wanted,
    WatchUnwanted,
    WatchWanted,
    Why,
)
from askcam.cluster.leading import Database
from askcam.cluster.members import CameraWish, Owner, Transition, WatchWish
from askcam.cluster.owner_table import MAX_HAD
from askcam.cluster.postgres import PostgresTable
from askcam.cluster.store import MAX_DELIVERIES, MAX_DOCUMENT, MAX_ID, Delivery, EventFilter, Fate, Receipt, StoreFailed
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


def test_what_waited_counts_while_no_other_shard_has_had_the_camera_and_no_longer(table: SqlTable) -> None:
    table.apply([Released(Owner("cam", "a", 1, 0.0))])
    assert table.accept("a", [event("while nobody has it")])[0].fate is Fate.COMMITTED
    table.apply([granted("cam", "a", 2)])  # anew, to a new process or with other options
    assert table.is_still("cam", "a", 2)
    fates = [receipt.fate for receipt in table.accept("a", [event("before"), event("x", 2), event("unheard of", 3)])]
    assert fates == [Fate.COMMITTED, Fate.COMMITTED, Fate.FENCED]
    table.apply([granted("cam", "b", 3)])
    assert not table.is_still("cam", "b", 3)
    assert not table.is_still("cam", "a", 2)
    assert {receipt.fate for receipt in table.accept("a", [event("late"), event("late 2", 2)])} == {Fate.FENCED}
    table.apply([granted("cam", "a", 4)])
    fates = [receipt.fate for receipt in table.accept("a", [event("later"), event("now", 4)])]
    assert fates == [Fate.FENCED, Fate.COMMITTED], "another has had it since"
    table.apply([Unwanted("cam"), Wanted(CameraWish("cam")), granted("cam", "a", 5)])
    assert not table.is_still("cam", "a", 5), "it is another camera of that name"
    assert table.accept("a", [event("of the old one", 4)])[0].fate is Fate.FENCED


def test_which_shards_have_had_a_camera_is_known_until_they_are_removed(table: SqlTable, opened: Opened) -> None:
    assert table.who_had("cam") == ["a"]
    table.apply([granted("cam", "b", 2), granted("cam", "a", 3), Wanted(CameraWish("other")), granted("other", "b", 4)])
    assert (table.who_had("cam"), table.who_had("other"), table.who_had("x")) == (["a", "b"], ["b"], [])
    table.apply([Released(Owner("other", "b", 4, 0.0)), ShardForgotten("b")])
    assert table.read().forgotten == ("b",)
    table.apply([Unwanted("cam"), Wanted(CameraWish("cam"))])
    assert table.who_had("cam") == ["a", "b"], "who kept something of that name keeps it"
    table.close()
    again = opened()
    assert (again.who_had("cam"), again.read().forgotten) == (["a", "b"], ("b",))
    again.apply([ShardChanged(a_shard("b"))])
    assert again.read().forgotten == ()
    again.apply([ShardForgotten("b"), ShardRemoved("b")])
    assert (again.who_had("cam"), again.who_had("other"), again.read().forgotten) == (["a"], [], ())
    again.close()


def test_watches_that_were_made_at_the_front_are_there_after_a_restart(table: SqlTable, opened: Opened) -> None:
    door, say = WatchWish("door", ("cam", "cam2"), '{"question": "?"}', 1), WatchWish("say", ("cam",), "{}")
    table.apply([WatchWanted(say), WatchWanted(WatchWish("door", ("cam",), "{}")), WatchWanted(door)])
    assert table.read().watches == (door, say)
    table.apply([WatchUnwanted("say"), WatchUnwanted("never")])
    table.close()
    again = opened()
    assert again.read().watches == (door,)
    again.close()


def test_of_one_camera_the_last_shards_are_known_and_of_cameras_nobody_wants_those_of_lately(
    table: SqlTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"s{number}" for number in range(MAX_HAD + 2)]
    table.apply([ShardChanged(a_shard(name)) for name in names])
    table.apply([granted("cam", name, number) for number, name in enumerate(names, 2)])
    assert table.who_had("cam") == names[::-1][:MAX_HAD]
    before = table.read().epoch
    monkeypatch.setattr(owner_table, "MAX_HAD_UNWANTED", 3)
    for number in range(1, 6):
        new = f"new{number}"
        table.apply([Wanted(CameraWish(new)), granted(new, "a", before + number), Unwanted(new)])
    assert [table.who_had(f"new{number}") for number in range(1, 6)] == [[], [], ["a"], ["a"], ["a"]]
    assert len(table.who_had("cam")) == MAX_HAD, "it is wanted"


def test_an_older_table_knows_who_has_had_what_by_what_was_told(table: SqlTable, opened: Opened) -> None:
    table.accept("a", [event("x")])
    table.apply([granted("cam", "b", 2), Wanted(CameraWish("new")), granted("new", "b", 3)])
    for name in ("had", "forgotten"):
        table.db.execute(f"DROP TABLE {name}")
    table.close()
    again = opened()
    assert (again.who_had("cam"), again.who_had("new")) == (["b", "a"], ["b"])
    again.close()


def test_a_table_of_before_knows_who_has_what(sqlite_table: SqliteTable, tmp_path: Path) -> None:
    with sqlite_table.db:
        sqlite_table.db.execute("DROP TABLE held")
        sqlite_table.db.execute("DROP TABLE told")
        sqlite_table.db.execute("DROP TABLE judgements")
    sqlite_table.close()
    again = SqliteTable(tmp_path / "cluster")
    assert again.accept("a", [event("x")])[0].fate is Fate.COMMITTED
    again.close()


def told(id: str, at: float, watch: str | None = "door", kind: str = "on", severity: str = "info") -> Delivery:
    return Delivery(id, "cam", 1, b"{}", watch, kind, severity, at)


def test_events_are_found_by_what_they_are(table: SqlTable) -> None:
    table.accept("a", [told("1", 10.0), told("2", 20.0, "say", "changed"), told("3", 30.0, None, severity="warning")])
    assert [each.id for each in table.acknowledge([2, 9], 99.0)] == ["2"]
    for wanted, expected in (
        (EventFilter(), "321"), (EventFilter(before=3), "21"), (EventFilter(after=1), "32"),
        (EventFilter(since=20.0), "32"), (EventFilter(watch="door"), "1"), (EventFilter(camera="cam"), "321"),
        (EventFilter(camera="other"), ""), (EventFilter(severity="warning"), "3"),
        (EventFilter(acknowledged=True), "2"), (EventFilter(acknowledged=False), "31"),
        (EventFilter(after=1, before=3, watch="say", acknowledged=True), "2"),
    ):  # fmt: skip
        assert "".join(each.id for each in table.found(wanted, 10)) == expected, wanted
    assert [each.id for each in table.found(EventFilter(), 2, newest_first=False)] == ["1", "2"]
    assert table.span() == (1, 3)


def test_a_new_owner_begins_where_each_watch_was_last(table: SqlTable) -> None:
    table.accept("a", [told(str(i), float(i), watch, kind) for i, (watch, kind) in enumerate(
        [("door", "on"), ("door", "off"), ("say", "changed"), (None, "camera_lost"), ("door", "on"),
         (None, "camera_back")]
    )])  # fmt: skip
    assert [(each.id, each.watch, each.kind, each.at) for each in table.last_of_each("cam")] == [
        ("1", "door", "off", 1.0), ("2", "say", "changed", 2.0), ("3", None, "camera_lost", 3.0),
        ("4", "door", "on", 4.0), ("5", None, "camera_back", 5.0),
    ]  # fmt: skip
    assert table.last_of_each("other") == []


def test_what_is_judged_is_found_and_the_last_verdict_counts(table: SqlTable) -> None:
    events = [("door", "on"), ("door", "off"), ("say", "changed"), (None, "camera_lost"), ("door", "on")]
    table.accept("a", [told(str(i), float(i), watch, kind) for i, (watch, kind) in enumerate(events)])
    wrong, right, none = Judgement("wrong", "a cat"), Judgement("right"), Judgement(None)
    seen = [table.judge(1, each, at) for each, at in ((wrong, 50.0), (wrong, 60.0), (right, 70.0), (none, 80.0))]
    assert [(each.verdict, each.note, each.judged) for (each,) in seen] == [
        ("wrong", "a cat", 50.0), ("wrong", "a cat", 50.0), ("right", None, 70.0), (None, None, None),
    ]  # fmt: skip
    assert table.judge(99, wrong, 1.0) == []
    assert [each.verdict for each in table.judge(4, wrong, 1.0)] == [None], "a camera's own is not judged"
    for number in (1, 2, 3, 5):
        table.judge(number, wrong if number > 2 else right, 1.0)
    assert [each.id for each in table.judged("door", 9)] == ["4", "0"]
    assert [each.id for each in table.judged("door", 1)] == ["4"]
    assert [each.id for each in table.judged("say", 9)] == ["2"]
    assert [each.id for each in table.found(EventFilter(verdict="wrong"), 9)] == ["4", "2"]
    assert [each.id for each in table.found(EventFilter(verdict="right", watch="door", before=2), 9)] == ["0"]


def test_what_was_seen_keeps_its_time_and_can_be_taken_back(table: SqlTable) -> None:
    table.accept("a", [told("1", 10.0)])
    assert [table.acknowledge([1, 1], at)[0].acknowledged for at in (50.0, 60.0, None, 70.0)] == [
        50.0,
        50.0,
        None,
        70.0,
    ]


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
