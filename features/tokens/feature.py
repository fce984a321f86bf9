"""Tokens that are made, listed and revoked while a server runs, plugged in: `askcam tokens`."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from askcam.server.feature import Feature, Given, Program
from askcam.server.terminal.flags import ConfigFile, Json
from askcam.server.terminal.words import Words

if TYPE_CHECKING:
    from askcam.server.core import Core
    from askcam.server.running import Running


told = Words(__name__)

Name = Annotated[str, typer.Argument(metavar="NAME", help=told("help.tokens.name"))]
Which = Annotated[str, typer.Option("--rights", metavar="ask|watch|admin", help=told("help.tokens.rights"))]
Only = Annotated[str | None, typer.Option("--cameras", metavar="A,B", help=told("help.tokens.cameras"))]
Data = Annotated[Path | None, typer.Option("--data", help=told("help.tokens.data"))]


def build(core: "Core", given: Given, others: "Mapping[str, Running]") -> "Running":
    from askcam.features.tokens.running import TokensRunning

    return TokensRunning(core, given.tokens_folder, given.tokens)


def add_command(program: Program) -> None:
    tokens = program.group("tokens", told("help.tokens"))

    def where(config: Path | None, data: Path | None) -> tuple[Path, list[str]]:
        """The folder, and the names that the config has."""
        from askcam.server.storage.folder import data_folder

        found = program.config(config, {})
        return data or found.tokens_folder or data_folder(os.environ).with_name("tokens"), list(found.tokens)

    @tokens.command("make", help=told("help.tokens.make"))
    def make(
        name: Name,
        rights: Which = "ask",
        cameras: Only = None,
        config: ConfigFile = None,
        data: Data = None,
        json: Json = False,
    ) -> None:
        from askcam.features.tokens import commands

        commands.make(*where(config, data), name, rights, cameras, json)

    @tokens.command("list", help=told("help.tokens.list"))
    def list_(config: ConfigFile = None, data: Data = None, json: Json = False) -> None:
        from askcam.features.tokens import commands

        commands.show(where(config, data)[0], json)

    @tokens.command("revoke", help=told("help.tokens.revoke"))
    def revoke(name: Name, config: ConfigFile = None, data: Data = None, json: Json = False) -> None:
        from askcam.features.tokens import commands

        commands.revoke(where(config, data)[0], name, json)


FEATURE = Feature(name="tokens", build=build, commands=add_command)
