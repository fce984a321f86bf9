"""The writer of the audit log holds nobody up: what a slow or full disk does not take is counted and told."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from support.waiting import comes_true

from askcam.features.audit import writer as module
from askcam.features.audit.files import AuditFiles, files_in
from askcam.features.audit.record import AuditRecord
from askcam.features.audit.verify import verify
from askcam.features.audit.writer import AuditWriter


def record(number: int) -> AuditRecord:
    return AuditRecord("2026-12-01T00:00:00Z", "kiosk", "192.0.2.1", "question", None, {"number": number})


def text(folder: Path) -> str:
    return "".join(path.read_text() for path in files_in(folder))


async def test_what_waits_at_the_end_is_written(tmp_path: Path) -> None:
    writer = AuditWriter(tmp_path, 1 << 20)
    await writer.open()
    for number in range(100):
        writer.put(record(number))
    await writer.close()
    await writer.close()
    assert (writer.written, writer.lost) == (100, 0)
    assert verify(tmp_path).num_lines == 101
    writer.put(record(100))
    assert writer.lost == 1


async def test_what_a_slow_disk_does_not_take_is_lost_counted_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 4)
    slow, append = threading.Event(), AuditFiles.append

    def held(self: AuditFiles, *args: Any) -> None:
        if args[0].did == "question":
            slow.wait(60)
        append(self, *args)

    monkeypatch.setattr(AuditFiles, "append", held)
    writer = AuditWriter(tmp_path, 1 << 20)
    await writer.open()
    writer.put(record(0))
    await comes_true(lambda: not writer.num_waiting, "the first to be taken")
    for number in range(1, 10):
        writer.put(record(number))
    assert (writer.num_waiting, writer.lost) == (4, 5)
    slow.set()
    await writer.close()
    assert '"did":"log.lost","about":{"records":5}' in text(tmp_path)
    assert writer.written == 5
    assert verify(tmp_path).findings == ()


async def test_a_full_disk_is_told_and_the_record_waits_for_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AGAIN_S", 0.01)
    full, append = threading.Event(), AuditFiles.append

    def refuses(self: AuditFiles, *args: Any) -> None:
        if full.is_set():
            raise OSError(28, "No space left on device")
        append(self, *args)

    monkeypatch.setattr(AuditFiles, "append", refuses)
    writer = AuditWriter(tmp_path, 1 << 20)
    await writer.open()
    full.set()
    writer.put(record(1))
    await comes_true(writer.trouble, "the trouble")
    assert "No space left" in str(writer.trouble())
    full.clear()
    await comes_true(lambda: writer.written == 1, "the record to be written")
    assert writer.trouble() is None
    await asyncio.wait_for(writer.close(), 60)
    assert verify(tmp_path).findings == ()
