"""PostgreSQL under the table: who leads writes and nobody else, every call ends, nothing of a password is told."""

import os
import re
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest
from support.cluster_world import a_shard
from support.servers.postgres import PASSWORD, Postgres, postgres
from support.waiting import until

from askcam.cluster import postgres as module
from askcam.cluster.changes import Granted, ShardChanged, Wanted
from askcam.cluster.leading import Database, NotLeading
from askcam.cluster.members import CameraWish, Owner
from askcam.cluster.postgres import PostgresTable
from askcam.cluster.postgres_connection import IDLE_S
from askcam.cluster.store import Delivery, Fate, StoreFailed
from askcam.server.storage.database import OtherFormat

LONG_S = 600.0
FULL = [ShardChanged(a_shard("a")), Wanted(CameraWish("cam")), Granted(Owner("cam", "a", 1, 0.0))]
Front = Callable[[], PostgresTable]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as made:
        yield made


@pytest.fixture
def front(server: Postgres) -> Iterator[Front]:
    """One more front's table, over one database."""
    url, made = server.database(), list[PostgresTable]()

    def another() -> PostgresTable:
        made.append(PostgresTable(Database(url)))
        return made[-1]

    yield another
    for table in made:
        table.close()


def lead(table: PostgresTable, name: str, lasts_s: float = LONG_S) -> bool:
    return table.lead(name, f"http://{name}:8400", lasts_s).ours


def test_one_leads_and_the_other_sees_who_and_all_that_it_writes(front: Front) -> None:
    one, two = front(), front()
    assert lead(one, "one")
    first = two.lead("two", "http://two:8400", LONG_S)
    assert (first.ours, first.leader.url, first.leader.term) == (False, "http://one:8400", 1)
    assert 0 < first.left_s <= LONG_S
    one.apply(FULL)
    assert two.lead("two", "", LONG_S).num_changes == first.num_changes + 1
    assert two.read() == one.read()
    assert [owner.camera for owner in two.read().owners] == ["cam"]


WRITES: dict[str, Callable[[PostgresTable], object]] = {
    "changes": lambda table: table.apply([Wanted(CameraWish("more"))]),
    "events": lambda table: table.accept("a", [Delivery("x", "cam", 1, b"{}")]),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_who_leads_no_more_writes_nothing_whatever_it_believes(
    front: Front, write: Callable[[PostgresTable], object]
) -> None:
    old, new = front(), front()
    with pytest.raises(NotLeading):
        write(old)  # nobody has led yet
    lead(old, "old", lasts_s=0.0)
    old.apply(FULL)  # its lease has run out, and nobody has taken it
    assert lead(new, "new")
    before = new.read()
    with pytest.raises(NotLeading) as refused:
        write(old)
    assert (refused.value.leader.url, refused.value.leader.term) == ("http://new:8400", 2)
    assert (new.read(), new.following(0, 9), new.fenced(9)) == (before, [], [])
    write(new)


def test_a_lease_is_renewed_runs_out_and_is_given_up(front: Front) -> None:
    one, two = front(), front()
    assert lead(one, "one", lasts_s=0.0)
    assert lead(one, "one", lasts_s=LONG_S), "nobody else has taken it: the term goes on"
    assert one.read().epoch == 0
    assert not lead(two, "two")
    one.resign()
    taken = two.lead("two", "http://two:8400", LONG_S)
    assert (taken.ours, taken.leader.term) == (True, 2)
    one.resign()
    assert lead(two, "two"), "what another one has is not given up"


def test_of_many_that_would_lead_at_once_one_does(server: Postgres) -> None:
    url = server.database()

    names = [f"front{number}" for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        tables = list(pool.map(lambda name: PostgresTable(Database(url)), names))  # they make what is missing, too
        try:
            for _ in range(20):
                assert list(pool.map(lead, tables, names)).count(True) == 1
                server.asked("UPDATE askcam.leader SET until = 'epoch', instance = ''", url)
        finally:
            for table in tables:
                table.close()


def test_a_takeover_waits_for_a_transaction_and_not_for_a_front_that_stands_still_in_it(front: Front) -> None:
    old, new = front(), front()
    lead(old, "old", lasts_s=0.0)
    old.apply(FULL)
    began = time.monotonic()

    def stands_still() -> None:
        with old._writing():
            old.db.execute("DELETE FROM owners")
            assert not _leads(new), "a lock is not waited for as long as that"
            until(lambda: _leads(new), "the other to lead", every_s=0.1)

    with pytest.raises(StoreFailed, match="terminating connection"):
        stands_still()
    assert time.monotonic() - began >= IDLE_S * 0.9
    assert [owner.camera for owner in new.read().owners] == ["cam"], "what was amid is not done"


def _leads(table: PostgresTable) -> bool:
    try:
        return lead(table, "new")
    except StoreFailed:
        return False


def backend(server: Postgres, table: PostgresTable) -> int:
    """The process that serves this connection."""
    (found,) = table.db.execute("SELECT pg_backend_pid()").fetchone() or (0,)
    return int(found)


def test_a_connection_that_breaks_is_told_and_the_next_call_has_another(server: Postgres, front: Front) -> None:
    table = front()
    lead(table, "one")
    table.apply(FULL)
    server.asked(f"SELECT pg_terminate_backend({backend(server, table)})")
    with pytest.raises(StoreFailed):
        table.apply([Wanted(CameraWish("more"))])
    assert table.trouble() is not None
    assert [wish.name for wish in table.read().wishes] == ["cam"]
    assert table.trouble() is None
    table.apply([Wanted(CameraWish("more"))])


def test_a_connection_that_breaks_amid_a_transaction_leaves_nothing_half_done(server: Postgres, front: Front) -> None:
    table = front()
    lead(table, "one")
    table.apply(FULL)

    def breaks() -> None:
        with table._writing():
            pid = backend(server, table)
            table.db.execute("DELETE FROM owners")
            server.asked(f"SELECT pg_terminate_backend({pid})")
            table.db.execute("DELETE FROM cameras")

    with pytest.raises(StoreFailed):
        breaks()
    assert [owner.camera for owner in table.read().owners] == ["cam"]


def test_a_server_that_stands_still_is_waited_for_no_longer_than_a_few_seconds(server: Postgres, front: Front) -> None:
    table = front()
    lead(table, "one")
    pid = backend(server, table)
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(StoreFailed, match="has not answered in 3 s"):
            table.read()
    finally:
        os.kill(pid, signal.SIGCONT)
    assert table.read().epoch == 0


def test_a_server_that_is_away_and_back_is_found_again(server: Postgres, front: Front) -> None:
    table = front()
    lead(table, "one")
    table.apply(FULL)
    server.kill()
    for _ in range(2):
        with pytest.raises(StoreFailed):
            table.read()
    server.begin()
    until(lambda: _reads(table), "the table to be there", every_s=0.1)
    assert [owner.camera for owner in table.read().owners] == ["cam"], "it outlives a power cut"
    assert lead(table, "one")


def _reads(table: PostgresTable) -> bool:
    try:
        return bool(table.read().epoch)
    except StoreFailed:
        return False


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda url: url.replace("made", "nowhere"), "does not exist"),
        (lambda url: url.replace("pass-word", "another-word"), "password authentication failed"),
        (lambda url: re.sub(r":\d+/", ":1/", url), "refused"),
        (lambda url: url + "?nonsense=1", "nonsense"),
        (lambda url: url.replace("pass-word", "pass-word%zz"), "percent"),
        (lambda url: url + "?password=second-word&nonsense", "query parameter"),
    ],
)
def test_what_cannot_be_opened_says_why_and_no_password(
    server: Postgres, change: Callable[[str], str], told: str
) -> None:
    with pytest.raises(StoreFailed) as refused:
        PostgresTable(Database(change(server.database())))
    assert told in str(refused.value)
    traced = "".join(traceback.format_exception(refused.value))
    chain = traced + repr(Database("postgresql://x:pass-word@y"))
    assert not [word for word in ("pass-word", "another-word", "second-word") if word in chain]


