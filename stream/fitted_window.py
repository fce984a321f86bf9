"""A camera's window as one model reads it: frames made to fit by its rule, as many a second as it keeps up with.

A camera has one of its own, and one more for each other model that sees it: its source is read once for all of them.
"""

import functools
import threading
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from askcam.stream.fit import FitRule
from askcam.stream.frame import Frame
from askcam.stream.health import Gray
from askcam.stream.listeners import Listeners
from askcam.stream.sampler import MotionGate, Sampler
from askcam.stream.shot import Shot
from askcam.stream.window import Anchors, View, Window


class CameraPictures(Protocol):
    """What a window wants of its camera."""

    def usable(self) -> Shot:
        """The newest picture that has, or can be given, pixels. Raises CameraUnavailable."""
        ...

    def check_current(self, shot: Shot) -> bool:
        """Whether the picture is of the connection that there is now. With the lock held. Raises CameraUnavailable."""
        ...


class FittedWindow:
    """An engine.interface.PacedSource. Any thread may call what stands before "the reader's thread"; all of it is under
    the camera's lock."""

    def __init__(
        self,
        name: str,
        fps: float,
        lock: threading.Lock,
        pictures: CameraPictures,
        *,
        fit: FitRule,
        anchors: Anchors,
        motion_gate: float | None,
    ) -> None:
        """`name`: the camera's; `fps`: frames a second that it samples; `lock`: the camera's."""
        self.name, self._fps, self._lock, self._pictures = name, fps, lock, pictures
        self._fit_for = functools.lru_cache(1)(fit)  # of the last picture size
        self._window = Window(name, anchors, fps)
        self._motion_gate = motion_gate
        self._gate = MotionGate(motion_gate)
        self._slow: Sampler | None = None  # stands behind the camera's own while the engine cannot keep up
        self._growth: Listeners[Callable[[], None]] = Listeners(lock)  # who wants to know of new pairs
        self.sampled = self.pairs_kept = self.pairs_still = 0
        self.dropped: Counter[str] = Counter()

    # -- askers

    def look(self) -> View:
        """The window now, with the newest decoded picture taken in. Raises CameraUnavailable unless it is askable."""
        while True:
            shot = self._pictures.usable()
            frame = shot.fitted(self._fit_for)
            with self._lock:
                if not self._pictures.check_current(shot):
                    continue  # reconnected meanwhile: this picture is from before
                view = self._window.view(frame)
                assert view is not None, "a view with a newest frame is never empty"
                return view

    def sampled_view(self) -> View | None:
        """The sampled window as it stands, in whatever state; None while it is empty. Converts nothing."""
        with self._lock:
            return self._window.view()

    def peek(self) -> View | None:
        """The window's complete pairs, in whatever state; None while there are none. Converts nothing."""
        with self._lock:
            return self._window.settled()

    def on_pair(self, callback: Callable[[], None]) -> Callable[[], None]:
        """As Camera.on_pair()."""
        return self._growth.add(callback)

    def pace(self, fps: float, anew: bool = False) -> None:
        """As Camera.pace()."""
        with self._lock:
            fps = min(fps, self._fps)
            self._slow = Sampler(fps) if fps < self._fps else None
            self._window.fps = fps
            if anew:
                self._window.clear()
                self._tell_growth()

    # -- the reader's thread

    def fitted(self, shot: Shot) -> Frame:
        """The picture as this model sees it. Without the lock: askers go on meanwhile."""
        return shot.fitted(self._fit_for)

    def still(self, luma: Gray, frame: Frame) -> bool:
        """Whether nothing moves in it."""
        return self._gate.still(luma, frame.mono)

    # -- with the lock held

    def due(self, mono: float) -> bool:
        """Whether a picture of that time, which the camera samples, is to be taken in here; counts it if not."""
        if self._slow is None or self._slow.take(mono):
            return True
        self.dropped["load"] += 1
        return False

    def add(self, frame: Frame, luma: Gray, still: bool) -> None:
        """Take the next sampled frame, and tell of the pair that it completes."""
        self.sampled += 1
        before = self._window.num_pairs_seen
        self._window.add(frame, still)
        if self._window.waiting is None:  # it completed a pair
            if self._window.num_pairs_seen == before:
                self.pairs_still += 1
                self.dropped["still"] += 2
                return
            self.pairs_kept += 1
            self._gate.kept(luma, frame.mono)
        self._tell_growth()

    def restart(self) -> None:
        """A new reader brings its first picture."""
        self._gate = MotionGate(self._motion_gate)
        if self._slow is not None:
            self._slow.restart()

    def clear(self) -> None:
        """The source was lost, or the camera closed."""
        self._window.clear()
        self._tell_growth()

    def _tell_growth(self) -> None:
        for callback in self._growth:
            callback()


class CameraWindows:
    """Guarded by the camera's lock, which whoever calls has, but for add() and forget()."""

    def __init__(self, fps: float, lock: threading.Lock, pictures: CameraPictures) -> None:
        """`fps`: frames a second that are sampled; `lock`: the camera's."""
        self._fps, self._lock, self._pictures = fps, lock, pictures
        self._all: tuple[FittedWindow, ...] = ()  # replaced at every change; the camera's own first

    def __len__(self) -> int:
        return len(self._all)

    def add(self, name: str, fit: FitRule, anchors: Anchors, motion_gate: float | None) -> FittedWindow:
        """One more, which fills from now on."""
        size = {"fit": fit, "anchors": anchors, "motion_gate": motion_gate}
        window = FittedWindow(name, self._fps, self._lock, self._pictures, **size)  # type: ignore[arg-type]
        with self._lock:
            self._all += (window,)
        return window

    def forget(self, window: FittedWindow) -> None:
        """End one."""
        with self._lock:
            self._all = tuple(each for each in self._all if each is not window)

    def due(self, mono: float) -> list[FittedWindow]:
        """Those that take in a picture of that time."""
        return [each for each in self._all if each.due(mono)]

    def restart(self) -> None:
        """A new reader brings its first picture."""
        for window in self._all:
            window.restart()

    def clear(self) -> None:
        """Nothing that they hold counts any more."""
        for window in self._all:
            window.clear()
