"""`askcam catalogue …`: import, find."""

from pathlib import Path
from typing import Annotated

import typer

from askcam.server.feature import Program
from askcam.server.terminal.flags import Json
from askcam.server.terminal.words import Words

told = Words(__name__)


def add_command(program: Program) -> None:
    app = typer.Typer(help=told("help.catalogue"), no_args_is_help=True)
    program.app.add_typer(app, name="catalogue")

    @app.command("import", help=told("help.catalogue.import"))
    def take_in(
        file: Annotated[Path, typer.Argument(help=told("help.catalogue.file"))],
        into: Annotated[Path, typer.Option("--into", help=told("help.catalogue.into"))] = Path("catalogue.db"),
        replace: Annotated[bool, typer.Option("--replace", help=told("help.catalogue.replace"))] = False,
        json: Json = False,
    ) -> None:
        """Take products in; one with the sku (or barcode, or name) of another replaces it. 1: lines were left out."""
        from askcam.features.desk import catalogue_command as command

        command.take_in(file, into, replace, json)

    @app.command("find", help=told("help.catalogue.find"))
    def find(
        query: Annotated[str, typer.Argument(help=told("help.catalogue.query"))],
        file: Annotated[Path, typer.Option("--in", help=told("help.catalogue.in"))] = Path("catalogue.db"),
        json: Json = False,
    ) -> None:
        """What lookup_product would find. 1: nothing."""
        from askcam.features.desk import catalogue_command as command

        command.find(query, file, json)
