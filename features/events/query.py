"""Which events are wanted, as conditions of SQL. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MICROSECOND = 1e-6
OWN = "(front_events.event IS NULL) = ?"
SEEN = "camera IN (SELECT value FROM json_each(?))"


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events of all. None: whatever it is."""

    before: int | None = None  # ids below this one
    since: float | None = None  # decided then or later, seconds since the epoch
    watch: str | None = None
    camera: str | None = None
    severity: str | None = None
    acknowledged: bool | None = None
    verdict: str | None = None  # that somebody has judged so: right, wrong
    own: bool | None = None  # of the server's own cameras, not of those that a front has given to it
    seen: frozenset[str] | None = None  # only of these cameras

    def rules(self) -> dict[str, Any]:
        """Conditions of SQL, each with its value."""
        said: Mapping[str, Any] = {
            "id < ?": self.before,
            "events.at >= ?": None if self.since is None else self.since - MICROSECOND,  # `at` is told in whole ones
            "watch = ?": self.watch,
            "camera = ?": self.camera,
            "json_extract(CAST(document AS TEXT), '$.severity') = ?": self.severity,
            "(acknowledgements.at IS NOT NULL) = ?": self.acknowledged,
            "verdict = ?": self.verdict,
            OWN: self.own,
            SEEN: as_json(self.seen),
        }
        return {rule: value for rule, value in said.items() if value is not None}


def as_json(names: frozenset[str] | None) -> str | None:
    return None if names is None else json.dumps(sorted(names))
