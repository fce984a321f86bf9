"""askcam.toml: one frozen dataclass per section, with defaults and units. Read by load(), checked by check().

[server]                              host, port, tls_cert, tls_key, token, admin_token, max_age_ms, allowed_origins,
                                      trusted_proxies
[model]                               model, backend, device, ..., max_waiting
[cameras.lobby]                       uri = "rtsp://…", fps, motion_gate, ...
[limits]  [answers]
[tools]                               timeout_s, max_rounds, max_calls, max_result_chars, cameras, allow
[tools.mcp.parcels]                   command = ["…"], env, cwd; or url = "https://…", headers
[catalogue]                           file = "products.csv"
[evidence]                            enabled, folder, max_answers, max_bytes, max_days, private
[watches.door]                        question = "Is the door open?", cameras = ["lobby"], every_s, on, off, for_s, ...
[watching]                            folder, max_events, max_bytes
[notify.phone]                        webhook = "https://…", secret; or apprise = ["ntfy://…"]; watches, cameras, ...
[timeline]                            enabled, folder, language, time_zone, min_interval_s, max_bytes, ...
[fetch]                               allow, private, timeout_s, max_bytes, max_addresses, max_at_once
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from askcam.app.features import FEATURES
from askcam.server.access.auth import Tokens, check_bind
from askcam.server.access.limits import Limits
from askcam.server.access.origins import normal_origin
from askcam.server.access.proxies import TrustedProxies
from askcam.server.access.tls import check_tls
from askcam.server.answers import MAX_ANSWERS, MAX_BYTES
from askcam.server.attached.allowed import FetchConfig
from askcam.server.camera_names import check_name
from askcam.server.cameras import CameraUse
from askcam.server.config_errors import ConfigError
from askcam.server.errors import ApiError
from askcam.server.feature import Section
from askcam.server.model_config import ModelConfig
from askcam.server.toml_file import Flags, Toml
from askcam.server.tools.config import ToolsConfig, read_tools
from askcam.stream.status import CameraConfig

MIN_TOKEN_CHARS = 8
FRESH_TOKEN = "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(24))'"

Port = Annotated[int, Meta(ge=0, le=65535)]
Positive = Annotated[int, Meta(ge=1)]


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """[server]. Paths are relative to the file that names them."""

    host: str = "127.0.0.1"
    port: Port = 8400  # 0: any free one
    tls_cert: Path | None = None  # PEM, the chain
    tls_key: Path | None = None  # PEM, without a password
    token: str | None = field(default=None, repr=False)  # a viewer's; ASKCAM_TOKEN goes before it
    admin_token: str | None = field(default=None, repr=False)  # ASKCAM_ADMIN_TOKEN goes before it
    max_age_ms: Annotated[float, Meta(gt=0)] | None = None  # older frames are refused, unless a question says otherwise
    trusted_proxies: tuple[str, ...] = ()  # addresses or networks of reverse proxies: "127.0.0.1", "10.0.0.0/8"
    allowed_origins: tuple[str, ...] = ()  # of other pages that may talk to this server: "https://house.example"

    @property
    def tokens(self) -> Tokens:
        return Tokens(self.token, self.admin_token)

    @property
    def tls(self) -> bool:
        return self.tls_cert is not None


@dataclass(frozen=True, slots=True)
class AnswersConfig:
    """[answers]: how many of the last answers keep what they saw."""

    keep: Annotated[int, Meta(ge=0, le=100_000)] = MAX_ANSWERS
    max_bytes: Annotated[int, Meta(ge=0)] = MAX_BYTES


@dataclass(frozen=True, slots=True)
class CameraEntry:
    """[cameras.NAME]: `uri`, which may hold a password, and any field of stream.CameraConfig or of CameraUse."""

    uri: str = field(repr=False)
    config: CameraConfig = field(default_factory=CameraConfig)
    use: CameraUse = field(default_factory=CameraUse)


def sections() -> Iterator[tuple[str, Section]]:
    """Those that features bring, by name."""
    for feature in FEATURES:
        yield from feature.sections.items()


@dataclass(frozen=True, slots=True)
class Config:
    """All that askcam.toml says, checked."""

    server: ServerConfig = field(default_factory=ServerConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    cameras: Mapping[str, CameraEntry] = field(default_factory=dict)  # by name, in the file's order
    limits: Limits = field(default_factory=Limits)
    answers: AnswersConfig = field(default_factory=AnswersConfig)
    tools: ToolsConfig = field(default_factory=ToolsConfig)
    fetch: FetchConfig = field(default_factory=FetchConfig)
    sections: Mapping[str, Any] = field(default_factory=lambda: {name: each.usual() for name, each in sections()})
    """Features' own, by name."""


def load(path: Path | None = None, env: Mapping[str, str] | None = None) -> Config:
    """Read `path` (None: only defaults) and the tokens of `env`. Raises ConfigError: one line with file, line, remedy.

    Whether the whole may be served is for check() to say, once the command line had its word.
    """
    toml = Toml(Path(), "", {}) if path is None else Toml.read(path)
    config = Config() if path is None else _read(toml, env or {})
    config = replace(config, sections={name: section.read(toml, env) for name, section in sections()})
    return _with_tokens(config, env or {})


