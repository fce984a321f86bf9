"""What is refused of targets and dead letters."""

from collections.abc import Collection

from askcam.server.errors import NotFound
from askcam.server.given_names import quoted


class NoSuchTarget(NotFound):
    def __init__(self, name: str, known: Collection[str]) -> None:
        there = ", ".join(known) or "there is none: write [notify.NAME] in askcam.toml"
        super().__init__(f"there is no target {quoted(name)}; targets here: {there}", "name")


class NoSuchLetter(NotFound):
    def __init__(self, number: int) -> None:
        super().__init__(f"there is no dead letter {number}; GET /v1/deliveries lists them", "id")


class EventNotKept(NotFound):
    code = "event_gone"

    def __init__(self, event: int) -> None:
        super().__init__(f"event {event} is no longer kept, and cannot be sent", "id")
