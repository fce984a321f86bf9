"""front.toml: one frozen dataclass per section. Which servers stand behind a front, and how it reaches them.

[server]           host, port, tls_cert, tls_key, token, admin_token, allowed_origins, trusted_proxies, as of a server
[shards.gpu1]      url = "http://10.0.0.11:8400", token or token_file, admin_token or admin_token_file, ca
[limits]           as of a server
[front]            probe_s, silent_s, connect_s
[cluster]          whether shards may join, who starts them, and the cameras that they are given (joined/config.py)
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from askcam.client.address import Address
from askcam.cluster.front.joined.config import ClusterSettings, read_cluster, read_wishes
from askcam.cluster.ids import MOST_NAMED, ShardKeys
from askcam.cluster.members import CameraWish
from askcam.cluster.starting.config import check_ray
from askcam.server.access.limits import Limits
from askcam.server.config_errors import ConfigError
from askcam.server.server_config import FRESH_TOKEN, ServerConfig, check_server, check_token, token_in
from askcam.server.toml_file import NAME, Flags, Toml
from askcam.stream.secrets import KNOWN, Secrets

TOKEN, ADMIN_TOKEN = "ASKCAM_SHARD_TOKEN", "ASKCAM_SHARD_ADMIN_TOKEN"  # of every shard that is given none of its own
DATABASE_PASSWORD = "ASKCAM_DATABASE_PASSWORD"
NOT_OF_FRONTS = frozenset({"max_age_ms", "sign_in_header", "sign_in_secret", "tokens_folder"})
Seconds = Annotated[float, Meta(gt=0, le=600)]


@dataclass(frozen=True, slots=True)
class ShardConfig:
    """[shards.NAME]: an ordinary askcam server. Paths are relative to the file that names them."""

    url: str
    token: str | None = field(default=None, repr=False)  # a viewer's there
    admin_token: str | None = field(default=None, repr=False)
    token_file: Path | None = None  # whose first line it is
    admin_token_file: Path | None = None
    ca: Path | None = None  # PEM: who has signed its certificate, where the system doesn't know

    @property
    def address(self) -> Address:
        """Raises ConnectionFailed for what is no address."""
        return Address.parse(self.url)


@dataclass(frozen=True, slots=True)
class FrontSettings:
    """[front]. Seconds."""

    probe_s: Seconds = 1.0  # between two looks at a shard
    silent_s: Seconds = 15.0  # a shard that has said nothing for so long is down; slow is not dead
    connect_s: Seconds = 2.0  # for a connection to a shard


@dataclass(frozen=True, slots=True)
class FrontConfig:
    """All that front.toml says."""

    server: ServerConfig = field(default_factory=ServerConfig)
    shards: Mapping[str, ShardConfig] = field(default_factory=dict)  # by name, in the file's order
    limits: Limits = field(default_factory=Limits)
    front: FrontSettings = field(default_factory=FrontSettings)
    cluster: ClusterSettings = field(default_factory=ClusterSettings)
    wishes: tuple[CameraWish, ...] = ()  # [cameras.NAME], with the watches of each


def load(path: Path | None, env: Mapping[str, str]) -> FrontConfig:
    """Read `path` (None: only defaults) and the tokens of `env`. Raises ConfigError."""
    config = FrontConfig() if path is None else _read(Toml.read(path))
    return replace(config, server=config.server.with_tokens(env))


def with_shards(config: FrontConfig, named: Iterable[str]) -> FrontConfig:
    """`config` and the shards of the command line, each "NAME=URL". Raises ConfigError."""
    shards = dict(config.shards)
    for text in named:
        name, equals, url = text.partition("=")
        if not equals or not url.strip() or ":" in name:
            raise ConfigError("--shard takes NAME=URL, as in gpu1=http://10.0.0.11:8400")
        _check_name(name, "--shard")
        if name in shards:
            raise ConfigError(f"--shard: {name!r} is the name of two shards; rename one")
        shards[name] = ShardConfig(url.strip())
        _check_url(shards[name], "--shard")
    return replace(config, shards=shards)


def with_flags(config: FrontConfig, server: Mapping[str, Any]) -> FrontConfig:
    """`config` with what the command line says of [server]. Raises ConfigError."""
    said: ServerConfig = Flags({"server": server}).section(("server",), ServerConfig)
    return replace(config, server=replace(config.server, **{name: getattr(said, name) for name in server}))


def with_tokens(config: FrontConfig, env: Mapping[str, str]) -> FrontConfig:
    """With the token of each shard in its place: its own, that of its file, or that of the environment. Raises
    ConfigError."""

    def complete(name: str, shard: ShardConfig) -> ShardConfig:
        token = shard.token or token_in(shard.token_file, f"shard {name!r}") or env.get(TOKEN) or None
        admin = shard.admin_token or token_in(shard.admin_token_file, f"shard {name!r}") or env.get(ADMIN_TOKEN) or None
        for what, value in (("token", token), ("admin_token", admin)):
            if value is not None:
                check_token(value, f"{what} of shard {name!r}")
        return replace(shard, token=token, admin_token=admin)

    cluster, shards = config.cluster, {name: complete(name, shard) for name, shard in config.shards.items()}
    if cluster.joins:
        token = token_in(cluster.token_file, "[cluster]") or env.get(ADMIN_TOKEN) or None
        cluster = replace(cluster, token=token, viewer_token=env.get(TOKEN) or None)
        cluster = replace(cluster, database_password=env.get(DATABASE_PASSWORD) or None)
    return replace(config, shards=shards, cluster=cluster)


def check(config: FrontConfig) -> None:
    """Raise ConfigError for what is well written but cannot be served."""
    _check_cluster(config)
    if not config.shards and not config.cluster.joins:
        raise ConfigError(
            "a front needs servers behind it: --shard gpu1=http://10.0.0.11:8400, [shards.gpu1] url, or [cluster] "
            "folder, by which servers join it themselves"
        )
    if len(config.shards) > MOST_NAMED:
        raise ConfigError(f"{len(config.shards)} shards are too many for one front: at most {MOST_NAMED}")
    try:
        ShardKeys(config.shards)
    except ValueError as exc:
        raise ConfigError(str(exc)) from exc
    check_server(config.server)


def _check_cluster(config: FrontConfig) -> None:
    """Raises ConfigError."""
    cluster, server = config.cluster, config.server
    cluster.check_database()
    if cluster.start and cluster.folder is None:
        raise ConfigError(
            f'[cluster] start = "{cluster.start}": who starts shards has its table in a folder: set folder there, '
            "or start them by hand"
        )
    if not cluster.joins:
        if config.wishes:
            raise ConfigError(
                f"[cameras.{config.wishes[0].name}]: cameras are given to shards that join, and none may: set folder "
                "under [cluster], or name the camera in the askcam.toml of its server"
            )
        return
    if cluster.token is None:
        raise ConfigError(
            "[cluster] wants the token that shards join by: token_file, or ASKCAM_SHARD_ADMIN_TOKEN in the environment"
        )
    check_token(cluster.token, "token_file under [cluster], or ASKCAM_SHARD_ADMIN_TOKEN")
    if cluster.token in (server.token, server.admin_token):
        raise ConfigError(f"the token of shards is one of people, who could then join as shards: {FRESH_TOKEN}")
    if cluster.start:
        check_ray(cluster.ray, server.host, cluster.max_shards)


def learn(config: FrontConfig, known: Secrets = KNOWN) -> None:
    """From now on all tokens are taken out of what is told."""
    known.learn("tokens", filter(None, (config.server.token, config.server.admin_token)))
    known.learn("cluster", filter(None, (config.cluster.token, config.cluster.viewer_token)))
    if config.cluster.database is not None:
        known.learn("database", config.cluster.where.secrets())
    for name, shard in config.shards.items():
        known.learn(f"shard.{name}", filter(None, (shard.token, shard.admin_token)))


def _read(toml: Toml) -> FrontConfig:
    _check_people(toml)
    own = [each.name for each in fields(FrontConfig) if each.name != "wishes"]
    toml.check_keys((), [*own, "cameras", "watches"])
    toml.check_keys(("server",), [each.name for each in fields(ServerConfig) if each.name not in NOT_OF_FRONTS])
    server: ServerConfig = toml.section(("server",), ServerConfig)
    return FrontConfig(
        server=toml.beside(server, "tls_cert", "tls_key"),
        shards={name: _shard(toml, name) for name in toml.tables(("shards",), "[shards.gpu1]")},
        limits=toml.section(("limits",), Limits),
        front=toml.section(("front",), FrontSettings),
        cluster=read_cluster(toml),
        wishes=read_wishes(toml),
    )


def _check_people(toml: Toml) -> None:
    """Raise ConfigError where somebody would be for some cameras only: a front shows everybody who may ask all of
    them, since it asks shards by tokens of its own, and does not look into what they answer."""
    for keys in (("tokens",), ("users",), ("server", "sign_in_header"), ("server", "sign_in_secret")):
        table: Mapping[str, Any] = toml.data if len(keys) == 1 else toml.at(keys[:-1])
        if keys[-1] in table:
            raise ConfigError(
                f"{toml.place(keys)}: a front tells everybody who may ask it of all cameras, and can limit nobody to "
                "some: give such tokens on the servers behind it, and have people ask these"
            )


def _shard(toml: Toml, name: str) -> ShardConfig:
    keys = ("shards", name)
    _check_name(name, toml.place(keys))
    found: ShardConfig = toml.section(keys, ShardConfig)
    for one in ("token", "admin_token"):
        if getattr(found, one) and getattr(found, f"{one}_file"):
            raise ConfigError(f"{toml.place((*keys, one))}: {one} and {one}_file say the same; leave one out")
    _check_url(found, toml.place((*keys, "url")))
    return toml.beside(found, "token_file", "admin_token_file", "ca")


def _check_name(name: str, place: str) -> None:
    if not NAME.fullmatch(name):
        raise ConfigError(f"{place}: {name!r} cannot be a shard's name: use up to 63 of a-z, 0-9, '-', '_'")


def _check_url(shard: ShardConfig, place: str) -> None:
    if "@" in shard.url:  # it may be a password: not repeated
        raise ConfigError(f"{place}: a shard's address holds no name and password: give its token as token_file")
    try:
        _ = shard.address
    except Exception as exc:
        raise ConfigError(f"{place}: {exc}") from exc
