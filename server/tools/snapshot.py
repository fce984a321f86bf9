"""`snapshot`: a full-resolution picture of the camera as it is now, where it can be had, and how good it is."""

import json
import time
from collections.abc import Mapping
from typing import Any

from askcam.server.cameras import Cameras
from askcam.server.tools.base import BUILT_IN, Circumstance, Signature
from askcam.server.tools.here import camera_of, looked
from askcam.server.wire.moments import rfc3339


class Snapshot:
    """Names the URL under which the newest picture is served; it sends no picture through the model."""

    server, available = BUILT_IN, True
    signature = Signature(
        "snapshot", "Take a full-resolution picture of the camera now; returns its URL, size, age and health."
    )

    def __init__(self, cameras: Cameras) -> None:
        self._cameras = cameras

    async def call(self, arguments: Mapping[str, Any], circumstance: Circumstance) -> str:
        camera = camera_of(self._cameras, circumstance, "a snapshot")
        frame = await looked(camera.newest)
        told = {
            "url": f"/v1/cameras/{camera.name}/snapshot.jpg",
            "captured_at": rfc3339(frame.wall),
            "width": frame.width,
            "height": frame.height,
            "age_ms": round(frame.age_s(time.monotonic()) * 1000),
            "health": list(self._cameras.health(camera.name)),
        }
        return json.dumps(told)
