"""Bodies in and out: JSON decoded into typed structs, with errors that name the field."""

import asyncio
import contextlib
import re
from collections.abc import Callable, Collection, Iterator
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from askcam.client.protocol import encode
from askcam.server.access.sizes import check_values
from askcam.server.errors import Invalid
from askcam.server.given_names import SHOWN, did_you_mean, quoted
from askcam.server.wire.known_fields import known_fields

T = TypeVar("T")
LARGE = 32_768  # bytes of a body
MAX_ID = 2**63 - 1
NO_STORE = {"Cache-Control": "private, no-store"}
AT = re.compile(r" - at `\$\.?(.*)`$", re.DOTALL)  # how msgspec ends its messages
UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
REPEATED = re.compile(r"(?<=^Invalid enum )value '(.*)'", re.DOTALL)


def bounds(**schema: Any) -> msgspec.Meta:
    """Of a body's field: what is checked by hand, each with a message of its own, as the description tells it."""
    return msgspec.Meta(extra_json_schema=schema)


async def decode_body(request: Request, kind: type[T]) -> T:
    """The request's JSON body as a `kind`. Raises Invalid naming the field at fault."""
    return decode(await request.body(), kind)


async def read_aside(data: bytes, read: Callable[[bytes], T]) -> T:
    """What `read` makes of a body; off the event loop where it is long. Raises what `read` raises."""
    return await asyncio.to_thread(read, data) if len(data) > LARGE else read(data)


def decode(data: bytes | str, kind: type[T]) -> T:
    """JSON as a `kind`. Raises Invalid."""
    check_values(data)
    with _told(kind):
        return msgspec.json.decode(data, type=kind)


def plain(data: bytes | str) -> Any:
    """JSON as it is: an object, most likely. Raises Invalid."""
    return decode(data, Any)  # type: ignore[arg-type, unused-ignore]


def convert(value: Any, kind: type[T]) -> T:
    """Decoded JSON as a `kind`. Raises Invalid naming the field at fault."""
    with _told(kind):
        return msgspec.convert(value, kind)


@contextlib.contextmanager
def _told(kind: Any) -> Iterator[None]:
    """What msgspec raises of a `kind`, as a Refusal."""
    try:
        yield
    except msgspec.ValidationError as exc:
        message = str(exc)
        where = AT.search(message)
        path = where.group(1) if where else ""
        param = path.replace("[...]", "[]")
        inside = f" in {quoted(param)}" if param else ""
        raise Invalid(_complaint(AT.sub("", message), inside, kind, path), param or None) from exc
    except RecursionError as exc:
        raise Invalid("the body is nested too deeply: send a plainer one", None, "invalid_json") from exc
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise Invalid(f"the body is not JSON: {exc}; send one JSON object", None, "invalid_json") from exc


def _complaint(message: str, inside: str, kind: Any, path: str) -> str:
    """msgspec's words, what they repeat cut, with the field that was meant where that can be told."""
    if (unknown := UNKNOWN.fullmatch(message)) is not None:
        name = unknown.group(1)
        known = known_fields(kind, path)
        hint = f"; {did_you_mean(name, known)}" if known else ""
        return f"Object contains unknown field `{name[:SHOWN]}{'...' if len(name) > SHOWN else ''}`{inside}{hint}"
    return REPEATED.sub(lambda found: f"value {quoted(found.group(1))}", message) + inside


def json_response(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Any wire type or plain container as a JSON response."""
    return Response(encode(value), status, headers, media_type="application/json")


def server_sent(value: Any) -> bytes:
    """Any wire type or plain container as one server-sent event, as OpenAI's streams have them: data alone."""
    return b"data: " + encode(value) + b"\n\n"


def jpeg_response(data: bytes) -> Response:
    """A picture that is nobody else's to keep."""
    return Response(data, media_type="image/jpeg", headers=NO_STORE)


def number(request: Request, name: str, default: float, low: float, high: float) -> float:
    """A query parameter between `low` and `high`. Raises Invalid."""
    text = request.query_params.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise Invalid(f"{name}={quoted(text)} must be a number between {low:g} and {high:g}", name)
    return value


def whole(request: Request, name: str) -> int | None:
    """A query parameter that is an id. Raises Invalid."""
    text = request.query_params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and int(text) <= MAX_ID):
        raise Invalid(f"{name}={quoted(text)} must be an event's id, a number", name)
    return int(text)


def choice(request: Request, name: str, choices: Collection[str]) -> str | None:
    """A query parameter that is one of `choices`; None when it is left out. Raises Invalid."""
    text = request.query_params.get(name)
    if text is not None and text not in choices:
        raise Invalid(f"{name}={quoted(text)} must be one of {', '.join(choices)}", name)
    return text
