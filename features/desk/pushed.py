"""Product desks out of frames that a connection sends: `?model=push:desk`."""

from askcam.features.desk.config import OPTION, TOOLS
from askcam.features.desk.desks import Desks
from askcam.server.camera_names import private
from askcam.server.camera_use import CameraUse
from askcam.server.cameras import Cameras
from askcam.server.errors import Disabled, TooMany
from askcam.stream.camera import Camera


class NoPushedDesks(Disabled):
    code = "no_pushed_desks"

    def __init__(self) -> None:
        super().__init__("this server reads no codes from pushed cameras: limits.max_pushed_desks is 0", "model")


class DesksTaken(TooMany):
    code = "busy"

    def __init__(self, most: int) -> None:
        told = f"all places for pushed product desks are taken ({most}); try again later"
        super().__init__(told, retry_after_s=10)


class PushedDesk:
    """At most `most` at once. Owned by the event loop."""

    use = CameraUse(tools=TOOLS, options={OPTION: True})

    def __init__(self, cameras: Cameras, desks: Desks, most: int) -> None:
        self._cameras, self._desks, self._most = cameras, desks, most

    def check(self) -> None:
        """Raises NoPushedDesks and DesksTaken where there is no place for one more."""
        if sum(private(name) for name in self._desks) < self._most:
            return
        if not self._most:
            raise NoPushedDesks
        raise DesksTaken(self._most)

    def begin(self, camera: Camera) -> None:
        self._desks.open(camera)

    async def end(self, camera: str) -> None:
        await self._desks.end(camera)
