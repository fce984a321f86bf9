"""How far the model is: what /readyz answers, and what a question is told while there is no model yet."""

import threading
from typing import NamedTuple


class LoadingProgress(NamedTuple):
    """One moment of loading."""

    what: str  # "loading weights", "warming up"
    share: float  # done, 0..1


class Readiness:
    """Set from the loading thread, read from the event loop. `set` is an engine.interface.Progress."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._progress = LoadingProgress("starting", 0.0)
        self._ready = False
        self._failed = False

    def set(self, what: str, share: float) -> None:
        """Say what is being done and how much of it is done (held to 0..1). No effect once ready."""
        with self._lock:
            if not self._ready:
                self._progress = LoadingProgress(what, min(1.0, max(0.0, share)))

    def ready(self) -> None:
        """The model is warm. Final."""
        with self._lock:
            self._ready, self._failed, self._progress = True, False, LoadingProgress("ready", 1.0)

    def fail(self, why: str) -> None:
        """The model will not come; `why` is one line for people, with its remedy. No effect once ready."""
        with self._lock:
            if not self._ready:
                self._failed, self._progress = True, LoadingProgress(why, self._progress.share)

    @property
    def is_ready(self) -> bool:
        with self._lock:
            return self._ready

    @property
    def status(self) -> str:
        """ "loading", "failed" or "ready"."""
        with self._lock:
            return "ready" if self._ready else "failed" if self._failed else "loading"

    def snapshot(self) -> LoadingProgress:
        with self._lock:
            return self._progress
