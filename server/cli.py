"""The askcam program, and the composition root: reads argv, the environment and askcam.toml, plugs the demo in.

Only this file knows them all. Commands live in commands/ and load when they are called, so `askcam --help` is quick.
"""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from askcam.demo.builtin import model_path

URL = "http://127.0.0.1:8400"

app = typer.Typer(
    help="Ask your cameras: questions of live video, answered from the last seconds.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ConfigFile = Annotated[Path | None, typer.Option("--config", help="askcam.toml to read.")]
CameraOption = Annotated[list[str] | None, typer.Option("--camera", help="NAME=URI; may be given several times.")]
ModelOption = Annotated[str | None, typer.Option("--model", help="Folder or hub id; the built-in one if not given.")]
Host = Annotated[str | None, typer.Option("--host", help="Address to listen on (default: 127.0.0.1).")]
Port = Annotated[int | None, typer.Option("--port", help="Port to listen on; 0: any free one (default: 8400).")]
Cert = Annotated[Path | None, typer.Option("--tls-cert", help="Certificate chain, PEM.")]
Key = Annotated[Path | None, typer.Option("--tls-key", help="Its key, PEM.")]
MaxAge = Annotated[float | None, typer.Option("--max-age-ms", help="Refuse frames older than this.")]
Backend = Annotated[str | None, typer.Option("--backend", help="auto (live where exact), live, portable.")]
Device = Annotated[str | None, typer.Option("--device", help="auto, cpu, cuda, cuda:1.")]
Dtype = Annotated[str | None, typer.Option("--dtype", help="auto, float32, bfloat16, float16.")]
Positions = Annotated[str | None, typer.Option("--positions", help="trained or transformers.")]
Threads = Annotated[int | None, typer.Option("--threads", help="CPU threads of the model.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object per line, for programs.")]


def _config(file: Path | None, cameras: list[str] | None, server: dict[str, Any], model: dict[str, Any]) -> Any:
    """The config that the file, the environment and the flags make together; flags have the last word."""
    from askcam.server import config as configs
    from askcam.server.commands import say
    from askcam.server.config_errors import ConfigError

    try:
        config = configs.load(file, os.environ)
        config = configs.with_cameras(config, cameras or [])
        return configs.with_flags(config, _given(server), _given(model))
    except ConfigError as exc:
        say.fail(str(exc))


def _given(flags: dict[str, Any]) -> dict[str, Any]:
    return {
        name: str(value) if isinstance(value, Path) else value for name, value in flags.items() if value is not None
    }


@app.command()
def serve(
    config: ConfigFile = None,
    camera: CameraOption = None,
    model: ModelOption = None,
    backend: Backend = None,
    device: Device = None,
    dtype: Dtype = None,
    positions: Positions = None,
    threads: Threads = None,
    host: Host = None,
    port: Port = None,
    tls_cert: Cert = None,
    tls_key: Key = None,
    max_age_ms: MaxAge = None,
    json: Json = False,
) -> None:
    """Open cameras, load a model, and answer until Ctrl-C. Tokens: ASKCAM_TOKEN, ASKCAM_ADMIN_TOKEN."""
    from askcam.server.commands import serve as command

    server = {"host": host, "port": port, "tls_cert": tls_cert, "tls_key": tls_key, "max_age_ms": max_age_ms}
    engine = _model_flags(model, backend, device, dtype, positions, threads)
    command.serve(_config(config, camera, server, engine), model_path(), json=json)


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Leave after the questions; 0 only if all were right.")] = False,
    seed: Annotated[int, typer.Option("--seed", help="Which synthetic camera.")] = 7,
    host: Host = None,
    port: Port = None,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """A synthetic camera, the built-in model and the page: three questions and answers, then yours."""
    from askcam.server.commands import demo as command

    if once and port is None:
        port = 0  # nobody will open the page
    engine = _model_flags(None, None, None, None, None, threads)
    command.demo(_config(None, None, {"host": host, "port": port}, engine), model_path(), seed, once, json)


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="What to ask.")],
    camera: Annotated[str, typer.Option("--camera", help="Which camera of the server.")],
    url: Annotated[str, typer.Option("--url", help="Where the server is.")] = URL,
    ca: Annotated[Path | None, typer.Option("--ca", help="Certificate to trust beside the system's, PEM.")] = None,
    max_age_ms: MaxAge = None,
    json: Json = False,
) -> None:
    """Ask a running server. Token: ASKCAM_TOKEN."""
    from askcam.server.commands import ask as command

    command.ask(question, camera, url, os.environ.get("ASKCAM_TOKEN"), ca, max_age_ms, json)


