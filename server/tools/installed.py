"""The tools that are there from the start: askcam's own, and those that other packages bring."""

import logging
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

from askcam.server.cameras import Cameras
from askcam.server.catalogue.errors import CatalogueError
from askcam.server.catalogue.store import Catalogue
from askcam.server.catalogue.taking import open_file
from askcam.server.config_errors import ConfigError
from askcam.server.desk.desks import Desks
from askcam.server.tools.barcodes import ReadBarcode
from askcam.server.tools.base import Tool
from askcam.server.tools.box import Toolbox
from askcam.server.tools.clock import Clock
from askcam.server.tools.lookup import LookupProduct
from askcam.server.tools.snapshot import Snapshot
from askcam.server.tools.watches import ConfirmWatch, CreateWatch, ListWatches, RemoveWatch
from askcam.server.watching.watching import Watching

log = logging.getLogger(__name__)

GROUP = "askcam.tools"  # of entry points: name -> a callable without arguments that makes a Tool


def built_in(cameras: Cameras, desks: Desks, catalogue: Catalogue | None, watching: Watching) -> tuple[Tool, ...]:
    """askcam's own tools."""
    return (
        Clock(),
        Snapshot(cameras),
        ReadBarcode(cameras, desks),
        LookupProduct(catalogue, desks),
        ListWatches(watching),
        CreateWatch(watching),
        RemoveWatch(watching),
        ConfirmWatch(watching),
    )


def add_installed(box: Toolbox) -> None:
    """Take in the tools of installed packages; one that cannot be made is left out, and logged."""
    for entry in entry_points(group=GROUP):
        try:
            make: Callable[[], Tool] = entry.load()
            box.add(make())
        except Exception as exc:
            log.error("the tool %s (%s) is left out: %s", entry.name, entry.value, exc, exc_info=exc)


def open_catalogue(file: Path | None) -> Catalogue | None:
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
