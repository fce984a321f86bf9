"""A zone of a camera's picture: what a question may look at alone. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from askcam.stream.polygons import Polygon, check_polygon

MAX_ZONES = 8  # of a camera
NAME_CHARS = "a-z, 0-9, '-', '_'"
_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")


@dataclass(frozen=True, slots=True)
class Zone:
    """[cameras.NAME.zones.ZONE]: it is looked at with what is around it, as far as the picture goes."""

    polygon: Polygon


def check_zones(zones: Mapping[str, Zone]) -> None:
    """Raises ValueError naming `zones`, the zone and what helps."""
    if len(zones) > MAX_ZONES:
        raise ValueError(f"zones: there are {len(zones)}; a camera has at most {MAX_ZONES}")
    for name, zone in zones.items():
        if not 1 <= len(name) <= 63 or not _NAME.issuperset(name) or name[0] in "-_":
            raise ValueError(f"zones: {name[:80]!r} cannot be a zone's name: use up to 63 of {NAME_CHARS}")
        check_polygon(zone.polygon, f"zones: the polygon of {name!r}")


def window_name(camera: str, zone: str | None) -> str:
    """What the window of a zone is called, in engines and in views: no camera has such a name."""
    return camera if zone is None else f"{camera}/{zone}"
