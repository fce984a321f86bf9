"""Is everything as it was written? The chain from its first record to its last, and every picture."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from askcam.features.evidence.archive import EvidenceArchive
from askcam.features.evidence.errors import Broken
from askcam.features.evidence.index import reading
from askcam.features.evidence.record import PictureRef, decode
from askcam.server.storage.chain import broken


@dataclass(frozen=True, slots=True)
class Finding:
    """Something is not as it was written."""

    answer_id: str | None  # None: it concerns no single one
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`last` is the newest record's hash: noted elsewhere, it shows later whether all before it is still the same."""

    num_answers: int
    num_pictures: int
    last: str
    findings: tuple[Finding, ...]


def verify(folder: Path) -> Verdict:
    """Read everything. A server may go on writing. Raises NotKept and EvidenceError."""
    archive = EvidenceArchive(folder)
    findings: list[Finding] = []
    pictures: dict[PictureRef, list[str]] = {}
    num_answers = 0
    with reading(folder) as db:
        for (damage,) in db.execute("PRAGMA integrity_check"):
            if damage != "ok":
                findings.append(Finding(None, f"the index is damaged: {damage}"))
        ends = dict(db.execute("SELECT name, hash FROM ends"))
        before = ends.get("before", "")
        for answer_id, created, previous, own, document in db.execute(
            "SELECT id, created, previous, hash, document FROM answers ORDER BY number"
        ):
            num_answers += 1
            document = document if isinstance(document, bytes) else str(document).encode()
            findings += (Finding(answer_id, text) for text in broken(before, previous, own, document))
            before = own
            try:
                evidence = decode(document, answer_id)
            except Broken as exc:
                findings.append(Finding(answer_id, str(exc)))
                continue
            if (evidence.id, evidence.created) != (answer_id, created):
                findings.append(Finding(answer_id, "the index says something else of it than its record"))
            for picture in evidence.pictures():
                pictures.setdefault(picture, []).append(answer_id)
    if before != ends.get("last"):
        findings.append(Finding(None, "records at the end of the chain are missing"))
    findings += _pictures(archive, pictures)
    return Verdict(num_answers, len(pictures), str(ends.get("last")), tuple(findings))


def _pictures(archive: EvidenceArchive, pictures: dict[PictureRef, list[str]]) -> Iterator[Finding]:
    kept: set[str] | None = None
    for picture, users in pictures.items():
        try:
            archive.album.read(picture)
        except Broken as exc:
            kept = set(archive.ids()) if kept is None else kept  # perhaps it was removed meanwhile, as too old
            yield from (Finding(user, str(exc)) for user in users if user in kept)
