"""`clock`: what time it is, here or in a time zone."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from askcam.server.given_names import quoted
from askcam.server.tools.base import BUILT_IN, Circumstance, Fault, Signature, ToolError

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class ClockTool:
    """Answers from the server's own clock."""

    server, available = BUILT_IN, True
    signature = Signature(
        "clock",
        "Get the current date and time.",
        {
            "type": "object",
            "properties": {
                "timezone": {
                    "type": "string",
                    "description": "IANA name such as Europe/Paris; the server's own if left out.",
                }
            },
        },
    )

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """`now`: an aware time."""
        self._now = now

    async def call(self, arguments: Mapping[str, Any], circumstance: Circumstance) -> str:
        name = arguments.get("timezone")
        try:
            here = self._now().astimezone(None if not name else ZoneInfo(name))
        except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
            raise ToolError(Fault.ARGUMENTS, f"there is no time zone {quoted(name)}; try Europe/Paris, or UTC") from exc
        offset = here.strftime("%z")
        told = {
            "time": here.strftime("%H:%M:%S"),
            "date": here.strftime("%Y-%m-%d"),
            "weekday": WEEKDAYS[here.weekday()],
        }
        return json.dumps(told | {"timezone": name or here.tzname() or "", "utc_offset": f"{offset[:3]}:{offset[3:]}"})
