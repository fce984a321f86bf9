"""`askcam events export`: its flags."""

import os
from pathlib import Path
from typing import Annotated

import typer

from askcam.server.feature import Program
from askcam.server.terminal.flags import URL, Ca, Json, Url
from askcam.server.terminal.words import Words

told = Words(__name__)


def add_command(program: Program) -> None:
    @program.group("events", told("help.events")).command("export", help=told("help.events.export"))
    def export(
        out: Annotated[Path, typer.Option("--out", help=told("help.events.out"))],
        since: Annotated[str | None, typer.Option("--from", help=told("help.events.from"))] = None,
        until: Annotated[str | None, typer.Option("--to", help=told("help.events.to"))] = None,
        camera: Annotated[str | None, typer.Option("--camera", help=told("help.events.camera"))] = None,
        url: Url = URL,
        ca: Ca = None,
        json: Json = False,
    ) -> None:
        """Events with their pictures and clips, into a folder. 0: all of it, 1: something is missing, 2: it failed."""
        from askcam.features.clips import export as command
        from askcam.server.terminal.reach import reach

        wanted = command.WantedSpan(since, until, camera)
        command.export(reach(url, os.environ.get("ASKCAM_TOKEN"), ca), wanted, out, json)
