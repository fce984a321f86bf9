"""Makes events complete: each gets its own id. Pure, apart from the ids."""

from collections.abc import Callable

from askcam.server.errors import Refusal
from askcam.server.openai.realtime.effects import Send
from askcam.server.openai.realtime.response import Event
from askcam.server.wire.refusals import on_wire


class Voice:
    """Owned by a session."""

    def __init__(self, new_id: Callable[[str], str]) -> None:
        self.new_id = new_id

    def send(self, kind: str, **fields: object) -> Send:
        return self.event({"type": kind, **fields})

    def event(self, event: Event) -> Send:
        return Send({"event_id": self.new_id("event"), **event})

    def error(self, error: Refusal, event_id: str | None) -> Send:
        """`event_id`: of the client's event that led to it."""
        body = {"type": on_wire(error).type, "code": error.code, "message": error.message, "param": error.param}
        return self.send("error", error={**body, "event_id": event_id})
