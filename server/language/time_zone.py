"""Time zones by name. Pure."""

from zoneinfo import ZoneInfo

from askcam.server.given_names import quoted


def zone(name: str) -> ZoneInfo:
    """Raises ValueError for a time zone that there is not."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as exc:
        raise ValueError(f"{quoted(name)} is no time zone; write it like 'Europe/Berlin', or 'UTC'") from exc