def check(config: Config) -> None:
    """Raise ConfigError for what is well written but cannot be served: TLS files, tokens, an open server elsewhere."""
    server = config.server
    for name, token in (("token", server.token), ("admin_token", server.admin_token)):
        if token is not None:
            _check_token(token, f"{name} under [server], or ASKCAM_{name.upper()}")
    if server.token is not None and server.token == server.admin_token:
        raise ConfigError(f"token and admin_token are the same, so every viewer would be an admin: {FRESH_TOKEN}")
    for origin in server.allowed_origins:
        if normal_origin(origin) is None:
            raise ConfigError(f"allowed_origins names {origin!r}; write scheme, host and port: 'https://house.example'")
    try:
        TrustedProxies(server.trusted_proxies)
    except ValueError as exc:
        raise ConfigError(
            f"trusted_proxies under [server]: {exc}; write addresses or networks, as in '127.0.0.1' or '10.0.0.0/8'"
        ) from exc
    for name, section in sections():
        section.check(config.sections[name], config.cameras)
    try:
        config.fetch.rules()
    except ValueError as exc:
        raise ConfigError(f"under [fetch], {exc}") from exc
    check_tls(server.tls_cert, server.tls_key)
    check_bind(server.host, bool(server.tokens))


def with_cameras(config: Config, named: Iterable[str]) -> Config:
    """`config` and the cameras of the command line, each "NAME=URI". Raises ConfigError."""
    cameras = dict(config.cameras)
    for text in named:
        name, equals, uri = text.partition("=")
        if not equals or not uri.strip() or ":" in name:  # a URI without a name may hold a password: not repeated
            shown = "a URI without a name" if ":" in name else repr(name)
            raise ConfigError(f"--camera takes NAME=URI, as in lobby=rtsp://host/path; it was given {shown}")
        _check_camera_name(name, "--camera")
        if name in cameras:
            raise ConfigError(f"--camera: {name!r} is the name of two cameras; rename one")
        cameras[name] = CameraEntry(uri.strip())
    return replace(config, cameras=cameras)


def with_flags(config: Config, server: Mapping[str, Any], model: Mapping[str, Any]) -> Config:
    """`config` with what the command line says of [server] and [model]. Raises ConfigError for a wrong value."""
    flags = Flags({"server": server, "model": model})
    new_server, new_model = flags.section(("server",), ServerConfig), flags.section(("model",), ModelConfig)
    return replace(
        config,
        server=replace(config.server, **{name: getattr(new_server, name) for name in server}),
        model=replace(config.model, **{name: getattr(new_model, name) for name in model}),
    )


def _read(toml: Toml, env: Mapping[str, str]) -> Config:
    path, own = toml.path, [each.name for each in fields(Config) if each.name != "sections"]
    toml.check_keys((), [*own, *dict(sections())])
    server: ServerConfig = toml.section(("server",), ServerConfig)
    tools = read_tools(toml)
    return Config(
        server=replace(
            server,
            tls_cert=None if server.tls_cert is None else path.parent / server.tls_cert.expanduser(),
            tls_key=None if server.tls_key is None else path.parent / server.tls_key.expanduser(),
        ),
        model=toml.section(("model",), ModelConfig),
        cameras={name: _camera(toml, name, tools) for name in toml.tables(("cameras",), "[cameras.lobby]")},
        limits=_limits(toml),
        answers=toml.section(("answers",), AnswersConfig),
        tools=tools,
        fetch=toml.section(("fetch",), FetchConfig),
    )


def _camera(toml: Toml, name: str, tools: ToolsConfig) -> CameraEntry:
    path = ("cameras", name)
    _check_camera_name(name, toml.place(path))
    own: dict[str, Any] = dict(toml.at(path))
    uri = own.pop("uri", None)
    kinds = {name: kind for feature in FEATURES for name, kind in feature.camera_options.items()}
    known = [each.name for part in (CameraConfig, CameraUse) for each in fields(part) if each.name != "options"]
    toml.check_keys(path, ["uri", *known, *kinds])
    options = {name: toml.value((*path, name), own.pop(name), kind) for name, kind in kinds.items() if name in own}
    used = {name: own.pop(name) for each in fields(CameraUse) if (name := each.name) in own}
    if not isinstance(uri, str) or not uri.strip():
        raise ConfigError(f'{toml.place((*path, "uri"))}: a camera needs its source: uri = "rtsp://host/path"')
    use = replace(toml.convert(path, used, CameraUse), options=options)
    if "tools" not in used:
        use = replace(use, tools=(*tools.cameras, *_tools_of(options)))
    return CameraEntry(uri.strip(), toml.convert(path, own, CameraConfig), use)


def _tools_of(options: Mapping[str, Any]) -> Iterator[str]:
    """What a camera may call since it has these options."""
    for feature in FEATURES:
        for option, tools in feature.camera_tools.items():
            if options.get(option):
                yield from tools


def _limits(toml: Toml) -> Limits:
    path = ("limits",)
    own: dict[str, Any] = dict(toml.at(path))
    kinds = {name: limit.kind for feature in FEATURES for name, limit in feature.limits.items()}
    toml.check_keys(path, [*kinds, *(each.name for each in fields(Limits) if each.name != "options")])
    options = {name: toml.value((*path, name), own.pop(name), kind) for name, kind in kinds.items() if name in own}
    return replace(toml.convert(path, own, Limits), options=options)


def _check_camera_name(name: str, place: str) -> None:
    try:
        check_name(name)
    except ApiError as exc:
        raise ConfigError(f"{place}: {exc.message}") from exc


def _with_tokens(config: Config, env: Mapping[str, str]) -> Config:
    """The environment goes before the file; a variable that is empty counts as unset."""
    token = env.get("ASKCAM_TOKEN") or config.server.token
    admin = env.get("ASKCAM_ADMIN_TOKEN") or config.server.admin_token
    return replace(config, server=replace(config.server, token=token, admin_token=admin))


def _check_token(token: str, where: str) -> None:
    if len(token) < MIN_TOKEN_CHARS or not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigError(
            f"the token ({where}) needs at least {MIN_TOKEN_CHARS} ASCII letters, digits or signs, no blanks; "
            f"{FRESH_TOKEN}"
        )
