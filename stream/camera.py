"""A camera: a source that is always drained, its windows (one for each model that sees it), and the newest picture.

Three kinds of threads meet here, under one lock. A *reader* (reader.py) decodes and hands in every picture; it alone
samples into the window. The *supervisor* (supervisor.py) watches the age of the newest picture, opens and abandons
readers, and tells of changes. *Askers* come from anywhere and take the window and the newest picture.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from types import MappingProxyType, TracebackType

from askcam.stream.errors import CameraUnavailable
from askcam.stream.fit import FitRule
from askcam.stream.fitted_window import CameraWindows, FittedWindow
from askcam.stream.frame import AgeBasis, Frame
from askcam.stream.health import Health, HealthMonitor, gray
from askcam.stream.masks import Masks
from askcam.stream.packets import PacketListener, PacketListeners
from askcam.stream.rate import FrameRate
from askcam.stream.reader import Reader
from askcam.stream.sampler import Sampler
from askcam.stream.shot import Shot
from askcam.stream.sources.base import DecodedPicture, SourceSpec
from askcam.stream.states import State
from askcam.stream.status import CameraConfig, CameraStatus, StateChange
from askcam.stream.supervisor import Supervisor
from askcam.stream.window import Anchors, View

__all__ = ["Camera", "CameraConfig", "CameraStatus", "State", "StateChange"]

DEMAND_S = 0.15  # an asker waits no longer for a picture with pixels (OpenCV), then takes the last one that had them
DEMAND_FRAMES = 4  # ... nor longer than this many frame intervals; two are enough unless the machine is busy


class Camera:
    """One named live source. Every public method may be called from any thread.

    All it holds are the newest decoded picture (and, with OpenCV, the newest that has pixels), the window, and one more
    for each other model that sees it. A slow asker slows nobody: readers never wait. A reconnect empties the windows.
    """

    def __init__(
        self, name: str, spec: SourceSpec, *, fit: FitRule, anchors: Anchors, config: CameraConfig | None = None
    ) -> None:
        self.name = name
        self.uri = spec.label
        self.config = config or CameraConfig()
        self._lock = threading.Lock()
        self._frames = threading.Condition(self._lock)  # askers wait here for pictures
        self._supervisor = Supervisor(name, spec, self.config, self._lock, self)
        self._masks = Masks(self.config.masks)  # replaced at every change
        self._windows = CameraWindows(self.config.fps, self._lock, self)
        self.own_window = self._windows.add(name, fit, anchors, self.config.motion_gate)  # as look() has it
        self._newest: Shot | None = None
        self._usable: Shot | None = None  # the newest that has pixels
        self._keeps = spec.keeps
        self._kept = False  # whether the last pictures are still there when it is over
        self._demand = 0  # askers waiting for pixels
        self._seq = 0
        self._connects = 0  # readers that brought a picture
        self._dropped: Counter[str] = Counter()
        self._sampler = Sampler(self.config.fps)
        self._rate = FrameRate()
        self._health = HealthMonitor()
        self._flags: tuple[Health, ...] = ()
        self._packets = PacketListeners(name, self._lock)

    def start(self) -> None:
        """Open the source and keep it open. Returns at once."""
        self._supervisor.start(self)

    def close(self, timeout_s: float = 3.0) -> None:
        """End its threads, within `timeout_s`; a reader stuck in a driver is left behind. Then it is `ended`."""
        self._supervisor.close(timeout_s)

    def __enter__(self) -> "Camera":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- askers

    def look(self) -> View:
        """The window now, with the newest decoded picture taken in. Raises CameraUnavailable unless it is askable."""
        return self.own_window.look()

    def newest(self) -> Frame:
        """The newest decoded picture in full resolution. Raises CameraUnavailable unless it is askable."""
        frame, masks = (shot := self.usable()).full(), shot.masks
        return frame if masks is self._masks else self.newest()  # they were changed meanwhile

    def shot(self) -> Shot | None:
        """The newest picture that can be given pixels, not converted yet, in whatever state; None before the first."""
        return self._usable

    @property
    def masks(self) -> Masks:
        """What nobody is to see of it: another value after each change. Any thread."""
        return self._masks

    def mask(self, masks: Masks) -> None:
        """Hide other parts from now on. The windows are emptied; what was given away before stays as it was."""
        with self._lock:
            self._masks = masks
            self._newest = self._newest and self._newest.masked_by(masks)
            self._usable = self._usable and self._usable.masked_by(masks)
            self._windows.clear()

    def window(self) -> View | None:
        """The sampled window as it stands, in whatever state; None while it is empty. Converts nothing."""
        return self.own_window.sampled_view()

    def peek(self) -> View | None:
        """The window's complete pairs, in whatever state; None while there are none. Converts nothing."""
        return self.own_window.peek()

    def on_pair(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Have `callback` called after each new pair and when the window was emptied, on a camera thread, which it must
        not hold up (a lock may be held: it must not call back in here). Returns what unsubscribes it."""
        return self.own_window.on_pair(callback)

    def pace(self, fps: float, anew: bool = False) -> None:
        """Sample at most `fps` frames a second, never more than configured, for an engine that cannot keep up.

        Frames left out for it are counted as dropped for `load`. `anew`: empty the window.
        """
        self.own_window.pace(fps, anew)

    def window_for(
        self, fit: FitRule, anchors: Anchors, motion_gate: float | None = None, called: str | None = None
    ) -> FittedWindow:
        """One more, for another model or a zone, `called` otherwise than the camera; forget_window() ends it."""
        return self._windows.add(called or self.name, fit, anchors, motion_gate)

    def forget_window(self, window: FittedWindow) -> None:
        """End one of window_for()."""
        self._windows.forget(window)

    def status(self) -> CameraStatus:
        """How it is now."""
        with self._lock:
            supervisor, newest, own = self._supervisor, self._newest, self.own_window
            live = supervisor.state is State.LIVE
            return CameraStatus(
                state=supervisor.state,
                reason=supervisor.reason,
                width=newest.picture.width if newest else None,
                height=newest.picture.height if newest else None,
                fps=self._rate.fps if live else None,
                frame_age_s=max(0.0, time.monotonic() - newest.picture.mono) if newest else None,
                basis=newest.picture.basis if newest else AgeBasis.ARRIVAL,
                health=self._flags if live else (),
                decoded=self._seq,
                sampled=own.sampled,
                pairs_kept=own.pairs_kept,
                pairs_still=own.pairs_still,
                dropped=MappingProxyType(dict(self._dropped + own.dropped + supervisor.dropped_by_sources())),
                reconnects=max(0, self._connects - 1),
                abandoned=supervisor.num_abandoned,
                retry_s=None if (at := supervisor.retry_at) is None else max(0.0, at - time.monotonic()),
            )

    def on_change(self, callback: Callable[[StateChange], None]) -> Callable[[], None]:
        """Have `callback` called for every change of state, in order, on this camera's supervisor thread, which it must
        not hold up. Returns what unsubscribes it."""
        return self._supervisor.listen(callback)

    def on_packet(self, listener: PacketListener) -> Callable[[], None]:
        """Have `listener` called for each packet as the camera sends it, from the next time that its source is opened;
        for none of a source that has no packets (see PacketListener). Returns what unsubscribes it."""
        return self._packets.add(listener)

    def usable(self) -> Shot:
        """The newest picture that has, or can be given, pixels. Raises CameraUnavailable unless it is askable."""
        with self._lock:
            self._check_live()
            newest = self._newest
            assert newest is not None, "live without a picture"
            if not newest.has_pixels:
                self._await_pixels(newest.seq)
                self._check_live()
            shot = self._usable
            if shot is None:  # the first pictures of a source that converts on demand
                raise CameraUnavailable(self.name, State.CONNECTING, "its first picture is still being decoded")
            return shot

    def _await_pixels(self, seq: int) -> None:
        """Wait, with the lock, for a picture after `seq` that has pixels, but not for long."""
        timeout_s = min(DEMAND_S, DEMAND_FRAMES * (self._rate.interval_s or DEMAND_S))
        self._demand += 1
        try:
            self._frames.wait_for(
                lambda: (self._usable and self._usable.seq > seq) or self._supervisor.state is not State.LIVE, timeout_s
            )
        finally:
            self._demand -= 1

    @property
    def askable(self) -> bool:
        """Whether it can be asked: it is live, or a file that is over and whose last pictures are there."""
        with self._lock:
            return self._can_be_asked()

    def _can_be_asked(self) -> bool:
        state = self._supervisor.state
        return state is State.LIVE or (state is State.ENDED and self._kept)

    def _check_live(self) -> None:
        if not self._can_be_asked():
            raise CameraUnavailable(self.name, self._supervisor.state, self._supervisor.reason or "no reason known")

    def check_current(self, shot: Shot) -> bool:
        """As fitted_window.CameraPictures has it."""
        self._check_live()
        of_now = shot.reader is self._supervisor.reader or self._supervisor.state is not State.LIVE
        return of_now and shot.masks is self._masks

    # -- the reader's thread (reader.Sink)

    def wants_pixels(self, reader: Reader) -> bool:
        """Whether the next picture will be asked for its pixels: by an asker who waits, or by the sampler."""
        with self._lock:
            newest, interval_s = self._newest, self._rate.interval_s
            if self._demand or reader.arrived_at is None or newest is None or interval_s is None:
                return True
            return self._sampler.wants(newest.picture.mono + interval_s)

    def take(self, reader: Reader, picture: DecodedPicture) -> bool:
        """A picture was decoded; False when it comes too late to count."""
        now = time.monotonic()
        with self._lock:
            first = reader.arrived_at is None
            if not self._supervisor.arrived(reader, picture.mono, now):
                self._dropped["late"] += 1
                return False
            if first:
                self._begin()
            self._rate.tick(now)
            self._seq += 1
            shot = self._newest = Shot(self.name, self._seq, picture, reader, self._masks)
            if shot.has_pixels:
                self._usable = shot
            self._frames.notify_all()
            windows = self._windows.due(picture.mono) if shot.has_pixels and self._sampler.take(picture.mono) else []
        return self._sample(reader, shot, windows) if windows else True

    def packets(self, reader: Reader) -> PacketListener | None:
        return self._packets.while_counts(lambda: reader is self._supervisor.reader)

    def finished(self, reader: Reader) -> None:
        """The reader has come to its end."""
        self._supervisor.finished(reader)

    def _begin(self) -> None:
        """A new reader brings its first picture."""
        self._connects += 1
        self._kept = self._keeps
        self._sampler.restart()
        self._rate.restart()
        self._health = HealthMonitor()
        self._windows.restart()
        self._usable = None
        self._flags = ()

    def _sample(self, reader: Reader, shot: Shot, windows: list[FittedWindow]) -> bool:
        frames = [(window, window.fitted(shot)) for window in windows]  # outside the lock: askers go on meanwhile
        lumas = [gray(frame.pixels) for _, frame in frames]
        flags = None
        if windows[0] is self.own_window:  # health is always looked for in frames of the same size
            flags = self._health.see(lumas[0], frames[0][1].mono)
        still = [window.still(luma, frame) for (window, frame), luma in zip(frames, lumas, strict=True)]
        with self._lock:
            if self._supervisor.reader is not reader:
                self._dropped["late"] += 1
                return False
            if shot.masks is not self._masks:  # changed meanwhile: it shows what is hidden now
                self._dropped["masks"] += 1
                return True
            self._flags = self._flags if flags is None else flags
            for (window, frame), luma, nothing_moves in zip(frames, lumas, still, strict=True):
                window.add(frame, luma, nothing_moves)
        return True

    # -- the supervisor, with the lock held (supervisor.Owner)

    def forget(self) -> None:
        """The source was lost, or the camera closed: empty the window, and let askers that wait know."""
        self._kept = False
        self._frames.notify_all()
        self._windows.clear()

    def usual_s(self) -> float | None:
        """Median seconds between frames, lately."""
        return self._rate.usual_s
