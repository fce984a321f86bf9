"""While an answer is being given, whether the scene is still the one that it is given from."""

from collections.abc import Callable

from askcam.server.steps import Changed
from askcam.server.wire.moments import rfc3339
from askcam.stream.frame import Frame
from askcam.stream.scene import CHANGED, share_changed
from askcam.stream.window import View

LOOK_EVERY_S = 0.1


class SceneWatch:
    """Compares the newest frame that an answer saw with those that the camera samples since. Owned by the event loop.

    A look costs a fraction of a millisecond, and is taken when words come, at most ten times a second.
    """

    def __init__(self, camera: str, sampled: Callable[[], View | None], view: View) -> None:
        """`view` is what the answer saw, `sampled` gives the same window as it stands."""
        self._camera, self._sampled, self._seen = camera, sampled, view.newest
        self._looked, self._compared = 0.0, self._seen
        self.changed: Changed | None = None

    def look(self, now: float, *, at_once: bool = False) -> Changed | None:
        """What has changed, once. `now` on time.monotonic()."""
        if self.changed is not None or (now - self._looked < LOOK_EVERY_S and not at_once):
            return None
        self._looked = now
        newest = self._newest()
        if newest is None or newest is self._compared or newest.mono <= self._seen.mono:
            return None
        self._compared = newest
        share = share_changed(self._seen.pixels, newest.pixels)
        if share < CHANGED:
            return None
        self.changed = Changed(self._camera, rfc3339(newest.wall), round(share, 3))
        return self.changed

    def _newest(self) -> Frame | None:
        view = self._sampled()
        return None if view is None else view.newest
