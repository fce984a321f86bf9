"""Zones of cameras, each with a window of its own for each model that looks at it.

The windows of a camera's own model fill from the start, so that the first question about a zone sees its last seconds,
too. An engine knows of a zone only while it is used: it reads the frames of a watched one ahead, like a camera's; those
of one that somebody asks about it reads with the question, and keeps what it has read for the next one.
"""

import asyncio
import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from askcam.engine.errors import NoRoom
from askcam.engine.interface import WindowSource
from askcam.engine.power import gate_of
from askcam.server.errors import NotFound, as_refusal
from askcam.server.given_names import quoted
from askcam.server.model import Model
from askcam.stream.camera import Camera
from askcam.stream.fitted_window import FittedWindow
from askcam.stream.status import CameraConfig
from askcam.stream.window import View
from askcam.stream.zone_fit import zone_rule
from askcam.stream.zones import Zone, window_name

IDLE_S = 60.0  # what was read of a zone for a question is let go so long after the last one
MAX_IDLE = 4  # zones that are kept so, of each model


class NoSuchZone(NotFound):
    """A camera has no zone of that name."""

    code = "zone_not_found"

    def __init__(self, camera: str, zone: str, known: Mapping[str, Zone]) -> None:
        remedy = f"its zones: {', '.join(known)}" if known else f"it has none: [cameras.{camera}.zones.NAME] makes one"
        super().__init__(f"the camera {camera!r} has no zone {quoted(zone)}; {remedy}", "askcam.zone")


class AskedWindow:
    """An engine.interface.WindowSource that says nothing by itself: it is looked at when somebody asks."""

    def __init__(self, window: FittedWindow) -> None:
        self.name, self._window = window.name, window

    def look(self) -> View:
        return self._window.look()


@dataclass(slots=True, eq=False)
class ZoneWindow:
    """One zone of one camera, as one model sees it."""

    camera: Camera
    model: Model
    window: FittedWindow
    known_as: WindowSource | None = None  # to the engine; None: it does not know of it
    watched: bool = False
    asking: int = 0  # questions under way
    idle_at: float = 0.0  # since when nobody asks, by the event loop's clock

    @property
    def idle(self) -> bool:
        return self.known_as is not None and not self.watched and not self.asking


class ZoneWindows:
    """Owned by the event loop."""

    def __init__(self) -> None:
        self._configs: dict[str, CameraConfig] = {}  # by camera, as they were given
        self._windows: dict[tuple[str, str, Model], ZoneWindow] = {}  # camera, zone, model

    def open(self, camera: Camera, config: CameraConfig, model: Model) -> None:
        """A camera's zones, as its own model sees them."""
        self._configs[camera.name] = config
        for zone in config.zones:
            self._window(camera, zone, model)

    def close(self, camera: str) -> None:
        """A camera goes, or its zones do."""
        self._configs.pop(camera, None)
        for key in [key for key in self._windows if key[0] == camera]:
            found = self._windows.pop(key)
            self._let_go(found)
            found.camera.forget_window(found.window)

    def check(self, camera: str, zone: str | None) -> None:
        """Raises NoSuchZone; None is all of the picture."""
        known = self._configs[camera].zones if camera in self._configs else {}
        if zone is not None and zone not in known:
            raise NoSuchZone(camera, zone, known)

    @contextlib.contextmanager
    def asked(self, camera: Camera, zone: str, model: Model) -> Iterator[FittedWindow]:
        """A zone's window, which the model's engine knows of until nobody asks about it. Raises NoSuchZone, OutOfMemory
        where the engine has no room for it."""
        found = self._window(camera, zone, model)
        if found.known_as is None:
            self._attach(found, AskedWindow(found.window))
        found.asking += 1
        try:
            yield found.window
        finally:
            found.asking -= 1
            loop = asyncio.get_running_loop()
            found.idle_at = loop.time()
            self._rest(model, loop.time())
            if found.idle:
                loop.call_later(IDLE_S, lambda: self._rest(model, loop.time()))

    def watch(self, camera: Camera, zone: str, model: Model) -> None:
        """Have a model look at a zone all the time; nothing if it does. Raises as asked()."""
        found = self._window(camera, zone, model)
        found.watched = True
        if isinstance(found.known_as, AskedWindow) and not found.asking:
            self._let_go(found)
        if found.known_as is None:
            self._attach(found, found.window)

    def unwatch(self, camera: str, zone: str, model: Model) -> None:
        """End what watch() began; nothing if it did not."""
        found = self._windows.get((camera, zone, model))
        if found is not None and found.watched:
            found.watched = False
            if not found.asking:
                self._let_go(found)

    def make_room(self, model: Model) -> bool:
        """Let go of what nobody asks about just now. Returns whether there was anything."""
        idle = [each for each in self._windows.values() if each.model is model and each.idle]
        for each in idle:
            self._let_go(each)
        return bool(idle)

    def _window(self, camera: Camera, zone: str, model: Model) -> ZoneWindow:
        self.check(camera.name, zone)
        key = (camera.name, zone, model)
        if key not in self._windows:
            engine, config = model.engine, self._configs[camera.name]
            rule, called = zone_rule(engine.fit, config.zones[zone]), window_name(camera.name, zone)
            window = camera.window_for(rule, engine.anchors, gate_of(engine.info.power, config.motion_gate), called)
            self._windows[key] = ZoneWindow(camera, model, window)
        return self._windows[key]

    def _attach(self, found: ZoneWindow, source: WindowSource) -> None:
        engine = found.model.engine
        try:
            engine.attach(source)
        except NoRoom as exc:
            if not self.make_room(found.model):
                raise as_refusal(exc) from exc
            self._attach(found, source)
            return
        found.known_as = source

    def _let_go(self, found: ZoneWindow) -> None:
        if found.known_as is not None:
            found.known_as = None
            found.model.engine.detach(found.window.name)

    def _rest(self, model: Model, now: float) -> None:
        """Let go of those that nobody has asked about for long, and of too many."""
        idle = [each for each in self._windows.values() if each.model is model and each.idle]
        idle.sort(key=lambda each: each.idle_at)
        for number, each in enumerate(idle):
            if number < len(idle) - MAX_IDLE or now - each.idle_at >= IDLE_S:
                self._let_go(each)
