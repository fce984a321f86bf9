"""The thread that makes clips: each once its span is over, one after the other."""

import errno
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from askcam.features.clips.cutting import Cut, NothingThere, cut
from askcam.features.clips.folder import ClipFolder
from askcam.features.clips.footage import Footage
from askcam.features.clips.muxing import Unwritable, check, write
from askcam.server.storage.disk import is_full
from askcam.stream.camera import State

log = logging.getLogger(__name__)

LOOK_S = 0.2  # how often it is looked whether the end of a span has come in
LATE_S = 30.0  # how late it may come: playlists are that late
SILENT_S = 12.0  # a camera that has sent nothing for so long sends no more of a span that is over
GIVE_WAY = 4  # old clips that go at once when the disk is full
TRIES = 3
GONE = (State.LOST, State.ENDED)
NO_ROOM = "there was no room on the disk"
STOPPED = "the server was stopped before its end"
SHORT_S = 0.5  # what a clip lacks at its beginning or its end is said from here on


@dataclass(frozen=True, slots=True)
class ClipOrder:
    """A clip that is to be made. Seconds by the steady clock."""

    event: int
    footage: Footage
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class MadeClip:
    """What came of an order. Seconds since the epoch."""

    event: int
    start: float | None = None
    end: float | None = None
    num_bytes: int = 0  # 0: there is none
    why: str | None = None  # there is none, or it is shorter than it should be
    gone: tuple[int, ...] = ()  # events whose clips gave way to it


class ClipMaker:
    """order() is for any thread. What waits is bounded by whoever orders."""

    def __init__(self, folder: ClipFolder, made: Callable[[MadeClip], None]) -> None:
        """`made` is called on the thread, and must not raise."""
        self._folder, self._made = folder, made
        self._change = threading.Condition()
        self._orders: dict[int, ClipOrder] = {}  # by event, in the order in which they came
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="askcam-clips", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def num_waiting(self) -> int:
        return len(self._orders)

    def order(self, order: ClipOrder) -> None:
        with self._change:
            self._orders[order.event] = order
            self._change.notify()

    def close(self, timeout_s: float) -> bool:
        """What waits is made of what there is, and the thread ends; whether it has within that time."""
        with self._change:
            self._closing = True
            self._change.notify()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    # -- the thread

    def _run(self) -> None:
        while (order := self._next()) is not None:
            try:
                made = self._make(order)
            except Exception as exc:
                log.exception("the clip of event %d failed", order.event)
                made = MadeClip(order.event, why=f"making it failed: {type(exc).__name__}")
            with self._change:
                self._orders.pop(order.event, None)
            self._made(made)

    def _next(self) -> ClipOrder | None:
        """The first whose span is over; None at the end."""
        with self._change:
            while True:
                now = time.monotonic()
                for order in self._orders.values():
                    if self._closing or is_due(order, now):
                        return order
                if self._closing:
                    return None
                self._change.wait(LOOK_S if self._orders else None)

    def _make(self, order: ClipOrder) -> MadeClip:
        ahead = time.time() - time.monotonic()  # the wall clock's
        early = time.monotonic() < order.end
        try:
            found = cut(order.footage.groups(), order.start, order.end)
        except NothingThere as exc:
            return MadeClip(order.event, why=str(exc))
        gone: list[int] = []
        for _ in range(TRIES):
            try:
                num_bytes = self._write(order.event, found)
            except Unwritable as exc:
                return MadeClip(order.event, why=str(exc), gone=tuple(gone))
            except OSError as exc:
                if not is_full(exc):
                    log.error("the clip of event %d cannot be written: %s", order.event, exc)
                    told = exc.strerror or type(exc).__name__
                    return MadeClip(order.event, why=f"it could not be written: {told}", gone=tuple(gone))
                some = self._folder.give_way(self._folder.path, GIVE_WAY)
                gone += some
                if not some:
                    break
                log.error("the disk is full: %d old clips give way", len(some))
            else:
                why = short_of(found, order, STOPPED if early else None)
                return MadeClip(order.event, found.start + ahead, found.end + ahead, num_bytes, why, tuple(gone))
        return MadeClip(order.event, why=NO_ROOM, gone=tuple(gone))

    def _write(self, event: int, found: Cut) -> int:
        if not self._folder.has_room(found.num_bytes):
            raise OSError(errno.ENOSPC, NO_ROOM)

        return self._folder.write(event, lambda path: check(path, write(found, path)))


def is_due(order: ClipOrder, now: float) -> bool:
    """Whether all of its span has come in, or never will."""
    if now < order.end:
        return False
    newest = order.footage.ring.newest()
    if newest is None or now - order.end > LATE_S:
        return True
    captured, came = newest
    return captured >= order.end or now - came > SILENT_S or order.footage.camera.status().state in GONE


def short_of(found: Cut, order: ClipOrder, stopped: str | None) -> str | None:
    """What a clip lacks of its span, for people."""
    lacks = []
    short_s = max(SHORT_S, found.step)
    if found.start > order.start + short_s:
        lacks.append("its beginning was not there: the camera had just been connected, or no longer held it in memory")
    if stopped is not None:
        lacks.append(stopped)
    elif found.end < order.end - short_s:
        lacks.append("the camera sent nothing until its end")
    return "; ".join(lacks) or None
