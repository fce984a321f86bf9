"""askcam catalogue: take a table of products in, and look into it."""

from pathlib import Path
from typing import Any

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from askcam.features.desk.catalogue.store import Catalogue
from askcam.features.desk.catalogue.taking import TakenTable, open_file, take
from askcam.server.terminal import say
from askcam.server.terminal.leaving import amiss, leaving
from askcam.server.terminal.words import Words

told = Words(__name__)

SHOWN = 20  # broken lines that people are shown; programs get all that are kept


def take_in(file: Path, into: Path, replace_all: bool, json: bool) -> None:
    """Leaves with 1 when lines were broken, 2 when nothing could be imported."""
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), console=say.errors, disable=json
    )
    with leaving(), Catalogue.open(into, create=True) as catalogue, bar:
        task = bar.add_task(told("catalogue.reading", file=file.name))
        taken = take(
            file,
            catalogue,
            all=replace_all,
            progress=lambda done, lines: bar.update(task, completed=done, total=lines),
        )
    _tell(file, into, taken, json)
    if taken.num_broken:
        amiss()


def _tell(file: Path, into: Path, taken: TakenTable, json: bool) -> None:
    if json:
        for broken in taken.broken:
            say.line({"line": broken.line, "broken": broken.why})
        counts: dict[str, Any] = {"imported": taken.products, "broken": taken.num_broken, "total": taken.total}
        say.line(counts | {"catalogue": str(into)})
        return
    left_out = f"[yellow]{told('catalogue.left_out')}[/]"
    for broken in taken.broken[:SHOWN]:
        say.console.print(f"{left_out} {say.escape(str(file))}:{broken.line}: {say.escape(broken.why)}")
    if taken.num_broken > SHOWN:
        say.console.print(f"{left_out} {told('catalogue.more', lines=taken.num_broken - SHOWN)}")
    counted = {"products": taken.products, "broken": taken.num_broken, "total": taken.total}
    say.console.print(say.escape(told("catalogue.imported", file=str(into), **counted)))


def find(query: str, file: Path, json: bool) -> None:
    """Leaves with 1 when there is none, 2 when the catalogue cannot be read."""
    with leaving():
        catalogue, _ = open_file(file)
        with catalogue:
            found = catalogue.find(query)
    for product in found:
        if json:
            say.line(product.told(query) | {"barcode": product.barcode})
        else:
            codes = " · ".join(filter(None, (product.sku, product.barcode)))
            say.console.print(say.escape(product.line()) + (f" [dim]({say.escape(codes)})[/]" if codes else ""))
    if not found:
        if not json:
            say.console.print(say.escape(told("catalogue.nothing", file=str(file), query=repr(query))))
        amiss()
