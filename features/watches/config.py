"""[watches.NAME] of askcam.toml."""

from collections.abc import Collection, Iterator, Mapping

from askcam.features.watches.setting import RESERVED, WatchSetting
from askcam.server.config_errors import ConfigError
from askcam.server.feature import ModelUse
from askcam.server.given_names import quoted
from askcam.server.toml_file import NAME, Toml


def read_watches(toml: Toml, env: Mapping[str, str] | None) -> dict[str, WatchSetting]:
    """By name. Raises ConfigError."""
    return {name: _watch(toml, name) for name in toml.tables(("watches",), "[watches.door]")}


def check_watches(watches: Mapping[str, WatchSetting], cameras: Mapping[str, Collection[str]]) -> None:
    """Raise ConfigError for a watch of a camera, or of a zone, that is not there. `cameras`: the zones of each."""
    for name, watch in watches.items():
        for camera in watch.cameras:
            if camera not in cameras:
                known = ", ".join(cameras) or "there is none"
                raise ConfigError(f"[watches.{name}]: there is no camera {camera!r}; cameras here: {known}")
            zones = cameras[camera]
            if watch.zone is not None and watch.zone not in zones:
                there = f"its zones: {', '.join(zones)}" if zones else "it has none"
                raise ConfigError(
                    f"[watches.{name}]: the camera {camera!r} has no zone {quoted(watch.zone)}; {there}; "
                    f"[cameras.{camera}.zones.NAME] makes one"
                )


def models_of(watches: Mapping[str, WatchSetting]) -> Iterator[ModelUse]:
    """Which models they name."""
    for name, watch in watches.items():
        if watch.model is not None:
            yield ModelUse(f"[watches.{name}]", watch.model, watch.cameras)


def _watch(toml: Toml, name: str) -> WatchSetting:
    path = ("watches", name)
    if name in RESERVED:
        raise ConfigError(f"{toml.place(path)}: a watch cannot be called so: /v1/watches/{name} is something else")
    if not NAME.fullmatch(name):
        raise ConfigError(f"{toml.place(path)}: a watch's name has up to 63 of a-z, 0-9, '-', '_'")
    for needed, example in (("question", '"Is the door open?"'), ("cameras", '["lobby"]')):
        if needed not in toml.at(path):
            raise ConfigError(f"{toml.place((*path, needed))}: a watch needs {needed} = {example}")
    return toml.section(path, WatchSetting)
