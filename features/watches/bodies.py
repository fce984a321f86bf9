"""A watch as clients write it: whole, or what is to be other than before. Made of WatchSetting's fields. Pure."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, UnsetType

from askcam.client.watches import WatchProposal
from askcam.features.watches.setting import SECONDS, WatchSetting
from askcam.server.errors import Invalid
from askcam.server.toml_file import NAME
from askcam.server.wire.bodies import bounds

T = TypeVar("T")
SPAN = {name: bounds(minimum=least, maximum=most) for name, (least, most) in SECONDS.items()}
CAMERAS = bounds(minItems=1, maxItems=64, uniqueItems=True)


SHOWN = {"cameras": CAMERAS, **SPAN}  # what is checked by hand, as the description tells it


def _new() -> list[tuple[str, Any] | tuple[str, Any, Any]]:
    """Every field of WatchSetting, for msgspec."""
    hints = get_type_hints(WatchSetting, include_extras=True)
    own = [(each.name, _json(each.name, hints[each.name]), each.default) for each in fields(WatchSetting)]
    return [
        (name, kind) if default is MISSING else (name, kind, [] if default == () else default)
        for name, kind, default in own
    ]


def _json(name: str, kind: Any) -> Any:
    """Its type in JSON, which knows no tuples."""
    if get_origin(kind) is tuple:
        kind = list[get_args(kind)[0]]  # type: ignore[misc]
    return Annotated[kind, SHOWN[name]] if name in SHOWN else kind


def _changed(kind: Any) -> Any:
    if get_origin(kind) is not Annotated:
        return kind | UnsetType
    plain, *metas = get_args(kind)
    return Annotated[(plain | UnsetType, *metas)] if metas[-1] in SHOWN.values() else kind | UnsetType


NewWatch = msgspec.defstruct(
    "NewWatch",
    [("name", Annotated[str, bounds(pattern=f"^{NAME.pattern}$")]), *_new()],
    forbid_unknown_fields=True,
    namespace={"__doc__": "The body of POST /v1/watches; docs/watches.md says what the fields mean."},
)
NewProposal = msgspec.defstruct(
    "NewProposal",
    [
        *(each for each in _new() if each[0] in WatchProposal.__struct_fields__),
        ("name", Annotated[str | None, bounds(pattern=f"^{NAME.pattern}$")], None),
    ],
    forbid_unknown_fields=True,
    namespace={"__doc__": "The body of POST /v1/watches/proposals: no more than whoever confirms it is shown."},
)
WatchChange = msgspec.defstruct(
    "WatchChange",
    [(name, _changed(kind), UNSET) for name, kind, *_ in _new()],
    forbid_unknown_fields=True,
    namespace={"__doc__": "The body of PATCH /v1/watches/{name}: what is to be other than before."},
)


def setting(body: dict[str, Any]) -> WatchSetting:
    """Raises Invalid naming the field at fault."""
    try:
        return msgspec.convert(body, WatchSetting)
    except msgspec.ValidationError as exc:
        message = str(exc)
        first = message.partition(" ")[0].rstrip(":")
        raise Invalid(message, first if first in WatchChange.__struct_fields__ else None) from exc


def read(body: Mapping[str, Any], kind: type[T]) -> dict[str, Any]:
    """A body that is JSON already, as the fields that it names. Raises Invalid."""
    try:
        found: dict[str, Any] = msgspec.to_builtins(msgspec.convert(body, kind))
    except msgspec.ValidationError as exc:
        message, _, where = str(exc).partition(" - at `$.")
        name = where.rstrip("`").partition("[")[0]
        raise Invalid(f"{message}{f' in {name!r}' if name else ''}", name or None) from exc
    return found
