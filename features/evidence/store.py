"""Evidence on disk: an index and pictures, changed in an order that a crash at any moment leaves mendable.

Pictures are on the disk before the index names them, and the index has forgotten them before they are removed. So what
a crash leaves is at most files that nobody names, and `tidy` removes these.
"""

import logging
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from askcam.features.evidence.album import Album, Keys, png
from askcam.features.evidence.case import Circumstances, Pens, written
from askcam.features.evidence.errors import EvidenceError
from askcam.features.evidence.index import open_to_write
from askcam.features.evidence.record import Evidence, PictureRef, encode
from askcam.features.evidence.retention import EvidenceBounds
from askcam.server.answering.observing import Answered
from askcam.server.storage.chain import link
from askcam.server.storage.disk import Reserve, is_full, make_private, make_room
from askcam.server.storage.folder import FolderInUse, Lock
from askcam.stream.frame import Pixels

log = logging.getLogger(__name__)

PICTURES = "pictures"
GIVE_WAY = 8  # answers whose evidence goes at once when the disk is full
TRIES = 3  # so often for one record: whoever else fills the disk would have all of it otherwise


@dataclass(slots=True)
class _Sheet:
    """The pictures of one record."""

    bytes: dict[str, int] = field(default_factory=dict)  # by digest, of all
    fresh: dict[str, tuple[PictureRef, str | None]] = field(default_factory=dict)  # by digest: with hash of the pixels
    known: dict[str, PictureRef] = field(default_factory=dict)  # by hash of the pixels


