"""Reading the timeline: by camera, time, level and words, a page at a time."""

import sqlite3
from dataclasses import dataclass, field
from typing import Any

import msgspec

from askcam.client.timeline import TimelineEntry
from askcam.features.events.query import SEEN, as_json
from askcam.features.timeline.merging import Digest, names_of
from askcam.features.timeline.note import Note
from askcam.features.timeline.query import NoteQuery
from askcam.features.timeline.times import Level
from askcam.server.language.fulltext import all_of
from askcam.server.wire.moments import rfc3339

COLUMNS = "entries.id, camera, level, start, until, entries.text, document, pictures.entry IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for. Seconds since the epoch; `since` and `until` are half open, and what overlaps them counts."""

    camera: str | None = None
    since: float | None = None
    until: float | None = None
    wanted: NoteQuery = field(default_factory=NoteQuery)
    level: Level | None = None  # None: the finest that is kept of each time
    limit: int = 50
    before: int | None = None  # the id of the last entry of the page before
    oldest_first: bool = False
    seen: frozenset[str] | None = None  # only of these cameras


def find(db: sqlite3.Connection, search: Search) -> list[TimelineEntry]:
    """On the store's thread. May raise sqlite3.Error."""
    rules: dict[str, tuple[Any, ...]] = {}
    tables = "entries LEFT JOIN pictures ON pictures.entry = entries.id"
    if search.wanted.words:
        tables = f"words JOIN entries ON entries.id = words.rowid {tables.removeprefix('entries')}"
        match = all_of(list(search.wanted.words))
        rules["words MATCH ?"] = (match if search.wanted.turn is None else f"{search.wanted.turn} : ({match})",)
    elif search.wanted.turn is not None:
        tables = f"words JOIN entries ON entries.id = words.rowid {tables.removeprefix('entries')}"
        rules[f"words.{search.wanted.turn} <> ?"] = ("",)
    if search.level is None:
        rules["alone"] = ()
    else:
        rules["level = ?"] = (search.level,)
    if search.seen is not None:
        rules[SEEN] = (as_json(search.seen),)
    if search.camera is not None:
        rules["camera = ?"] = (search.camera,)
    if search.since is not None:
        rules["(until > ? OR start >= ?)"] = (search.since, search.since)
    if search.until is not None:
        rules["start < ?"] = (search.until,)
    order, after = ("ASC", ">") if search.oldest_first else ("DESC", "<")
    if search.before is not None:
        row = db.execute("SELECT start, camera FROM entries WHERE id = ?", (search.before,)).fetchone()
        if row is not None and (search.seen is None or row[1] in search.seen):
            rules[f"(start, entries.id) {after} (?, ?)"] = (row[0], search.before)
        elif not search.oldest_first:  # what was older than one that is gone went before it
            return []
    where = f" WHERE {' AND '.join(rules)}" if rules else ""
    rows = db.execute(
        f"SELECT {COLUMNS} FROM {tables}{where} ORDER BY start {order}, entries.id {order} LIMIT ?",
        (*(value for values in rules.values() for value in values), search.limit),
    )
    return [_entry(*row) for row in rows]


def _entry(
    number: int, camera: str, level: str, start: float, until: float, text: str, document: bytes, shown: int
) -> TimelineEntry:
    event, url = None, f"/v1/timeline/{number}/frame.jpg" if shown else None
    if level == Level.NOTE:
        note = msgspec.json.decode(document, type=Note)
        came, went, names, event = note.came, note.went, note.names, note.event
        url = f"/v1/events/{event}/frame.jpg" if event is not None and note.shown else url
    else:
        digest = msgspec.json.decode(document, type=Digest)
        names, came, went = (names_of(digest, counted) for counted in ("seen", "came", "went"))
    return TimelineEntry(
        id=number,
        camera=camera,
        start=rfc3339(start),
        end=rfc3339(until),
        level=Level(level).value,
        text=text,
        appeared=list(came),
        disappeared=list(went),
        things=list(names),
        event_id=event,
        frame_url=url,
    )
