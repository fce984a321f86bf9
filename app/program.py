"""All commands with their flags. They live in commands/ and load when they are called, so `askcam --help` is quick."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from askcam.app.features import LEFT_OUT, OURS, PLUGGED
from askcam.app.fronts import fronts
from askcam.app.plugged import add_commands
from askcam.demo.builtin import model_path
from askcam.server.feature import Program
from askcam.server.terminal.flags import (
    URL,
    WAIT_S,
    Backend,
    Ca,
    CameraOption,
    Cert,
    ConfigFile,
    Device,
    Dialect,
    Dtype,
    Host,
    Json,
    Key,
    MaxAge,
    ModelOption,
    ModelUrl,
    Port,
    Positions,
    Power,
    Threads,
    Url,
    Wait,
    engine,
    given,
)
from askcam.server.terminal.language import FLAG, LANGUAGES, known
from askcam.server.terminal.words import Words
from askcam.server.terminal.words import told as general

told = Words(__name__)

BUILT_IN = str(model_path())
HELP_LANG = told("help.lang", known=told("lang.or").join(LANGUAGES))

app = typer.Typer(
    help=told("help.askcam"),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _config(
    file: Path | None,
    cameras: list[str] | None,
    server: dict[str, Any],
    model: dict[str, Any],
    features: dict[str, dict[str, Any]] | None = None,
) -> Any:
    """The config that the file, the environment and the flags make together; flags have the last word."""
    from askcam.app import config_file
    from askcam.server.config_errors import ConfigError
    from askcam.server.terminal import say

    try:
        config = config_file.load(file, os.environ)
        config = config_file.with_cameras(config, cameras or [])
        config = config_file.with_section_flags(config, {name: given(said) for name, said in (features or {}).items()})
        return config_file.with_flags(config, given(server), given(model))
    except ConfigError as exc:
        say.fail(str(exc))


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"askcam {version('askcam')}")
        raise typer.Exit


@app.callback()
def askcam(
    lang: Annotated[
        str | None,
        typer.Option(FLAG, metavar="|".join(LANGUAGES), help=HELP_LANG),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help=told("help.version"))
    ] = False,
) -> None:
    """Every command's options; cli.py has looked at the language already."""
    from askcam.server import logs

    logs.begin()
    if lang is not None and known(lang) is None:
        from askcam.server.terminal import say

        say.fail(told("lang.unknown", given=lang, known=", ".join(LANGUAGES)))


@app.command(help=told("help.serve"))
def serve(
    config: ConfigFile = None,
    camera: CameraOption = None,
    model: ModelOption = None,
    model_url: ModelUrl = None,
    dialect: Dialect = None,
    backend: Backend = None,
    device: Device = None,
    dtype: Dtype = None,
    positions: Positions = None,
    threads: Threads = None,
    power: Power = None,
    host: Host = None,
    port: Port = None,
    tls_cert: Cert = None,
    tls_key: Key = None,
    max_age_ms: MaxAge = None,
    front: Annotated[str | None, typer.Option("--front", metavar="URL", help=told("help.serve.front"))] = None,
    shard_name: Annotated[str | None, typer.Option("--shard-name", help=told("help.serve.shard_name"))] = None,
    json: Json = False,
) -> None:
    """Open cameras, load a model, and answer until Ctrl-C. Tokens: ASKCAM_TOKEN, ASKCAM_ADMIN_TOKEN."""
    from askcam.app.commands import serve as command

    server = {"host": host, "port": port, "tls_cert": tls_cert, "tls_key": tls_key, "max_age_ms": max_age_ms}
    model_flags: dict[str, Any] = {
        "model": model,
        "url": model_url,
        "dialect": dialect,
        "backend": backend,
        "device": device,
    }
    model_flags |= {"dtype": dtype, "positions": positions, "threads": threads, "power": power}
    features = {"shard": {"front": front, "name": shard_name}}
    command.serve(_config(config, camera, server, model_flags, features), model_path(), json=json)


app.add_typer(fronts, name="front")


