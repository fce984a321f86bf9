"""A message in a realtime conversation: read from the wire, written to the wire."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from askcam.engine.question import Role
from askcam.server.attached.content import Encoded, picture_to_keep
from askcam.server.errors import Invalid
from askcam.server.given_names import quoted
from askcam.server.wire.fields import Fields

MAX_PARTS = 32  # of one item
MAX_ID_CHARS = 64


@dataclass(frozen=True, slots=True)
class SaidItem:
    """A piece of text."""

    text: str


@dataclass(frozen=True, slots=True)
class ShownItem:
    """A picture, still encoded; its pixels are made when a question needs them."""

    picture: Encoded
    detail: str = "auto"


@dataclass(frozen=True, slots=True)
class Item:
    """A message of the user, the system or the assistant."""

    id: str
    role: Role
    parts: tuple[SaidItem | ShownItem, ...] = ()
    status: str = "completed"  # "in_progress", "incomplete"
    seen_at: str | None = None  # of an answer: RFC 3339, capture time of the newest frame it was given from

    @property
    def num_bytes(self) -> int:
        """What it costs to keep, roughly."""
        return 200 + sum(4 * len(p.text) if isinstance(p, SaidItem) else len(p.picture.data) for p in self.parts)

    @property
    def num_chars(self) -> int:
        return sum(map(len, self.texts))

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(p.text for p in self.parts if isinstance(p, SaidItem))

    @property
    def num_pictures(self) -> int:
        return sum(isinstance(p, ShownItem) for p in self.parts)

    def with_text(self, text: str, status: str, seen_at: str | None = None) -> "Item":
        """The same turn, having said `text`."""
        return replace(self, parts=(SaidItem(text),), status=status, seen_at=seen_at)

    def wire(self, *, pictures: bool = False) -> dict[str, Any]:
        """As OpenAI's SDKs type it. Pictures are left out of it, since the client has just sent them, unless asked."""
        return {
            "id": self.id,
            "object": "realtime.item",
            "type": "message",
            "status": self.status,
            "role": self.role.value,
            "content": [self._part(part, pictures) for part in self.parts],
        }

    def _part(self, part: SaidItem | ShownItem, pictures: bool) -> dict[str, Any]:
        if isinstance(part, SaidItem):
            return {"type": "output_text" if self.role is Role.ASSISTANT else "input_text", "text": part.text}
        found: dict[str, Any] = {"type": "input_image", "detail": part.detail}
        if pictures:
            found["image_url"] = part.picture.url
        return found


def read_item(fields: Fields, new_id: Callable[[str], str], max_chars: int) -> Item:
    """A message that a client adds; its pictures are decoded once, to be found sound. Raises Invalid.

    CPU work when there are pictures: call it off the event loop then.
    """
    role = fields.choice("role", ("user", "system", "assistant", "developer"))
    if role is None:
        raise fields.missing("role", "'user', 'system' or 'assistant'")
    role = "system" if role == "developer" else role
    parts = fields.objects("content", MAX_PARTS)
    if parts is None:
        raise fields.missing("content", "a list of parts")
    item_id = fields.text("id", MAX_ID_CHARS) or new_id("item")
    item = Item(item_id, Role(role), tuple(_read_part(part, Role(role), max_chars) for part in parts))
    if item.num_chars > max_chars:
        raise Invalid(
            f"the item has {item.num_chars:,} characters; at most {max_chars:,} are read: shorten it",
            fields.at("content"),
            "string_above_max_length",
        )
    return item


def _read_part(part: Fields, role: Role, max_chars: int) -> SaidItem | ShownItem:
    kind = part.need_text("type")
    match kind, role:
        case ("input_text", Role.USER | Role.SYSTEM) | ("output_text", Role.ASSISTANT) | ("text", _):
            return SaidItem(part.need_text("text", max_chars))
        case ("input_audio", Role.USER) | (("output_audio" | "audio"), Role.ASSISTANT) if part.raw(
            "transcript"
        ) and not part.raw("audio"):
            return SaidItem(part.need_text("transcript", max_chars))  # of a conversation that was spoken elsewhere
        case "input_image", Role.USER:
            detail = part.choice("detail", ("auto", "low", "high")) or "auto"
            return ShownItem(picture_to_keep(part.need_text("image_url"), part.at("image_url")), detail)
        case (("input_audio" | "output_audio" | "audio"), _):
            raise Invalid("there is no audio here: send text or pictures", part.at("type"), "unsupported_content")
        case _:
            takes = "output_text" if role is Role.ASSISTANT else "input_text"
            also = " and input_image" if role is Role.USER else ""
            raise Invalid(
                f"a part of type {quoted(kind)} does not go into a {role.value} message: it takes {takes}{also}",
                part.at("type"),
                "unsupported_content",
            )