class EvidenceStore:
    """The one writer of a folder. Owned by one thread at a time."""

    def __init__(self, folder: Path, bounds: EvidenceBounds, common: Circumstances) -> None:
        """Makes what is missing. Raises EvidenceError, also while another process has the folder."""
        self._bounds, self._common = bounds, common
        try:
            make_private(folder)
            self._lock = Lock(folder)
        except OSError as exc:
            raise EvidenceError(f"cannot write evidence into {folder}: {exc.strerror}; name another folder") from exc
        except FolderInUse as exc:
            raise EvidenceError(
                f"another askcam writes evidence into {folder}: end it, or name another folder"
            ) from exc
        try:
            self._album, self._keys = Album(folder / PICTURES), Keys()
            self._db = open_to_write(folder, folder / PICTURES)
            make_private(folder / PICTURES)
        except OSError as exc:
            self._lock.release()
            raise EvidenceError(f"cannot write evidence into {folder}: {exc.strerror}; name another folder") from exc
        except BaseException:
            self._lock.release()
            raise
        self.num_answers = int(self._one("SELECT count(*) FROM answers"))
        self.num_bytes = int(self._one("SELECT coalesce(sum(bytes), 0) FROM pictures"))
        self.num_bytes += int(self._one("SELECT coalesce(sum(length(document)), 0) FROM answers"))
        self._reserve = Reserve(folder)
        self._reserve.take()
        self.num_gone = 0  # answers whose evidence gave way on a full disk

    def put(self, case: Answered, now: float | None = None) -> bool:
        """Write an answer's evidence down; what is beyond the bounds `now` (None: as it was created) goes, oldest
        first, and on a full disk so do a few more.

        False, and nothing is kept, when it alone is larger than the bound. Raises OSError and sqlite3.Error; then
        nothing is kept either.
        """
        for _ in range(TRIES):
            try:
                return self._put(case, case.record.created if now is None else now)
            except (OSError, sqlite3.Error) as exc:
                if not is_full(exc) or not self.give_way():
                    raise
        return self._put(case, case.record.created if now is None else now)

    def give_way(self) -> int:
        """The disk is full: remove the oldest answers' evidence, a little of it; returns of how many."""
        gone = make_room(self._db, self._reserve, self._remove_oldest, GIVE_WAY)
        self.num_gone += gone
        return gone

    def _remove_oldest(self) -> bool:
        (number,) = self._db.execute("SELECT min(number) FROM answers").fetchone()
        if number is not None:
            self._remove(number)
        return number is not None

    def _put(self, case: Answered, now: float) -> bool:
        sheet = _Sheet()
        pens = Pens(
            lambda pixels: self._lossless(pixels, sheet),
            lambda data, width, height: self._photo(data, width, height, sheet),
        )
        try:
            evidence = written(case, self._common, pens)
            document = encode(evidence)
            fits = len(document) + sum(sheet.bytes.values()) <= self._bounds.max_bytes
            if fits:
                self._insert(evidence, document, sheet)
        except BaseException:
            self._withdraw(sheet)
            raise
        if not fits:
            self._withdraw(sheet)
            return False
        self.prune(now)
        return True

    def prune(self, now: float) -> None:
        """Remove what is beyond the bounds; `now` in seconds since the epoch. Raises OSError and sqlite3.Error."""
        while True:
            # An answer is no younger than any after it, though a clock that was ahead for a while says so.
            number, created = self._db.execute(
                "SELECT min(number), (SELECT min(created) FROM answers) FROM answers"
            ).fetchone()
            if number is None or not self._bounds.exceeded(self.num_answers, self.num_bytes, created, now):
                return
            self._remove(number)

    def tidy(self) -> int:
        """Remove files that no answer needs, as a crash may leave them; returns how many. Raises OSError."""
        named = {f"{digest}.{kind}" for digest, kind in self._db.execute("SELECT digest, kind FROM pictures")}
        there = {path.name: path for path in self._album.files()}
        for name in there.keys() - named:
            there[name].unlink()
        missing = len(named - there.keys())
        if missing:
            log.error("%d pictures of the evidence are gone; askcam replay --verify says whose", missing)
        return len(there.keys() - named)

    def trouble(self) -> str | None:
        """What has become of its files; None: nothing. For any thread."""
        return self._db.trouble()

    def close(self) -> None:
        self._db.close()
        self._lock.release()

    def _lossless(self, pixels: Pixels, sheet: _Sheet) -> PictureRef:
        height, width = pixels.shape[:2]
        key = self._keys.of(pixels)
        found = sheet.known.get(key) or self._known(key, sheet)
        if found is None:
            data = png(pixels)
            found = PictureRef(self._album.write(data, "png"), "png", width, height)
            sheet.fresh[found.digest] = (found, key)
            sheet.bytes[found.digest] = len(data)
        sheet.known[key] = found
        return found

    def _known(self, key: str, sheet: _Sheet) -> PictureRef | None:
        """The picture with these pixels, if an earlier answer brought it."""
        find = "SELECT digest, kind, width, height, bytes FROM pictures WHERE pixels = ?"
        for digest, kind, width, height, num_bytes in self._db.execute(find, (key,)):
            if self._album.path(digest, kind).exists():
                sheet.bytes[digest] = num_bytes
                return PictureRef(digest, kind, width, height)
        return None

    def _photo(self, data: bytes, width: int, height: int, sheet: _Sheet) -> PictureRef:
        found = PictureRef(self._album.write(data, "jpg"), "jpg", width, height)
        sheet.fresh[found.digest] = (found, None)
        sheet.bytes[found.digest] = len(data)
        return found

    def _insert(self, evidence: Evidence, document: bytes, sheet: _Sheet) -> None:
        previous = str(self._one("SELECT hash FROM ends WHERE name = 'last'"))
        own, grown = link(previous, document), len(document)
        with self._db:
            row = (evidence.id, evidence.created, previous, own, document)
            add = "INSERT INTO answers (id, created, previous, hash, document) VALUES (?, ?, ?, ?, ?)"
            number = self._db.execute(add, row).lastrowid
            for digest, (picture, key) in sheet.fresh.items():
                put = "INSERT OR IGNORE INTO pictures VALUES (?, ?, ?, ?, ?, ?)"
                size = sheet.bytes[digest]
                values = (digest, picture.kind, picture.width, picture.height, size, key)
                grown += size * self._db.execute(put, values).rowcount
            self._db.executemany("INSERT INTO uses VALUES (?, ?)", [(number, digest) for digest in sheet.bytes])
            self._db.execute("UPDATE ends SET hash = ? WHERE name = 'last'", (own,))
        self.num_answers += 1
        self.num_bytes += grown

    def _remove(self, number: int) -> None:
        own, size = self._db.execute(
            "SELECT hash, length(document) FROM answers WHERE number = ?", (number,)
        ).fetchone()
        find = "SELECT digest, kind, bytes FROM pictures JOIN uses USING (digest) WHERE answer = ?"
        pictures = self._db.execute(find, (number,)).fetchall()
        with self._db:
            self._db.execute("DELETE FROM uses WHERE answer = ?", (number,))
            lone = [one for one in pictures if not self._one("SELECT count(*) FROM uses WHERE digest = ?", one[0])]
            self._db.executemany("DELETE FROM pictures WHERE digest = ?", [(digest,) for digest, _, _ in lone])
            self._db.execute("DELETE FROM answers WHERE number = ?", (number,))
            self._db.execute("UPDATE ends SET hash = ? WHERE name = 'before'", (own,))
        self.num_answers -= 1
        self.num_bytes -= size + sum(num_bytes for _, _, num_bytes in lone)
        for digest, kind, _ in lone:
            self._album.remove(digest, kind)

    def _withdraw(self, sheet: _Sheet) -> None:
        """Remove the pictures of a record that did not come about."""
        try:
            for digest, (picture, _) in sheet.fresh.items():
                if not self._one("SELECT count(*) FROM pictures WHERE digest = ?", digest):
                    self._album.remove(digest, picture.kind)
        except (OSError, sqlite3.Error):
            log.warning("pictures of an answer whose evidence was not kept stay until the next start", exc_info=True)

    def _one(self, query: str, *values: str) -> str | int:
        (found,) = self._db.execute(query, values).fetchone()
        assert isinstance(found, str | int)
        return found
