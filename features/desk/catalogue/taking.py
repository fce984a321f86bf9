"""From a file of products to a catalogue: a table that is imported, or the file that askcam.toml names."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from askcam.features.desk.catalogue import table
from askcam.features.desk.catalogue.errors import CatalogueError
from askcam.features.desk.catalogue.product import Product
from askcam.features.desk.catalogue.store import Catalogue
from askcam.features.desk.catalogue.table import BrokenLine
from askcam.server.config_errors import ConfigError

log = logging.getLogger(__name__)

MAX_BYTES = 256 << 20
TOLD = 1000  # lines between two words about progress
MAX_BROKEN = 1000  # broken lines that are kept by name; more are only counted
SQLITE = b"SQLite format 3\x00"


@dataclass(slots=True)
class TakenTable:
    """What came of an import."""

    products: int = 0  # lines that were taken in
    total: int = 0  # products in the catalogue afterwards
    num_broken: int = 0
    broken: list[BrokenLine] = field(default_factory=list)  # the first of them


def take(
    file: Path, into: Catalogue, *, all: bool = False, progress: Callable[[int, int], None] = lambda done, lines: None
) -> TakenTable:
    """Import the table in `file`; broken lines are left out and told. `progress(line, lines)` is called now and then.

    Nothing is changed unless all of it is. Raises CatalogueError: no such file, no table, or not one product in it.
    """
    text = table.text_of(_bytes(file), str(file))
    lines, taken = text.count("\n") + 1, TakenTable()

    def products() -> Iterator[Product]:
        for number, row in enumerate(table.rows(text, str(file)), 2):
            if isinstance(row, BrokenLine):
                taken.num_broken += 1
                if len(taken.broken) < MAX_BROKEN:
                    taken.broken.append(row)
            else:
                taken.products += 1
                yield row
            if number % TOLD == 0:
                progress(min(number, lines), lines)
        if not taken.products:
            why = f"; line {taken.broken[0].line}: {taken.broken[0].why}" if taken.broken else ""
            raise CatalogueError(f"{file} holds no product that can be read{why}; nothing was changed")

    taken.total = into.replace(products(), all=all)
    progress(lines, lines)
    return taken


def open_file(file: Path) -> tuple[Catalogue, TakenTable | None]:
    """The catalogue in `file`: SQLite is opened, a table read into memory, with what came of that. Raises
    CatalogueError."""
    with _opened(file) as raw:
        head = raw.read(len(SQLITE))
    if head == SQLITE:
        return Catalogue.open(file), None
    catalogue = Catalogue.in_memory()
    try:
        return catalogue, take(file, catalogue)
    except CatalogueError:
        catalogue.close()
        raise


def open_named(file: Path | None) -> Catalogue | None:
    """The catalogue that askcam.toml names; broken lines of a table are logged. Raises ConfigError."""
    if file is None:
        return None
    try:
        catalogue, taken = open_file(file)
    except CatalogueError as exc:
        raise ConfigError(f"[catalogue] {exc}") from exc
    for broken in () if taken is None else taken.broken[:20]:
        log.warning("catalogue %s:%d is left out: %s", file, broken.line, broken.why)
    if taken is not None:
        log.info("catalogue %s: %d products, %d broken lines", file, taken.total, taken.num_broken)
    return catalogue


def _opened(file: Path) -> BinaryIO:
    try:
        return file.open("rb")
    except OSError as exc:
        raise CatalogueError(f"cannot read {file}: {exc.strerror}") from exc


def _bytes(file: Path) -> bytes:
    with _opened(file) as raw:
        data = raw.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise CatalogueError(f"{file} has more than {MAX_BYTES >> 20} MiB: split it, and import its parts")
    if data.startswith(SQLITE):
        raise CatalogueError(f"{file} is a catalogue already; name a CSV file to import")
    return data
