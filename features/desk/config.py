"""What askcam.toml says of product desks: [catalogue], `desk = true` under a camera, and a limit."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from askcam.server.feature import Limit
from askcam.server.toml_file import Toml
from askcam.server.tools.base import BUILT_IN

OPTION = "desk"  # under [cameras.NAME], and after "push:": codes are read as frames arrive, and enter the prompt
TOOLS = (f"{BUILT_IN}.lookup_product",)  # what a desk's questions may call beside [tools] cameras
MAX_PUSHED = "max_pushed_desks"  # of pushed cameras; each reads codes, at a quarter of a core at most
LIMITS = {MAX_PUSHED: Limit(Annotated[int, Meta(ge=0, le=1_000_000)], 4)}


@dataclass(frozen=True, slots=True)
class CatalogueConfig:
    """[catalogue]: what lookup_product and product desks look into."""

    file: Path | None = None  # SQLite from `askcam catalogue import`, or a CSV; relative to the file that names it


def read_catalogue(toml: Toml, env: Mapping[str, str] | None) -> CatalogueConfig:
    """Raises ConfigError."""
    found: CatalogueConfig = toml.section(("catalogue",), CatalogueConfig)
    return toml.beside(found, "file")
