"""[watching] of askcam.toml."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from askcam.server.storage.folder import data_folder
from askcam.server.toml_file import Toml


@dataclass(frozen=True, slots=True)
class EventBounds:
    """How much is kept; what is beyond goes, oldest first."""

    max_events: Annotated[int, Meta(ge=1)] = 100_000
    max_bytes: Annotated[int, Meta(ge=0)] = 1 << 30  # of their pictures


@dataclass(frozen=True, slots=True)
class WatchingConfig(EventBounds):
    """[watching]: where watches and their events are kept, and how many."""

    folder: Path | None = None  # relative to the file that names it; None: the user's data folder, beside evidence's


def read_watching(toml: Toml, env: Mapping[str, str] | None) -> WatchingConfig:
    """The folder is the user's own where none is named and there is a user. Raises ConfigError."""
    found: WatchingConfig = toml.section(("watching",), WatchingConfig)
    if found.folder is not None:
        return toml.beside(found, "folder")
    return found if env is None else replace(found, folder=data_folder(env).with_name("watching"))
