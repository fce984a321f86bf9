"""[cluster] of front.toml, and the cameras and watches that the front gives to shards.

[cluster]          folder, or database and url; token_file, ca, silent_s, model, max_shards, start
[cluster.ray]      of the shards that start = "ray" starts (cluster/starting/config.py)
[cameras.lobby]    what a server's [cameras.lobby] takes, and `only`, `apart`: where it may be
[watches.door]     what a server's [watches.door] takes

Whether a camera's and a watch's own keys are right is for the shard to say that gets them: a front reads no camera.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta

from askcam.client.address import Address
from askcam.client.errors import ConnectionFailed
from askcam.cluster.ids import MOST_JOINED
from askcam.cluster.leading import Database
from askcam.cluster.members import CameraWish
from askcam.cluster.renewal import LEAST_SILENT_S, MOST_SILENT_S, SILENT_S
from askcam.cluster.starting.config import RaySettings, read_ray
from askcam.server.config_errors import ConfigError
from askcam.server.errors import Refusal
from askcam.server.given_names import quoted
from askcam.server.toml_file import NAME, Keys, Toml

FILE, API = "file", "api"  # where a camera was asked for
SCHEMES = ("postgresql://", "postgres://")
SECRET = ("token", "viewer_token", "database_password")  # what the file does not say


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """[cluster]. Paths are relative to the file that names them. Without `folder` or `database` no shard may join."""

    folder: Path | None = None  # of the table
    database: str | None = field(default=None, repr=False)  # postgresql://…, of a table for several fronts
    database_password: str | None = field(default=None, repr=False)  # ASKCAM_DATABASE_PASSWORD, where it has none
    url: str | None = None  # where shards and the other fronts reach this one; None: as it listens
    token_file: Path | None = None  # whose first line shards show; ASKCAM_SHARD_ADMIN_TOKEN where none is named
    token: str | None = field(default=None, repr=False)  # what it is
    viewer_token: str | None = field(default=None, repr=False)  # what the front shows to joined shards for viewers
    ca: Path | None = None  # PEM: who has signed the shards' certificates, where the system doesn't know
    silent_s: Annotated[float, Meta(ge=LEAST_SILENT_S, le=MOST_SILENT_S)] = SILENT_S  # then a shard is taken for lost
    model: Annotated[str, Meta(max_length=200)] = ""  # by which all shards answer; "": as the first one does
    max_shards: Annotated[int, Meta(ge=1, le=MOST_JOINED)] = 64  # joined at once, or lost a short while ago
    start: Literal["", "ray"] = ""  # who starts shards for this front; "": nobody, they are started and join
    ray: RaySettings = field(default_factory=RaySettings)

    @property
    def joins(self) -> bool:
        """Whether shards may join."""
        return self.folder is not None or self.database is not None

    @property
    def where(self) -> Database:
        """Of a table for several fronts."""
        assert self.database is not None
        return Database(self.database, self.database_password)

    def check_database(self) -> None:
        """Raises ConfigError for what is not both or neither, and for an address that is none; it may hold a password,
        and is not repeated."""
        if self.database is None:
            if self.url is not None:
                raise ConfigError(
                    "[cluster] url is where other fronts reach this one: it is for database, not for folder"
                )
            return
        if self.folder is not None:
            raise ConfigError("[cluster] folder and database both say where the table is: leave one out")
        if not self.database.startswith(SCHEMES):
            raise ConfigError('[cluster] database wants an address as in "postgresql://askcam@10.0.0.5/askcam"')
        try:
            _ = self.where.secrets(), None if self.url is None else Address.parse(self.url)
        except ValueError as exc:
            raise ConfigError("[cluster] database is no address: is what stands in it escaped (%40 for @)?") from exc
        except ConnectionFailed as exc:
            raise ConfigError(f"[cluster] url: {exc}") from exc
        if find_spec("psycopg") is None:
            raise ConfigError(
                "[cluster] database wants psycopg, which speaks to PostgreSQL: pip install askcam[postgres]"
            )


def read_cluster(toml: Toml) -> ClusterSettings:
    """Raises ConfigError."""
    keys = ("cluster",)
    known = [name for name in ClusterSettings.__dataclass_fields__ if name not in SECRET]
    toml.check_keys(keys, known)
    table = {name: value for name, value in toml.at(keys).items() if name != "ray"}
    found: ClusterSettings = toml.convert(keys, table, ClusterSettings)
    return toml.beside(replace(found, ray=read_ray(toml)), "folder", "token_file", "ca")


def read_wishes(toml: Toml) -> tuple[CameraWish, ...]:
    """The cameras, each with the watches that name it. Raises ConfigError."""
    cameras = toml.tables(("cameras",), "[cameras.lobby]")
    watches: dict[str, dict[str, Any]] = {camera: {} for camera in cameras}
    for name in toml.tables(("watches",), "[watches.door]"):
        keys = ("watches", name)
        if not NAME.fullmatch(name):
            raise ConfigError(f"{toml.place(keys)}: a watch's name has up to 63 of a-z, 0-9, '-', '_'")
        table = dict(toml.at(keys))
        for camera in _cameras_of(toml, keys, table.pop("cameras", None)):
            if camera not in watches:
                known = ", ".join(cameras) or "there is none"
                raise ConfigError(
                    f"{toml.place((*keys, 'cameras'))}: no camera {quoted(camera)}; cameras here: {known}"
                )
            watches[camera][name] = table
    return tuple(_wish(toml, camera, watches[camera]) for camera in cameras)


def options_of(camera: Mapping[str, Any], watches: Mapping[str, Any], origin: str) -> str:
    """What a camera's owner is told of it, and where that was said. Raises TypeError for what is no JSON: a date."""
    return json.dumps({"camera": camera, "watches": watches, "origin": origin}, sort_keys=True)


def watches_in(wish: CameraWish) -> list[str]:
    """The names of the watches that come with it."""
    return list(json.loads(wish.options or "{}").get("watches", {}))


def origin_of(wish: CameraWish) -> str:
    """FILE or API."""
    return str(json.loads(wish.options or "{}").get("origin", API))


def _cameras_of(toml: Toml, keys: Keys, value: Any) -> Iterator[str]:
    if not isinstance(value, list) or not value or not all(isinstance(each, str) for each in value):
        raise ConfigError(f'{toml.place((*keys, "cameras"))}: a watch needs cameras = ["lobby"]')
    yield from value


def _wish(toml: Toml, name: str, watches: Mapping[str, Any]) -> CameraWish:
    keys = ("cameras", name)
    table = dict(toml.at(keys))
    where: dict[str, str] = {each: toml.value((*keys, each), table.pop(each, ""), str) for each in ("only", "apart")}
    uri = table.get("uri")
    if not isinstance(uri, str) or not uri.strip():
        raise ConfigError(f'{toml.place((*keys, "uri"))}: a camera needs its source: uri = "rtsp://host/path"')
    try:
        wish = CameraWish(name, where["only"], where["apart"], options_of(table, watches, FILE))
        wish.check()
    except Refusal as exc:
        raise ConfigError(f"{toml.place(keys)}: {exc.message}") from exc
    except TypeError as exc:
        raise ConfigError(f"{toml.place(keys)}: a date is no value of a camera or of its watches") from exc
    return wish
