"""What a realtime client may want of watches: watch.create, watch.update, watch.delete, watch.list. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec

from askcam.features.watches.bodies import NewWatch, WatchChange, read
from askcam.server.errors import Refusal
from askcam.server.extension import Reader, Request
from askcam.server.wire.fields import Fields

MAX_NAME_CHARS = 64


class Verb(StrEnum):
    CREATE = "watch.create"
    UPDATE = "watch.update"
    DELETE = "watch.delete"
    LIST = "watch.list"


@dataclass(frozen=True, slots=True)
class WatchRequest(Request):
    """`body`: of what is made, all but its name; of what is changed, what is named."""

    name: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def things(self) -> Mapping[str, Any]:
        return {"watch": self.name or None, "cameras": self.body.get("cameras")}

    @property
    def verb(self) -> Verb:
        return Verb(self.type)


def _create(fields: Fields, event_id: str | None) -> WatchRequest:
    watch = fields.need_object("watch")
    wanted = dict(watch.plain())
    wanted.setdefault("cameras", [])  # none named: that of the session
    body = _read(watch, wanted, NewWatch)
    return WatchRequest(Verb.CREATE, event_id, body.pop("name"), body)


def _update(fields: Fields, event_id: str | None) -> WatchRequest:
    watch = fields.need_object("watch")
    body = _read(watch, watch.plain(), WatchChange)
    return WatchRequest(Verb.UPDATE, event_id, fields.need_text("name", MAX_NAME_CHARS), body)


def _delete(fields: Fields, event_id: str | None) -> WatchRequest:
    return WatchRequest(Verb.DELETE, event_id, fields.need_text("name", MAX_NAME_CHARS))


def _list(fields: Fields, event_id: str | None) -> WatchRequest:
    return WatchRequest(Verb.LIST, event_id)


def _read(watch: Fields, body: Mapping[str, Any], kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Raises Invalid whose `param` is a field of the event."""
    try:
        return read(body, kind)
    except Refusal as error:
        raise beside(error) from error


def beside(error: Refusal) -> Refusal:
    """The same refusal of a watch's field, of which the event speaks as `watch.FIELD`."""
    known = error.param is not None and error.param in WatchChange.__struct_fields__
    param = f"watch.{error.param}" if known else error.param or "watch"
    return error.at(param)


READERS: Mapping[str, Reader] = {
    Verb.CREATE: _create,
    Verb.UPDATE: _update,
    Verb.DELETE: _delete,
    Verb.LIST: _list,
}
