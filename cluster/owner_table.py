"""Shards, cameras and owners as a database keeps them, and which shards have had which camera: SQL that SQLite and
PostgreSQL take alike, but for `?`."""

from collections.abc import Sequence
from typing import Any, Protocol

from askcam.cluster.changes import (
    Change,
    Granted,
    KeptTable,
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
)
from askcam.cluster.members import CameraWish, Owner, Shard, ShardState, WatchWish

MAX_HAD = 16  # shards that are known to have had one camera, the newest ones
MAX_HAD_UNWANTED = 100_000  # of cameras that nobody wants any more, those of so many grants ago are known
OWNERS = """
CREATE TABLE epochs (one INTEGER PRIMARY KEY CHECK (one = 1), highest INTEGER NOT NULL);
INSERT INTO epochs VALUES (1, 0);
CREATE TABLE shards (
    name TEXT PRIMARY KEY, url TEXT NOT NULL, labels TEXT NOT NULL, capacity INTEGER NOT NULL, state TEXT NOT NULL,
    instance TEXT NOT NULL, model TEXT NOT NULL, version TEXT NOT NULL, lost_why TEXT NOT NULL
);
CREATE TABLE cameras (
    name TEXT PRIMARY KEY, only_at TEXT NOT NULL, apart TEXT NOT NULL, options TEXT NOT NULL
);
CREATE TABLE owners (
    camera TEXT PRIMARY KEY REFERENCES cameras (name) ON DELETE CASCADE,
    shard TEXT NOT NULL REFERENCES shards (name), epoch INTEGER NOT NULL UNIQUE
);
"""
HAD = """
CREATE TABLE IF NOT EXISTS had (  -- which shards have had a camera, and so keep what came about of it; when last
    camera TEXT NOT NULL, shard TEXT NOT NULL, epoch INTEGER NOT NULL UNIQUE, PRIMARY KEY (camera, shard)
);
INSERT INTO had SELECT camera, shard, max(epoch) FROM  -- an older table knows it of those that have told something
    (SELECT camera, shard, epoch FROM held UNION ALL SELECT camera, shard, epoch FROM events) AS known
    WHERE NOT EXISTS (SELECT 1 FROM had) AND shard IN (SELECT name FROM shards)
    GROUP BY camera, shard ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS forgotten (  -- shards that are known no longer, and may come back with what they keep
    number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE
);
CREATE TABLE IF NOT EXISTS watches (  -- that were made at the front
    name TEXT PRIMARY KEY, cameras TEXT NOT NULL, setting TEXT NOT NULL, begun INTEGER NOT NULL
);
"""


class Execute(Protocol):
    """A statement with `?` for each of the values; rows can be iterated over."""

    def __call__(self, sql: str, values: Sequence[Any] = (), /) -> Any: ...


class OwnerTable:
    """For the store's thread; what writes is a part of the caller's transaction. Raises what `execute` does."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute

    def read(self) -> KeptTable:
        ((epoch,),) = self._execute("SELECT highest FROM epochs")
        shards = self._execute(
            "SELECT name, url, labels, capacity, state, instance, model, version, lost_why FROM shards ORDER BY name"
        )
        cameras = self._execute("SELECT name, only_at, apart, options FROM cameras ORDER BY name")
        owners = self._execute("SELECT camera, shard, epoch FROM owners ORDER BY camera")
        watches = self._execute("SELECT name, cameras, setting, begun FROM watches ORDER BY name")
        return KeptTable(
            epoch,
            tuple(
                Shard(name, url, tuple(labels.split()), capacity, ShardState(state), *rest)
                for name, url, labels, capacity, state, *rest in shards
            ),
            tuple(CameraWish(*row) for row in cameras),
            tuple(Owner(camera, shard, epoch, since=0.0) for camera, shard, epoch in owners),
            tuple(name for (name,) in self._execute("SELECT name FROM forgotten ORDER BY number")),
            tuple(WatchWish(name, tuple(cameras.split()), *rest) for name, cameras, *rest in watches),
        )

    def apply(self, change: Change) -> None:
        match change:
            case Wanted(CameraWish(name, only, apart, options)):
                self._execute(
                    "INSERT INTO cameras VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET "
                    "only_at = excluded.only_at, apart = excluded.apart, options = excluded.options",
                    (name, only, apart, options),
                )
            case Unwanted(camera):
                self._execute("DELETE FROM cameras WHERE name = ?", (camera,))
                self._execute(
                    "DELETE FROM had WHERE epoch <= (SELECT max(epoch) FROM had) - ? AND camera NOT IN "
                    "(SELECT name FROM cameras)",
                    (MAX_HAD_UNWANTED,),
                )
            case WatchWanted(WatchWish(name, of, setting, begun)):
                self._execute(
                    "INSERT INTO watches VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET "
                    "cameras = excluded.cameras, setting = excluded.setting, begun = excluded.begun",
                    (name, " ".join(of), setting, begun),
                )
            case WatchUnwanted(name):
                self._execute("DELETE FROM watches WHERE name = ?", (name,))
            case ShardChanged(shard):
                self._execute(
                    "INSERT INTO shards VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET "
                    "url = excluded.url, labels = excluded.labels, capacity = excluded.capacity, "
                    "state = excluded.state, instance = excluded.instance, model = excluded.model, "
                    "version = excluded.version, lost_why = excluded.lost_why",
                    (
                        shard.name, shard.url, " ".join(shard.labels), shard.capacity_cameras, shard.state.value,
                        shard.instance, shard.model, shard.version, shard.lost_why,
                    ),
                )  # fmt: skip
                self._execute("DELETE FROM forgotten WHERE name = ?", (shard.name,))
            case ShardForgotten(name):
                self._execute("DELETE FROM shards WHERE name = ?", (name,))
                self._execute("INSERT INTO forgotten (name) VALUES (?)", (name,))
            case ShardRemoved(name):
                self._execute("DELETE FROM forgotten WHERE name = ?", (name,))
                self._execute("DELETE FROM had WHERE shard = ?", (name,))
            case Granted(Owner(camera, shard_name, epoch)):
                self._execute(
                    "INSERT INTO owners VALUES (?, ?, ?) ON CONFLICT (camera) "
                    "DO UPDATE SET shard = excluded.shard, epoch = excluded.epoch",
                    (camera, shard_name, epoch),
                )
                self._execute(
                    "INSERT INTO held VALUES (?, ?, ?, ?) ON CONFLICT (camera) DO UPDATE SET epoch = excluded.epoch, "
                    "since = CASE WHEN held.shard = excluded.shard THEN held.since ELSE excluded.since END, "
                    "shard = excluded.shard",
                    (camera, shard_name, epoch, epoch),
                )
                self._execute(
                    "INSERT INTO had VALUES (?, ?, ?) ON CONFLICT (camera, shard) DO UPDATE SET epoch = excluded.epoch",
                    (camera, shard_name, epoch),
                )
                self._execute(
                    "DELETE FROM had WHERE camera = ? AND epoch <= "
                    "(SELECT epoch FROM had WHERE camera = ? ORDER BY epoch DESC LIMIT 1 OFFSET ?)",
                    (camera, camera, MAX_HAD),
                )
            case Released(owner):
                self._execute("DELETE FROM owners WHERE camera = ? AND epoch = ?", (owner.camera, owner.epoch))
            case Revoked() | Unplaced():
                pass  # told, not kept: what they say follows from the rest

    def who_had(self, camera: str) -> list[str]:
        rows = self._execute("SELECT shard FROM had WHERE camera = ? ORDER BY epoch DESC", (camera,))
        return [shard for (shard,) in rows]