def test_the_password_comes_from_the_url_else_from_who_knows_it_else_from_libpq(
    server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.database()
    bare = url.replace(f":{PASSWORD.replace('/', '%2F')}@", "@")
    assert bare != url
    PostgresTable(Database(url, "wrong")).close()
    PostgresTable(Database(bare, PASSWORD)).close()
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    PostgresTable(Database(bare)).close()
    monkeypatch.setenv("PGPASSWORD", "wrong")
    PostgresTable(Database(bare, PASSWORD)).close()
    with pytest.raises(StoreFailed):
        PostgresTable(Database(bare))


def test_another_layout_and_an_old_server_are_told(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    url = server.database()
    PostgresTable(Database(url)).close()
    server.asked("UPDATE askcam.layout SET version = 7", url)
    with pytest.raises(OtherFormat, match="format 7, this askcam reads 1"):
        PostgresTable(Database(url))
    monkeypatch.setattr(module, "LEAST_VERSION", 99)
    with pytest.raises(OtherFormat, match="99 or newer"):
        PostgresTable(Database(server.database()))


def test_a_server_that_promises_nothing_is_made_to(server: Postgres) -> None:
    url = server.database()
    name = url.rpartition("/")[2]
    server.asked(f"ALTER DATABASE {name} SET synchronous_commit = off")
    with closing(PostgresTable(Database(url))) as table:
        assert table.db.execute("SHOW synchronous_commit").fetchone() == ("on",)
    server.asked(f"ALTER DATABASE {name} SET synchronous_commit = local")
    with closing(PostgresTable(Database(url))) as table:
        assert table.db.execute("SHOW synchronous_commit").fetchone() == ("local",)


def test_an_event_is_fenced_off_by_the_grant_that_came_before_it(server: Postgres, front: Front) -> None:
    """Whoever changes an owner's row by hand waits, too: the row is locked while events are accepted under it."""
    table = front()
    lead(table, "one")
    table.apply(FULL)
    with table._writing():
        assert table._accept("a", Delivery("x", "cam", 1, b"{}")).fate is Fate.COMMITTED
        with (
            psycopg.connect(table.db._database.url, autocommit=True, options="-c lock_timeout=200ms") as other,
            pytest.raises(psycopg.errors.LockNotAvailable),
        ):
            other.execute("UPDATE askcam.held SET epoch = 2")
