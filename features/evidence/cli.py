"""`askcam replay`: its flags."""

import os
from pathlib import Path
from typing import Annotated

import typer

from askcam.server.feature import Program
from askcam.server.terminal.flags import ConfigFile, Device, Json, ModelOption, Threads
from askcam.server.terminal.words import Words

told = Words(__name__)


def add_command(program: Program) -> None:
    @program.app.command(help=told("help.replay"))
    def replay(
        ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help=told("help.replay.ids"))] = None,
        every: Annotated[bool, typer.Option("--all", help=told("help.replay.all"))] = False,
        verify: Annotated[bool, typer.Option("--verify", help=told("help.replay.verify"))] = False,
        data: Annotated[Path | None, typer.Option("--data", help=told("help.replay.data"))] = None,
        config: ConfigFile = None,
        model: ModelOption = None,
        device: Device = None,
        threads: Threads = None,
        json: Json = False,
    ) -> None:
        """Give recorded answers again, from the frames they saw. 0: the same words, 1: others, 2: cannot be tried."""
        from askcam.features.evidence import replay as command
        from askcam.server.storage.folder import data_folder
        from askcam.server.terminal import say

        if not (ids or every or verify):
            say.fail(told("replay.which"))
        folder = data or program.config(config, {}).sections["evidence"].folder or data_folder(os.environ)
        if verify:
            command.verify(folder, json)
        if ids or every:
            again = command.Again(model, program.built_in, device, threads, json)
            command.replay(folder, None if every else ids or [], again, json)
