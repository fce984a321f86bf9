"""The cameras of this server: a camera here is a stream.Camera attached, under its name, to the engine of the model
that answers about it, and to those of other models that watch it."""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from askcam.client.protocol import CameraInfo, CameraZone
from askcam.engine.errors import NoRoom
from askcam.engine.power import gate_of
from askcam.server.access.limits import Limits
from askcam.server.access.viewer import THE_SERVER, Viewer
from askcam.server.camera_names import PUSHED, check_name, private
from askcam.server.camera_use import DEFAULT_USE, CameraUse, slow_words
from askcam.server.errors import Conflict, Invalid, TooMany, as_refusal, unknown_camera
from askcam.server.lifecycle import ServerPart
from askcam.server.model import Model
from askcam.server.models import Models, unknown_model
from askcam.server.zone_windows import ZoneWindows
from askcam.stream.camera import Camera, CameraConfig, StateChange
from askcam.stream.fitted_window import FittedWindow
from askcam.stream.masks import Masks
from askcam.stream.polygons import Polygon
from askcam.stream.secrets import KNOWN
from askcam.stream.shot import Shot
from askcam.stream.sources.base import SourceSpec
from askcam.stream.sources.push import PushSource
from askcam.stream.zones import Zone

log = logging.getLogger(__name__)

Resolve = Callable[[str, float], SourceSpec]  # of a URI and the pictures per second that are wanted; raises SourceError


