"""`askcam catalogue …`: import, find."""

from pathlib import Path
from typing import Annotated

import typer

from askcam.server.terminal.words import told


def group() -> typer.Typer:
    """Its help is in the language that speak() was told."""
    app = typer.Typer(help=told("help.catalogue"), no_args_is_help=True)
    as_json = typer.Option("--json", help=told("help.json"))

    @app.command("import", help=told("help.catalogue.import"))
    def take_in(
        file: Annotated[Path, typer.Argument(help=told("help.catalogue.file"))],
        into: Annotated[Path, typer.Option("--into", help=told("help.catalogue.into"))] = Path("catalogue.db"),
        replace: Annotated[bool, typer.Option("--replace", help=told("help.catalogue.replace"))] = False,
        json: Annotated[bool, as_json] = False,
    ) -> None:
        """Take products in; one with the sku (or barcode, or name) of another replaces it. 1: lines were left out."""
        from askcam.app.commands import catalogue as command

        command.take_in(file, into, replace, json)

    @app.command("find", help=told("help.catalogue.find"))
    def find(
        query: Annotated[str, typer.Argument(help=told("help.catalogue.query"))],
        file: Annotated[Path, typer.Option("--in", help=told("help.catalogue.in"))] = Path("catalogue.db"),
        json: Annotated[bool, as_json] = False,
    ) -> None:
        """What lookup_product would find. 1: nothing."""
        from askcam.app.commands import catalogue as command

        command.find(query, file, json)

    return app
