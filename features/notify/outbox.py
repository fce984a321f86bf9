"""What is still to be delivered, in the events' own database: an event and that it is to be delivered are one thing.

An event is owed to a target from the moment it is written: the target's cursor, which stands before it, says so. What
was tried and failed has a row of its own, and so has what was given up. The cursor and a row move in one transaction,
after the try: whoever is killed in between tries again.
"""

import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from askcam.features.notify.backoff import MAX_RETRY_AFTER_S
from askcam.features.notify.queue import QueueChange, WaitingDelivery

MAX_DEAD = 1000  # dead letters of one target; then the oldest go

TABLES = """
CREATE TABLE IF NOT EXISTS notify_targets (
  name TEXT PRIMARY KEY,
  cursor INTEGER NOT NULL,       -- events up to this one are delivered, or in the other table, or not for this target
  leads_to TEXT NOT NULL,        -- a digest of its address
  disabled TEXT,                 -- why it gets nothing any more
  last_success REAL              -- seconds since the epoch, as are all times here
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notify_deliveries (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  target TEXT NOT NULL,
  event INTEGER NOT NULL,
  at REAL NOT NULL,              -- the event's own time
  dead INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  tried_s REAL NOT NULL,         -- line.Waiting.tried_s
  next_at REAL NOT NULL,
  error TEXT NOT NULL,
  first_at REAL NOT NULL,
  last_at REAL NOT NULL,
  reached BLOB NOT NULL,         -- digests of addresses, as JSON
  UNIQUE (target, event)
);
CREATE TABLE IF NOT EXISTS notify_origin (
  name TEXT NOT NULL             -- of this database, in every delivery's id: ids of events begin anew with a new one
);
"""
DEAD = "id, target, event, at, attempts, error, first_at, last_at"
COLUMNS = "event, at, attempts, tried_s, next_at, error, first_at, last_at, reached"


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """How a target stands on disk."""

    cursor: int
    disabled: str | None
    last_success: float | None
    waiting: Mapping[int, WaitingDelivery]  # times as of now
    num_dead: int


@dataclass(frozen=True, slots=True)
class Dead:
    """A dead letter."""

    id: int
    target: str
    event: int
    at: float
    attempts: int
    error: str
    first_at: float
    last_at: float


