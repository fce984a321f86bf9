"""Masks and zones as clients write them: polygons over a camera's picture, in shares of it. Pure."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec

from askcam.server.errors import Invalid
from askcam.server.wire.bodies import bounds
from askcam.stream.polygons import MAX_POINTS, Polygon, check_masks
from askcam.stream.zones import Zone, check_zones

NewPolygon = Annotated[list[tuple[float, float]], bounds(minItems=3, maxItems=MAX_POINTS)]


class NewZone(msgspec.Struct, forbid_unknown_fields=True):
    """A zone, as CameraZone tells it."""

    polygon: NewPolygon


class CameraChange(msgspec.Struct, forbid_unknown_fields=True):
    """The body of PUT /v1/cameras/{name}: what is to be other than before."""

    masks: list[NewPolygon] | msgspec.UnsetType = msgspec.UNSET
    zones: dict[str, NewZone] | msgspec.UnsetType = msgspec.UNSET

    def read(self) -> tuple[tuple[Polygon, ...] | None, dict[str, Zone] | None]:
        """None: as they are. Raises Invalid."""
        masks, zones = self.masks, self.zones
        return (
            None if isinstance(masks, msgspec.UnsetType) else read_masks(masks),
            None if isinstance(zones, msgspec.UnsetType) else read_zones(zones),
        )


def read_masks(given: Sequence[Sequence[tuple[float, float]]]) -> tuple[Polygon, ...]:
    """Raises Invalid naming `masks`."""
    masks = tuple(map(tuple, given))
    try:
        check_masks(masks)
    except ValueError as exc:
        raise Invalid(str(exc), "masks") from exc
    return masks


def read_zones(given: Mapping[str, NewZone]) -> dict[str, Zone]:
    """Raises Invalid naming `zones`."""
    zones = {name: Zone(tuple(zone.polygon)) for name, zone in given.items()}
    try:
        check_zones(zones)
    except ValueError as exc:
        raise Invalid(str(exc), "zones") from exc
    return zones
