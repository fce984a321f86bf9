"""`askcam summarize`: its flags."""

from pathlib import Path
from typing import Annotated, Any

import typer

from askcam.server.feature import Program
from askcam.server.terminal.flags import Backend, Device, Dialect, Dtype, Fps, ModelOption, ModelUrl, Threads, engine
from askcam.server.terminal.words import Words, spoken_language

told = Words(__name__)


def add_command(program: Program) -> None:
    @program.app.command(help=told("help.summarize"))
    def summarize(
        source: Annotated[str, typer.Argument(metavar="FILE|CAMERA", help=told("help.summarize.source"))],
        form: Annotated[str, typer.Option("--format", help=told("help.summarize.format"))] = "text",
        out: Annotated[Path | None, typer.Option("--out", help=told("help.summarize.out"))] = None,
        seconds: Annotated[float | None, typer.Option("--for", min=2, help=told("help.summarize.for"))] = None,
        segment: Annotated[
            float | None, typer.Option("--segment", min=0.5, help=told("help.summarize.segment"))
        ] = None,
        fps: Fps = None,
        language: Annotated[str, typer.Option("--language", help=told("help.summarize.language"))] = spoken_language(),
        question: Annotated[str | None, typer.Option("--question", help=told("help.summarize.question"))] = None,
        model: ModelOption = None,
        model_url: ModelUrl = None,
        dialect: Dialect = None,
        backend: Backend = None,
        device: Device = None,
        dtype: Dtype = None,
        threads: Threads = None,
    ) -> None:
        """A long video in few words: what came, what went and when, and what was to be seen in between."""
        from askcam.features.summary import summarize as command

        flags: dict[str, Any] = {"model": model, "url": model_url, "dialect": dialect, "backend": backend}
        config = engine(program.built_in, **flags, device=device, dtype=dtype, threads=threads)
        wish = command.SummaryWish(source, form, out, seconds, fps, segment, language, question, model)
        command.summarize(wish, config)
