"""A watch as clients write it: whole, or what is to be other than before. Pure."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from askcam.features.events.severity import Severity
from askcam.features.watches.setting import SECONDS, Kind, Share, WatchSetting
from askcam.server.errors import bad_request
from askcam.server.toml_file import NAME
from askcam.server.wire.bodies import bounds

T = TypeVar("T")
SPAN = {name: bounds(minimum=least, maximum=most) for name, (least, most) in SECONDS.items()}
CAMERAS = bounds(minItems=1, maxItems=64, uniqueItems=True)


class NewWatch(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /v1/watches; watching.setting.WatchSetting says what the fields mean."""

    name: Annotated[str, bounds(pattern=f"^{NAME.pattern}$")]
    question: str
    cameras: Annotated[list[str], CAMERAS]
    kind: Kind = Kind.YESNO
    choices: list[str] = []
    on_when: list[str] = []
    every_s: Annotated[float, SPAN["every_s"]] = 2.0
    window_s: Annotated[float, SPAN["window_s"]] = 2.0
    on: Share = 0.7
    off: Share = 0.4
    for_s: Annotated[float, SPAN["for_s"]] = 1.0
    cooldown_s: Annotated[float, SPAN["cooldown_s"]] = 0.0
    quiet: list[str] = []
    time_zone: str = "UTC"
    severity: Severity = Severity.WARNING
    only_when_healthy: bool = True
    enabled: bool = True


class WatchChange(msgspec.Struct, forbid_unknown_fields=True):
    """The body of PATCH /v1/watches/{name}: what is to be other than before."""

    question: str | UnsetType = UNSET
    cameras: Annotated[list[str] | UnsetType, CAMERAS] = UNSET
    kind: Kind | UnsetType = UNSET
    choices: list[str] | UnsetType = UNSET
    on_when: list[str] | UnsetType = UNSET
    every_s: Annotated[float | UnsetType, SPAN["every_s"]] = UNSET
    window_s: Annotated[float | UnsetType, SPAN["window_s"]] = UNSET
    on: Share | UnsetType = UNSET
    off: Share | UnsetType = UNSET
    for_s: Annotated[float | UnsetType, SPAN["for_s"]] = UNSET
    cooldown_s: Annotated[float | UnsetType, SPAN["cooldown_s"]] = UNSET
    quiet: list[str] | UnsetType = UNSET
    time_zone: str | UnsetType = UNSET
    severity: Severity | UnsetType = UNSET
    only_when_healthy: bool | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


def setting(body: dict[str, Any]) -> WatchSetting:
    """Raises ApiError 400 naming the field at fault."""
    try:
        return msgspec.convert(body, WatchSetting)
    except msgspec.ValidationError as exc:
        message = str(exc)
        first = message.partition(" ")[0].rstrip(":")
        raise bad_request(message, first if first in WatchChange.__struct_fields__ else None) from exc


def read(body: Mapping[str, Any], kind: type[T]) -> dict[str, Any]:
    """A body that is JSON already, as the fields that it names. Raises ApiError 400."""
    try:
        found: dict[str, Any] = msgspec.to_builtins(msgspec.convert(body, kind))
    except msgspec.ValidationError as exc:
        message, _, where = str(exc).partition(" - at `$.")
        name = where.rstrip("`").partition("[")[0]
        raise bad_request(f"{message}{f' in {name!r}' if name else ''}", name or None) from exc
    return found
