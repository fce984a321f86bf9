"""Which camera a call is about, and looking at it."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from askcam.server.cameras import Cameras
from askcam.server.tools.base import Circumstance, Fault, ToolError
from askcam.stream.camera import Camera
from askcam.stream.errors import CameraUnavailable, SourceError

T = TypeVar("T")


def camera_of(cameras: Cameras, circumstance: Circumstance, what: str) -> Camera:
    """Raises ToolError where there is none, or it shows nothing now."""
    if circumstance.camera is None or circumstance.camera not in cameras:
        raise ToolError(Fault.UNAVAILABLE, f"{what} needs a camera, and this question is about none")
    camera = cameras.get(circumstance.camera)
    if not camera.askable:
        state = camera.status().state.value
        raise ToolError(Fault.UNAVAILABLE, f"camera {camera.name!r} is {state}: it shows nothing now")
    return camera


async def looked(look: Callable[..., T], *args: object) -> T:
    """`look(*args)`, which may wait for pictures, on a thread of its own. Raises ToolError when the camera goes."""
    try:
        return await asyncio.to_thread(look, *args)
    except (CameraUnavailable, SourceError) as exc:
        raise ToolError(Fault.UNAVAILABLE, str(exc)) from exc
