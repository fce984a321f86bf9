"""[shard] of askcam.toml: the front (or fronts) that a server joins, as which shard, with room for how many cameras."""

import socket
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from askcam.client.address import Address
from askcam.client.errors import ConnectionFailed
from askcam.cluster.members import MAX_CAPACITY, Shard
from askcam.server.config_errors import ConfigError
from askcam.server.errors import Refusal
from askcam.server.server_config import check_token, token_in
from askcam.server.toml_file import Flags, Keys, Toml

SECTION = "shard"
TOKEN, OWN_TOKEN = "ASKCAM_SHARD_ADMIN_TOKEN", "ASKCAM_ADMIN_TOKEN"
MAX_FRONTS = 8  # over one table
FLAGS: Mapping[Keys, str] = {("shard", "name"): "--shard-name"}


@dataclass(frozen=True, slots=True)
class ShardSettings:
    """[shard]. Without `front` the server joins none. Paths are relative to the file that names them."""

    front: str | tuple[str, ...] | None = None  # http(s)://…, where it is, or where all those over one table are
    name: str | None = None  # the shard's; None: the machine's, as it calls itself
    url: str | None = None  # where the front reaches this server; None: by the machine's name, or 127.0.0.1
    labels: tuple[str, ...] = ()  # "gpu", "rack=r7"
    room: Annotated[int, Meta(ge=0, le=MAX_CAPACITY)] | None = None  # cameras; None: what [limits] max_cameras leaves
    ca: Path | None = None  # PEM: who has signed the front's certificate, where the system doesn't know
    token_file: Path | None = None  # whose first line front and shards share; ASKCAM_SHARD_ADMIN_TOKEN goes behind it
    token: str | None = field(default=None, repr=False)  # what it is

    @property
    def fronts(self) -> tuple[str, ...]:
        """Of the command line as one text: "http://a:8400,http://b:8400"."""
        if isinstance(self.front, str):
            return tuple(each.strip() for each in self.front.split(","))
        return self.front or ()

    def room_beside(self, num_own: int, most: int) -> int:
        """Cameras that it takes from the front, beside its own; `most`: [limits] max_cameras."""
        left = min(max(0, most - num_own), MAX_CAPACITY)
        return left if self.room is None else min(self.room, left)

    @property
    def named(self) -> str:
        return self.name or socket.gethostname().partition(".")[0].lower()


def read_shard(toml: Toml, env: Mapping[str, str] | None) -> ShardSettings:
    """Raises ConfigError."""
    keys = (SECTION,)
    toml.check_keys(keys, [name for name in ShardSettings.__dataclass_fields__ if name != "token"])
    found: ShardSettings = toml.convert(keys, toml.at(keys), ShardSettings)
    found = toml.beside(found, "ca", "token_file")
    env = env or {}
    # A front shows a shard its admin's token: where none is named, that is the one that both know.
    return replace(found, token=token_in(found.token_file, "[shard]") or env.get(TOKEN) or env.get(OWN_TOKEN) or None)


def with_shard_flags(settings: ShardSettings, flags: Mapping[str, Any]) -> ShardSettings:
    """`settings` with what the command line says of [shard]. Raises ConfigError."""
    said: ShardSettings = _ShardFlags({SECTION: flags}).section((SECTION,), ShardSettings)
    return replace(settings, **{name: getattr(said, name) for name in flags})


def check_shard(settings: ShardSettings, cameras: Collection[str]) -> None:
    """Raises ConfigError."""
    if settings.front is None:
        return
    if not 0 < len(settings.fronts) <= MAX_FRONTS:
        raise ConfigError(
            f"front under [shard] is an address, or a list of up to {MAX_FRONTS}: not {len(settings.fronts)}"
        )
    for what, url in (*(("front", each) for each in settings.fronts), ("url", settings.url)):
        try:
            _ = None if url is None else Address.parse(url)
        except ConnectionFailed as exc:
            raise ConfigError(f"{what} under [shard]: {exc}") from exc
    if settings.token is None:
        raise ConfigError(
            "[shard] wants the token that front and shards share: token_file, or ASKCAM_SHARD_ADMIN_TOKEN in the "
            "environment"
        )
    check_token(settings.token, "token_file under [shard], or ASKCAM_SHARD_ADMIN_TOKEN")
    try:
        Shard(settings.named, "http://here", settings.labels, instance="x", model="x", version="x").check()
    except Refusal as exc:
        raise ConfigError(f"[shard] {exc.param}: {exc.message} (--shard-name, or name and labels there)") from exc


class _ShardFlags(Flags):
    OPTIONS = FLAGS
