"""[watching] and [watches.NAME] of askcam.toml."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from askcam.server.config_errors import ConfigError
from askcam.server.events.store import Bounds
from askcam.server.toml_file import Toml
from askcam.server.watching.setting import NAME, WatchSetting


@dataclass(frozen=True, slots=True)
class WatchingConfig:
    """[watching]: where watches and their events are kept. What is beyond a bound goes, oldest first."""

    folder: Path | None = None  # relative to the file that names it; None: the user's data folder, beside evidence's
    max_events: Annotated[int, Meta(ge=1)] = 100_000
    max_bytes: Annotated[int, Meta(ge=0)] = 1 << 30  # of their pictures

    @property
    def bounds(self) -> Bounds:
        return Bounds(self.max_events, self.max_bytes)


def read_watching(toml: Toml) -> WatchingConfig:
    """Raises ConfigError."""
    found: WatchingConfig = toml.section(("watching",), WatchingConfig)
    folder = found.folder
    return found if folder is None else replace(found, folder=toml.path.parent / folder.expanduser())


def read_watches(toml: Toml) -> dict[str, WatchSetting]:
    """By name. Raises ConfigError."""
    return {name: _watch(toml, name) for name in toml.tables(("watches",), "[watches.door]")}


def check_watches(watches: Mapping[str, WatchSetting], cameras: Collection[str]) -> None:
    """Raise ConfigError for a watch of a camera that is not there."""
    for name, watch in watches.items():
        for camera in watch.cameras:
            if camera not in cameras:
                known = ", ".join(cameras) or "there is none"
                raise ConfigError(f"[watches.{name}]: there is no camera {camera!r}; cameras here: {known}")


def _watch(toml: Toml, name: str) -> WatchSetting:
    path = ("watches", name)
    if not NAME.fullmatch(name):
        raise ConfigError(f"{toml.place(path)}: a watch's name has up to 63 of a-z, 0-9, '-', '_'")
    for needed, example in (("question", '"Is the door open?"'), ("cameras", '["lobby"]')):
        if needed not in toml.at(path):
            raise ConfigError(f"{toml.place((*path, needed))}: a watch needs {needed} = {example}")
    return toml.section(path, WatchSetting)
