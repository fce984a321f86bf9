"""What a client may send over a realtime connection, read from its messages. Pure, and without memory.

Reading decodes attached pictures to find them sound, so large messages are read off the event loop.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from askcam.server.access.sizes import check_depth, check_values
from askcam.server.attached.content import jpeg_from_base64
from askcam.server.errors import Invalid, Refusal
from askcam.server.extension import Extension, Request
from askcam.server.given_names import quoted
from askcam.server.openai.realtime.call_items import Turn, read_turn
from askcam.server.openai.realtime.items import MAX_ID_CHARS
from askcam.server.openai.realtime.settings import read_changes
from askcam.server.wire.fields import Fields, wrong

FRAME_HEADER = struct.Struct(">Q")  # of a binary message: capture time, microseconds since the epoch; 0 for unknown
EARLIEST_US = 10**15  # September 2001: a smaller number is in milliseconds or seconds
MAX_INPUT = 64  # items of one response.create
MAX_METADATA = 16
MAX_EVENT_ID_CHARS = 512

NewId = Callable[[str], str]  # "item" -> "item_…"


@dataclass(frozen=True, slots=True)
class Terms:
    """On which messages are read."""

    new_id: NewId
    max_chars: int  # of one text
    extensions: Sequence[Extension]

    @property
    def feeds(self) -> tuple[str, ...]:
        """Names of all extensions' feeds."""
        return tuple(name for each in self.extensions for name in each.feed)


@dataclass(frozen=True, slots=True)
class SessionUpdate:
    changes: Mapping[str, Any]  # by the names in Settings
    model: str | None
    event_id: str | None


@dataclass(frozen=True, slots=True)
class ItemCreate:
    item: Turn
    after: str | None
    event_id: str | None


@dataclass(frozen=True, slots=True)
class ItemDelete:
    item_id: str
    event_id: str | None


@dataclass(frozen=True, slots=True)
class ItemRetrieve:
    item_id: str
    event_id: str | None


@dataclass(frozen=True, slots=True)
class ResponseCreate:
    """`input` None: the conversation's turns. A string in it refers to a turn by its id."""

    changes: Mapping[str, Any]
    in_conversation: bool
    input: tuple[Turn | str, ...] | None
    metadata: Mapping[str, str] | None
    event_id: str | None


@dataclass(frozen=True, slots=True)
class ResponseCancel:
    response_id: str | None
    event_id: str | None


@dataclass(frozen=True, slots=True)
class PushedFrame:
    """`client_wall`: capture time in seconds since the epoch by the client's clock, if it said."""

    jpeg: bytes
    client_wall: float | None
    event_id: str | None


@dataclass(frozen=True, slots=True)
class ClockAsk:
    """What time is it there?"""

    client_us: int
    event_id: str | None


@dataclass(frozen=True, slots=True)
class ClockOffer:
    """What a client found from an answer to ClockAsk."""

    offset_us: int
    rtt_us: int
    event_id: str | None


@dataclass(frozen=True, slots=True)
class EventRefused:
    """A message that says nothing that could be done."""

    error: Refusal
    event_id: str | None


ClientEvent = (
    SessionUpdate
    | ItemCreate
    | ItemDelete
    | ItemRetrieve
    | ResponseCreate
    | ResponseCancel
    | PushedFrame
    | ClockAsk
    | ClockOffer
    | Request
    | EventRefused
)


def read(message: str | bytes, new_id: NewId, max_chars: int, extensions: Sequence[Extension] = ()) -> ClientEvent:
    """One websocket message: text is a JSON event, bytes are a pushed frame. Never raises for what a client sends."""
    event_id = None
    terms = Terms(new_id, max_chars, extensions)
    try:
        if isinstance(message, bytes):
            return _read_frame(message)
        fields = Fields(_json(message))
        kind = fields.text("type")
        found_id = fields.raw("event_id")
        event_id = found_id if isinstance(found_id, str) and len(found_id) <= MAX_EVENT_ID_CHARS else None
        if found_id is not None and event_id is None:
            raise wrong("event_id", found_id, f"a string of at most {MAX_EVENT_ID_CHARS} characters")
        if kind is None:
            raise Invalid("the event has no 'type': docs/protocol.md lists them", "type", "invalid_event")
        if kind in REFUSED:
            raise Invalid(f"{kind} is not supported here: {REFUSED[kind]}", "type", "unsupported_event")
        if (own := READERS.get(kind)) is not None:
            return own(fields, event_id, terms)
        others = {name: reader for each in extensions for name, reader in each.readers.items()}
        if kind not in others:
            known = ", ".join([*READERS, *others])
            raise Invalid(f"unknown event type {quoted(kind)}; known here: {known}", "type", "unknown_event")
        return others[kind](fields, event_id)
    except Refusal as error:
        return EventRefused(error, event_id)
    except RecursionError:
        return EventRefused(Invalid("the message is nested too deeply", None, "invalid_event"), event_id)


def _json(message: str) -> object:
    check_values(message)
    try:
        found = msgspec.json.decode(message)
        check_depth(found, "event")
        return found
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as exc:
        raise Invalid(f"the message is not JSON ({exc}): send one JSON object", None, "invalid_event") from exc


