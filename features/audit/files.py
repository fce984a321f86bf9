"""The files of an audit log: lines are appended to the newest, and the oldest goes when all are too large.

When a file goes, the log says so first: which one, and the hash of its last line. So a beginning that is missing is
either told of later in the chain, or somebody took it."""

import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from askcam.features.audit.record import AuditError, AuditRecord, Line, own, read_line
from askcam.server.storage.chain import START, link
from askcam.server.storage.disk import make_private, open_private
from askcam.server.storage.folder import FolderInUse, Lock

FILE = re.compile(r"audit-(\d{8})\.jsonl")
FILES = 8  # so many share the bound
MAX_LINE = 64 << 10
FORGOT = "log.forgot"


def files_in(folder: Path) -> list[Path]:
    """Oldest first. Raises AuditError."""
    try:
        found = [each for each in folder.iterdir() if FILE.fullmatch(each.name)]
    except OSError as exc:
        raise AuditError(f"there is no audit log in {folder}: {exc.strerror}") from exc
    return sorted(found)


def lines_of(path: Path) -> Iterator[tuple[int, bytes]]:
    """By number, counted from 1, without their ends; one without an end was broken off. Raises AuditError."""
    try:
        with path.open("rb") as file:
            yield from enumerate(iter(lambda: file.readline(MAX_LINE + 1), b""), 1)
    except FileNotFoundError:
        return  # it was the oldest, and has gone meanwhile
    except OSError as exc:
        raise AuditError(f"cannot read {path}: {exc.strerror}") from exc


class AuditFiles:
    """The one writer of a folder. Owned by one thread at a time; every method may raise OSError."""

    def __init__(self, folder: Path, max_bytes: int, now: float) -> None:
        """Goes on where an earlier life ended. Raises AuditError."""
        self._folder, self._most = folder, max(1, max_bytes // FILES)
        try:
            make_private(folder)
            self._lock = Lock(folder)
        except OSError as exc:
            raise AuditError(f"cannot keep an audit log in {folder}: {exc.strerror}; name another folder") from exc
        except FolderInUse as exc:
            raise AuditError(f"another askcam writes its audit log in {folder}: name another under [audit]") from exc
        try:
            self._last, cut = self._go_on()
            self.append(own("log.began", now, **({"broken_off_bytes": cut} if cut else {})), now)
        except OSError as exc:
            self._lock.release()
            raise AuditError(f"cannot write the audit log in {folder}: {exc.strerror}") from exc
        except BaseException:
            self._lock.release()
            raise

    def _go_on(self) -> tuple[str, int]:
        """The newest line's hash, and how many bytes of one that was broken off were taken away."""
        cut = 0
        for path in reversed(files_in(self._folder)):
            last, end = None, 0
            for number, raw in lines_of(path):
                if not raw.endswith(b"\n"):
                    cut = path.stat().st_size - end
                    os.truncate(path, end)
                    break
                last, end = (number, raw), end + len(raw)
            if last is not None:
                return read_line(last[1], f"{path}:{last[0]}").hash, cut
        return START, cut

    @property
    def num_bytes(self) -> int:
        return sum(path.stat().st_size for path in files_in(self._folder))

    def append(self, record: AuditRecord, now: float) -> None:
        """At the end of the newest file, or of a new one; what is too old by that goes."""
        there = files_in(self._folder)
        if not there or there[-1].stat().st_size >= self._most:
            number = int(FILE.fullmatch(there[-1].name)[1]) + 1 if there else 1  # type: ignore[index]
            there.append(self._folder / f"audit-{number:08}.jsonl")
        self._write(there[-1], record)
        while len(there) > FILES:
            oldest = there.pop(0)
            self._write(there[-1], own(FORGOT, now, file=oldest.name, last=_last_of(oldest)))
            oldest.unlink()

    def _write(self, path: Path, record: AuditRecord) -> None:
        data = msgspec.json.encode(record)
        line = Line(msgspec.Raw(data), self._last, link(self._last, data))
        whole = msgspec.json.encode(line) + b"\n"
        handle = open_private(path)
        try:
            end = os.lseek(handle, 0, os.SEEK_END)
            try:
                written = os.write(handle, whole)
                if written < len(whole):
                    raise OSError(errno.ENOSPC, "no room is left on the disk")
            except OSError:
                os.ftruncate(handle, end)  # all of a line, or nothing of it
                raise
        finally:
            os.close(handle)
        self._last = line.hash

    def close(self) -> None:
        self._lock.release()


def _last_of(path: Path) -> str:
    """The hash of a file's last line."""
    last = START
    for number, raw in lines_of(path):
        last = read_line(raw, f"{path}:{number}").hash
    return last