class Cameras(ServerPart):
    """Owned by the event loop. Bounded by limits.max_cameras and limits.max_pushed_cameras; one more is refused."""

    def __init__(self, models: Models, limits: Limits, resolve: Resolve) -> None:
        """`resolve`: what opens a URI (stream/sources/registry.py)."""
        self.models, self._limits, self._resolve = models, limits, resolve
        self._cameras: dict[str, Camera] = {}
        self._configs: dict[str, CameraConfig] = {}  # as they were given, whatever their models make of them
        self._also: dict[str, dict[str, FittedWindow]] = {}  # by camera: windows of other models that see it, by model
        self._uses: dict[str, CameraUse] = {}
        self._owners: dict[str, str] = {}  # of private ones: whose they are
        self.announced: dict[str, str | None] = {}  # those that are opened once their model is there, and which it is
        self._listeners: set[Callable[[StateChange], None]] = set()
        self._zones = ZoneWindows()
        self.opening: list[Callable[[Camera, CameraUse], None]] = []  # told of each before it opens its source
        self.closing: list[Callable[[Camera], None]] = []  # ... and once it is removed

    def add(self, name: str, uri: str, config: CameraConfig | None = None, use: CameraUse | None = None) -> Camera:
        """Open a camera and attach it. Returns at once; its state says how the opening goes.

        Raises Refusal (bad or taken name, too many) and stream.SourceError (a URI that nothing here opens).
        """
        check_name(name)
        if name in self.models:
            raise Conflict(f"{name!r} is the name of a model here ([models.{name}]): call the camera otherwise", "name")
        if name in self._cameras or name in self.announced:
            raise Conflict(f"there is a camera {name!r} already", "name")
        if sum(not private(name) for name in self._cameras) >= self._limits.max_cameras:
            raise TooMany(f"all places for cameras are taken ({self._limits.max_cameras}): remove one first")
        config = config or CameraConfig()
        use = use or CameraUse()
        camera = self._open(name, self._resolve(uri, config.fps), config, use)
        KNOWN.publish(name)
        return camera

    def add_pushed(
        self, config: CameraConfig | None = None, use: CameraUse | None = None, owner: str = ""
    ) -> tuple[str, PushSource]:
        """A private camera whose frames come from one connection, that of `owner`; the caller removes it when that
        ends."""
        if sum(private(name) for name in self._cameras) >= self._limits.max_pushed_cameras:
            most = self._limits.max_pushed_cameras
            told = f"all places for pushed cameras are taken ({most}); try again later"
            raise TooMany(told, code="busy", retry_after_s=10)
        name, source = PUSHED + secrets.token_hex(8), PushSource()
        self._open(name, source.spec(), config or CameraConfig(), use or CameraUse())
        self._owners[name] = owner
        return name, source

    def _open(self, name: str, spec: SourceSpec, config: CameraConfig, use: CameraUse) -> Camera:
        engine = self.models.get(use.model).engine
        own = replace(config, motion_gate=gate_of(engine.info.power, config.motion_gate))
        camera = Camera(name, spec, fit=engine.fit, anchors=engine.anchors, config=own)
        loop = asyncio.get_running_loop()

        def on_change(change: StateChange) -> None:  # on a camera thread
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._changed, change)

        camera.on_change(on_change)
        try:
            engine.attach(camera)
        except NoRoom as exc:
            if not self._zones.make_room(self.models.get(use.model)):
                raise as_refusal(exc) from exc
            engine.attach(camera)
        self._cameras[name], self._uses[name], self._configs[name] = camera, use, config
        self._zones.open(camera, config, self.model(name))
        for told in self.opening:
            told(camera, use)
        camera.start()
        return camera

    def change(self, name: str, masks: tuple[Polygon, ...] | None, zones: Mapping[str, Zone] | None) -> None:
        """Hide other parts of its picture, or have other zones of it, from now on; None: as they are. Raises NotFound,
        and ValueError for what cannot be one, and then changes nothing."""
        camera, before = self.get(name), self._configs[name]
        masks, zones = before.masks if masks is None else masks, before.zones if zones is None else zones
        config = self._configs[name] = replace(before, masks=masks, zones=zones)
        if config.masks != before.masks:
            camera.mask(Masks(config.masks))
        if config.zones != before.zones:
            self._zones.close(name)
            self._zones.open(camera, config, self.model(name))

    def model(self, name: str) -> Model:
        """The model that answers about a camera. Raises NotFound."""
        self.get(name)
        return self.models.get(self._uses[name].model)

    def seen_by(self, name: str) -> list[str]:
        """The names of all models that see a camera, the one that answers about it first. Raises NotFound."""
        return [self.model(name).called, *self._also.get(name, ())]

    def asked_of(self, name: str | None, called: str | None, viewer: Viewer = THE_SERVER) -> Model:
        """The model that a question goes to, about a camera or none; `called`: which one it names. Raises NotFound,
        Invalid for one that does not see the camera."""
        if name is not None:
            self.get(name, viewer)
        own = self.models.usual if name is None else self.model(name)
        if called is None or called == own.called:
            return own
        if called not in self.models:
            raise unknown_model(called, [each.called for each in self.models]).at("askcam.model")
        if name is not None and called not in self._also.get(name, ()):
            told = f"the model {called!r} does not see {name!r}, which is seen by: {', '.join(self.seen_by(name))}"
            remedy = "" if private(name) else f", or have it see the camera: [cameras.{name}] model = {called!r}"
            raise Invalid(f"{told}; name one of these{remedy}", "askcam.model")
        return self.models.get(called)

    def check_zone(self, name: str, zone: str | None) -> None:
        """Raises NotFound unless the camera has that zone; None is all of it."""
        self._zones.check(self.get(name).name, zone)

    @contextlib.contextmanager
    def looked_at(self, name: str, zone: str | None, model: Model) -> Iterator[FittedWindow]:
        """The window that a question to a model is about, which its engine knows of meanwhile. Raises NotFound,
        OutOfMemory."""
        camera = self.get(name)
        if zone is None:
            yield self._also.get(name, {}).get(model.called, camera.own_window)
            return
        with self._zones.asked(camera, zone, model) as window:
            yield window

    def show(self, name: str, model: Model, zone: str | None = None) -> None:
        """Have one more model see a camera, or a zone of it, from now on; nothing if it does. Raises NotFound,
        Unavailable while that model is loaded, OutOfMemory where it has no room for one more."""
        camera = self.get(name)
        if zone is not None:
            self._zones.watch(camera, zone, model)
            return
        windows = self._also.setdefault(name, {})
        if model is self.model(name) or model.called in windows:
            return
        engine, gate = model.engine, gate_of(model.engine.info.power, self._configs[name].motion_gate)
        window = camera.window_for(engine.fit, engine.anchors, gate)
        try:
            engine.attach(window)
        except NoRoom as exc:
            camera.forget_window(window)
            raise as_refusal(exc) from exc
        windows[model.called] = window

    def hide(self, name: str, model: Model, zone: str | None = None) -> None:
        """End what show() began; nothing if it did not."""
        if zone is not None:
            self._zones.unwatch(name, zone, model)
            return
        window = self._also.get(name, {}).pop(model.called, None)
        if window is not None:
            model.engine.detach(name)
            self._cameras[name].forget_window(window)

    def _changed(self, change: StateChange) -> None:
        log.info(
            "camera %s: %s -> %s%s", change.camera, change.old, change.new, f" ({r})" if (r := change.reason) else ""
        )
        for listener in tuple(self._listeners):
            listener(change)

    def listen(self, listener: Callable[[StateChange], None]) -> Callable[[], None]:
        """Have every camera's changes of state told on the event loop; returns what ends that."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    async def remove(self, name: str, viewer: Viewer = THE_SERVER) -> None:
        """Detach a camera and end its threads (up to 3 s, off the event loop). Raises NotFound."""
        camera, seen_by = self.get(name, viewer), self.seen_by(name)
        self._zones.close(name)
        del self._cameras[name], self._uses[name], self._configs[name]
        self._also.pop(name, None)
        self._owners.pop(name, None)
        for called in seen_by:
            self.models.get(called).engine.detach(name)
        for told in self.closing:
            told(camera)
        await asyncio.to_thread(camera.close)

    async def close(self) -> None:
        """Remove all, together."""
        await asyncio.gather(*(self.remove(name) for name in list(self._cameras)))

    def get(self, name: str, viewer: Viewer = THE_SERVER) -> Camera:
        """One that a viewer does not see is as if it were not there. Raises NotFound `model_not_found`; Unavailable
        while configured cameras are not open yet, `model_loading` or `model_unreachable`."""
        seen = self.seen(name, viewer)
        camera = self._cameras.get(name) if seen else None
        if camera is None:
            self.models.check_loaded()
            if seen and name in self.announced:
                _ = self.models.get(self.announced[name]).engine
            raise unknown_camera(name, None if viewer is THE_SERVER else self.names(viewer))
        return camera

    def seen(self, name: str, viewer: Viewer) -> bool:
        """Whether a camera of that name would be there for a viewer; a private one is for whoever pushes it."""
        return viewer.may_have(self._owners.get(name, "")) if private(name) else viewer.sees(name)

    def has(self, name: str, viewer: Viewer) -> bool:
        """Whether there is such a camera for a viewer."""
        return name in self._cameras and self.seen(name, viewer)

    def use(self, name: str) -> CameraUse:
        """What its pictures are for; of a camera without a word about it, and of none, the default."""
        return self._uses.get(name, DEFAULT_USE)

    def __contains__(self, name: str) -> bool:
        return name in self._cameras

    def names(self, viewer: Viewer = THE_SERVER) -> list[str]:
        """Public cameras, in the order they were added."""
        return [name for name in viewer.among(self._cameras) if not private(name)]

    def all(self) -> list[Camera]:
        """Private ones too."""
        return list(self._cameras.values())

    def health(self, name: str) -> tuple[str, ...]:
        """Health flags now; none for a camera that is gone."""
        camera = self._cameras.get(name)
        return () if camera is None else tuple(flag.value for flag in camera.status().health)

    def shot(self, name: str) -> Shot | None:
        """The newest picture, not converted yet; None where there is none."""
        camera = self._cameras.get(name)
        return None if camera is None else camera.shot()

    def info(self, name: str, viewer: Viewer = THE_SERVER) -> CameraInfo:
        """What GET /v1/cameras says. Raises NotFound."""
        camera = self.get(name, viewer)
        status, engine = camera.status(), self.model(name).engine
        return CameraInfo(
            name=name,
            uri=camera.uri,
            state=status.state.value,
            reason=status.reason,
            width=status.width,
            height=status.height,
            fps=None if status.fps is None else round(status.fps, 1),
            sample_fps=camera.config.fps,
            frame_age_ms=None if status.frame_age_s is None else round(status.frame_age_s * 1000, 1),
            health=[flag.value for flag in status.health],
            private=private(name),
            retry_in_ms=None if status.retry_s is None else round(status.retry_s * 1000, 1),
            sees_every_ms=self.sees_every_ms(name),
            slow=slow_words(self.sees_every_ms(name), status.fps),
            power=engine.info.power.name,
            fewer_pixels=engine.info.power.fewer_pixels,
            held_fps=None if (pace := engine.paces().get(name)) is None else round(pace.held_fps, 2),
            model=self.model(name).called,
            seen_by=self.seen_by(name),
            masked=bool(camera.masks),
            masks=[list(each) for each in self._configs[name].masks],
            zones={zone: CameraZone(list(each.polygon)) for zone, each in self._configs[name].zones.items()},
            **{key: value for key, value in self.use(name).options.items() if key in CameraInfo.__struct_fields__},
        )

    def sees_every_ms(self, name: str) -> float | None:
        """Milliseconds between frames of a camera that its model takes in, where the machine cannot keep up."""
        model = self.models.get(self.use(name).model)
        pace = model.engine.paces().get(name) if model.loaded else None
        return round(pace.every_s * 1000) if pace is not None and pace.slow else None
