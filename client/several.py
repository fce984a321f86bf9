"""One question to several cameras: the wire's types of POST /v1/ask, and asking it.

docs/protocol.md says what they mean.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec

from askcam.client.errors import ConnectionFailed, wire_error
from askcam.client.http import Http
from askcam.client.line import body
from askcam.client.protocol import CameraAnswer, Saw
from askcam.client.sse import sent_events

SILENCE_S = 300.0  # between two things that are told: cameras wait for their turn, and slow machines take their time
END = "[DONE]"


class AskReply(msgspec.Struct, frozen=True):
    """The one answer that was made of all: `text`. Theirs stand in `askcam.answers`, in the order of the cameras."""

    text: str
    made_by: Literal["model", "listing", "probabilities"]  # a listing where the model can't speak of what it is told
    askcam: Saw


class AskCameraAnswered(msgspec.Struct, frozen=True, tag_field="type", tag="camera.answered"):
    answer: CameraAnswer


class AskTextDelta(msgspec.Struct, frozen=True, tag_field="type", tag="text.delta"):
    text: str


class AskDone(msgspec.Struct, frozen=True, tag_field="type", tag="done"):
    reply: AskReply


AskEvent = AskCameraAnswered | AskTextDelta | AskDone
EVENTS = {"camera.answered", "text.delta", "done"}


def ask_cameras(
    http: Http,
    question: str,
    cameras: Sequence[str] | None = None,
    max_age_ms: float | None = None,
    zone: str | None = None,
) -> Iterator[AskEvent]:
    """Each camera's answer as it comes, then the text that is made of them, piece by piece, and all of it.

    `cameras`: None: all public ones. `max_age_ms`: of each camera's newest frame. `zone`: which zone of each is
    looked at alone. Blocking, for any thread; leaving the iteration early ends the server's work. Raises
    ConnectionFailed, and the WireError that the server refuses with.
    """
    asked: dict[str, Any] = {"question": question, "stream": True, "cameras": None if cameras is None else [*cameras]}
    asked |= {"max_age_ms": max_age_ms, "zone": zone}
    wanted = {name: value for name, value in asked.items() if value is not None}
    ended = False
    lines = http.lines("/v1/ask", {"Accept": "text/event-stream"}, SILENCE_S, method="POST", body=wanted)
    for message in sent_events(lines):
        if not message.data:
            continue
        if message.data == END:
            return
        event = _read(http, message.data)
        if event is not None:
            ended = isinstance(event, AskDone)
            yield event
    if not ended:
        raise ConnectionFailed(f"the answer of {http.address.http} broke off: ask again")


def _read(http: Http, data: str) -> AskEvent | None:
    """None: of a kind that this release does not know. Raises ConnectionFailed, and the WireError that it tells."""
    try:
        told = json.loads(data)
        if "error" in told:
            raise wire_error(body(told["error"]))
        return msgspec.convert(told, AskEvent) if told["type"] in EVENTS else None
    except (ValueError, TypeError, LookupError) as exc:
        raise ConnectionFailed(f"{http.address.http} does not answer as askcam does ({exc})") from exc
