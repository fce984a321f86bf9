"""`read_barcode`: what codes are before the camera, read from its full-resolution pictures for up to a second."""

import json
import threading
import time
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from askcam.features.desk.desks import Desks
from askcam.features.desk.reading import Burst, read
from askcam.features.desk.sightings import Sighting, Sightings, verified
from askcam.server.cameras import Cameras
from askcam.server.tools.base import BUILT_IN, Circumstance, Signature
from askcam.server.tools.here import camera_of, looked
from askcam.stream.camera import Camera
from askcam.stream.frame import Frame

SPAN_S = 1.0  # tried for so long
PAUSE_S = 0.03  # between looks for a newer picture


class ReadBarcode:
    """On a product desk, what the desk has read; else the pictures of the next second are, off the event loop."""

    server, available = BUILT_IN, True
    signature = Signature("read_barcode", "Read the barcodes and QR codes that the camera sees now.")

    def __init__(self, cameras: Cameras, desks: Desks) -> None:
        self._cameras, self._desks = cameras, desks

    async def call(self, arguments: Mapping[str, Any], circumstance: Circumstance) -> str:
        camera = camera_of(self._cameras, circumstance, "reading codes")
        codes = self._desks.codes(camera.name)
        size = self._size(camera)
        if not codes:
            cancelled = threading.Event()
            try:
                codes, size = await looked(_look, camera, cancelled)
            finally:
                cancelled.set()  # the thread ends after its reading
        return json.dumps(_told(codes, size), ensure_ascii=False)

    @staticmethod
    def _size(camera: Camera) -> tuple[int, int]:
        status = camera.status()
        return status.width or 0, status.height or 0


def _look(camera: Camera, cancelled: threading.Event) -> tuple[tuple[Sighting, ...], tuple[int, int]]:
    """The codes of the camera's pictures within SPAN_S: as soon as one is sure, else those seen twice, else none.

    Raises CameraUnavailable.
    """
    burst, sightings, seq = Burst(SPAN_S), Sightings(), -1
    began = time.monotonic()
    frame: Frame = camera.newest()
    while not cancelled.is_set():
        if frame.seq != seq:
            seq = frame.seq
            luma = np.asarray(cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2GRAY), np.uint8)
            sightings.add(burst.add(read(luma), frame.mono), frame.wall, frame.mono)
        found = verified(sightings.now(frame.mono))
        if found or time.monotonic() - began > SPAN_S:
            return found, (frame.width, frame.height)
        cancelled.wait(PAUSE_S)
        frame = camera.newest()
    return (), (frame.width, frame.height)


def _told(codes: tuple[Sighting, ...], size: tuple[int, int]) -> dict[str, Any]:
    if not codes:
        return {"error": "no code could be read"}
    now = time.monotonic()
    rows = [
        {
            "code": each.text,
            "format": each.format,
            "position": _position(each, size),
            "age_ms": round(each.age_s(now) * 1000),
        }
        for each in codes
    ]
    return rows[0] if len(rows) == 1 else {"results": rows}


def _position(code: Sighting, size: tuple[int, int]) -> str:
    """Where in the picture its middle is, in words."""
    x, y = (at / max(1, whole) for at, whole in zip(code.place(), size, strict=True))
    column = "left" if x < 1 / 3 else "right" if x > 2 / 3 else "center"
    row = "top" if y < 1 / 3 else "bottom" if y > 2 / 3 else ""
    return f"{row} {column}".strip()
