"""`askcam timeline`: its flags."""

import os
from typing import Annotated

import typer

from askcam.server.feature import Program
from askcam.server.terminal.flags import URL, Ca, Json, Url
from askcam.server.terminal.words import Words

told = Words(__name__)


def add_command(program: Program) -> None:
    @program.app.command(help=told("help.timeline"))
    def timeline(
        query: Annotated[str | None, typer.Argument(help=told("help.timeline.query"))] = None,
        camera: Annotated[str | None, typer.Option("--camera", help=told("help.timeline.camera"))] = None,
        since: Annotated[str | None, typer.Option("--since", help=told("help.timeline.since"))] = None,
        until: Annotated[str | None, typer.Option("--until", help=told("help.timeline.until"))] = None,
        level: Annotated[str | None, typer.Option("--level", help=told("help.timeline.level"))] = None,
        limit: Annotated[int, typer.Option("--limit", min=1, max=500, help=told("help.timeline.limit"))] = 20,
        url: Url = URL,
        ca: Ca = None,
        json: Json = False,
    ) -> None:
        """What happened, from a running server. Token: ASKCAM_TOKEN."""
        from askcam.features.timeline import shown
        from askcam.server.terminal.reach import reach

        wish = shown.TimelineWish(query, camera, since, until, level, limit)
        shown.timeline(reach(url, os.environ.get("ASKCAM_TOKEN"), ca), wish, json)
