"""[cluster] start and [cluster.ray] of front.toml: the shards that a front has started, and by what.

[cluster]          start = "ray"; without it shards are started by whoever likes, and join
[cluster.ray]      shards, name, gpus, cpus, config, port, front, address
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from askcam.client.address import Address
from askcam.client.errors import ConnectionFailed
from askcam.server.config_errors import ConfigError
from askcam.server.server_config import Port
from askcam.server.toml_file import NAME, Toml

KEYS = ("cluster", "ray")
RAY = "ray"  # the one way to start shards that there is
LONGEST_NAME = 58  # characters before "-64"


@dataclass(frozen=True, slots=True)
class RaySettings:
    """[cluster.ray]: what Ray starts, and where Ray is. Paths are relative to the file that names them."""

    shards: Annotated[int, Meta(ge=1, le=64)] = 1
    name: str = "shard"  # they are shard-1, shard-2 and so on
    gpus: Annotated[float, Meta(ge=0, le=1)] = 0.0  # of each: 0, 1, or a share of one
    cpus: Annotated[float, Meta(gt=0, le=1024)] = 1.0  # of each: cores that Ray sets aside
    config: Path | None = None  # the askcam.toml of all, at the same place on each machine
    port: Port = 0  # of the first, that of the next is one higher; 0: any that are free
    front: str | None = None  # where shards reach the front; None: where it listens
    address: str | None = None  # "auto", or HOST:PORT of a Ray that runs; None: one is started on this machine

    @property
    def names(self) -> list[str]:
        return [f"{self.name}-{number}" for number in range(1, self.shards + 1)]


def read_ray(toml: Toml) -> RaySettings:
    """Raises ConfigError."""
    found: RaySettings = toml.section(KEYS, RaySettings)
    if not NAME.fullmatch(found.name) or len(found.name) > LONGEST_NAME:
        told = f"the name of the shards, before their numbers, has up to {LONGEST_NAME} of a-z, 0-9, '-', '_'"
        raise ConfigError(f"{toml.place((*KEYS, 'name'))}: {told}")
    if found.port > 0 and found.port + found.shards > 1 << 16:
        raise ConfigError(f"{toml.place((*KEYS, 'port'))}: {found.shards} ports from there on are too many")
    if found.front is not None:
        try:
            Address.parse(found.front)
        except ConnectionFailed as exc:
            raise ConfigError(f"{toml.place((*KEYS, 'front'))}: {exc}") from exc
    return toml.beside(found, "config")


def check_ray(settings: RaySettings, host: str, max_shards: int) -> None:
    """Raise ConfigError for what cannot be started here. `host`: where the front listens."""
    if find_spec("ray") is None:
        raise ConfigError(
            'start = "ray" under [cluster] needs Ray, which is not installed: pip install askcam[cluster]'
        )
    if settings.shards > max_shards:
        raise ConfigError(
            f"[cluster.ray] shards is {settings.shards}, and at most {max_shards} may join: raise max_shards under "
            "[cluster]"
        )
    if settings.config is not None and not settings.config.is_file():
        raise ConfigError(f"[cluster.ray] config: there is no {settings.config}")
    address = settings.address
    if address is not None and address != "auto":
        given, colon, port = address.rpartition(":")
        if "://" in address or not colon or not given or not port.isdigit():
            raise ConfigError(
                '[cluster.ray] address is "auto", or HOST:PORT of a Ray that runs, as in "10.0.0.10:6379"'
            )
    if address is not None and settings.front is None and host in ("0.0.0.0", "::"):
        raise ConfigError(
            f"[cluster.ray] front: the front listens at {host}, which is no address for shards on other machines: say "
            'where they reach it, as in front = "http://10.0.0.10:8400"'
        )