@app.command(help=told("help.demo"))
def demo(
    once: Annotated[bool, typer.Option("--once", help=told("help.once"))] = False,
    seed: Annotated[int, typer.Option("--seed", help=told("help.seed"))] = 7,
    host: Host = None,
    port: Port = None,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """A synthetic camera, the built-in model and the page: three questions and answers, then yours."""
    from askcam.app.commands import demo as command

    if once and port is None:
        port = 0  # nobody will open the page
    command.demo(
        _config(None, None, {"host": host, "port": port}, {"threads": threads}), model_path(), seed, once, json
    )


@app.command(help=told("help.ask"))
def ask(
    question: Annotated[str, typer.Argument(help=told("help.question"))],
    camera: Annotated[str | None, typer.Option("--camera", help=told("help.camera"))] = None,
    url: Url = URL,
    ca: Ca = None,
    max_age_ms: MaxAge = None,
    json: Json = False,
) -> None:
    """Ask a running server. Token: ASKCAM_TOKEN."""
    from askcam.app.commands import ask as command

    command.ask(question, camera, url, os.environ.get("ASKCAM_TOKEN"), ca, max_age_ms, json)


@app.command(help=told("help.look"))
def look(
    what: Annotated[list[str] | None, typer.Argument(metavar="[URI]... QUESTION", help=told("help.look.what"))] = None,
    config: ConfigFile = None,
    model: ModelOption = None,
    model_url: ModelUrl = None,
    dialect: Dialect = None,
    device: Device = None,
    dtype: Dtype = None,
    threads: Threads = None,
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, max=60, help=told("help.look.seconds"))] = 4.0,
    fps: Annotated[float, typer.Option("--fps", min=0.1, max=30, help=general("help.fps"))] = 2.0,
    min_pixels: Annotated[int | None, typer.Option("--min-pixels", min=1, help=told("help.min_pixels"))] = None,
    max_pixels: Annotated[int | None, typer.Option("--max-pixels", min=1, help=told("help.max_pixels"))] = None,
    wait: Wait = WAIT_S,
    json: Json = False,
) -> None:
    """One shot, no server: open the source, watch for some seconds, answer, leave."""
    from askcam.app.commands import look as command
    from askcam.app.loading import engine_configs
    from askcam.server.model import USUAL

    flags: dict[str, Any] = {"model": model, "url": model_url, "dialect": dialect}
    flags |= {"device": device, "dtype": dtype, "threads": threads}
    file = None if config is None else _config(config, None, {}, flags)
    run = engine(BUILT_IN, **flags) if file is None else engine_configs(file, BUILT_IN)[USUAL]
    sizes, cameras = command.Sizes(min_pixels, max_pixels), None if file is None else file.cameras
    command.look(what or (), run, sizes, command.LookSpan(seconds, fps, wait), json, cameras)


@app.command(help=told("help.doctor"))
def doctor(
    config: ConfigFile = None,
    camera: Annotated[list[str] | None, typer.Option("--camera", help=told("help.doctor.camera"))] = None,
    model: ModelOption = None,
    model_url: ModelUrl = None,
    dialect: Dialect = None,
    backend: Backend = None,
    device: Device = None,
    dtype: Dtype = None,
    power: Power = None,
    wait: Wait = WAIT_S,
    json: Json = False,
) -> None:
    """Is this machine ready, does that camera answer, does that model load."""
    from askcam.app.commands import doctor as command
    from askcam.app.loading import engine_configs
    from askcam.engine.catalogue.estimate import CAMERA_FPS
    from askcam.server.model import USUAL

    flags: dict[str, Any] = {"model": model, "url": model_url, "dialect": dialect, "backend": backend}
    flags |= {"device": device, "dtype": dtype, "power": power}
    if config is None:
        command.doctor(camera or [], {USUAL: engine(BUILT_IN, CAMERA_FPS, **flags)}, wait, json)
    else:
        file = _config(config, None, {}, flags)
        command.doctor(camera or [], engine_configs(file, BUILT_IN), wait, json, file.cameras)


@app.command(help=told("help.models"))
def models(device: Device = None, dtype: Dtype = None, json: Json = False) -> None:
    """Which models run here, and which to take."""
    from askcam.app.commands import models as command

    command.models(device or "auto", dtype or "auto", json)


@app.command(help=told("help.pull"))
def pull(
    name: Annotated[str, typer.Argument(help=told("help.pull.name"))],
    json: Json = False,
) -> None:
    """Fetch a model before it is needed, and see that it is whole."""
    from askcam.app.commands import pull as command

    command.pull(name, json)


program = Program(app, BUILT_IN, lambda file, model: _config(file, None, {}, dict(model)))
for feature in OURS:
    add_commands(feature, program)


@app.command(
    help=told("help.bench"),
    add_help_option=False,  # what follows is the benchmark's own, its --help too
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def bench(context: typer.Context) -> None:
    """Measure here: `portable` says where the time of an answer goes, `engine` what the live backend gains."""
    from askcam.engine.bench.command import run

    run(context.args, str(model_path()))


left_out = [*LEFT_OUT]  # features of other packages, with why
for feature in PLUGGED:  # now that all of ours have their names
    try:
        add_commands(feature, program)
    except Exception as exc:
        left_out.append(f"the commands of the feature {feature.name!r} are left out: {exc}")
