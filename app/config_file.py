"""askcam.toml is read by load(), with what features add to it; check() says whether all of it may be served."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from askcam.app.config import AnswersConfig, CameraEntry, Config
from askcam.app.features import FEATURES, model_uses, section_values, sections
from askcam.server.access.limits import Limits
from askcam.server.attached.allowed import FetchConfig
from askcam.server.camera_names import check_name
from askcam.server.camera_use import CameraUse
from askcam.server.config_errors import ConfigError
from askcam.server.errors import Refusal
from askcam.server.feature import ModelUse, ReadCamera
from askcam.server.given_names import quoted
from askcam.server.model_config import ModelConfig
from askcam.server.model_names import check_model_names
from askcam.server.people_config import check_tokens, read_tokens, read_users, with_tokens
from askcam.server.server_config import ServerConfig, check_server, check_sign_in
from askcam.server.storage.folder import data_folder
from askcam.server.toml_file import Flags, Toml
from askcam.server.tools.config import ToolsConfig, read_tools
from askcam.stream.status import CameraConfig
from askcam.stream.zones import Zone


def load(path: Path | None = None, env: Mapping[str, str] | None = None) -> Config:
    """Read `path` (None: only defaults) and the tokens of `env`. Raises ConfigError: one line with file, line, remedy.

    Whether the whole may be served is for check() to say, once the command line had its word.
    """
    toml = Toml(Path(), "", {}) if path is None else Toml.read(path)
    config = Config() if path is None else _read(toml, env or {})
    config = replace(config, sections={name: section.read(toml, env) for name, section in sections()})
    server = config.server.with_tokens(env or {})
    if server.tokens_folder is None and env is not None:
        server = replace(server, tokens_folder=data_folder(env).with_name("tokens"))
    return replace(config, server=server, tokens=with_tokens(config.tokens, env or {}))


def check(config: Config) -> None:
    """Raise ConfigError for what is well written but cannot be served: TLS files, tokens, an open server elsewhere."""
    check_server(config.server, others=config.wants_token)
    check_sign_in(config.server, users=bool(config.users))
    check_tokens(config.tokens, {"token": config.server.token, "admin_token": config.server.admin_token})
    _check_models(config)
    zones = {name: camera.config.zones for name, camera in config.cameras.items()}
    for _, section, value in section_values(config.sections):
        section.check(value, zones)
    try:
        config.fetch.rules()
    except ValueError as exc:
        raise ConfigError(f"under [fetch], {exc}") from exc


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
    there = {} if config.model.url is None else {"url": config.model.url}  # what a model's name means depends on it
    flags = Flags({"server": server, "model": {**there, **model}})
    new_server, new_model = flags.section(("server",), ServerConfig), flags.section(("model",), ModelConfig)
    return replace(
        config,
        server=replace(config.server, **{name: getattr(new_server, name) for name in server}),
        model=replace(config.model, **{name: getattr(new_model, name) for name in model}),
    )


def with_section_flags(config: Config, said: Mapping[str, Mapping[str, Any]]) -> Config:
    """`config` with what the command line says of features' sections, by name. Raises ConfigError."""
    known, values = dict(sections()), dict(config.sections)
    for name, flags in said.items():
        values[name] = known[name].flags(values.get(name, known[name].usual()), flags)
    return replace(config, sections=values)


def _read(toml: Toml, env: Mapping[str, str]) -> Config:
    own = [each.name for each in fields(Config) if each.name != "sections"]
    toml.check_keys((), [*own, *dict(sections())])
    server: ServerConfig = toml.section(("server",), ServerConfig)
    tools = read_tools(toml)
    return Config(
        server=toml.beside(server, "tls_cert", "tls_key", "tokens_folder"),
        tokens=read_tokens(toml),
        users=read_users(toml),
        model=_model(toml, ("model",)),
        models={name: _model(toml, ("models", name)) for name in toml.tables(("models",), "[models.large]")},
        cameras={name: _camera(toml, name, tools) for name in toml.tables(("cameras",), "[cameras.lobby]")},
        limits=_limits(toml),
        answers=toml.section(("answers",), AnswersConfig),
        tools=tools,
        fetch=toml.section(("fetch",), FetchConfig),
    )


def _check_models(config: Config) -> None:
    """Raises ConfigError for names that models cannot have, and where one is named that is not there."""
    try:
        check_model_names(config.models, config.cameras)
    except ValueError as exc:
        raise ConfigError(f"[models]: {exc}") from exc
    known = config.all_models()
    named = [
        ModelUse(f"[cameras.{name}]", camera.use.model, ())
        for name, camera in config.cameras.items()
        if camera.use.model
    ]
    for use in (*named, *model_uses(config.sections)):
        if use.model not in known:
            raise ConfigError(
                f"{use.place}: there is no model {quoted(use.model)}; models here: {', '.join(known)}; one more is "
                f"[models.NAME]"
            )


def _model(toml: Toml, path: tuple[str, ...]) -> ModelConfig:
    model: ModelConfig = toml.section(path, ModelConfig)
    if model.tokenizer is None:
        return model
    return replace(model, tokenizer=str(toml.path.parent / Path(model.tokenizer).expanduser()))


def _camera(toml: Toml, name: str, tools: ToolsConfig) -> CameraEntry:
    path = ("cameras", name)
    _check_camera_name(name, toml.place(path))
    own: dict[str, Any] = dict(toml.at(path))
    uri = own.pop("uri", None)
    kinds = {name: kind for feature in FEATURES for name, kind in feature.camera_options.items()}
    known = [each.name for part in (CameraConfig, CameraUse) for each in fields(part) if each.name != "options"]
    toml.check_keys(path, ["uri", *known, *kinds])
    for zone in toml.tables((*path, "zones"), f"[cameras.{name}.zones.door]"):
        toml.check_keys((*path, "zones", zone), [each.name for each in fields(Zone)])
        if "polygon" not in toml.at((*path, "zones", zone)):
            raise ConfigError(
                f"{toml.place((*path, 'zones', zone))}: a zone needs polygon = [[0.4, 0.2], [0.6, 0.2], [0.5, 0.9]]"
            )
    options = {name: toml.value((*path, name), own.pop(name), kind) for name, kind in kinds.items() if name in own}
    used = {name: own.pop(name) for each in fields(CameraUse) if (name := each.name) in own}
    if not isinstance(uri, str) or not uri.strip():
        raise ConfigError(f'{toml.place((*path, "uri"))}: a camera needs its source: uri = "rtsp://host/path"')
    use = replace(toml.convert(path, used, CameraUse), options=options)
    if "tools" not in used:
        use = replace(use, tools=(*tools.cameras, *_tools_of(options)))
    return CameraEntry(uri.strip(), toml.convert(path, own, CameraConfig), use)


def read_camera(name: str, table: Mapping[str, Any], tools: ToolsConfig) -> ReadCamera:
    """A camera that comes while the server runs, from a table like those under [cameras]. Raises ConfigError."""
    entry = _camera(Toml(Path("front.toml"), "", {"cameras": {name: table}}), name, tools)
    return ReadCamera(entry.uri, entry.config, entry.use)


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
    except Refusal as exc:
        raise ConfigError(f"{place}: {exc.message}") from exc
