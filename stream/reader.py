"""One life of a source: the thread that opens it, reads it until it ends, fails or is abandoned, and closes it."""

import logging
import threading
import time
import traceback
from collections.abc import Mapping
from typing import Protocol

from askcam.stream.errors import SourceError
from askcam.stream.packets import PacketListener, PacketSource
from askcam.stream.sources.base import (
    Counting,
    DecodedPicture,
    Interruptible,
    OpeningProgress,
    Patient,
    Source,
    SourceSpec,
    Telling,
)
from askcam.stream.sources.redact import redact

log = logging.getLogger(__name__)


class Sink(Protocol):
    """What a reader reports to; its Camera. All methods are called on the reader's thread and return soon."""

    def wants_pixels(self, reader: "Reader") -> bool:
        """Whether the next picture will be converted."""
        ...

    def take(self, reader: "Reader", picture: DecodedPicture) -> bool:
        """A picture was decoded. False: this reader was abandoned, it must stop."""
        ...

    def packets(self, reader: "Reader") -> PacketListener | None:
        """Who is told of packets that it reads, by any thread; None: nobody."""
        ...

    def finished(self, reader: "Reader") -> None:
        """The reader has ended by itself; `reader.error` says why. The source may not be closed yet."""
        ...


class Reader:
    """Its thread is a daemon, since a driver may hold it for ever; such a one is abandoned, and what it still brings
    is refused by its Camera, which knows readers by identity."""

    def __init__(self, name: str, number: int, spec: SourceSpec, sink: Sink, silence_s: float) -> None:
        """`silence_s`: for how long its camera may be silent before this reader is abandoned."""
        self.number = number
        self.label = spec.label
        self.started_at = time.monotonic()
        self.opened_at: float | None = None
        self.arrived_at: float | None = None  # of the newest picture; written by the Camera in take()
        self.over = False  # ended by itself
        self.error: SourceError | None = None  # None: the source said that it is over
        self._make = spec.make
        self._silence_s = silence_s
        self._sink = sink
        self._source: Source | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"askcam-{name}-reader-{number}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def dropped(self) -> Mapping[str, int]:
        """What the source itself dropped, by reason."""
        return _dropped(self._source)

    @property
    def progress(self) -> OpeningProgress:
        """What the source knows besides its pictures."""
        source = self._source
        return source.progress() if isinstance(source, Telling) else OpeningProgress()

    def abandon(self) -> None:
        """Tell it to stop after what it is doing, and wake it if it can be woken. Any thread; returns at once."""
        if self._stop.is_set():
            return
        self._stop.set()
        _wake(self._source)

    def join(self, timeout_s: float) -> bool:
        """Wait for the thread; whether it has ended."""
        self._thread.join(max(0.0, timeout_s))
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._read()
        except SourceError as error:
            self.error = error
        except Exception as error:  # a third party's source, or a driver: the camera must survive it
            log.error("reader of %s failed: %s", self.label, redact(traceback.format_exc()))
            self.error = SourceError(f"reading failed: {type(error).__name__}: {redact(str(error))}")
        self.over = True
        self._sink.finished(self)
        if self._source is not None:
            try:
                self._source.close()
            except Exception:
                log.error("closing %s failed: %s", self.label, redact(traceback.format_exc()))

    def _read(self) -> None:
        source = self._source = self._make()
        if self._stop.is_set():
            return
        if isinstance(source, Patient):
            source.allow_silence(self._silence_s)
        if isinstance(source, PacketSource) and (listener := self._sink.packets(self)) is not None:
            source.tell_packets(listener)
        source.open()
        self.opened_at = time.monotonic()
        while not self._stop.is_set():
            picture = source.read(self._sink.wants_pixels(self))
            if picture is None or not self._sink.take(self, picture):
                return


def _wake(source: object) -> None:
    if isinstance(source, Interruptible):
        source.interrupt()


def _dropped(source: object) -> Mapping[str, int]:
    return source.dropped if isinstance(source, Counting) else {}
