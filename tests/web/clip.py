"""A clip of the synthetic scene for Chromium's fake webcam."""

from pathlib import Path

import cv2

from askcam.demo.synthetic import SyntheticScene

SECONDS, FPS = 6, 10  # it is played again and again


def write_clip(seed: int, path: Path) -> None:
    """JPEGs of `synthetic:seed` one behind the other, which is what Chromium takes for MJPEG."""
    scene = SyntheticScene(seed)
    with path.open("wb") as file:
        for i in range(SECONDS * FPS):
            _, jpeg = cv2.imencode(".jpg", scene.at(i / FPS)[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
            file.write(jpeg.tobytes())