def _read_frame(message: bytes) -> PushedFrame:
    if len(message) <= FRAME_HEADER.size:
        raise Invalid(
            f"a binary message of {len(message)} bytes is no frame: send 8 bytes of microseconds since the epoch, "
            "big-endian, then the JPEG",
            None,
            "invalid_frame",
        )
    (captured_us,) = FRAME_HEADER.unpack_from(message)
    return PushedFrame(message[FRAME_HEADER.size :], _client_wall(captured_us or None, None), None)


def _client_wall(captured_us: int | None, param: str | None) -> float | None:
    if captured_us is None:
        return None
    if not EARLIEST_US <= captured_us < 10 * EARLIEST_US:
        raise Invalid(f"the capture time {captured_us} is not in microseconds since the epoch", param, "invalid_value")
    return captured_us / 1e6


def _session_update(fields: Fields, event_id: str | None, terms: Terms) -> SessionUpdate:
    session = fields.need_object("session")
    if session.text("type") not in (None, "realtime"):
        raise wrong(session.at("type"), session.raw("type"), "'realtime'")
    return SessionUpdate(
        read_changes(session, terms.max_chars, terms.feeds, session=True), session.text("model"), event_id
    )


def _item_create(fields: Fields, event_id: str | None, terms: Terms) -> ItemCreate:
    item = read_turn(fields.need_object("item"), terms.new_id, terms.max_chars)
    return ItemCreate(item, fields.text("previous_item_id", MAX_ID_CHARS), event_id)


def _item_delete(fields: Fields, event_id: str | None, terms: Terms) -> ItemDelete:
    return ItemDelete(fields.need_text("item_id", MAX_ID_CHARS), event_id)


def _item_retrieve(fields: Fields, event_id: str | None, terms: Terms) -> ItemRetrieve:
    return ItemRetrieve(fields.need_text("item_id", MAX_ID_CHARS), event_id)


def _response_create(fields: Fields, event_id: str | None, terms: Terms) -> ResponseCreate:
    response = fields.object("response") or Fields({}, "response")
    entries = response.objects("input", MAX_INPUT)
    return ResponseCreate(
        read_changes(response, terms.max_chars, session=False),
        response.choice("conversation", ("auto", "none")) != "none",
        None if entries is None else tuple(_input(entry, terms) for entry in entries),
        _metadata(response),
        event_id,
    )


def _input(entry: Fields, terms: Terms) -> Turn | str:
    if entry.raw("type") == "item_reference":
        return entry.need_text("id", MAX_ID_CHARS)
    return read_turn(entry, terms.new_id, terms.max_chars)


def _metadata(response: Fields) -> Mapping[str, str] | None:
    found = response.object("metadata")
    if found is None:
        return None
    pairs = found.plain()
    if len(pairs) > MAX_METADATA or not all(
        len(key) <= 64 and isinstance(value, str) and len(value) <= 512 for key, value in pairs.items()
    ):
        raise Invalid("metadata takes up to 16 strings of 512 characters, named by 64", found.path)
    return pairs


def _response_cancel(fields: Fields, event_id: str | None, terms: Terms) -> ResponseCancel:
    return ResponseCancel(fields.text("response_id", MAX_ID_CHARS), event_id)


def _append(fields: Fields, event_id: str | None, terms: Terms) -> PushedFrame:
    jpeg = jpeg_from_base64(fields.need_text("image"), "image")
    captured_us = fields.integer("captured_at", 0, 2**63)
    return PushedFrame(jpeg, _client_wall(captured_us or None, "captured_at"), event_id)


def _clock(fields: Fields, event_id: str | None, terms: Terms) -> ClockAsk | ClockOffer:
    client_us = fields.integer("client_us", 0, 2**63)
    if client_us is not None:
        return ClockAsk(client_us, event_id)
    offset_us = fields.integer("offset_us", -(2**62), 2**62)
    rtt_us = fields.integer("rtt_us", 0, 2**62)
    if offset_us is None or rtt_us is None:
        raise fields.missing("client_us", "microseconds by the client's clock; or offset_us and rtt_us together")
    return ClockOffer(offset_us, rtt_us, event_id)


READERS: Mapping[str, Callable[[Fields, str | None, Terms], ClientEvent]] = {
    "session.update": _session_update,
    "conversation.item.create": _item_create,
    "conversation.item.delete": _item_delete,
    "conversation.item.retrieve": _item_retrieve,
    "response.create": _response_create,
    "response.cancel": _response_cancel,
    "input_image_buffer.append": _append,
    "askcam.clock": _clock,
}

NO_AUDIO = "there is no audio; questions are text items, pictures are input_image parts or pushed frames"
REFUSED: Mapping[str, str] = {
    "conversation.item.truncate": "it cuts audio that was not played; delete the item, or cancel its response",
    "input_audio_buffer.append": NO_AUDIO,
    "input_audio_buffer.commit": NO_AUDIO,
    "input_audio_buffer.clear": NO_AUDIO,
    "output_audio_buffer.clear": NO_AUDIO,
}
