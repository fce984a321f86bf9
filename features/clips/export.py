"""askcam events export: a span's events with their pictures and clips, into a folder. Begun again it goes on where it
was broken off; what cannot be had is listed with the reason."""

import json as json_
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec

from askcam.client.errors import WireError
from askcam.client.http import Http
from askcam.client.watches import WatchEvent
from askcam.server.errors import Invalid
from askcam.server.terminal import say
from askcam.server.terminal.leaving import amiss, leaving
from askcam.server.terminal.progress import progress
from askcam.server.terminal.words import Words
from askcam.server.wire.moments import wall_of

told = Words(__name__)

PAGE = 100  # events that are asked for at once
PENDING_S, LOOK_S = 150.0, 1.0  # that clips which are being made are waited for, all together
EVENTS, MISSING = "events.jsonl", "missing.jsonl"
PENDING = "clip_pending"


@dataclass(frozen=True, slots=True)
class WantedSpan:
    """Which events. None: all. Times as RFC 3339."""

    since: str | None
    until: str | None
    camera: str | None

    def check(self) -> None:
        """Raises Invalid."""
        since, until = (
            None if text is None else wall_of(text, param)
            for text, param in ((self.since, "--from"), (self.until, "--to"))
        )
        if since is not None and until is not None and until < since:
            raise Invalid(f"--to={self.until} lies before --from={self.since}", "--to")


@dataclass(slots=True)
class Exported:
    """What came of it."""

    lines: list[bytes] = field(default_factory=list)  # events as JSON, newest first
    files: int = 0
    missing: list[dict[str, Any]] = field(default_factory=list)
    pending: list[WatchEvent] = field(default_factory=list)  # whose clips are being made


def export(http: Http, wanted: WantedSpan, folder: Path, json: bool) -> None:
    """Leaves with 1 where something is missing, with 2 where it fails; begun again it goes on."""
    with leaving(msgspec.DecodeError, OSError):
        wanted.check()
        for name in ("pictures", "clips"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        found = Exported()
        with progress(json) as show:
            for event, share in listed(http, wanted):
                show(told("events.exporting", at=event.at[:19]), share)
                _take(http, event, folder, found)
            _await_pending(http, folder, found)
        _write(folder / EVENTS, b"".join(reversed(found.lines)))
        _write(folder / MISSING, b"".join(json_.dumps(each).encode() + b"\n" for each in found.missing))
        _report(folder, found, json)


def listed(http: Http, wanted: WantedSpan) -> Iterator[tuple[WatchEvent, float]]:
    """Newest first, with how far it has come, from 0 to 1. Raises AskcamError."""
    until = None if wanted.until is None else wall_of(wanted.until, "--to")
    since = None if wanted.since is None else wall_of(wanted.since, "--from")
    before: object = None
    first: float | None = None
    while True:
        fields = {"camera": wanted.camera, "since": wanted.since, "before": before, "limit": PAGE}
        query = urlencode({name: value for name, value in fields.items() if value is not None})
        page = json_.loads(http.request(f"/v1/events?{query}"))
        events = msgspec.convert(page.get("data"), list[WatchEvent])
        for event in events:
            at = wall_of(event.at, "at")
            first = at if first is None else first
            if until is None or at <= until:
                yield event, 0.0 if since is None or first <= since else min(1.0, (first - at) / (first - since))
        if not page.get("has_more") or not events:
            return
        before = page.get("next", events[-1].id)  # of a front it says how far each of its servers was read


def _take(http: Http, event: WatchEvent, folder: Path, found: Exported) -> None:
    found.lines.append(msgspec.json.encode(event) + b"\n")
    name = _name(event)
    pictures = [(event.frame_url, name), *((frame.url, f"{name}-{i}") for i, frame in enumerate(event.frames))]
    if event.frame_url is None:
        found.missing.append({"event": event.id, "what": "picture", "why": "none is kept"})
    for url, called in pictures:
        path = folder / "pictures" / f"{called}.jpg"
        if url is not None and not path.exists():
            _fetch(http, event, "picture", url, path, found)
        found.files += path.exists()
    _take_clip(http, event, folder, found)


def _take_clip(http: Http, event: WatchEvent, folder: Path, found: Exported) -> None:
    clip, path = event.clip, folder / "clips" / f"{_name(event)}.mp4"
    if clip is None or clip.url is None:
        why = "none is made of this camera's events" if clip is None else clip.why
        found.missing.append({"event": event.id, "what": "clip", "why": why})
        return
    there = path.stat().st_size if path.exists() else None
    if there is None or (clip.bytes is not None and there != clip.bytes):
        _fetch(http, event, "clip", clip.url, path, found)
    found.files += path.exists()


def _fetch(http: Http, event: WatchEvent, what: str, url: str, path: Path, found: Exported) -> None:
    try:
        data = http.request(url)
    except WireError as exc:
        if exc.code == PENDING:
            found.pending.append(event)
        else:
            found.missing.append({"event": event.id, "what": what, "why": exc.message})
        return
    _write(path, data)


def _await_pending(http: Http, folder: Path, found: Exported) -> None:
    until = time.monotonic() + PENDING_S
    while found.pending and time.monotonic() < until:
        time.sleep(LOOK_S)
        waiting, found.pending = found.pending, []
        for event in waiting:
            _take_clip(http, event, folder, found)
    for event in found.pending:
        found.missing.append({"event": event.id, "what": "clip", "why": "it is still being made: export again"})
    _renew(http, found)


def _renew(http: Http, found: Exported) -> None:
    """Events whose clips were being made are told as they are now."""
    for i, line in enumerate(found.lines):
        event = msgspec.json.decode(line, type=WatchEvent)
        if event.clip is not None and event.clip.state == "pending":
            found.lines[i] = _now(http, event) + b"\n"


def _now(http: Http, event: WatchEvent) -> bytes:
    try:
        return msgspec.json.encode(msgspec.json.decode(http.request(f"/v1/events/{event.id}"), type=WatchEvent))
    except WireError:
        return msgspec.json.encode(event)


def _name(event: WatchEvent) -> str:
    """Of its files: with its time, since ids begin anew with a new database."""
    return "".join(letter for letter in event.at[:19] if letter.isdigit()) + f"-{event.id}"


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all. Raises OSError."""
    aside = path.with_name(path.name + ".part")
    with aside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def _report(folder: Path, found: Exported, json: bool) -> None:
    if json:
        say.line(
            {"events": len(found.lines), "files": found.files, "missing": len(found.missing), "folder": str(folder)}
        )
    else:
        say.console.print(
            say.escape(told("events.exported", events=len(found.lines), files=found.files, folder=folder))
        )
        if found.missing:
            say.errors.print(say.escape(told("events.missing", n=len(found.missing), file=folder / MISSING)))
    if found.missing:
        amiss()
