"""The thread that takes pictures of cameras without packets: webcams, pushed frames, cameras of single pictures."""

import logging
import threading
import time
from collections.abc import Callable, Sequence

from askcam.features.clips.footage import Footage

log = logging.getLogger(__name__)

TICK_S = 0.1
JOIN_S = 2.0


class PictureSampler:
    """start() and close() are for one thread, which may not be the event loop's: close() waits for up to 2 s."""

    def __init__(self, cameras: Callable[[], Sequence[Footage]]) -> None:
        """`cameras`: those that there are now; called on the thread."""
        self._cameras = cameras
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="askcam-clips-pictures", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(JOIN_S)

    def _run(self) -> None:
        while not self._stop.wait(TICK_S):
            for footage in self._cameras():
                try:
                    footage.sample(time.monotonic())
                except Exception:  # the others go on
                    log.exception("a picture of %s could not be taken", footage.camera.name)
