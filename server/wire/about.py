"""What an endpoint is about, as far as cameras go. Each says it, so that none shows a viewer what is not for them.

Where it can be told before the handler runs (a camera or something of a camera in the path), the route looks and
refuses. Where only the handler can tell (a body, a list), it has to ask who asks (access/shares.py, viewer_of,
asker_of): the route gives nothing out of a handler that did not.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

from starlette.requests import Request

from askcam.server.access.shares import ASKED_WHO, viewer_of
from askcam.server.access.viewer import Viewer
from askcam.server.access.visited import note
from askcam.server.errors import Internal, PermissionDenied


class CamerasFor(Protocol):
    """Where cameras are looked up for a viewer (server/cameras.py)."""

    def get(self, name: str, viewer: Viewer) -> object: ...


class AboutCameras:
    """What it says of cameras is looked at by `before`, which raises what the viewer is refused."""

    def __init__(self, what: str, before: Callable[[Request], Awaitable[None]] | None = None) -> None:
        self.what, self._before = what, before

    def __repr__(self) -> str:
        return self.what

    async def check(self, request: Request) -> None:
        """Before the handler."""
        if self._before is not None:
            await self._before(request)

    def check_asked(self, request: Request) -> None:
        """After it."""


class _ByHandler(AboutCameras):
    def check_asked(self, request: Request) -> None:
        if ASKED_WHO not in request.scope:
            raise Internal(f"{request.url.path} has not looked at who asks, so nothing of it is told")


async def _all_seen(request: Request) -> None:
    """Raises PermissionDenied."""
    viewer = viewer_of(request)
    if not viewer.sees_all:
        raise PermissionDenied(
            f"this is about all cameras, and the token {viewer.name!r} is for some of them: ask with one for all",
            code="insufficient_permissions",
        )


NO_CAMERA = AboutCameras("about no camera")
ALL_CAMERAS = AboutCameras("about all cameras: for those who see all", _all_seen)
BY_HANDLER = _ByHandler("the handler goes by who asks: of lists what they see, of bodies what they may name")


def of_camera(cameras: CamerasFor, name: str = "name") -> AboutCameras:
    """A path that has a camera's name in it: one that is not seen is as if it were not there."""

    async def seen(request: Request) -> None:
        viewer, camera = viewer_of(request), request.path_params[name]
        note(request, camera=camera)
        if not viewer.admin:
            cameras.get(camera, viewer)

    return AboutCameras(f"about the camera {{{name}}}", seen)


def of_thing(what: str, check: Callable[[Request, Viewer], Awaitable[None]]) -> AboutCameras:
    """A path that has an id of something of a camera in it. `check` raises what is said where there is no such thing,
    if it is not for the viewer."""

    async def seen(request: Request) -> None:
        viewer = viewer_of(request)
        if not viewer.admin:
            await check(request, viewer)

    return AboutCameras(f"about {what}", seen)
