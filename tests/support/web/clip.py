"""Chromium's fake webcam: the flags that give it, and the clips that it plays."""

from collections.abc import Callable
from pathlib import Path

import cv2

from askcam.demo.synthetic import SyntheticScene
from askcam.stream.frame import Pixels

CLIP_SEED = 7
GIVES = "--use-fake-ui-for-media-stream"  # the reader's answer to the permission prompt: yes
DEVICE = "--use-fake-device-for-media-stream"
SECONDS, FPS = 6, 10  # it is played again and again


def write_clip(seed: int, path: Path) -> None:
    """`synthetic:seed`."""
    write_scene(SyntheticScene(seed).at, path)


def write_scene(at: Callable[[float], Pixels], path: Path) -> None:
    """JPEGs of a scene one behind the other, which is what Chromium takes for MJPEG."""
    with path.open("wb") as file:
        for i in range(SECONDS * FPS):
            _, jpeg = cv2.imencode(".jpg", at(i / FPS)[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
            file.write(jpeg.tobytes())
