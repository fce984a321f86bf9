"""Is the log as it was written? The chain from its first line to its last."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from askcam.features.audit.files import FORGOT, files_in, lines_of
from askcam.features.audit.record import AuditError, AuditRecord, read_line
from askcam.server.storage.chain import START, broken


@dataclass(frozen=True, slots=True)
class LogFinding:
    """Something is not as it was written. `place`: file and line."""

    place: str
    text: str


@dataclass(frozen=True, slots=True)
class LogVerdict:
    """`last` is the newest line's hash: noted elsewhere, it shows later whether all before it is still the same."""

    num_lines: int
    last: str
    findings: tuple[LogFinding, ...]


def verify(folder: Path, noted: str | None = None) -> LogVerdict:
    """Read everything. A server may go on writing. `noted`: the hash of a line as it was told once; it must be there,
    or have gone with a file that the log tells of. Raises AuditError."""
    findings: list[LogFinding] = []
    before: str | None = None
    first, forgotten, known, num_lines = START, set[str](), False, 0
    files = files_in(folder)
    for index, path in enumerate(files):
        for number, raw in lines_of(path):
            place = f"{path.name}:{number}"
            if not raw.endswith(b"\n"):
                if index < len(files) - 1:  # of the newest a server may be writing just now
                    findings.append(LogFinding(place, "it was broken off"))
                break
            num_lines += 1
            try:
                line = read_line(raw, place)
            except AuditError as exc:
                findings.append(LogFinding(place, str(exc)))
                continue
            if before is None:
                first = before = line.previous
            wrong = broken(before, line.previous, line.hash, bytes(line.record))
            findings += (LogFinding(place, text) for text in wrong)
            before, known = line.hash, known or line.hash == noted
            record = msgspec.json.decode(line.record, type=AuditRecord)
            if record.did == FORGOT:
                forgotten.add(str(record.about.get("last")))
    if first != START and first not in forgotten:
        told = "what was before it is missing, and the log does not say that it went"
        findings.append(LogFinding(files[0].name, told))
    if noted is not None and not (known or noted in forgotten):
        findings.append(LogFinding(str(folder), f"no line has the hash {noted[:64]}: it was taken out or changed"))
    return LogVerdict(num_lines, before or START, tuple(findings))
