"""Times as the wire has them."""

from datetime import UTC, datetime

from starlette.requests import Request

from askcam.server.errors import Invalid
from askcam.server.given_names import quoted


def rfc3339(wall: float) -> str:
    """Seconds since the epoch as UTC with microseconds."""
    return datetime.fromtimestamp(wall, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def wall_of(text: str, param: str) -> float:
    """RFC 3339 with its time zone, in seconds since the epoch. Raises Invalid."""
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            raise ValueError("it has no time zone")
        return found.timestamp()
    except (ValueError, OverflowError) as exc:
        raise Invalid(f"{param}={quoted(text)} must be like 2026-01-31T08:00:00Z", param) from exc


def moment(request: Request, name: str) -> float | None:
    """A query parameter in RFC 3339, in seconds since the epoch. Raises Invalid."""
    text = request.query_params.get(name)
    return None if text is None else wall_of(text, name)
