"""A camera for benchmarks."""

import threading
import time
from collections.abc import Callable

import numpy as np

from askcam.stream.frame import Frame
from askcam.stream.window import Anchors, View, Window


class BenchCamera:
    """A camera (door.LiveSource) whose frames come when told. Noise: what it shows costs the same."""

    def __init__(self, name: str, anchors: Anchors, width: int, height: int, fps: float = 2.0) -> None:
        self.name = name
        self._window, self._lock = Window(name, anchors, fps), threading.Lock()
        noise = np.random.default_rng(0)
        self._pixels = [noise.integers(0, 256, (height, width, 3), np.uint8) for _ in range(4)]
        self._callbacks: list[Callable[[], None]] = []
        self._newest: Frame | None = None
        self._count = self._sampled = 0

    def show(self, num_frames: int) -> None:
        """So many frames come, now, and are sampled."""
        for _ in range(num_frames):
            with self._lock:
                self._newest = self._frame()
                self._window.add(self._newest)
                self._sampled += 1
            if self._sampled % 2 == 0:
                for callback in self._callbacks:
                    callback()

    def decode(self) -> None:
        """One frame comes that is not sampled: the next question's view ends with it."""
        with self._lock:
            self._newest = self._frame()

    def look(self) -> View:
        with self._lock:
            view = self._window.view(self._newest)
        assert view is not None, "asked before a frame was shown"
        return view

    def peek(self) -> View | None:
        with self._lock:
            return self._window.settled()

    def on_pair(self, callback: Callable[[], None]) -> Callable[[], None]:
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def _frame(self) -> Frame:
        self._count += 1
        pixels = self._pixels[self._count % len(self._pixels)]
        return Frame(self.name, self._count, time.time(), time.monotonic(), pixels)
