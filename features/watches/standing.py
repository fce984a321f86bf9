"""How all watches stand: their settings, on each camera what they have read, and what people have judged of them."""

from collections.abc import Mapping

import msgspec

from askcam.client.watches import WatchInfo, WatchNow, WatchReadings
from askcam.features.watches.errors import not_asked_of
from askcam.features.watches.judged import JudgedWatches
from askcam.features.watches.known import KnownWatches
from askcam.features.watches.post import Post
from askcam.features.watches.runner import Runner
from askcam.features.watches.setting import WatchSetting
from askcam.features.watches.threshold import WatchState


class Standing:
    """Owned by the event loop; it only looks."""

    def __init__(self, known: KnownWatches, runner: Runner, trouble: Mapping[str, str], judged: JudgedWatches) -> None:
        """`trouble`: by name, why a watch cannot be run at all."""
        self._known, self._runner, self._trouble, self._judged = known, runner, trouble, judged

    def info(self, name: str) -> WatchInfo:
        """Raises NoSuchWatch."""
        setting = self._known[name]
        said = msgspec.to_builtins(setting) | {"name": name, "origin": self._known.origin(name)}
        now = msgspec.to_builtins(self._now(name, setting))
        info = msgspec.convert(said | {"now": now}, WatchInfo)
        return msgspec.structs.replace(info, judged=self._judged.of(name, setting))

    def all(self) -> list[WatchInfo]:
        return [self.info(name) for name in sorted(self._known.all())]

    def readings(self, name: str, camera: str | None = None, since: float | None = None) -> list[WatchReadings]:
        """What it has read since it was last asked otherwise, or the server began; only after `since`, seconds since
        the epoch. Raises NotFound."""
        cameras = self.info(name).cameras
        if camera is not None and camera not in cameras:
            raise not_asked_of(name, camera)
        posts = [(each, self._runner.post(name, each)) for each in cameras if camera in (None, each)]
        drawn = {each: post.history for each, post in posts if isinstance(post, Post)}
        return [WatchReadings(each, drawn[each].since(since) if each in drawn else []) for each, _ in posts]

    def _now(self, name: str, setting: WatchSetting) -> list[WatchNow]:
        trouble = self._trouble.get(name) or (None if setting.enabled else "it is not enabled")
        found = []
        for camera in setting.cameras:
            post = self._runner.post(name, camera)
            resting = WatchNow(
                camera, WatchState.UNKNOWN.value, None, None, None, trouble or "it begins with the model"
            )
            found.append(resting if post is None else post.now())
        return found
