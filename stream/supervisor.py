"""Watches over a camera's readers: opens them, notices their silence, abandons stuck ones, tries again, tells of it."""

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Protocol

from askcam.stream.backoff import PERMANENT_S, Backoff
from askcam.stream.listeners import Listeners
from askcam.stream.rate import grace, silence_limit
from askcam.stream.reader import Reader, Sink
from askcam.stream.sources.base import SourceSpec
from askcam.stream.sources.redact import redact
from askcam.stream.states import Event, Machine, State
from askcam.stream.status import CameraConfig, StateChange

log = logging.getLogger(__name__)

TICK_S = 0.1  # how often ages are looked at; news wake it at once
OPEN_MARGIN_S = 2.0  # a source has its own time limit for opening; this much later it counts as stuck
OLD_S = 4.0  # a picture that is older as it comes is worth no question, where decoding falls behind
STEADY_S = 2.0  # a reader that brought frames for less long is a flapping one: the next waits longer
STUCK_S = 0.3  # that close() waits for a reader which is not bringing frames anyway
MAX_CHANGES = 64  # changes not yet told; the oldest is dropped

Listener = Callable[[StateChange], None]


class Supervised(Protocol):
    """The Camera, as its supervisor sees it. Called with the lock held."""

    def forget(self) -> None:
        """The source was lost: empty the window."""
        ...

    def usual_s(self) -> float | None:
        """Median seconds between frames, lately; None while that cannot be told."""
        ...


