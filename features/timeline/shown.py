"""askcam timeline: what happened, from a running server's notes and events."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

import msgspec

from askcam.client.http import Http
from askcam.client.timeline import TimelineEntry, TimelineList
from askcam.features.timeline.query import QueryTurn, read
from askcam.server.terminal import say
from askcam.server.terminal.leaving import amiss, leaving
from askcam.server.terminal.options import called_as_options
from askcam.server.terminal.words import Words

told = Words(__name__)


@dataclass(frozen=True, slots=True)
class TimelineWish:
    """What is looked for; as the server takes it."""

    query: str | None
    camera: str | None
    since: str | None
    until: str | None
    level: str | None
    limit: int

    @property
    def params(self) -> Mapping[str, str]:
        named = {
            "query": self.query,
            "camera": self.camera,
            "since": self.since,
            "until": self.until,
            "level": self.level,
            "limit": str(self.limit),
        }
        return {name: value for name, value in named.items() if value is not None}


def timeline(http: Http, wish: TimelineWish, json: bool) -> None:
    """Newest first, unless the first of something is asked for. Leaves with 1 when there is nothing, 2 when refused."""
    with leaving(), called_as_options("--since", "--until", "--level", "--limit", "--camera"):
        data = http.request(f"/v1/timeline?{urlencode(wish.params)}")
    try:
        found = msgspec.json.decode(data, type=TimelineList)
    except msgspec.DecodeError as exc:
        say.fail(told("timeline.other", url=http.address.http, why=exc))
    if json:
        for entry in found.data:
            say.line(msgspec.to_builtins(entry))
    else:
        _show(http, found, read(wish.query or "").turn)
    if not found.data:
        amiss()


def _show(http: Http, found: TimelineList, turn: QueryTurn | None) -> None:
    """`turn`: it was asked when something came or went, so that the first entry is the answer."""
    if not found.data:
        say.console.print(told("timeline.nothing"))
    entries = list(found.data)
    if turn is not None and entries:
        answer = entries.pop(0)
        say.console.print(f"[bold]{say.escape(_line(answer))}[/]")
        if answer.frame_url is not None:
            say.console.print(f"[dim]{say.escape(http.address.http + answer.frame_url)}[/]")
        if entries:
            say.console.print(told("timeline.others"))
    for entry in entries:
        say.console.print(say.escape(_line(entry)))
    if found.has_more:
        say.console.print(f"[dim]{told('timeline.more', count=len(found.data))}[/]")


def _line(entry: TimelineEntry) -> str:
    start, end = (datetime.fromisoformat(at).astimezone() for at in (entry.start, entry.end))
    match entry.level:
        case "day":
            when = f"{start:%Y-%m-%d}"
        case "hour" | "minute":
            when = f"{start:%Y-%m-%d %H:%M} - {end:%H:%M}"
        case _:
            when = f"{start:%Y-%m-%d %H:%M:%S}"
    return f"{when}  {entry.camera}  {entry.text}"
