"""The table and the events in PostgreSQL, for several fronts of which one leads (leading.py).

The SQL is table.py's. What differs: whoever writes first locks the row that says who leads, and an owner's row stays as
it is while an event is accepted under it. Nothing is read or written but in the schema `askcam` of the database.
"""

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

import psycopg

from askcam.cluster.changes import Change, KeptTable
from askcam.cluster.leading import Database, Lead, Leader, NotLeading
from askcam.cluster.postgres_connection import PostgresConnection
from askcam.cluster.table import LATER, LAYOUT, MAX_EVENTS, MAX_FENCED, TABLES, SqlTable
from askcam.server.storage.database import OtherFormat

LEAST_VERSION = 14  # of PostgreSQL: its makers mend no older one
SHARED = """
CREATE TABLE layout (version BIGINT NOT NULL);
CREATE TABLE leader (
    one BIGINT PRIMARY KEY CHECK (one = 1), instance TEXT NOT NULL, url TEXT NOT NULL, term BIGINT NOT NULL,
    until TIMESTAMPTZ NOT NULL, changes BIGINT NOT NULL
);
INSERT INTO leader VALUES (1, '', '', 0, 'epoch', 0);
"""
TYPES = {"INTEGER": "BIGINT", "AUTOINCREMENT": "GENERATED ALWAYS AS IDENTITY", "BLOB": "BYTEA"}
MAKING = 4_276_001  # the advisory lock of whoever makes the tables: two fronts may be started at once
LOOK = (
    "SELECT instance, url, term, changes, greatest(0, least(3600, extract(epoch FROM until - clock_timestamp()))) "
    "FROM leader"
)


class PostgresTable(SqlTable):
    """A SharedStore. For one thread at a time; every method may raise StoreFailed."""

    LOCKED: ClassVar[str] = " FOR SHARE"
    db: PostgresConnection

    def __init__(self, database: Database, max_events: int = MAX_EVENTS, max_fenced: int = MAX_FENCED) -> None:
        """Makes what is missing. Raises StoreFailed, OtherFormat."""
        super().__init__(max_events, max_fenced)
        self.db = PostgresConnection(database, _check_version)
        self._term = 0  # under which this front leads; 0: it doesn't
        try:
            self._make()
        except BaseException:
            self.db.close()
            raise

    def close(self) -> None:
        self.db.close()

    def trouble(self) -> str | None:
        return self.db.trouble()

    # -- who leads

    def lead(self, instance: str, url: str, lasts_s: float) -> Lead:
        found = self._look(instance)
        if found.ours or not found.left_s:
            with self.db.transaction():
                found = self._look(instance, " FOR UPDATE")  # another front may have been quicker
                if found.ours or not found.left_s:
                    term = found.leader.term + (not found.ours)
                    self.db.execute(
                        "UPDATE leader SET instance = ?, url = ?, term = ?, "
                        "until = clock_timestamp() + make_interval(secs => ?)",
                        (instance, url, term, lasts_s),
                    )
                    found = Lead(Leader(instance, url, term), True, lasts_s, found.num_changes)
        self._term = found.leader.term if found.ours else 0
        return found

    def resign(self) -> None:
        term, self._term = self._term, 0
        if term:
            self.db.execute("UPDATE leader SET until = clock_timestamp() WHERE term = ?", (term,))

    def _look(self, instance: str, locked: str = "") -> Lead:
        told, url, term, changes, left_s = self.db.execute(LOOK + locked).fetchone() or ("", "", 0, 0, 0)
        return Lead(Leader(told, url, term), told == instance, float(left_s), changes)

    # -- the table

    def read(self) -> KeptTable:
        with self.db.transaction("ISOLATION LEVEL REPEATABLE READ READ ONLY"):
            return super().read()

    def apply(self, changes: Iterable[Change]) -> None:
        with self._writing(), self.db.unanswered():
            self._apply_all(changes)
            self.db.execute("UPDATE leader SET changes = changes + 1")

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Raises NotLeading."""
        with self.db.transaction():
            leader = self._look("", " FOR UPDATE").leader
            if not self._term or leader.term != self._term:
                raise NotLeading(leader)
            yield

    def _make(self) -> None:
        """The tables, if there are none. Raises OtherFormat."""
        with self.db.transaction():
            self.db.execute("SELECT pg_advisory_xact_lock(?)", (MAKING,))
            (made,) = self.db.execute("SELECT to_regclass('askcam.layout') IS NOT NULL").fetchone() or (False,)
            if not made:
                self.db.execute(f"CREATE SCHEMA IF NOT EXISTS askcam; {_here(TABLES)} {SHARED}")
                self.db.execute("INSERT INTO layout VALUES (?)", (LAYOUT.version,))
            (version,) = self.db.execute("SELECT version FROM layout").fetchone() or (None,)
            if version != LAYOUT.version:
                raise OtherFormat(
                    f"the schema askcam of the database has format {version}, this askcam reads {LAYOUT.version}: give "
                    "it a database of its own, or bring all fronts to one release"
                )
            self.db.execute(_here(LATER))


def _here(tables: str) -> str:
    """SQL that makes tables in SQLite, as PostgreSQL has it."""
    for name, there in TYPES.items():
        tables = tables.replace(name, there)
    return tables


def _check_version(made: "psycopg.Connection[Any]") -> None:
    """Raises OtherFormat."""
    if made.info.server_version < LEAST_VERSION * 10_000:
        found = made.info.parameter_status("server_version") or "?"
        raise OtherFormat(f"this is PostgreSQL {found}: {LEAST_VERSION} or newer is needed")
