"""The writer's thread: records come in at once or are counted as lost, and go to the disk one after the other."""

import asyncio
import logging
import queue
import threading
import time
from pathlib import Path

from askcam.features.audit.files import AuditFiles
from askcam.features.audit.record import AuditRecord, own

log = logging.getLogger(__name__)

MAX_WAITING = 4096  # records; one that comes then is lost, and the log tells how many were
CLOSE_S = 10.0
AGAIN_S = 1.0  # after the disk refused
SAY_EVERY_S = 60.0


class AuditWriter:
    """put() is the event loop's and returns at once; what stays the thread's is marked so."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder, self._max_bytes = folder, max_bytes
        self._waiting: queue.Queue[AuditRecord | None] = queue.Queue(MAX_WAITING + 1)  # one place for the end
        self._files: AuditFiles | None = None
        self._thread = threading.Thread(target=self._run, name="askcam-audit", daemon=True)
        self._closing = threading.Event()
        self.written = self.lost = 0  # the thread's; put()'s
        self._told = 0  # of those that are lost, told in the log; the thread's
        self._trouble: str | None = None

    @property
    def num_waiting(self) -> int:
        return self._waiting.qsize()

    def trouble(self) -> str | None:
        """Why nothing can be written now. For any thread."""
        return self._trouble

    async def open(self) -> None:
        """Raises AuditError."""
        self._files = await asyncio.to_thread(AuditFiles, self._folder, self._max_bytes, time.time())
        self._thread.start()

    async def close(self) -> None:
        """Write what waits, for 10 s at most, and end."""
        if self._files is None or self._closing.is_set():
            return
        self._closing.set()
        self._waiting.put_nowait(None)
        await asyncio.to_thread(self._thread.join, CLOSE_S)
        if self._thread.is_alive():
            log.error("%d records of the audit log were not written within %g s", self.num_waiting, CLOSE_S)

    def put(self, record: AuditRecord) -> None:
        if self._closing.is_set() or self._waiting.qsize() >= MAX_WAITING:
            self.lost += 1
        else:
            self._waiting.put_nowait(record)

    def _run(self) -> None:
        assert self._files is not None
        said_at = -SAY_EVERY_S
        while (record := self._waiting.get()) is not None:
            while True:
                try:
                    self._write(self._files, record)
                    break
                except Exception as exc:  # the disk, mostly: a record that waits keeps its place
                    self._trouble = f"the audit log in {self._folder} cannot be written: {exc}"
                    if time.monotonic() - said_at >= SAY_EVERY_S:
                        said_at = time.monotonic()
                        log.error("%s; it is tried again", self._trouble)
                    if self._closing.wait(AGAIN_S):
                        self._files.close()
                        return
        self._files.close()

    def _write(self, files: AuditFiles, record: AuditRecord) -> None:
        now, lost = time.time(), self.lost
        if lost > self._told:
            files.append(own("log.lost", now, records=lost - self._told), now)
            self._told = lost
        files.append(record, now)
        self.written += 1
        self._trouble = None
