"""The flags of `askcam watch calibrate`."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from askcam.features.watches.cli import group
from askcam.server.feature import Program
from askcam.server.terminal import words
from askcam.server.terminal.flags import (
    URL,
    Backend,
    Ca,
    Device,
    Dialect,
    Dtype,
    Json,
    ModelOption,
    ModelUrl,
    Threads,
    Url,
)
from askcam.server.terminal.words import Words

told = Words(__name__)

PRECISION = 0.95
SOURCES = "FILE|judged:|synthetic:SEED"


def add_command(program: Program) -> None:
    """To the group of watches."""

    @group(program).command("calibrate", help=told("help.calibrate"))
    def calibrate(
        source: Annotated[str, typer.Argument(metavar=SOURCES, help=told("help.calibrate.source"))],
        labels: Annotated[Path | None, typer.Option("--labels", help=told("help.calibrate.labels"))] = None,
        watch: Annotated[str | None, typer.Option("--watch", help=told("help.calibrate.watch"))] = None,
        question: Annotated[str | None, typer.Option("--question", help=told("help.calibrate.question"))] = None,
        choice: Annotated[list[str] | None, typer.Option("--choice", help=told("help.calibrate.choice"))] = None,
        on_when: Annotated[list[str] | None, typer.Option("--on-when", help=told("help.calibrate.on_when"))] = None,
        camera: Annotated[str | None, typer.Option("--camera", help=told("help.calibrate.camera"))] = None,
        every_s: Annotated[
            float | None, typer.Option("--every-s", min=0.2, max=3600, help=told("help.calibrate.every_s"))
        ] = None,
        window_s: Annotated[
            float | None, typer.Option("--window-s", min=0, max=3600, help=told("help.calibrate.window_s"))
        ] = None,
        fps: Annotated[float, typer.Option("--fps", min=0.1, max=30, help=words.told("help.fps"))] = 2.0,
        settle_s: Annotated[float, typer.Option("--settle-s", min=0, help=told("help.calibrate.settle_s"))] = 0.0,
        seeds: Annotated[int, typer.Option("--seeds", min=2, max=100_000, help=told("help.calibrate.seeds"))] = 200,
        precision: Annotated[
            float, typer.Option("--precision", min=0.5, max=1, help=told("help.calibrate.precision"))
        ] = PRECISION,
        plot: Annotated[Path | None, typer.Option("--plot", help=told("help.calibrate.plot"))] = None,
        save: Annotated[bool, typer.Option("--save", help=told("help.calibrate.save"))] = False,
        config: Annotated[Path | None, typer.Option("--config", help=told("help.calibrate.config"))] = None,
        url: Url = URL,
        ca: Ca = None,
        model: ModelOption = None,
        model_url: ModelUrl = None,
        dialect: Dialect = None,
        backend: Backend = None,
        device: Device = None,
        dtype: Dtype = None,
        threads: Threads = None,
        json: Json = False,
    ) -> None:
        """How sure a watch is, against how often it is right, on this machine; nothing is shown in real time."""
        from askcam.features.calibration import calibrate as command
        from askcam.server.model import USUAL
        from askcam.server.terminal import say
        from askcam.server.terminal.reach import reach

        flags: dict[str, Any] = {"model": model, "url": model_url, "dialect": dialect, "backend": backend}
        flags |= {"device": device, "dtype": dtype, "threads": threads}
        read = program.config(config, flags)
        named = (
            read.sections["watches"].get(watch) if config is not None and model is None and model_url is None else None
        )
        called = USUAL if named is None or named.model is None else named.model
        models = {USUAL: read.model, **read.models}
        if called not in models:
            say.fail(told("calibrate.no_model", watch=repr(watch), model=repr(called), known=", ".join(models)))
        wish = command.CalibrationWish(
            source=source,
            labels=labels,
            watch=watch,
            from_file=None if config is None else read.sections["watches"],
            question=question,
            choices=tuple(choice or ()),
            on_when=tuple(on_when or ()),
            camera=camera,
            every_s=every_s,
            window_s=window_s,
            fps=fps,
            settle_s=settle_s,
            seeds=seeds,
            precision=precision,
            plot=plot,
            save=save,
            model=models[called].model,
        )
        token = os.environ.get("ASKCAM_ADMIN_TOKEN") or os.environ.get("ASKCAM_TOKEN")
        command.calibrate(wish, models[called].engine(program.built_in, called=called), reach(url, token, ca), json)
