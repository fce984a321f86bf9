"""[timeline] of askcam.toml."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from askcam.features.timeline.times import local_zone
from askcam.server.config_errors import ConfigError
from askcam.server.storage.folder import data_folder
from askcam.server.toml_file import Toml

OPTION = "timeline"  # under [cameras.NAME]: notes are written of what it shows; left out: as [timeline] says

Positive = Annotated[int, Meta(ge=1)]
Days = Annotated[float, Meta(gt=0)]


@dataclass(frozen=True, slots=True)
class TimelineBounds:
    """How much is kept. What is beyond goes, detail first: notes before minutes before hours before days."""

    detail_days: Days = 30.0  # notes, minutes and pictures
    max_days: Days = 365.0  # hours and days
    max_bytes: Annotated[int, Meta(ge=1 << 20)] = 2 << 30  # of the database


@dataclass(frozen=True, slots=True)
class TimelineConfig(TimelineBounds):
    """[timeline]: short notes of what cameras show, written when the scene has changed."""

    enabled: bool = False  # of all cameras but those with `timeline = false`; else of those with `timeline = true`
    folder: Path | None = None  # relative to the file that names it; None: the user's data folder, beside evidence's
    language: str = "en"  # of the notes
    time_zone: str = ""  # where days begin and end, and of "14:00" in a search; "": the machine's own
    min_interval_s: Annotated[float, Meta(ge=0, le=86_400)] = 5.0  # between two notes of one camera
    max_notes_per_hour: Annotated[int, Meta(ge=1, le=3600)] = 120  # of one camera
    pictures: bool = True  # a small picture with each note


def read_timeline(toml: Toml, env: Mapping[str, str] | None) -> TimelineConfig:
    """Raises ConfigError."""
    found: TimelineConfig = toml.section(("timeline",), TimelineConfig)
    try:
        local_zone(found.time_zone)
    except ValueError as exc:
        raise ConfigError(f"{toml.place(('timeline', 'time_zone'))}: {exc}") from exc
    if found.folder is not None:
        return toml.beside(found, "folder")
    return found if env is None else replace(found, folder=data_folder(env).with_name("timeline"))
