"""`askcam audit verify` and `askcam audit list`."""

from collections import deque
from pathlib import Path

import msgspec

from askcam.features.audit import verify as chain
from askcam.features.audit.files import files_in, lines_of
from askcam.features.audit.record import AuditError, AuditRecord, read_line
from askcam.server.terminal import say
from askcam.server.terminal.leaving import amiss, leaving
from askcam.server.terminal.words import Words

told = Words(__name__)


def verify(folder: Path, noted: str | None, json: bool) -> None:
    """1: something is not as it was written."""
    with leaving():
        verdict = chain.verify(folder, noted)
    for finding in verdict.findings:
        if json:
            say.line({"place": finding.place, "finding": finding.text})
        else:
            say.console.print(f"[red]{say.escape(finding.place)}[/]: {say.escape(finding.text)}")
    whole = not verdict.findings
    if json:
        say.line({"lines": verdict.num_lines, "last": verdict.last, "whole": whole})
    else:
        what = told("whole" if whole else "not_whole")
        say.console.print(say.escape(f"{what}: {told('counted', lines=verdict.num_lines, last=verdict.last)}"))
    if not whole:
        amiss()


def show(folder: Path, who: str | None, camera: str | None, limit: int, json: bool) -> None:
    """The newest, oldest first."""
    found: deque[AuditRecord] = deque(maxlen=limit)
    with leaving():
        for path in files_in(folder):
            for number, raw in lines_of(path):
                if not raw.endswith(b"\n"):
                    break
                try:
                    line = read_line(raw, f"{path.name}:{number}")
                except AuditError:
                    continue  # `askcam audit verify` tells of it
                record = msgspec.json.decode(line.record, type=AuditRecord)
                if who in (None, record.who) and (camera is None or _names(record, camera)):
                    found.append(record)
    for record in found:
        if json:
            say.line(msgspec.to_builtins(record))
        else:
            about = ", ".join(f"{name} {value}" for name, value in record.about.items())
            status = "" if record.status is None else f" {record.status}"
            asked = "" if record.question is None else f": {record.question}"
            say.console.print(
                say.escape(f"{record.at} {record.who} ({record.address}) {record.did}{status} {about}{asked}".rstrip())
            )
    if not found and not json:
        say.console.print(say.escape(told("nothing", folder=folder)))


def _names(record: AuditRecord, camera: str) -> bool:
    """Whether it is about a camera."""
    several = record.about.get("cameras")
    return record.about.get("camera") == camera or (isinstance(several, list) and camera in several)