class Outbox:
    """Owned by the thread that owns the database. Each method may raise sqlite3.Error, and then has changed nothing."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def open(self) -> str:
        """Make what is missing; returns the name of this database."""
        with self._db:
            for statement in TABLES.split(";"):
                self._db.execute(statement)
            row = self._db.execute("SELECT name FROM notify_origin").fetchone()
            if row is None:
                row = (secrets.token_hex(4),)
                self._db.execute("INSERT INTO notify_origin (name) VALUES (?)", row)
        return str(row[0])

    def target(self, name: str, leads_to: str, last_event: int, now: float, wall: float) -> KeptLetter:
        """A target as it was left. A new one begins after `last_event`; one that leads elsewhere now is enabled."""
        with self._db:
            insert = "INSERT OR IGNORE INTO notify_targets (name, cursor, leads_to) VALUES (?, ?, ?)"
            self._db.execute(insert, (name, last_event, leads_to))
            update = "UPDATE notify_targets SET leads_to = ?, disabled = NULL WHERE name = ? AND leads_to != ?"
            self._db.execute(update, (leads_to, name, leads_to))
        select = "SELECT cursor, disabled, last_success FROM notify_targets WHERE name = ?"
        cursor, disabled, last_success = self._db.execute(select, (name,)).fetchone()
        rows = self._db.execute(
            f"SELECT {COLUMNS} FROM notify_deliveries WHERE target = ? AND NOT dead ORDER BY event", (name,)
        )
        waiting = {row[0]: _waiting(row, now, wall) for row in rows}
        return KeptLetter(cursor, disabled, last_success, waiting, self.num_dead(name))

    def write(self, target: str, change: QueueChange, now: float, wall: float) -> int:
        """Carry a change out; returns how many dead letters had to go for it."""
        one, dropped = change.waiting, 0
        with self._db:
            update = "UPDATE notify_targets SET cursor = ? WHERE name = ?"
            self._db.execute(update, (change.cursor, target))
            if change.delivered:
                self._db.execute("UPDATE notify_targets SET last_success = ? WHERE name = ?", (wall, target))
            if change.over is not None:
                delete = "DELETE FROM notify_deliveries WHERE target = ? AND event = ?"
                self._db.execute(delete, (target, change.over))
            if one is not None:
                next_wall = wall + max(0.0, one.next_at - now)
                row = (one.event, one.at_wall, one.attempts, one.tried_s, next_wall, one.error)
                reached = msgspec.json.encode(sorted(one.reached))
                self._db.execute(
                    f"INSERT INTO notify_deliveries (target, dead, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                    "ON CONFLICT (target, event) DO UPDATE SET dead = excluded.dead, attempts = excluded.attempts, "
                    "tried_s = excluded.tried_s, next_at = excluded.next_at, error = excluded.error, "
                    "last_at = excluded.last_at, reached = excluded.reached",
                    (target, change.dead, *row, one.first_wall, one.last_wall, reached),
                )
            if change.dead:
                dropped = self._db.execute(
                    "DELETE FROM notify_deliveries WHERE target = ? AND dead AND id NOT IN (SELECT id FROM "
                    "notify_deliveries WHERE target = ? AND dead ORDER BY id DESC LIMIT ?)",
                    (target, target, MAX_DEAD),
                ).rowcount
        return dropped

    def disable(self, target: str, why: str | None) -> None:
        """None: it is enabled again."""
        with self._db:
            self._db.execute("UPDATE notify_targets SET disabled = ? WHERE name = ?", (why, target))

    # -- dead letters

    def num_dead(self, target: str) -> int:
        count = "SELECT count(*) FROM notify_deliveries WHERE target = ? AND dead"
        return int(self._db.execute(count, (target,)).fetchone()[0])

    def dead(self, target: str | None, before: int | None, limit: int) -> list[Dead]:
        """Newest first."""
        wanted = {"target = ?": target, "id < ?": before}
        rules = {rule: value for rule, value in wanted.items() if value is not None}
        where = " AND ".join(("dead", *rules))
        select = f"SELECT {DEAD} FROM notify_deliveries WHERE {where} ORDER BY id DESC LIMIT ?"
        return [Dead(*row) for row in self._db.execute(select, (*rules.values(), limit))]

    def one(self, number: int) -> Dead | None:
        row = self._db.execute(f"SELECT {DEAD} FROM notify_deliveries WHERE dead AND id = ?", (number,)).fetchone()
        return None if row is None else Dead(*row)

    def revive(self, target: str, number: int | None, tried_s: float, now: float, wall: float) -> list[WaitingDelivery]:
        """Dead letters wait again, due at once: the one with this id, or all of the target."""
        wanted, values = "target = ? AND dead AND (? IS NULL OR id = ?)", (target, number, number)
        with self._db:
            found = self._db.execute(f"SELECT {COLUMNS} FROM notify_deliveries WHERE {wanted}", values).fetchall()
            update = f"UPDATE notify_deliveries SET dead = 0, attempts = 0, tried_s = ?, next_at = ? WHERE {wanted}"
            self._db.execute(update, (tried_s, wall, *values))
        revived = [_waiting(row, now, wall) for row in found]
        for one in revived:
            one.attempts, one.tried_s, one.next_at = 0, tried_s, now
        return revived


def _waiting(
    row: tuple[int, float, int, float, float, str, float, float, bytes], now: float, wall: float
) -> WaitingDelivery:
    """As of now. A clock that has jumped makes nobody wait for longer than anybody ever would."""
    event, at, attempts, tried_s, next_wall, error, first_wall, last_wall, reached = row
    next_at = now + min(max(0.0, next_wall - wall), MAX_RETRY_AFTER_S)
    known = frozenset(msgspec.json.decode(reached, type=list[str]))
    return WaitingDelivery(event, at, attempts, tried_s, now, next_at, error, first_wall, last_wall, known)