@app.command()
def look(
    uri: Annotated[str, typer.Argument(help="webcam:0, rtsp://…, http://…, a video or picture file, synthetic:7")],
    question: Annotated[str, typer.Argument(help="What to ask.")],
    model: ModelOption = None,
    device: Device = None,
    dtype: Dtype = None,
    threads: Threads = None,
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, max=60, help="How much to watch first.")] = 4.0,
    fps: Annotated[float, typer.Option("--fps", min=0.1, max=30, help="Frames to sample per second.")] = 2.0,
    json: Json = False,
) -> None:
    """One shot, no server: open the source, watch for some seconds, answer, leave."""
    from askcam.server.commands import look as command

    config = _config(None, None, {}, _model_flags(model, None, device, dtype, None, threads))
    command.look(uri, question, config.model.engine(str(model_path())), seconds, fps, json)


@app.command()
def summarize(
    source: Annotated[str, typer.Argument(metavar="FILE|CAMERA", help="A video file, or a camera: webcam:0, rtsp://…")],
    form: Annotated[str, typer.Option("--format", help="text, md or json.")] = "text",
    out: Annotated[Path | None, typer.Option("--out", help="File to write; standard output if not given.")] = None,
    seconds: Annotated[float | None, typer.Option("--for", min=2, help="Seconds of a camera (default: 60).")] = None,
    segment: Annotated[float | None, typer.Option("--segment", min=0.5, help="Seconds looked at at once.")] = None,
    fps: Annotated[float | None, typer.Option("--fps", min=0.05, max=30, help="Frames to sample per second.")] = None,
    language: Annotated[
        str, typer.Option("--language", help="Of the summary: en, zh; others if the model can.")
    ] = "en",
    question: Annotated[
        str | None, typer.Option("--question", help="Asked of each segment, instead of what is to be seen.")
    ] = None,
    model: ModelOption = None,
    backend: Backend = None,
    device: Device = None,
    dtype: Dtype = None,
    threads: Threads = None,
) -> None:
    """A long video in few words: what came, what went and when, and what was to be seen in between."""
    from askcam.server.commands import summarize as command

    config = _config(None, None, {}, _model_flags(model, backend, device, dtype, None, threads))
    wish = command.Wish(source, form, out, seconds, fps, segment, language, question)
    command.summarize(wish, config.model.engine(str(model_path())))


@app.command()
def doctor(
    camera: Annotated[
        list[str] | None, typer.Option("--camera", help="A URI to try; may be given several times.")
    ] = None,
    model: ModelOption = None,
    device: Device = None,
    json: Json = False,
) -> None:
    """Is this machine ready, does that camera answer, does that model load."""
    from askcam.server.commands import doctor as command

    config = _config(None, None, {}, _model_flags(model, None, device, None, None, None))
    command.doctor(camera or [], config.model.engine(str(model_path())), json)


@app.command()
def replay(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Which answers.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All answers that are kept.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Check that nothing was changed; answer nothing.")] = False,
    data: Annotated[Path | None, typer.Option("--data", help="Folder of the evidence.")] = None,
    config: ConfigFile = None,
    model: ModelOption = None,
    device: Device = None,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Give recorded answers again, from the frames they saw. 0: the same words, 1: others, 2: it cannot be tried."""
    from askcam.server.commands import replay as command
    from askcam.server.commands import say
    from askcam.server.evidence.place import data_folder

    if not (ids or every or verify):
        say.fail("which answer? give its id (ans_...), or --all, or --verify")
    folder = data or _config(config, None, {}, {}).evidence.folder or data_folder(os.environ)
    if verify:
        command.verify(folder, json)
    if ids or every:
        again = command.Again(model, str(model_path()), device, threads, json)
        command.replay(folder, None if every else ids or [], again, json)


@app.command(
    add_help_option=False,  # what follows is the benchmark's own, its --help too
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def bench(context: typer.Context) -> None:
    """Measure here: `portable` says where the time of an answer goes, `engine` what the live backend gains."""
    from askcam.engine.bench.command import run

    run(context.args, str(model_path()))


def _model_flags(
    model: str | None,
    backend: str | None,
    device: str | None,
    dtype: str | None,
    positions: str | None,
    threads: int | None,
) -> dict[str, Any]:
    return {
        "model": model,
        "backend": backend,
        "device": device,
        "dtype": dtype,
        "positions": positions,
        "threads": threads,
    }


def main() -> None:
    """The `askcam` program."""
    app()


if __name__ == "__main__":
    main()
