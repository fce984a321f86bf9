"""Where requests name pictures and clips by an address."""

import asyncio
import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from askcam.client.protocol import encode
from askcam.server.access.shares import NOBODY, ClientIdentity
from askcam.server.access.sizes import check_values
from askcam.server.attached.fetching import Fetcher, NamedPicture
from askcam.server.errors import Refusal
from askcam.server.openai.chat.body import ChatRequest, ImagePart, Url, VideoPart
from askcam.server.openai.chat.request import address
from askcam.server.openai.realtime.client_events import MAX_EVENT_ID_CHARS, EventRefused
from askcam.server.openai.responses.body import ResponseRequest
from askcam.server.openai.responses.items import InputPart

WEB = re.compile(r'"https?:', re.IGNORECASE)


def in_chat(body: ChatRequest) -> Iterator[NamedPicture]:
    """Those of a chat completion; put() changes `body`."""
    for i, message in enumerate(body.messages):
        for j, part in enumerate(message.content if isinstance(message.content, list) else ()):
            match part:
                case ImagePart(image_url=given):
                    url, at = address(given, f"messages[{i}].content[{j}].image_url")
                    yield NamedPicture(url, at, "image", _into_address(part, "image_url", given))
                case VideoPart(video_url=given):
                    url, at = address(given, f"messages[{i}].content[{j}].video_url")
                    yield NamedPicture(url, at, "video", _into_address(part, "video_url", given))


def in_response(body: ResponseRequest) -> Iterator[NamedPicture]:
    """Those of a response; put() changes `body`."""
    for i, item in enumerate(body.input if isinstance(body.input, list) else ()):
        for j, part in enumerate(item.content if isinstance(item.content, list) else ()):
            if part.type == "input_image" and part.image_url is not None:
                yield NamedPicture(
                    part.image_url, f"input[{i}].content[{j}].image_url", "image", _into_attribute(part, "image_url")
                )


def in_event(event: Any) -> Iterator[NamedPicture]:
    """Those of a realtime event as decoded JSON, which may be anything; put() changes it."""
    yield from in_item(_field(event, "item"), "item")
    items = _field(_field(event, "response"), "input")
    for i, item in enumerate(items if isinstance(items, list) else ()):
        yield from in_item(item, f"response.input[{i}]")


async def fetched(
    message: str | bytes, fetcher: Fetcher, client: ClientIdentity = NOBODY
) -> str | bytes | EventRefused:
    """A realtime message of `client` with its pictures in place of their addresses."""
    if isinstance(message, bytes) or "input_image" not in message or not WEB.search(message):
        return message
    try:
        check_values(message)
        event = await asyncio.to_thread(msgspec.json.decode, message)
    except (Refusal, msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return message  # whoever reads it says so
    try:
        await fetcher.put(in_event(event), client)
    except Refusal as error:
        event_id = _field(event, "event_id")
        return EventRefused(
            error, event_id if isinstance(event_id, str) and len(event_id) <= MAX_EVENT_ID_CHARS else None
        )
    return (await asyncio.to_thread(encode, event)).decode()


def in_item(item: Any, path: str) -> Iterator[NamedPicture]:
    """Those of a message item as decoded JSON: its `input_image` parts; put() changes it."""
    parts = _field(item, "content")
    for j, part in enumerate(parts if isinstance(parts, list) else ()):
        url = _field(part, "image_url")
        if _field(part, "type") == "input_image" and isinstance(url, str):
            yield NamedPicture(url, f"{path}.content[{j}].image_url", "image", _into_field(part, "image_url"))


def _field(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _into_address(place: ImagePart | VideoPart, name: str, given: Url | str) -> Callable[[str], None]:
    return _into_attribute(place, name) if isinstance(given, str) else _into_attribute(given, "url")


def _into_attribute(place: ImagePart | VideoPart | InputPart | Url, name: str) -> Callable[[str], None]:
    def put(url: str) -> None:
        setattr(place, name, url)

    return put


def _into_field(place: dict[str, Any], name: str) -> Callable[[str], None]:
    def put(url: str) -> None:
        place[name] = url

    return put