class Supervisor:
    """Owns a camera's state and its readers, all guarded by the Camera's lock.

    Methods said to need the lock are for the Camera, which holds it; the others must be called without it.
    """

    def __init__(
        self, name: str, spec: SourceSpec, config: CameraConfig, lock: threading.Lock, owner: Supervised
    ) -> None:
        self.name, self._spec, self._config, self._owner = name, spec, config, owner
        self._stall_s = spec.stall_s or config.stall_s
        self._lock = lock
        self._news = threading.Condition(lock)
        self._machine = Machine()
        self._reason: str | None = spec.waiting
        self._reader: Reader | None = None
        self._sink: Sink | None = None
        self._left: list[Reader] = []  # readers whose threads have not ended yet; bounded by max_abandoned
        self._num_readers = 0
        self._dropped: Counter[str] = Counter()  # by the sources of readers before this one
        self._retry_at: float | None = None
        self._backoff = Backoff()
        self._closing = False
        self._changes: deque[StateChange] = deque(maxlen=MAX_CHANGES)
        self._listeners: Listeners[Listener] = Listeners(lock)
        # A daemon, so that a program that forgets close() still ends; close() joins it.
        self._thread = threading.Thread(target=self._run, name=f"askcam-{name}-supervisor", daemon=True)

    # -- for the Camera, with the lock held

    @property
    def state(self) -> State:
        return self._machine.state

    @property
    def reason(self) -> str | None:
        return self._reason

    @property
    def reader(self) -> Reader | None:
        """The one whose pictures count."""
        return self._reader

    @property
    def retry_at(self) -> float | None:
        """When the source is tried again, by the steady clock; None while it is open, and when it never is."""
        return self._retry_at

    @property
    def num_abandoned(self) -> int:
        return sum(reader.alive for reader in self._left)

    def dropped_by_sources(self) -> Counter[str]:
        """What the sources themselves dropped since the start, by reason."""
        return self._dropped + Counter(self._reader.dropped if self._reader else {})

    def arrived(self, reader: Reader, captured: float, now: float) -> bool:
        """A picture came from `reader`; False when it was abandoned, and the picture does not count."""
        if reader is not self._reader:
            return False
        reader.arrived_at = now
        behind = reader.progress.behind
        if behind is not None and now - captured > OLD_S:
            if self._machine.state is State.LIVE:
                self._fire(Event.SILENCE, behind)
            if self._machine.state is State.STALLED:
                self._reason = behind
                return True
        if self._machine.state is not State.LIVE:
            self._fire(Event.FRAME, behind)
        elif (behind is None) != (self._reason is None):
            self._reason = behind
            self._changes.append(StateChange(self.name, State.LIVE, State.LIVE, behind, time.time()))
            self._news.notify_all()
        elif behind is not None:
            self._reason = behind
        return True

    # -- for anyone, without the lock

    def start(self, sink: Sink) -> None:
        self._sink = sink
        self._retry_at = time.monotonic()
        self._thread.start()

    def listen(self, listener: Listener) -> Callable[[], None]:
        return self._listeners.add(listener)

    def finished(self, reader: Reader) -> None:
        """Called by a reader's thread as it ends."""
        with self._lock:
            self._news.notify_all()

    def close(self, timeout_s: float) -> None:
        now = time.monotonic()
        deadline = now + 0.8 * timeout_s
        with self._lock:
            if not self._closing:
                self._closing = True
                self._owner.forget()
                self._fire(Event.CLOSE, "the camera was closed")
            reader, self._reader = self._reader, None
            if reader is not None:
                self._left.append(reader)
            left = list(self._left)
            self._news.notify_all()
        for each in left:
            each.abandon()
        for each in left:
            well = each.arrived_at is not None and now - each.arrived_at < self._stall_s
            each.join(min(deadline - time.monotonic(), timeout_s if well else STUCK_S))
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(max(0.2 * timeout_s, deadline - time.monotonic()))

    # -- the supervisor's thread

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._closing:
                    self._tick(time.monotonic())
                changes = list(self._changes)
                self._changes.clear()
                listeners = list(self._listeners)
                closing = self._closing
            for change in changes:
                self._tell(change, listeners)
            if closing:
                return
            with self._lock:
                if not self._changes and not self._closing:
                    self._news.wait(TICK_S)

    def _tell(self, change: StateChange, listeners: list[Listener]) -> None:
        why = f": {change.reason}" if change.reason else ""
        log.info("camera %s is %s%s", change.camera, change.new, why)
        for listener in listeners:
            try:
                listener(change)
            except Exception:
                log.exception("a listener to camera %s failed", change.camera)

    def _tick(self, now: float) -> None:
        self._left = [reader for reader in self._left if reader.alive]
        reader = self._reader
        if reader is None:
            if self._retry_at is not None and now >= self._retry_at:
                self._open(now)
        elif reader.over:
            self._end(reader, now)
        elif reader.opened_at is None:
            if now - reader.started_at > self._first_s + OPEN_MARGIN_S:
                self._abandon(reader, now, f"no answer within {now - reader.started_at:.0f} s")
        elif reader.arrived_at is None:
            if self._waits(reader, reader.opened_at, now):
                return
            if now - reader.opened_at > self._first_s and not self._spec.patient:
                self._abandon(reader, now, f"connected, but no picture came within {self._first_s:g} s")
        else:
            self._watch(reader, now - reader.arrived_at, now)

    @property
    def _limit_s(self) -> float:
        """How long it may be silent before it counts as stalled."""
        return silence_limit(self._stall_s, self._config.silence_s, self._owner.usual_s(), self._spec.slow)

    @property
    def _grace_s(self) -> float:
        return grace(self._config.grace_s, self._owner.usual_s())

    @property
    def _first_s(self) -> float:
        """How long the first picture may take: FFmpeg may give a slow camera's first one when the second begins."""
        return self._config.open_timeout_s + (2 * self._limit_s if self._spec.slow else 0.0)

    def _waits(self, reader: Reader, since: float, now: float) -> bool:
        """Whether no picture comes for a reason that is no fault of the connection: packets do. Says so.

        `since`: when the last picture came."""
        progress = reader.progress
        heard, why = progress.heard_at, progress.waiting
        if why is None or heard is None or now - heard > self._limit_s + self._grace_s:
            return False
        longest_s = self._config.keyframe_s
        if longest_s is not None and now - since > longest_s:
            self._abandon(reader, now, f"no picture within {longest_s:g} s, {why}")
            return True
        self._reason = f"{self._spec.label}: {why}"
        return True

    def _watch(self, reader: Reader, silence_s: float, now: float) -> None:
        limit = self._limit_s
        if silence_s <= limit:
            return
        if self._machine.state is State.LIVE:
            self._fire(Event.SILENCE, self._spec.silent)
        assert reader.arrived_at is not None
        if self._waits(reader, reader.arrived_at, now):
            return
        if silence_s > limit + self._grace_s and not self._spec.patient:
            self._abandon(reader, now, f"no picture for {silence_s:.0f} s")

    def _open(self, now: float) -> None:
        assert self._sink is not None
        if len(self._left) >= self._config.max_abandoned:
            self._reason = (
                f"{len(self._left)} readers hang in its driver, so no further one is opened; "
                "switch the camera off and on, or restart the server"
            )
            self._retry_at = now + 2 * TICK_S
            return
        self._retry_at = None
        self._num_readers += 1
        self._reader = Reader(self.name, self._num_readers, self._spec, self._sink, 2 * self._limit_s + self._grace_s)
        self._reader.start()

    def _abandon(self, reader: Reader, now: float, why: str) -> None:
        reader.abandon()
        self._lose(reader, Event.FAILED, f"{self._spec.label}: {why}; connecting again", now, permanent=False)

    def _end(self, reader: Reader, now: float) -> None:
        if reader.error is None:
            self._lose(reader, Event.END, self._spec.over, now, permanent=True)
            return
        reason, permanent = str(reader.error), reader.error.permanent
        if not self._spec.live and permanent:
            self._lose(reader, Event.END, reason, now, permanent=True)
        else:
            again = f"trying again every {PERMANENT_S:.0f} s" if permanent else "trying again"
            self._lose(reader, Event.FAILED, f"{reason}; {again}", now, permanent=permanent)

    def _lose(self, reader: Reader, event: Event, reason: str, now: float, *, permanent: bool) -> None:
        self._reader = None
        self._dropped.update(reader.dropped)
        self._left.append(reader)
        if not (event is Event.END and self._spec.keeps and reader.error is None):
            self._owner.forget()
        self._fire(event, reason)
        if reader.arrived_at is not None and reader.arrived_at - reader.started_at > STEADY_S:
            self._backoff.succeeded()
        delay = self._backoff.failed(now, permanent=permanent)
        self._retry_at = now + delay if self._spec.live or not permanent else None

    def _fire(self, event: Event, reason: str | None) -> None:
        reason = self._reason = None if reason is None else redact(reason)
        old, new = self._machine.fire(event)
        if old is not new:
            self._changes.append(StateChange(self.name, old, new, reason, time.time()))
            self._news.notify_all()
