"""`search_timeline`: what happened, from notes and events, with links to what was seen."""

import json
import time
from collections.abc import Mapping
from typing import Any

from askcam.client.timeline import TimelineEntry
from askcam.features.timeline.query import read
from askcam.features.timeline.search import Search
from askcam.features.timeline.service import Timeline
from askcam.features.timeline.spans import named_time
from askcam.features.timeline.times import moment, spoken
from askcam.server.errors import Refusal
from askcam.server.tools.base import BUILT_IN, Circumstance, Fault, Signature, ToolError

LIMIT = 10
NOT_FOUND = {"error": "not found"}  # in the words that the built-in model was trained on, and no more
WHEN = "a time like 14:00, yesterday 14:00, 2026-01-31 or ISO 8601"


class SearchTimeline:
    """Of the camera that the question is about, unless another is named."""

    server = BUILT_IN
    signature = Signature(
        "search_timeline",
        "Find out what happened before, or when something came or left.",
        {
            "type": "object",
            "properties": {
                "query": {"type": "string", "description": "things or a question", "maxLength": 500},
                "camera": {"type": "string", "description": "a camera's name, or * for all of them"},
                "since": {"type": "string", "description": WHEN},
                "until": {"type": "string", "description": WHEN},
                "order": {"type": "string", "enum": ["desc", "asc"], "description": "desc: newest first"},
            },
        },
    )

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline

    @property
    def available(self) -> bool:
        return self._timeline.wanted

    async def call(self, arguments: Mapping[str, Any], circumstance: Circumstance) -> str:
        named = named_time(str(arguments.get("query", "")), self._timeline.zone, time.time())
        wanted, since, until = read(named.rest), self._when(arguments, "since"), self._when(arguments, "until")
        if since is None and until is None:
            since, until = named.since, named.until
        camera = arguments.get("camera") or circumstance.camera
        order = arguments.get("order")
        search = Search(
            camera=None if camera == "*" else camera,
            since=since,
            until=until,
            wanted=wanted,
            limit=LIMIT + 1,
            oldest_first=wanted.oldest_first if order is None else order == "asc",
            seen=circumstance.viewer.cameras,
        )
        try:
            found = await self._timeline.find(search)
        except Refusal as exc:
            raise ToolError(Fault.UNAVAILABLE, exc.message) from exc
        if not found:
            return json.dumps(NOT_FOUND)
        told: dict[str, Any] = {"results": [self._told(entry) for entry in found[:LIMIT]]}
        return json.dumps(told | ({"more": True} if len(found) > LIMIT else {}), ensure_ascii=False)

    def _when(self, arguments: Mapping[str, Any], name: str) -> float | None:
        text = arguments.get(name)
        if text is None or not str(text).strip():
            return None
        try:
            return moment(str(text), self._timeline.zone, time.time())
        except ValueError as exc:
            raise ToolError(Fault.ARGUMENTS, f"{name}: {exc}") from exc

    def _told(self, entry: TimelineEntry) -> dict[str, Any]:
        told: dict[str, Any] = {"time": spoken(entry.start, self._timeline.zone)}
        if entry.level != "note":
            told["until"] = spoken(entry.end, self._timeline.zone)
        told |= {"camera": entry.camera, "text": entry.text}
        return told | ({"url": entry.frame_url} if entry.frame_url else {})
