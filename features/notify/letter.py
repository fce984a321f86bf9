"""What is sent: an event with its picture, or a test, and how a webhook's body is made of it. Pure."""

import base64
from dataclasses import dataclass, field
from typing import Any

from askcam.client.protocol import encode
from askcam.client.watches import WatchEvent

PICTURE_TYPE = "image/jpeg"


@dataclass(frozen=True, slots=True)
class Letter:
    """The same at each try, but for what has been added to the event since."""

    name: str  # the idempotency key
    sent_at: str  # RFC 3339: when it happened
    event: WatchEvent | None  # None: a test
    jpeg: bytes | None = field(default=None, repr=False)
    reached: frozenset[str] = frozenset()  # addresses of the target that have it already


def letter_name(target: str, origin: str, event: int) -> str:
    """Never the same for two events of a target, even when a broken database was replaced. Without full stops."""
    return f"{target}_{origin}_{event}"


def body(letter: Letter) -> bytes:
    """A webhook's body: {type, timestamp, data, picture?}, as the Standard Webhooks specification recommends."""
    if letter.event is None:
        test = {"message": "a test of this webhook by an admin of askcam"}
        return encode({"type": "test", "timestamp": letter.sent_at, "data": test})
    said: dict[str, Any] = {"type": f"event.{letter.event.kind}", "timestamp": letter.sent_at, "data": letter.event}
    if letter.jpeg is not None:
        said["picture"] = {"type": PICTURE_TYPE, "base64": base64.b64encode(letter.jpeg).decode()}
    return encode(said)
