"""The writer's thread: cases come in at once or are refused, and go to the disk one after the other."""

import asyncio
import logging
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from askcam.features.evidence.case import Circumstances
from askcam.features.evidence.errors import EvidenceError
from askcam.features.evidence.retention import EvidenceBounds
from askcam.features.evidence.store import EvidenceStore
from askcam.features.evidence.waiting import Waiting
from askcam.server.answering.observing import Answered
from askcam.server.camera_names import private
from askcam.server.storage.calendar import Calendar

log = logging.getLogger(__name__)

CLOSE_S = 10.0
PRUNE_EVERY_S = 600.0  # what grows too old goes, though nobody asks anything
SAY_EVERY_S = 60.0
ROOM_S = 5.0  # the longest wait for room


@dataclass(frozen=True, slots=True)
class Stats:
    """Records since the start; `waiting`, `answers` and `bytes` are now."""

    stored: int = 0
    dropped: int = 0  # the disk is too slow, or the record alone is larger than max_bytes
    failed: int = 0  # the disk refused; the log says why
    gone: int = 0  # of old answers, since the disk was full
    waiting: int = 0
    answers: int = 0
    bytes: int = 0


class EvidenceWriter:
    """put() and stats() are for any thread and return at once, make_room() for any but the event loop's; the rest is
    the event loop's.

    `private`: evidence of pushed cameras is kept, too.
    """

    def __init__(self, folder: Path, bounds: EvidenceBounds, common: Circumstances, *, private: bool = False) -> None:
        self.folder, self.private = folder, private
        self._bounds, self._common = bounds, common
        self._waiting = Waiting()
        self._store: EvidenceStore | None = None
        self._thread = threading.Thread(target=self._run, name="askcam-evidence", daemon=True)
        self._stored = self._failed = 0  # the thread's
        self._refused = self._large = 0  # put()'s, the thread's
        self._said_at: dict[str, float] = {}  # by what was said
        self._gone_said = 0
        self._calendar = Calendar()

    async def open(self) -> None:
        """Open or make the folder, and begin. Raises EvidenceError."""
        self._store = await asyncio.to_thread(EvidenceStore, self.folder, self._bounds, self._common)
        self._thread.start()

    async def close(self) -> None:
        """Write what waits, for 10 s at most, and end."""
        self._waiting.close()
        if self._store is not None:
            await asyncio.to_thread(self._thread.join, CLOSE_S)
            if self._thread.is_alive():
                log.error("evidence of %d answers was not written within %g s", len(self._waiting), CLOSE_S)

    def traces(self, camera: str | None, may_be_kept: bool) -> bool:
        """Whether evidence of an answer about this camera is kept."""
        return may_be_kept and (self.private or camera is None or not private(camera))

    def answered(self, answered: Answered) -> None:
        """Have it written down, if its evidence is kept."""
        if answered.trace is not None and self.traces(answered.record.saw.camera, answered.may_be_kept):
            self.put(answered)

    def put(self, case: Answered) -> bool:
        """Have a case written; False when it is dropped because too many wait."""
        if self._waiting.put(case):
            return True
        self._refused += 1
        if self._due("dropped"):
            log.warning(
                "the disk is too slow for the evidence of all answers: %d dropped since the start", self._refused
            )
        return False

    def trouble(self) -> str | None:
        """What has become of the folder's files; None: nothing."""
        store = self._store
        return None if store is None else store.trouble()

    def stats(self) -> Stats:
        store = self._store
        answers, num_bytes = (0, 0) if store is None else (store.num_answers, store.num_bytes)
        dropped = self._refused + self._large
        gone = 0 if store is None else store.num_gone
        return Stats(self._stored, dropped, self._failed, gone, len(self._waiting), answers, num_bytes)

    def make_room(self, folder: Path) -> bool:
        """Something more important than old evidence has no room in `folder`: have a little of it give way, if it lies
        on the same disk. Returns whether any did. Blocks for up to 5 s: not for the event loop."""
        if not self._thread.is_alive() or os.stat(folder).st_dev != os.stat(self.folder).st_dev:
            return False
        try:
            return self._waiting.wish().result(ROOM_S) > 0
        except TimeoutError:
            return False

    # -- the thread

    def _run(self) -> None:
        store = self._store
        assert store is not None, "opened first"
        self._try("tidying the folder up", store.tidy)
        self._prune(store)
        while True:
            case = self._waiting.take(PRUNE_EVERY_S)
            for wished in self._waiting.wishes():
                wished.set_result(store.give_way())
                self._say_what_went(store)
            if case is not None:
                self._write(store, case)
                self._waiting.done()
            elif self._waiting.closed:
                break
            else:
                self._prune(store)
        for wished in self._waiting.wishes():
            wished.set_result(0)
        self._try("closing", store.close)

    def _prune(self, store: EvidenceStore) -> None:
        self._try("removing what is old", lambda: store.prune(self._now()))

    def _now(self) -> float:
        now = self._calendar.now(time.time(), time.monotonic())
        if self._calendar.leapt and self._due("leapt"):
            log.warning("the clock has leapt ahead: evidence is removed by it once it has kept to that for a day")
        return now

    def _say_what_went(self, store: EvidenceStore) -> None:
        if store.num_gone != self._gone_said and self._due("gone"):
            self._gone_said = store.num_gone
            log.error(
                "the disk of %s is full: the evidence of %d old answers gave way since the start", self.folder,
                store.num_gone,
            )  # fmt: skip

    def _write(self, store: EvidenceStore, case: Answered) -> None:
        try:
            if store.put(case, self._now()):
                self._stored += 1
            else:
                self._large += 1
                if self._due("large"):
                    most = self._bounds.max_bytes
                    log.warning("the evidence of one answer is more than max_bytes = %d: it is not kept", most)
        except Exception:
            self._failed += 1
            self._complain("writing an answer down")
        self._say_what_went(store)

    def _try(self, what: str, work: Callable[[], object]) -> None:
        try:
            work()
        except (OSError, sqlite3.Error):
            self._complain(what)

    def _complain(self, what: str) -> None:
        """What is to be mended in the world is said in a line; whatever else has a traceback."""
        if not self._due(what):
            return
        error = sys.exception()
        if isinstance(error, OSError | sqlite3.Error | EvidenceError):
            log.error(
                "evidence in %s: %s failed (%s); %d answers since the start have none. Put the folder back, or start "
                "askcam anew",
                self.folder, what, error, self._failed,
            )  # fmt: skip
        else:
            log.exception("evidence in %s: %s failed", self.folder, what)

    def _due(self, what: str) -> bool:
        """Whether this is to be said: once a minute at most."""
        now = time.monotonic()
        if now - self._said_at.get(what, float("-inf")) < SAY_EVERY_S:
            return False
        self._said_at[what] = now
        return True
