"""What a line of the audit log says. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

from askcam.server.access.visited import Visit
from askcam.server.answering.observing import Answered
from askcam.server.config_errors import CannotOpen
from askcam.server.wire.moments import rfc3339

MAX_TEXT = 2000  # characters of a question; the rest is cut off
MAX_THING = 256  # of anything else that somebody named


class AuditError(CannotOpen):
    """What can go wrong with the log. The message names the folder or file, and the remedy."""


class AuditRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """`who` is a token's name, a user's ("user:anna"), or one of viewer, admin, mqtt, server."""

    at: str  # RFC 3339, UTC
    who: str
    address: str
    did: str  # "GET /v1/cameras/{name}/snapshot.jpg", "question", "watch.create", "log.began", "log.forgot", "log.lost"
    status: int | None = None  # of the reply to a request
    about: Mapping[str, Any] = {}  # by what it is called: the camera, the answer, the watch
    question: str | None = None  # None: not written down, or it was none


class Line(msgspec.Struct, frozen=True):
    """A line of a file. `record` is JSON as it was hashed."""

    record: msgspec.Raw
    previous: str
    hash: str


def of_visit(visit: Visit, now: float) -> AuditRecord:
    about = {name: short(value) for name, value in visit.things.items() if value is not None}
    client = visit.client
    return AuditRecord(
        rfc3339(now), client.viewer.name, client.address, f"{visit.method} {visit.what}", visit.status, about
    )


def of_answer(answered: Answered, now: float, *, questions: bool) -> AuditRecord:
    """Of a question that was answered, or broken off."""
    saw, client = answered.record.saw, answered.client
    about: dict[str, Any] = {"camera": saw.camera, "answer": saw.answer_id, "reason": answered.record.reason.value}
    if saw.answers is not None:
        about["cameras"] = short([each.camera for each in saw.answers])
    if saw.tools:
        about["tools"] = short([each.name for each in saw.tools])
    text = answered.record.question if questions else None
    about = {name: value for name, value in about.items() if value is not None}
    return AuditRecord(
        rfc3339(now), client.viewer.name, client.address, "question", None, about, text and text[:MAX_TEXT]
    )


def own(did: str, now: float, **about: Any) -> AuditRecord:
    """What the log says of itself."""
    return AuditRecord(rfc3339(now), "server", "local", did, None, about)


def short(value: Any) -> Any:
    """What somebody has named, at a bounded length."""
    match value:
        case str():
            return value[:MAX_THING]
        case list() | tuple():
            return [short(each) for each in value[:64]]
        case bool() | int() | float() | None:
            return value
        case other:
            return str(other)[:MAX_THING]


def read_line(data: bytes, where: str) -> Line:
    """Raises AuditError, naming where it stands."""
    try:
        line = msgspec.json.decode(data, type=Line)
        msgspec.json.decode(line.record, type=AuditRecord)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise AuditError(f"{where} is no line of an audit log: {exc}") from exc
    return line
